"""SAM's two-way transformer with its feed-forward layers replaced by experts."""

from __future__ import annotations

from typing import Callable

from torch import Tensor, nn

from ..layers.attention import DownsampleAttention


class TwoWayBlock(nn.Module):
    """Tokens attend to themselves and to the image, then the image attends to the tokens."""

    def __init__(self, dim: int, num_heads: int, mlp: nn.Module, first: bool) -> None:
        """Build the block.

        Args:
            dim: Channels.
            num_heads: Attention heads.
            mlp: Feed-forward layer or mixture of experts on the tokens.
            first: The first block's self-attention replaces the tokens instead of adding.
        """
        super().__init__()
        self.self_attn = DownsampleAttention(dim, num_heads)
        self.norm1 = nn.LayerNorm(dim)
        self.cross_attn_token_to_image = DownsampleAttention(dim, num_heads, downsample=2)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = mlp
        self.norm3 = nn.LayerNorm(dim)
        self.norm4 = nn.LayerNorm(dim)
        self.cross_attn_image_to_token = DownsampleAttention(dim, num_heads, downsample=2)
        self.first = first

    def forward(
        self, tokens: Tensor, image: Tensor, token_pe: Tensor, image_pe: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Exchange information; tokens (B, n, D) and image (B, h*w, D) with their positions."""
        if self.first:
            tokens = self.self_attn(tokens, tokens, tokens)
        else:
            q = tokens + token_pe
            tokens = tokens + self.self_attn(q, q, tokens)
        tokens = self.norm1(tokens)
        placed = image + image_pe
        tokens = self.norm2(
            tokens + self.cross_attn_token_to_image(tokens + token_pe, placed, image)
        )
        tokens = self.norm3(tokens + self.mlp(tokens))
        image = self.norm4(
            image + self.cross_attn_image_to_token(placed, tokens + token_pe, tokens)
        )
        return tokens, image


class TwoWayTransformer(nn.Module):
    """The mask decoder's transformer (Kirillov et al. 2023, appendix A)."""

    def __init__(
        self, dim: int, depth: int, num_heads: int, make_mlp: Callable[[], nn.Module]
    ) -> None:
        """Build the transformer.

        Args:
            dim: Channels.
            depth: Two-way blocks.
            num_heads: Attention heads.
            make_mlp: Makes the feed-forward part of one block.
        """
        super().__init__()
        self.layers = nn.ModuleList(
            TwoWayBlock(dim, num_heads, make_mlp(), first=i == 0) for i in range(depth)
        )
        self.final_attn_token_to_image = DownsampleAttention(dim, num_heads, downsample=2)
        self.norm_final_attn = nn.LayerNorm(dim)

    def forward(self, image: Tensor, image_pe: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Run all blocks.

        Args:
            image: (B, D, h, w) features.
            image_pe: (1 or B, D, h, w) positional encoding of the grid.
            tokens: (B, n, D); each is its own positional encoding.

        Returns:
            ``(tokens, image)``: (B, n, D) and (B, h*w, D).
        """
        flat, flat_pe = (t.flatten(2).transpose(1, 2) for t in (image, image_pe))
        out = tokens
        for layer in self.layers:
            out, flat = layer(out, flat, tokens, flat_pe)
        attended = self.final_attn_token_to_image(out + tokens, flat + flat_pe, flat)
        return self.norm_final_attn(out + attended), flat
