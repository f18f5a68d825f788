"""Small layers shared by the encoder and the decoder."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LayerNorm2d(nn.Module):
    """Layer normalisation over the channels of (B, C, H, W), as in ConvNeXt and SAM."""

    def __init__(self, channels: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each pixel's channels; (B, C, H, W) in and out."""
        variance, mean = torch.var_mean(x, dim=1, keepdim=True, correction=0)
        scale = torch.rsqrt(variance + self.eps) * self.weight[:, None, None]
        return torch.addcmul(self.bias[:, None, None], x - mean, scale)


class Mlp(nn.Module):
    """Linear → activation → Linear; SAM's dense feed-forward layer."""

    def __init__(self, dim: int, hidden_dim: int, activation: type[nn.Module] = nn.GELU) -> None:
        super().__init__()
        self.lin1 = nn.Linear(dim, hidden_dim)
        self.act = activation()
        self.lin2 = nn.Linear(hidden_dim, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., dim) to (..., dim)."""
        return self.lin2(self.act(self.lin1(x)))


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
