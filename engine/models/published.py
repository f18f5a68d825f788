"""Reads weights that others published: Meta's SAM, CWSAM and ClassWise-SAM-Adapter files."""

from __future__ import annotations

import pickle
import re
import struct
import zipfile
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..config import DecoderConfig, EncoderConfig, ModelConfig, MoeConfig, PromptConfig
from ..errors import CheckpointError
from .key_map import Source, rename, source_shape

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_BROKEN = (
    *(pickle.UnpicklingError, zipfile.BadZipFile, struct.error, EOFError, RuntimeError),
    *(ValueError, LookupError, TypeError, AttributeError, ImportError),
)
"""What torch and pickle raise at a file that is cut off, foreign or no such file at all."""

_WRAPPERS = ("model", "state_dict", "model_state_dict")


def read_state_dict(path: Path) -> tuple[dict[str, Tensor], bool]:
    """Read a ``.pth`` file without running anything it holds.

    Returns:
        ``(state, mapped)``: the file's names to tensors, wrappers taken off, and whether the
        tensors are mapped from the file instead of read.

    Raises:
        CheckpointError: The file is missing, broken, or wants to run code.
    """
    mapped = True
    try:
        try:
            state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except RuntimeError as error:
            if "mmap" not in str(error):
                raise
            mapped = False  # the format before torch 1.6 cannot be mapped
            state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(f"Cannot read {path}: {error.strerror}; check the path.") from None
    except _BROKEN:
        raise CheckpointError(
            f"{path} is not a weights file (broken, or it would run code); get the weights "
            "from their publisher, if possible as safetensors."
        ) from None
    state = _unwrapped(state)
    if not isinstance(state, dict) or not state or not all(map(_is_sound, state.items())):
        raise CheckpointError(f"{path} holds no state dict; export the model's weights alone.")
    return state, mapped


def _unwrapped(state: object) -> object:
    """Take off training wrappers; averaged weights of our own training win."""
    for key in _WRAPPERS:
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            average = state.get("average")
            state = {**state[key], **(average if isinstance(average, dict) else {})}
    return state


def _is_sound(item: tuple[object, object]) -> bool:
    """A named dense tensor whose storage really holds as much as its shape says."""
    name, value = item
    if not (isinstance(name, str) and type(value) is Tensor):
        return False
    if value.layout != torch.strided or value.device.type != "cpu":
        return False
    return value.numel() * value.element_size() <= value.untyped_storage().nbytes()


def read_published(path: Path) -> dict[str, Source]:
    """Read a published CWSAM or SAM file and translate its names.

    Raises:
        CheckpointError: See :func:`read_state_dict`.
    """
    return rename(read_state_dict(path)[0])[0]


def kind_of(sources: Mapping[str, Source]) -> str:
    """What a state dict is, in words: ``CWSAM``, ``SAM`` or ``unknown``."""
    if "image_encoder.pos_embed" not in sources:
        return "unknown"
    return "CWSAM" if "mask_decoder.cls_upscaling.3.weight" in sources else "SAM"


def guess_config(sources: Mapping[str, Source], name: str) -> ModelConfig:
    """Read a configuration off the shapes of a state dict.

    What shapes cannot tell gets the published values: k (4 of 64 experts or more, else 2),
    eight heads in the decoder, low-pass prompts read interleaved.

    Args:
        sources: Our names to sources, those of plain SAM included.
        name: Of the new configuration.

    Raises:
        CheckpointError: They are not of a SAM-like model.
    """
    shapes = {key: source_shape(source) for key, source in sources.items()}
    try:
        patch = shapes["image_encoder.patch_embed.proj.weight"][-1]
        side = shapes["image_encoder.pos_embed"][1] * patch
        head = shapes.get("mask_decoder.cls_upscaling.3.weight")
        out_dim = shapes["image_encoder.neck.0.weight"][0]
        return ModelConfig(
            name=name,
            image_size=side,
            num_classes=head[0] // (out_dim // 8) if head else 33,
            encoder=_guess_encoder(shapes, patch, out_dim),
            decoder=_guess_decoder(shapes) if head else DecoderConfig(),
        )
    except (KeyError, IndexError, ZeroDivisionError, ValueError):
        raise CheckpointError(
            f"The tensors of '{name}' are not those of a SAM or CWSAM model; "
            "choose another file, or give a configuration that describes it."
        ) from None


def _guess_encoder(shapes: dict[str, tuple], patch: int, out_dim: int) -> EncoderConfig:
    """Encoder part of :func:`guess_config`; raises KeyError where a part is missing."""
    dim = shapes["image_encoder.pos_embed"][-1]
    depth = 1 + _largest(shapes, r"image_encoder\.blocks\.(\d+)\.")
    block = "image_encoder.blocks.{}.{}"
    tables = [shapes.get(block.format(i, "attn.rel_pos_h")) for i in range(depth)]
    rel_pos = all(tables)
    lengths = [t[0] for t in tables] if rel_pos else [27] * depth
    window = (min(lengths) + 1) // 2
    global_blocks = tuple(i for i, n in enumerate(lengths) if n > min(lengths))
    mixtures = [i for i in range(depth) if block.format(i, "mlp.w1") in shapes]
    dense = next((i for i in range(depth) if i not in mixtures), None)
    ratio = shapes[block.format(dense, "mlp.lin1.weight")][0] / dim if dense is not None else 4.0
    adapter = shapes.get(block.format(0, "space_adapter.fc1.weight"))
    prompt = shapes.get("image_encoder.prompt_generator.shared_mlp.weight")
    return EncoderConfig(
        embed_dim=dim,
        depth=depth,
        num_heads=dim // tables[0][1] if rel_pos else dim // 64,
        patch_size=patch,
        mlp_ratio=ratio,
        window_size=window,
        global_blocks=global_blocks,
        out_dim=out_dim,
        adapter_ratio=adapter[0] / dim if adapter else 0.0,
        rel_pos=rel_pos,
        prompt=PromptConfig(enabled=prompt is not None, scale_factor=dim // prompt[1])
        if prompt
        else PromptConfig(enabled=False),
        moe=_guess_moe(shapes[block.format(mixtures[0], "mlp.w1")], mixtures[0])
        if mixtures
        else MoeConfig(),
    )


def _guess_decoder(shapes: dict[str, tuple]) -> DecoderConfig:
    """Decoder part of :func:`guess_config`."""
    layer = "mask_decoder.transformer.layers.0.mlp."
    mixture = shapes.get(f"{layer}w1")
    head = "mask_decoder.iou_prediction_head.0."
    return DecoderConfig(
        depth=1 + _largest(shapes, r"mask_decoder\.transformer\.layers\.(\d+)\."),
        mlp_dim=mixture[1] if mixture else shapes[f"{layer}lin1.weight"][0],
        iou_hidden_dim=shapes[f"{head}w1"][1] if mixture else shapes[f"{head}lin1.weight"][0],
        num_mask_tokens=shapes["mask_decoder.mask_tokens.weight"][0],
        moe=MoeConfig(num_experts=mixture[0], top_k=min(2, mixture[0])) if mixture else MoeConfig(),
    )


def _guess_moe(w1: tuple[int, ...], first_block: int) -> MoeConfig:
    experts, hidden, _ = w1
    return MoeConfig(experts, min(experts, 4 if experts >= 64 else 2), hidden, first_block)


def _largest(shapes: dict[str, tuple], pattern: str) -> int:
    return max(int(m[1]) for m in map(re.compile(pattern).match, shapes) if m)
