"""Adapter files: the few tensors that fine-tuning changed, bound to their base model."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..config import ModelConfig, from_mapping
from ..errors import CheckpointError, ConfigError
from ..layers.adapter import Adapter
from ..layers.frequency import PromptGenerator
from ..layers.moe import MoeLayer
from .card import ModelCard
from .loading import LoadReport, load_into
from .mask_decoder import MaskDecoder
from .safetensors_file import read_safetensors, write_safetensors

if TYPE_CHECKING:
    from pathlib import Path

    from .cwsam import Cwsam

KIND = "adapter"


def adapter_parameters(model: Cwsam) -> dict[str, torch.nn.Parameter]:
    """Parameters of an adapter file by name: adapters, prompts, gates and class head."""
    found: dict[str, torch.nn.Parameter] = {}
    for stem, module in model.named_modules():
        part = None
        if isinstance(module, (Adapter, PromptGenerator)):
            part = ("", module)
        elif isinstance(module, MoeLayer):
            part = ("gate.", module.gate)
        elif isinstance(module, MaskDecoder):
            part = ("cls_upscaling.", module.cls_upscaling)
        if part is not None:
            inner, owner = part
            found.update({f"{stem}.{inner}{n}": p for n, p in owner.named_parameters()})
    return found


def save_adapter(
    path: Path,
    model: Cwsam,
    config: ModelConfig,
    card: ModelCard,
    base_sha256: str,
    record: dict | None = None,
) -> None:
    """Write what fine-tuning changed, in float16.

    Args:
        path: The file, ``.safetensors``.
        model: The fine-tuned model.
        config: Its configuration.
        card: What it has seen now.
        base_sha256: Hash of the weights file that it started from, hexadecimal.
        record: How it was trained, for people.

    Raises:
        OSError: The file cannot be written.
    """
    tensors = {n: p.detach().to(torch.float16) for n, p in adapter_parameters(model).items()}
    metadata = {
        "format": "pt",
        "kind": KIND,
        "base_sha256": base_sha256,
        "config": json.dumps(dataclasses.asdict(config)),
        "card": json.dumps(card.to_dict(), ensure_ascii=False),
        "training": json.dumps(record or {}, ensure_ascii=False),
    }
    write_safetensors(path, tensors, metadata)


def read_adapter(path: Path) -> tuple[dict[str, Tensor], str, ModelCard]:
    """Read an adapter file.

    Returns:
        ``(tensors, base_sha256, card)``.

    Raises:
        CheckpointError: The file cannot be read or is none.
    """
    tensors, metadata = read_safetensors(path)
    try:
        if metadata["kind"] != KIND:
            raise KeyError
        card = from_mapping(ModelCard, json.loads(metadata["card"]), f"Model card of {path.name}")
        return tensors, metadata["base_sha256"], card
    except (KeyError, json.JSONDecodeError, ConfigError):
        raise CheckpointError(
            f"{path} is not an adapter file; adapter files come from 'cwsam finetune'."
        ) from None


def apply_adapter(model: Cwsam, sha256: str, path: Path) -> tuple[LoadReport, ModelCard]:
    """Put an adapter's tensors into its base model.

    Args:
        model: The base model.
        sha256: Hash of the base's weights file.
        path: The adapter file.

    Returns:
        ``(report, card)``: what was loaded (all other names count as missing), and the
        adapter's card.

    Raises:
        CheckpointError: It belongs to another base model, or does not fit.
    """
    tensors, base, card = read_adapter(path)
    if base != sha256:
        raise CheckpointError(
            f"{path} was made for another base model (hash {base[:12]}…, not {sha256[:12]}…); "
            "load the model that it was fine-tuned from."
        )
    wanted = adapter_parameters(model)
    stray = sorted(set(tensors) ^ set(wanted))
    if stray or any(tensors[n].shape != p.shape for n, p in wanted.items()):
        raise CheckpointError(
            f"{path} does not fit its base model ({stray[0] if stray else 'shapes differ'}); "
            "fetch it again or repeat the fine-tuning."
        )
    return load_into(model, tensors), card
