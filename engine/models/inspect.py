"""Tells what a weights file is and what of it a model can use."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import torch

from ..errors import CheckpointError
from .adapter_file import KIND, read_adapter
from .builders import build_skeleton
from .checkpoint import describe, file_sha256, read_sources
from .key_map import source_shape
from .loading import load_into
from .safetensors_file import read_safetensors

_WHAT = {
    "ours": "a model of this program",
    "CWSAM": "a published CWSAM checkpoint",
    "SAM": "a Segment Anything checkpoint (no class decoder: a start for training)",
}


def inspect_file(path: Path) -> str:
    """Describe a weights file, with the complete report of what matches.

    Nothing of it is loaded beyond its shapes.

    Raises:
        CheckpointError: The file cannot be used.
    """
    if not path.is_file():
        raise CheckpointError(f"{path} does not exist; check the path.")
    lines = [f"{path.name}: {path.stat().st_size / 1e6:,.1f} MB, sha256 {file_sha256(path)}"]
    if path.suffix == ".safetensors" and read_safetensors(path)[1].get("kind") == KIND:
        return "\n".join([*lines, *_adapter_lines(path)])
    sources, unused, metadata, _ = read_sources(path)
    config, card, kind = describe(path, sources, metadata)
    model = build_skeleton(config)
    shapes = {name: torch.empty(source_shape(s), device="meta") for name, s in sources.items()}
    report = load_into(model, shapes)
    encoder, moe = config.encoder, config.encoder.moe
    lines += [
        f"is {_WHAT.get(kind, kind)}",
        f"encoder {encoder.embed_dim} wide, {encoder.depth} blocks, {encoder.num_heads} heads, "
        f"patch {encoder.patch_size}, tiles of {config.image_size} px",
        f"experts {moe.num_experts}, {moe.top_k} kept, {moe.hidden_dim or 'full'} wide, from "
        f"block {moe.first_block}"
        if moe.num_experts
        else "no experts in the encoder",
        f"{config.num_classes} classes, {len(card.classes_seen)} seen in training; "
        f"{card.gsd_m[0]:g} to {card.gsd_m[1]:g} m a pixel"
        if kind == "ours"
        else f"{config.num_classes} classes",
        f"{sum(t.numel() for t in shapes.values()) / 1e6:,.1f} M parameters, {_types(sources)}",
    ]
    if json.loads(metadata.get("training", "{}")):
        lines.append(f"training record {metadata['training']}")
    if unused:
        lines.append(f"never used by the forward pass: {len(unused)} tensors")
    return "\n".join([*lines, report.summary()])


def _adapter_lines(path: Path) -> list[str]:
    file = read_adapter(path)
    count = sum(t.numel() for t in file.tensors.values())
    return [
        f"is an adapter of {count / 1e6:,.2f} M parameters in {len(file.tensors)} tensors "
        f"({', '.join(file.parts)})",
        f"for the base model with sha256 {file.base_sha256}",
        f"{file.card.title}: {len(file.card.classes_seen)} classes seen in training",
        *(f"new class {c['id']} {c['name']}" for c in file.card.extra_classes),
    ]


def _types(sources: dict) -> str:
    """Types of the stored numbers and how many tensors have each."""
    tensors = [t for s in sources.values() for t in ((s,) if isinstance(s, torch.Tensor) else s)]
    return ", ".join(f"{n} x {str(d)[6:]}" for d, n in Counter(t.dtype for t in tensors).items())
