"""Segment Anything's Vision Transformer with adapters, frequency prompts and experts."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..layers.adapter import Adapter
from ..layers.attention import RelPosAttention
from ..layers.common import LayerNorm2d, add_to, replace_nonfinite
from ..layers.efficientnet import EfficientNetLite
from ..layers.frequency import PromptGenerator


class PatchEmbed(nn.Module):
    """Non-overlapping patches to tokens."""

    detail_channels: tuple[int, ...] = ()
    """Channels of the maps that go to the decoder beside the tokens."""

    def __init__(self, dim: int, patch_size: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, dim, patch_size, patch_size)

    def forward(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Map (B, 3, H, W) to tokens (B, H / patch, W / patch, C), and no details."""
        return self.proj(images).permute(0, 2, 3, 1), []


class PyramidEmbed(nn.Module):
    """A small convolutional network before the transformer instead of bare patches.

    Its features can be learnt elsewhere, and early convolutions make transformers easier to
    train (Xiao et al. 2021). Maps at the patch's stride and coarser ones become the tokens; all
    go to the decoder as well, as the fine ones do in SAM 2 (Ravi et al. 2024).
    """

    def __init__(self, dim: int, patch_size: int, network: EfficientNetLite) -> None:
        """Build the embedding.

        Args:
            dim: Channels C of a token.
            patch_size: Pixels a token, one of the network's strides.
            network: Image to feature maps.
        """
        super().__init__()
        self.network = network
        self.first = network.STRIDES.index(patch_size)
        self.detail_channels = network.channels
        self.lateral = nn.ModuleList(nn.Conv2d(c, dim, 1) for c in network.channels[self.first :])
        self.norm = LayerNorm2d(dim)

    def forward(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Map (B, 3, H, W) to tokens (B, H / patch, W / patch, C) and all maps."""
        maps = self.network(images.contiguous(memory_format=torch.channels_last))
        sides = [conv(m) for conv, m in zip(self.lateral, maps[self.first :])]
        size = sides[0].shape[-2:]
        tokens = sides[0]
        for side in sides[1:]:
            tokens = tokens + F.interpolate(side, size, mode="bilinear")
        return self.norm(tokens).permute(0, 2, 3, 1), maps


class EncoderBlock(nn.Module):
    """One pre-norm transformer block: (windowed) attention, feed-forward or experts, adapters."""

    def __init__(
        self,
        dim: int,
        attention: RelPosAttention,
        mlp: nn.Module,
        window_size: int,
        adapter_ratio: float,
    ) -> None:
        """Build the block from its parts.

        Args:
            dim: Channels.
            attention: Self-attention over a window or the whole grid.
            mlp: Feed-forward layer or mixture of experts.
            window_size: Side of a window in tokens; 0 for global attention.
            adapter_ratio: Width of the two adapters as a share of ``dim``; 0 for none.
        """
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = attention
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = mlp
        self.window_size = window_size
        has_adapters = adapter_ratio > 0
        self.space_adapter = Adapter(dim, adapter_ratio, skip=True) if has_adapters else None
        self.mlp_adapter = Adapter(dim, adapter_ratio, skip=False) if has_adapters else None

    def forward(self, x: Tensor) -> Tensor:
        """Transform (B, H, W, C) tokens."""
        h = self.attn(self.norm1(x), self.window_size)
        if self.space_adapter is not None:
            h = self.space_adapter(h)
        x = add_to(h, x)
        n = self.norm2(x)
        out = add_to(self.mlp(n), x)
        return out if self.mlp_adapter is None else add_to(out, self.mlp_adapter(n), alpha=0.5)


class ImageEncoder(nn.Module):
    """Image to features: ViT (Dosovitskiy et al. 2021; Kirillov et al. 2023) with prompts."""

    def __init__(
        self,
        patch_embed: PatchEmbed | PyramidEmbed,
        pos_embed_grid: tuple[int, int],
        blocks: list[EncoderBlock],
        prompt_generator: PromptGenerator | None,
        dim: int,
        out_dim: int,
    ) -> None:
        """Build the encoder from its parts.

        Args:
            patch_embed: Pixels to tokens.
            pos_embed_grid: (H, W) in tokens of the absolute position table.
            blocks: Transformer blocks.
            prompt_generator: Frequency prompts or None.
            dim: Channels of the tokens.
            out_dim: Channels of the features.
        """
        super().__init__()
        self.patch_embed = patch_embed
        self.pos_embed = nn.Parameter(torch.zeros(1, *pos_embed_grid, dim))
        self.blocks = nn.ModuleList(blocks)
        self.prompt_generator = prompt_generator
        self.neck = nn.Sequential(
            nn.Conv2d(dim, out_dim, 1, bias=False),
            LayerNorm2d(out_dim),
            nn.Conv2d(out_dim, out_dim, 3, padding=1, bias=False),
            LayerNorm2d(out_dim),
        )
        self.gradient_checkpointing = False
        self.register_buffer(
            "nonfinite_pixels", torch.zeros((), dtype=torch.int64), persistent=False
        )

    def forward(self, images: Tensor) -> Tensor:
        """Features of images without details; see :meth:`encode`."""
        return self.encode(images)[0]

    def encode(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Encode images.

        Args:
            images: (B, 3, H, W) normalised; H and W multiples of the patch size. Non-finite
                values count as the mean; ``nonfinite_pixels`` adds up how many there were.

        Returns:
            ``(features, details)``: (B, out_dim, H / patch, W / patch) and the maps of a
            :class:`PyramidEmbed`, finest first.
        """
        images, count = replace_nonfinite(images)
        if not torch.compiler.is_compiling():
            self.nonfinite_pixels += count
        x, details = self.patch_embed(images)
        prompts = self.prompt_generator
        features = prompts.features(images, x) if prompts is not None else None
        x = x + self._position_table(x.shape[1], x.shape[2])
        for index, block in enumerate(self.blocks):
            if prompts is not None:
                x = add_to(prompts.prompt(features, index), x)
            if self.gradient_checkpointing and self.training:
                x = checkpoint(block, x, use_reentrant=False)
            else:
                x = block(x)
        return self.neck(x.permute(0, 3, 1, 2)), details

    def _position_table(self, h: int, w: int) -> Tensor:
        """Absolute positions (1, h, w, C), interpolated where the grid differs."""
        if self.pos_embed.shape[1:3] == (h, w):
            return self.pos_embed
        table = self.pos_embed.permute(0, 3, 1, 2).float()
        table = F.interpolate(table, size=(h, w), mode="bicubic", align_corners=False)
        return table.permute(0, 2, 3, 1).to(self.pos_embed.dtype)
