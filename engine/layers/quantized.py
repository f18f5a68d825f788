"""Dynamic int8: weights quantised once per output channel, activations when they arrive.

Uses torch's x86 and ARM kernels; nothing is trained or calibrated.
"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn

from ..errors import DeviceError
from .moe import MoeLayer, SeparateExperts
from .storage import CastLinear, replace_children

SMALLEST = 1 << 13
"""Matrices of fewer elements stay float32: converting the activations would cost more."""


def is_supported() -> bool:
    """Whether this build of torch has the kernels for this processor."""
    return (
        torch.backends.quantized.engine not in ("none", "")
        and hasattr(torch, "quantize_per_channel")
        and hasattr(torch.ops.quantized, "linear_dynamic")
    )


def _packed(weight: Tensor, bias: Tensor | None) -> torch.ScriptObject:
    """Quantise (out, in) symmetrically, a scale for each output channel."""
    weight = weight.detach().float()
    scales = weight.abs().amax(dim=1).clamp_min(1e-12).double() / 127
    zeros = torch.zeros(len(weight), dtype=torch.int64)
    with warnings.catch_warnings():  # that a later torch will drop it is our concern
        warnings.simplefilter("ignore", UserWarning)
        quantised = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
    return torch.ops.quantized.linear_prepack(
        quantised, None if bias is None else bias.detach().float()
    )


class Int8Linear(nn.Module):
    """A linear layer with int8 weights; float32 in and out."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        """Quantise a layer.

        Args:
            weight: (out, in).
            bias: (out,) or None.
        """
        super().__init__()
        self.out_features, self.in_features = weight.shape
        self.register_buffer("bias", None if bias is None else bias.detach().float())
        self._weight = _packed(weight, bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., in) to (..., out)."""
        return torch.ops.quantized.linear_dynamic(x.float(), self._weight)


def quantise_int8(model: nn.Module) -> int:
    """Quantise the large linear layers and experts of a model, in place.

    Args:
        model: On the CPU, float32, for inference only from now on.

    Returns:
        How many layers were quantised.

    Raises:
        DeviceError: This torch has no int8 kernels for this processor.
    """
    if not is_supported():
        raise DeviceError("This torch has no int8 kernels for this CPU; choose float32.")
    return replace_children(model, _quantised)


def _quantised(name: str, child: nn.Module) -> nn.Module | None:
    """The int8 form of a large linear layer or mixture; None for all others."""
    if isinstance(child, (nn.Linear, CastLinear)) and name != "gate":
        if child.weight.numel() >= SMALLEST:
            return Int8Linear(child.weight, child.bias)
    elif type(child) is MoeLayer and child.w1[0].numel() >= SMALLEST:
        return SeparateExperts(child, Int8Linear, Int8Linear)
    return None
