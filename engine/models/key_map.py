"""Parameter names of published CWSAM and SAM checkpoints, mapped onto ours."""

from __future__ import annotations

import re

import torch
from torch import Tensor

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
    renamed: dict[str, Tensor] = {}
    experts: dict[str, dict[int, Tensor]] = {}
    for name, tensor in state.items():
        if _UNUSED.search(name):
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
        renamed[name] = torch.stack([parts[i] for i in sorted(parts)])
    return renamed
