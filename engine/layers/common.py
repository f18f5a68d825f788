"""Small layers shared by the encoder and the decoder."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HIDDEN_ELEMENTS = 1 << 23
"""Hidden activations of a feed-forward layer held at once at inference on a CPU: 32 MiB."""


def plain_inference(x: Tensor) -> bool:
    """Whether hand-fused CPU code may run: no gradients, tracing or compiling."""
    return (
        x.device.type == "cpu"
        and not torch.is_grad_enabled()
        and not torch.compiler.is_compiling()
        and not torch.jit.is_tracing()
    )


def compute_dtype(x: Tensor) -> torch.dtype:
    """The type that matrix multiplies of ``x`` run in: autocast's where it is on."""
    kind = x.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else x.dtype


def add_to(fresh: Tensor, other: Tensor, alpha: float = 1.0) -> Tensor:
    """Return ``fresh + alpha * other``; at inference in the memory of ``fresh``.

    Args:
        fresh: A tensor that nobody else holds, of any shape.
        other: Of the same shape.
        alpha: Factor of ``other``.
    """
    if plain_inference(fresh) and fresh.dtype == other.dtype:
        return fresh.add_(other, alpha=alpha)
    return torch.add(fresh, other, alpha=alpha)


def activate(act: nn.Module, fresh: Tensor) -> Tensor:
    """Apply GELU or ReLU; at inference in the memory of ``fresh``, which nobody else holds."""
    if plain_inference(fresh):
        if isinstance(act, nn.GELU):
            return torch.ops.aten.gelu_(fresh, approximate=act.approximate)
        if isinstance(act, nn.ReLU):
            return fresh.relu_()
    return act(fresh)


class LayerNorm2d(nn.Module):
    """Layer normalisation over the channels of (B, C, H, W), as in ConvNeXt and SAM.

    The channels lie last in the memory of the result, as the fused kernel wants them and as
    convolutions like them.
    """

    def __init__(self, channels: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each pixel's channels; (B, C, H, W) in and out."""
        pixels = x.permute(0, 2, 3, 1)
        pixels = F.layer_norm(pixels, self.weight.shape, self.weight, self.bias, self.eps)
        return pixels.permute(0, 3, 1, 2)


class Mlp(nn.Module):
    """Linear → activation → Linear; SAM's dense feed-forward layer."""

    def __init__(self, dim: int, hidden_dim: int, activation: type[nn.Module] = nn.GELU) -> None:
        super().__init__()
        self.lin1 = nn.Linear(dim, hidden_dim)
        self.act = activation()
        self.lin2 = nn.Linear(hidden_dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., dim) to (..., dim); at inference on a CPU a block of tokens at a time."""
        chunk = max(1, HIDDEN_ELEMENTS // self.lin1.out_features)
        tokens = x.reshape(-1, x.shape[-1])
        if not plain_inference(x) or len(tokens) <= chunk:
            return self.lin2(activate(self.act, self.lin1(x)))
        chunk = -(-len(tokens) // -(-len(tokens) // chunk))  # of equal size
        out = torch.empty_like(tokens)
        for first in range(0, len(tokens), chunk):
            hidden = activate(self.act, self.lin1(tokens[first : first + chunk]))
            out[first : first + chunk] = self.lin2(hidden)
        return out.view(x.shape)


def replace_nonfinite(images: Tensor) -> tuple[Tensor, Tensor]:
    """Replace NaN and infinite values by 0, the mean of normalised pixels.

    Args:
        images: (B, 3, H, W) normalised pixels.

    Returns:
        ``(images, count)``: the tensor with finite values and the number replaced, int64 ().
    """
    finite = torch.isfinite(images)
    count = finite.numel() - finite.sum()
    return torch.where(finite, images, torch.zeros((), dtype=images.dtype)), count
