"""Adapter files: the few tensors that fine-tuning changed, bound to their base model."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..config import DEFAULT_PARTS, PARTS, ModelConfig, from_mapping
from ..errors import CheckpointError, ConfigError
from ..layers.adapter import Adapter
from ..layers.colour_expert import ColourExpert
from ..layers.common import LayerNorm2d
from ..layers.frequency import PromptGenerator
from ..layers.moe import MoeLayer
from .card import ModelCard
from .loading import LoadReport, load_into
from .mask_decoder import MaskDecoder
from .safetensors_file import read_safetensors, write_safetensors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .cwsam import Cwsam

KIND = "adapter"

_PREFIXES = (
    ("colour_expert.", "colours"),
    ("image_encoder.neck.", "neck"),
    ("image_encoder.", "encoder"),
    ("", "decoder"),
)
"""Parts by how names of parameters begin, where no kind of layer says otherwise."""


@dataclass(frozen=True)
class AdapterFile:
    """What an adapter file holds.

    Attributes:
        tensors: Values by parameter name.
        base_sha256: Hash of the weights file that it was made for, hexadecimal.
        card: What the fine-tuned model has seen.
        parts: Parts of the model that it replaces.
        colours: Classes that its expert for colours tells apart; empty without one.
    """

    tensors: dict[str, Tensor]
    base_sha256: str
    card: ModelCard
    parts: tuple[str, ...]
    colours: tuple[int, ...] = ()


def parts_of(model: Cwsam) -> dict[str, str]:
    """The part that each parameter belongs to, by parameter name."""
    parts = {}
    for name, _ in model.named_parameters():
        parts[name] = next(part for prefix, part in _PREFIXES if name.startswith(prefix))
    for stem, module in model.named_modules():
        part, owner, inner = None, module, ""
        if isinstance(module, (nn.LayerNorm, LayerNorm2d)):
            part = "norms"
        elif isinstance(module, Adapter):
            part = "adapters"
        elif isinstance(module, PromptGenerator):
            part = "prompts"
        elif isinstance(module, MoeLayer):
            part, owner, inner = "gates", module.gate, "gate."
        if part is not None:
            parts.update({f"{stem}.{inner}{n}": part for n, _ in owner.named_parameters()})
    for stem, module in model.named_modules():
        if isinstance(module, MaskDecoder):
            for inner in (
                "output_upscaling",
                "cls_upscaling",
                "details",
            ):  # their normalisation included
                owner = getattr(module, inner)
                names = [f"{stem}.{inner}.{n}" for n, _ in owner.named_parameters()]
                parts.update(dict.fromkeys(names, "head"))
    return parts


def adapter_parameters(
    model: Cwsam, parts: Sequence[str] = DEFAULT_PARTS
) -> dict[str, torch.nn.Parameter]:
    """Parameters of an adapter file by name: adapters, prompts, gates, class head, colours.

    Args:
        model: The model.
        parts: Others of :data:`~cwsam.engine.config.PARTS` instead.
    """
    own = parts_of(model)
    return {n: p for n, p in model.named_parameters() if own[n] in parts}


def save_adapter(
    path: Path,
    model: Cwsam,
    config: ModelConfig,
    card: ModelCard,
    base_sha256: str,
    record: dict | None = None,
    parts: Sequence[str] = DEFAULT_PARTS,
) -> None:
    """Write what fine-tuning changed, in float16.

    Args:
        path: The file, ``.safetensors``.
        model: The fine-tuned model.
        config: Its configuration.
        card: What it has seen now.
        base_sha256: Hash of the weights file that it started from, hexadecimal.
        record: How it was trained, for people.
        parts: Parts of the model that were trained.

    Raises:
        OSError: The file cannot be written.
    """
    changed = adapter_parameters(model, parts)
    tensors = {n: p.detach().to(torch.float16) for n, p in changed.items()}
    metadata = {
        "format": "pt",
        "kind": KIND,
        "parts": ",".join(parts),
        "colours": json.dumps(model.colour_expert.class_ids if model.colour_expert else ()),
        "base_sha256": base_sha256,
        "config": json.dumps(dataclasses.asdict(config)),
        "card": json.dumps(card.to_dict(), ensure_ascii=False),
        "training": json.dumps(record or {}, ensure_ascii=False),
    }
    write_safetensors(path, tensors, metadata)


def read_adapter(path: Path) -> AdapterFile:
    """Read an adapter file.

    Raises:
        CheckpointError: The file cannot be read or is none.
    """
    tensors, metadata = read_safetensors(path)
    try:
        if metadata["kind"] != KIND:
            raise KeyError
        card = from_mapping(ModelCard, json.loads(metadata["card"]), f"Model card of {path.name}")
        parts = tuple(metadata.get("parts", ",".join(DEFAULT_PARTS)).split(","))
        if not set(parts) <= set(PARTS):
            raise KeyError
        colours = tuple(int(c) for c in json.loads(metadata.get("colours", "[]")))
        return AdapterFile(tensors, metadata["base_sha256"], card, parts, colours)
    except (KeyError, TypeError, ValueError, ConfigError):
        raise CheckpointError(
            f"{path} is not an adapter file; adapter files come from 'cwsam finetune'."
        ) from None


def apply_adapter(model: Cwsam, sha256: str, path: Path) -> tuple[LoadReport, ModelCard]:
    """Put an adapter's tensors into its base model.

    Args:
        model: The base model; its class head grows by the classes that the adapter adds.
        sha256: Hash of the base's weights file.
        path: The adapter file.

    Returns:
        ``(report, card)``: what was loaded (all other names count as missing), and the
        adapter's card.

    Raises:
        CheckpointError: It belongs to another base model, or does not fit.
    """
    file = read_adapter(path)
    if file.base_sha256 != sha256:
        raise CheckpointError(
            f"{path} was made for another base model (hash {file.base_sha256[:12]}…, not "
            f"{sha256[:12]}…); load the model that it was fine-tuned from."
        )
    missing = len(file.card.legend) - model.mask_decoder.num_classes
    if file.card.extra_classes and "head" in file.parts and missing > 0:
        model.mask_decoder.add_classes(missing)
    if file.colours:
        model.colour_expert = ColourExpert(file.colours)
    tensors, wanted = file.tensors, adapter_parameters(model, file.parts)
    stray = sorted(set(tensors) ^ set(wanted))
    if stray or any(tensors[n].shape != p.shape for n, p in wanted.items()):
        raise CheckpointError(
            f"{path} does not fit its base model ({stray[0] if stray else 'shapes differ'}); "
            "fetch it again or repeat the fine-tuning."
        )
    return load_into(model, tensors), file.card
