"""Weights kept in fewer bytes than they compute in."""

from __future__ import annotations

from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .common import compute_dtype
from .moe import MoeLayer

LARGE = 1 << 16
"""Matrices of fewer elements stay as they are: they would save nothing."""


class CastLinear(nn.Module):
    """A linear layer whose weight is stored in one type and converted when it is used."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        """Take over a layer's parameters.

        Args:
            weight: (out, in) in the type to store.
            bias: (out,) or None.
        """
        super().__init__()
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.bias = None if bias is None else nn.Parameter(bias, requires_grad=False)
        self.out_features, self.in_features = weight.shape

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., in) to (..., out) in the type of ``x``, or in autocast's."""
        return F.linear(x, self.weight.to(compute_dtype(x)), self.bias)


def lower_storage(model: nn.Module, dtype: torch.dtype) -> None:
    """Store the large matrices of linear layers and experts in another type, in place.

    Args:
        model: On any device, also meta.
        dtype: float32 changes nothing.
    """
    if dtype == torch.float32:
        return

    def lowered(_: str, child: nn.Module) -> nn.Module | None:
        if isinstance(child, MoeLayer):
            for name in ("w1", "w2"):
                weight = getattr(child, name).detach().to(dtype)
                setattr(child, name, nn.Parameter(weight, requires_grad=False))
        elif isinstance(child, nn.Linear) and child.weight.numel() >= LARGE:
            bias = None if child.bias is None else child.bias.detach()
            return CastLinear(child.weight.detach().to(dtype), bias)
        return None

    replace_children(model, lowered)


def replace_children(model: nn.Module, make: Callable[[str, nn.Module], nn.Module | None]) -> int:
    """Replace modules inside a model one by one; each old one is free before the next is made.

    Args:
        model: Changed in place.
        make: Gives the replacement of a child by its name, or None to look inside it.

    Returns:
        How many were replaced.
    """
    count = 0
    for name in [name for name, _ in model.named_children()]:
        child = getattr(model, name)
        replacement = make(name, child)
        if replacement is None:
            count += replace_children(child, make)
        else:
            setattr(model, name, replacement.train(child.training))
            count += 1
        del child
    return count
