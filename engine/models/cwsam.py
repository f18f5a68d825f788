"""The whole network: image in, class logits out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..layers.colour_expert import ColourExpert
    from .image_encoder import ImageEncoder
    from .mask_decoder import MaskDecoder


class RandomPositionEncoding(nn.Module):
    """Random Fourier features of pixel centres (Tancik et al. 2020), as in SAM."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.register_buffer("positional_encoding_gaussian_matrix", torch.randn(2, dim // 2))

    def forward(self, h: int, w: int) -> Tensor:
        """Return the encoding (1, D, h, w) of a grid; always computed in float32."""
        matrix = self.positional_encoding_gaussian_matrix.float()
        x = (torch.arange(w, device=matrix.device) + 0.5) / w
        y = (torch.arange(h, device=matrix.device) + 0.5) / h
        grid = torch.stack([x.expand(h, w), y[:, None].expand(h, w)], dim=-1)
        angle = (2 * math.pi) * ((2 * grid - 1) @ matrix)
        encoding = torch.cat([angle.sin(), angle.cos()], dim=-1)
        return encoding.permute(2, 0, 1)[None].to(self.positional_encoding_gaussian_matrix.dtype)


class Cwsam(nn.Module):
    """Class-wise Segment Anything: a land-cover class for every pixel.

    Attributes:
        colour_expert: What an adapter has learnt of colours, blended into the result; None for
            the network alone.
    """

    colour_expert: ColourExpert | None

    def __init__(
        self,
        image_encoder: ImageEncoder,
        mask_decoder: MaskDecoder,
        dim: int,
        pixel_statistics: tuple[tuple[float, ...], tuple[float, ...]],
    ) -> None:
        """Put the parts together.

        Args:
            image_encoder: Pixels to features of ``dim`` channels.
            mask_decoder: Features to class logits.
            dim: D, the decoder's width.
            pixel_statistics: Mean and standard deviation of the three channels, for pixels
                in 0-1; what normalised input means to this model.
        """
        super().__init__()
        self.pixel_statistics = pixel_statistics
        self.image_encoder = image_encoder
        self.pe_layer = RandomPositionEncoding(dim)
        self.no_mask_embed = nn.Embedding(1, dim)
        self.mask_decoder = mask_decoder
        self.colour_expert = None

    def forward(
        self, images: Tensor, classes: Sequence[int] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Segment images.

        Args:
            images: (B, 3, H, W) normalised, float; H and W multiples of the patch size.
            classes: Class ids whose logits are wanted; None for all K.

        Returns:
            ``(logits, iou)``: (B, K, 4H / patch, 4W / patch) logits and (B, 1) predicted IoU.
        """
        features, details = self.image_encoder.encode(images)
        image_pe = self.pe_layer(*features.shape[-2:])
        dense_prompt = self.no_mask_embed.weight[:, :, None, None]
        logits, iou = self.mask_decoder(features, image_pe, dense_prompt, classes, details)
        if self.colour_expert is not None:
            logits = self.colour_expert(images, logits, classes)
        return logits, iou
