"""Linear layers whose weights are laid out once as the CPU's kernels read them.

oneDNN's own matrix multiply with weights packed beforehand is a tenth to a seventh faster than
torch's default, which packs them at every call, and applies bias and GELU on the way.
"""

from __future__ import annotations

import functools
import platform

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .adapter import Adapter
from .common import Mlp
from .moe import MoeLayer, SeparateExperts
from .storage import CastLinear, replace_children

SMALLEST = 1 << 12
"""Matrices of fewer elements stay as they are."""


@functools.lru_cache(maxsize=1)
def is_supported() -> bool:
    """Whether this torch packs weights on this processor, and computes rightly with them.

    The two functions are torch's own tools, not its public interface: another version may lack
    them or call them otherwise, and then nothing is packed.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    if not torch.backends.mkldnn.is_available():
        return False
    weight, bias, x = torch.randn(48, 64), torch.randn(48), torch.randn(5, 64)
    try:
        got = PackedLinear(weight, bias, torch.float32, gelu=True)(x)
    except (AttributeError, RuntimeError, TypeError):
        return False
    return torch.allclose(got, F.gelu(F.linear(x, weight, bias)), atol=1e-4)


class PackedLinear(nn.Module):
    """A linear layer, with GELU behind it if wanted; for inference on a CPU."""

    def __init__(
        self, weight: Tensor, bias: Tensor | None, dtype: torch.dtype, gelu: bool = False
    ) -> None:
        """Pack a layer.

        Args:
            weight: (out, in).
            bias: (out,) or None.
            dtype: Type that is multiplied: float32, or bfloat16 where the CPU has it.
            gelu: Whether the exact GELU follows.
        """
        super().__init__()
        self.out_features, self.in_features = weight.shape
        self._dtype, self._post = dtype, "gelu" if gelu else "none"
        weight = weight.detach().to(dtype).contiguous()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight, None)
        self.register_buffer("bias", None if bias is None else bias.detach().to(dtype))

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., in) to (..., out) of the packed type."""
        tokens = x.reshape(-1, self.in_features).to(self._dtype)
        if not len(tokens):
            return tokens.new_empty(*x.shape[:-1], self.out_features)
        out = torch.ops.mkldnn._linear_pointwise(
            tokens, self._weight, self.bias, self._post, [], "none"
        )
        return out.view(*x.shape[:-1], self.out_features)


def pack_linear(model: nn.Module, dtype: torch.dtype) -> int:
    """Pack the linear layers and experts of a model, in place; inference only from now on.

    Layers whose weights are stored in fewer bytes than they compute in stay as they are, since
    packing would undo that.

    Args:
        model: On the CPU.
        dtype: Type that is multiplied.

    Returns:
        How many layers were packed; 0 where this torch or processor cannot.
    """
    if not is_supported():
        return 0

    def packed(name: str, child: nn.Module) -> nn.Module | None:
        if isinstance(child, (nn.Linear, CastLinear)):
            wanted = name != "gate" and _is_worthwhile(child.weight, dtype)
            return PackedLinear(child.weight, child.bias, dtype) if wanted else None
        if type(child) is MoeLayer and _is_worthwhile(child.w1[0], dtype):
            gelu = _is_exact_gelu(child.act)
            make = functools.partial(PackedLinear, dtype=dtype)
            return SeparateExperts(child, functools.partial(make, gelu=gelu), make, fused=gelu)
        if isinstance(child, (Mlp, Adapter)) and _is_exact_gelu(child.act):
            _fuse_activation(child, dtype)
        return None

    return replace_children(model, packed)


def _fuse_activation(child: Mlp | Adapter, dtype: torch.dtype) -> None:
    """Pack the first layer of two together with the activation behind it."""
    name = "lin1" if isinstance(child, Mlp) else "fc1"
    first = getattr(child, name)
    if _is_worthwhile(first.weight, dtype):
        setattr(child, name, PackedLinear(first.weight, first.bias, dtype, gelu=True))
        child.act = nn.Identity()


def _is_worthwhile(weight: Tensor, dtype: torch.dtype) -> bool:
    return weight.numel() >= SMALLEST and weight.dtype in (torch.float32, dtype)


def _is_exact_gelu(act: nn.Module) -> bool:
    return isinstance(act, nn.GELU) and act.approximate == "none"
