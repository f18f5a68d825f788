"""Frequency-domain prompts: an FFT-filtered image, embedded and added before every block."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from .common import replace_nonfinite


def fft_filter(images: Tensor, rate: float, mode: str) -> Tensor:
    """Keep the low or the high spatial frequencies of images.

    A centred square of half side ``int(sqrt(H * W * rate) // 2)`` (at least 1) marks the low
    frequencies. Always computed in float32; non-finite pixels count as 0.

    Args:
        images: (B, C, H, W) normalised pixels.
        rate: Share of the spectrum's area inside the square, 0-1.
        mode: ``lowpass`` keeps the square, ``highpass`` the rest.

    Returns:
        (B, C, H, W) float32: absolute value of the real part of the filtered images.

    Source: Liu et al. 2023, "Explicit Visual Prompting for Low-Level Structure Segmentations".
    """
    assert mode in ("lowpass", "highpass"), mode
    h, w = images.shape[-2:]
    if torch.compiler.is_compiling():
        return _filter_by_multiplying(images, rate, mode)
    with torch.autocast(images.device.type, enabled=False):
        pixels, _ = replace_nonfinite(images.float())
        spectrum = torch.fft.fftshift(torch.fft.fft2(pixels, norm="forward"), dim=(-2, -1))
        half = max(1, int(math.sqrt(h * w * rate) // 2))
        inside = torch.zeros(h, w, device=images.device)
        inside[max(0, h // 2 - half) : h // 2 + half, max(0, w // 2 - half) : w // 2 + half] = 1.0
        spectrum = spectrum * (inside if mode == "lowpass" else 1.0 - inside)
        filtered = torch.fft.ifft2(torch.fft.ifftshift(spectrum, dim=(-2, -1)), norm="forward")
        return filtered.real.abs()


def _filter_by_multiplying(images: Tensor, rate: float, mode: str) -> Tensor:
    """:func:`fft_filter` as multiplies by constant matrices, for exporters without an FFT.

    The square is a product of two intervals, so the filter acts on rows and columns apart.
    """
    h, w = images.shape[-2:]
    half = max(1, int(math.sqrt(h * w * rate) // 2))
    (a, b), (c, d) = (_interval_filter(side, half) for side in (h, w))
    pixels, _ = replace_nonfinite(images.float())
    low = a @ pixels @ c.T - b @ pixels @ d.T
    return (low if mode == "lowpass" else pixels - low).abs()


def _interval_filter(side: int, half: int) -> tuple[Tensor, Tensor]:
    """Inverse transform · interval · transform of one axis: real and imaginary (side, side)."""
    kept = np.zeros(side)
    kept[max(0, side // 2 - half) : side // 2 + half] = 1.0
    transform = np.exp(-2j * np.pi / side * np.outer(np.arange(side), np.arange(side)))
    matrix = transform.conj() @ (np.fft.ifftshift(kept)[:, None] * transform) / side
    return tuple(torch.tensor(part, dtype=torch.float32) for part in (matrix.real, matrix.imag))


class PromptGenerator(nn.Module):
    """Prompts of all blocks from the filtered image and the patch embedding.

    ``prompt_i = shared_mlp(GELU(Linear_i(conv(filtered) + Linear(patch embedding))))``.
    """

    def __init__(
        self,
        dim: int,
        depth: int,
        patch_size: int,
        scale_factor: int = 32,
        rate: float = 0.25,
        mode: str = "lowpass",
        interleaved: bool = True,
    ) -> None:
        """Build the generator.

        Args:
            dim: Channels C of the encoder.
            depth: Number of encoder blocks.
            patch_size: Pixels a token.
            scale_factor: The prompts' inner width is ``C // scale_factor``.
            rate: See :func:`fft_filter`.
            mode: See :func:`fft_filter`.
            interleaved: Whether the patch embedding is read as the published code reads it:
                the (h, w, C) memory taken for (C, h*w). Its checkpoints need that; a model
                trained from scratch is better off with each token's own embedding.
        """
        super().__init__()
        inner = max(1, dim // scale_factor)
        self.rate, self.mode, self.interleaved = rate, mode, interleaved
        self.patch_embed = nn.Conv2d(3, inner, patch_size, patch_size)
        self.embedding_generator = nn.Linear(dim, inner)
        self.lightweight_mlps = nn.ModuleList(nn.Linear(inner, inner) for _ in range(depth))
        self.act = nn.GELU()
        self.shared_mlp = nn.Linear(inner, dim)

    def features(self, images: Tensor, embedding: Tensor) -> Tensor:
        """Return the part common to all blocks.

        Args:
            images: (B, 3, H, W) normalised.
            embedding: (B, h, w, C) patch embedding before the position embedding.

        Returns:
            (B, h, w, d).
        """
        filtered = fft_filter(images, self.rate, self.mode).to(embedding.dtype)
        handcrafted = self.patch_embed(filtered).permute(0, 2, 3, 1)
        if self.interleaved:
            b, h, w, c = embedding.shape
            embedding = embedding.reshape(b, c, h * w).transpose(1, 2).reshape(b, h, w, c)
        return handcrafted + self.embedding_generator(embedding)

    def prompt(self, features: Tensor, block: int) -> Tensor:
        """Return the prompt (B, h, w, C) that is added to the input of a block."""
        return self.shared_mlp(self.act(self.lightweight_mlps[block](features)))
