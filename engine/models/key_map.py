"""Parameter names of published CWSAM and SAM checkpoints, mapped onto ours."""

from __future__ import annotations

import re
from typing import Union

import torch
from torch import Tensor

Source = Union[Tensor, tuple]
"""A tensor, or the tensors of all experts in order, to be stacked when they are needed."""

_RENAMES = (
    (re.compile(r"\.(Space|MLP)_Adapter\.D_fc"), lambda m: f".{m[1].lower()}_adapter.fc"),
    (re.compile(r"\.prompt_generator\.prompt_generator\.proj\."), ".prompt_generator.patch_embed."),
    (re.compile(r"\.lightweight_mlp_(\d+)\.0\."), r".lightweight_mlps.\1."),
    (
        re.compile(r"^prompt_encoder\.pe_layer\."),
        "pe_layer.",
    ),
    (re.compile(r"^prompt_encoder\.no_mask_embed\."), "no_mask_embed."),
)
_UNUSED = re.compile(r"\.Depth_Adapter\.|^prompt_encoder\.(point_embeddings|not_a_point|mask_down)")
_EXPERT = re.compile(r"^(.*)\.experts\.(\d+)\.([02])\.(weight|bias)$")
_STACKED = {("0", "weight"): "w1", ("0", "bias"): "b1", ("2", "weight"): "w2", ("2", "bias"): "b2"}


def to_our_names(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename a published state dict and stack its experts.

    Args:
        state: Published names to tensors, without ``module.`` prefixes.

    Returns:
        Our names to tensors; parts that the forward pass never uses are left out.
    """
    return {name: stacked(source) for name, source in rename(state)[0].items()}


def stacked(source: Source) -> Tensor:
    """The tensor of a source; experts become the first dimension."""
    return source if isinstance(source, Tensor) else torch.stack(source)


def source_shape(source: Source) -> tuple[int, ...]:
    """Shape of :func:`stacked` without stacking."""
    if isinstance(source, Tensor):
        return tuple(source.shape)
    return (len(source), *source[0].shape)


def rename(state: dict[str, Tensor]) -> tuple[dict[str, Source], list[str]]:
    """Rename a state dict of any origin; nothing is copied.

    Args:
        state: Names of ours, of CWSAM or of SAM to tensors; prefixes of wrappers are dropped.

    Returns:
        ``(sources, unused)``: our names to sources, and the file's names of parts that the
        forward pass never uses.
    """
    renamed: dict[str, Source] = {}
    experts: dict[str, dict[int, Tensor]] = {}
    unused = []
    for name, tensor in state.items():
        while name.startswith("module."):
            name = name[len("module.") :]
        if _UNUSED.search(name):
            unused.append(name)
            continue
        for pattern, replacement in _RENAMES:
            name = pattern.sub(replacement, name)
        match = _EXPERT.match(name)
        if match is None:
            renamed[name] = tensor
            continue
        stem, number, layer, kind = match.groups()
        experts.setdefault(f"{stem}.{_STACKED[layer, kind]}", {})[int(number)] = tensor
    for name, parts in experts.items():
        first = parts[min(parts)]
        if sorted(parts) == list(range(len(parts))) and all(
            p.shape == first.shape for p in parts.values()
        ):
            renamed[name] = tuple(parts[i] for i in range(len(parts)))
        else:  # reported as unexpected under the file's own numbering
            renamed.update({f"{name}[{i}]": part for i, part in parts.items()})
    return renamed, unused
