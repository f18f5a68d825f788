"""The class decoder: class logits from image features, without point or box prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..layers.common import LayerNorm2d, activate
from .transformer import TwoWayTransformer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CLASS_CHUNK_ELEMENTS = 1 << 25
"""Largest class-head activation held at once at inference, in elements."""


class MaskDecoder(nn.Module):
    """SAM's mask decoder with experts, a skip connection and a class head.

    Notation: D transformer width, K classes, (h, w) feature grid.
    """

    def __init__(
        self,
        dim: int,
        num_classes: int,
        transformer: TwoWayTransformer,
        make_head_mlp: Callable[[int], nn.Module],
        iou_hidden_dim: int,
        num_mask_tokens: int,
        detail_channels: Sequence[int] = (),
    ) -> None:
        """Build the decoder.

        Args:
            dim: D, a multiple of 8.
            num_classes: K.
            transformer: Two-way transformer of width D.
            make_head_mlp: Makes a (..., D) to (..., D) layer of a given hidden width.
            iou_hidden_dim: Hidden width of the IoU head.
            num_mask_tokens: Mask tokens; the first gives the class logits.
            detail_channels: Channels of the maps that the encoder's stem gives.
        """
        super().__init__()
        self.transformer = transformer
        self.num_classes = num_classes
        self.iou_token = nn.Embedding(1, dim)
        self.mask_tokens = nn.Embedding(num_mask_tokens, dim)
        self.output_upscaling = nn.Sequential(
            nn.ConvTranspose2d(dim, dim // 4, 2, 2),
            LayerNorm2d(dim // 4),
            nn.GELU(),
            nn.ConvTranspose2d(dim // 4, dim // 8, 2, 2),
            nn.GELU(),
        )
        self.cls_upscaling = nn.Sequential(
            nn.ConvTranspose2d(dim // 4, dim // 4, 2, 2),
            LayerNorm2d(dim // 4),
            nn.GELU(),
            nn.Conv2d(dim // 4, dim // 8 * num_classes, 7, 2, 3),
            nn.GELU(),
        )
        self.details = nn.ModuleList(nn.Conv2d(c, dim // 4, 1) for c in detail_channels)
        self.output_hypernetworks_mlps = nn.ModuleList(
            nn.Sequential(make_head_mlp(dim), nn.Linear(dim, dim // 8))
            for _ in range(num_mask_tokens)
        )
        self.iou_prediction_head = nn.Sequential(
            make_head_mlp(iou_hidden_dim), nn.Linear(dim, num_mask_tokens)
        )

    def add_classes(self, count: int) -> None:
        """Grow the class head by ``count`` classes, whose weights start as zero.

        The channels of the old classes keep their weights.
        """
        old: nn.Conv2d = self.cls_upscaling[3]
        c, k = old.out_channels // self.num_classes, self.num_classes
        conv = nn.Conv2d(
            old.in_channels, c * (k + count), old.kernel_size, old.stride, old.padding
        ).to(old.weight)
        with torch.no_grad():
            for name in ("weight", "bias"):
                grown = getattr(conv, name).zero_().unflatten(0, (c, k + count))
                grown[:, :k] = getattr(old, name).unflatten(0, (c, k))
        conv.requires_grad_(old.weight.requires_grad)
        self.cls_upscaling[3] = conv
        self.num_classes = k + count

    @torch.no_grad()
    def copy_class(self, source: int, target: int) -> None:
        """Let a class of the head begin as another one, so that only their difference is to learn.

        Args:
            source: Class id whose (D / 8, D / 4, 7, 7) kernel and (D / 8,) bias are copied.
            target: Class id that gets them.
        """
        self.copy_classes({target: source})

    @torch.no_grad()
    def copy_classes(self, sources: Mapping[int, int]) -> None:
        """Let classes of the head begin as others are now, even if those begin anew as well.

        Args:
            sources: Class id to copy by the class id that gets it; see :meth:`copy_class`.
        """
        conv: nn.Conv2d = self.cls_upscaling[3]
        for tensor in (conv.weight, conv.bias):
            channels = tensor.unflatten(0, (-1, self.num_classes))
            channels[:, list(sources)] = channels[:, list(sources.values())].clone()

    def forward(
        self,
        features: Tensor,
        image_pe: Tensor,
        dense_prompt: Tensor,
        classes: Sequence[int] | None = None,
        details: Sequence[Tensor] = (),
    ) -> tuple[Tensor, Tensor]:
        """Decode features into class logits.

        Args:
            features: (B, D, h, w).
            image_pe: (1, D, h, w) positional encoding of the grid.
            dense_prompt: (1, D, 1, 1) added everywhere.
            classes: Class ids whose logits are wanted, in their order; None for all K.
            details: Maps (B, C, H, W) of the encoder's stem; the fine ones sharpen outlines.

        Returns:
            ``(logits, iou)``: (B, K', 4h, 4w) and (B, 1) predicted IoU of the first mask.
        """
        b = features.shape[0]
        tokens = torch.cat([self.iou_token.weight, self.mask_tokens.weight])[None].expand(b, -1, -1)
        source = features + dense_prompt
        tokens_out, image_out = self.transformer(source, image_pe, tokens)
        image_out = image_out.transpose(1, 2).unflatten(2, source.shape[2:])
        upscaled = torch.cat([_run(self.output_upscaling, t) for t in (image_out, source)], 1)
        for convolve, detail in zip(self.details, details):
            upscaled = upscaled + _resized(convolve(detail), upscaled.shape[-2:])
        weights = self.output_hypernetworks_mlps[0](tokens_out[:, 1])
        iou = self.iou_prediction_head(tokens_out[:, 0])[:, :1]
        return self._class_logits(upscaled, weights, classes), iou

    def _class_logits(
        self, upscaled: Tensor, weights: Tensor, classes: Sequence[int] | None
    ) -> Tensor:
        """Class logits of mask 0 (B, K', 4h, 4w), a few classes at a time.

        Channel ``c * K + class`` of the head's last convolution belongs to a class, so a
        subset of classes is a slice of its weights.

        Args:
            upscaled: (B, D / 4, 4h, 4w).
            weights: (B, D / 8) output of the hypernetwork.
            classes: See :meth:`forward`.
        """
        upscaled = _run(self.cls_upscaling[:3], upscaled)
        conv: nn.Conv2d = self.cls_upscaling[3]
        k, c = self.num_classes, weights.shape[1]
        wanted = list(range(k)) if classes is None else list(classes)
        kernel = conv.weight.unflatten(0, (c, k)).transpose(0, 1)
        bias = conv.bias.unflatten(0, (c, k)).T
        b, _, h, w = upscaled.shape
        per_class = b * c * (h // 2) * (w // 2)
        whole = self.training or torch.compiler.is_compiling()
        chunk = len(wanted) if whole else max(1, CLASS_CHUNK_ELEMENTS // per_class)
        parts = []
        for first in range(0, len(wanted), chunk):
            some = wanted[first : first + chunk]
            act = F.conv2d(
                upscaled,
                kernel[some].flatten(0, 1),
                bias[some].flatten(),
                conv.stride,
                conv.padding,
            )
            act = activate(self.cls_upscaling[4], act).permute(0, 2, 3, 1)
            act = act.unflatten(3, (len(some), c))
            parts.append(torch.einsum("bhwkc,bc->bkhw", act, weights))
        return torch.cat(parts, 1)


def _resized(x: Tensor, size: torch.Size) -> Tensor:
    return x if x.shape[-2:] == size else F.interpolate(x, size, mode="bilinear")


def _run(layers: nn.Sequential, x: Tensor) -> Tensor:
    """Apply layers in turn, activations in the memory of what came before."""
    for layer in layers:
        x = activate(layer, x) if isinstance(layer, nn.GELU) else layer(x)
    return x
