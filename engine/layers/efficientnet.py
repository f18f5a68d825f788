"""EfficientNet-Lite without its classifier: feature maps at falling resolutions."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn

from ..config import STEMS

STEM_CHANNELS = 32

STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
"""Blocks, kernel, stride of the first block, expansion and channels of each stage."""


class SameConv2d(nn.Conv2d):
    """Convolution that pads as TensorFlow's "same" does: the odd row and column at the end."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C', ceil(H / stride), ceil(W / stride))."""
        (k, _), (s, _) = self.kernel_size, self.stride
        pads = [max(0, (math.ceil(side / s) - 1) * s + k - side) for side in x.shape[:1:-1]]
        if pads[0] == pads[1] and pads[0] % 2 == 0:
            half = pads[0] // 2
            return F.conv2d(x, self.weight, self.bias, s, half, 1, self.groups)
        x = F.pad(x, [end for p in pads for end in (p // 2, p - p // 2)])
        return F.conv2d(x, self.weight, self.bias, s, 0, 1, self.groups)


class InvertedResidual(nn.Module):
    """Widen, filter each channel, narrow again (Sandler et al. 2018, MobileNetV2)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        """Build the block.

        Args:
            inputs: Channels in.
            outputs: Channels out.
            kernel: Side of the filters.
            stride: Pixels in per pixel out, along a side.
            expansion: Channels inside as a multiple of ``inputs``.
        """
        super().__init__()
        inner = inputs * expansion
        self.expand = SameConv2d(inputs, inner, 1) if expansion > 1 else None
        self.filter = SameConv2d(inner, inner, kernel, stride, groups=inner)
        self.narrow = SameConv2d(inner, outputs, 1)
        self.skips = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        inner = x if self.expand is None else F.relu6(self.expand(x), inplace=True)
        out = self.narrow(F.relu6(self.filter(inner), inplace=True))
        return x + out if self.skips else out


class EfficientNetLite(nn.Module):
    """The network, its batch normalisation merged into the convolutions.

    Source: Liu 2020, "Higher accuracy on vision models with EfficientNet-Lite", after Tan and
    Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks".
    """

    STRIDES = (2, 4, 8, 16, 32)
    """Pixels of the image per pixel of each map, along a side."""

    def __init__(self, name: str) -> None:
        """Build the network.

        Args:
            name: One of :data:`~cwsam.engine.config.STEMS`.
        """
        super().__init__()
        width, depth = STEMS[name]
        self.stem = SameConv2d(3, STEM_CHANNELS, 3, 2)
        blocks, inputs, self.channels = [], STEM_CHANNELS, []
        for index, (count, kernel, stride, expansion, channels) in enumerate(STAGES):
            outputs = _rounded(channels * width)
            if 0 < index < len(STAGES) - 1:
                count = math.ceil(count * depth)
            if stride == 2:
                self.channels.append(inputs)
            for first in (True, *[False] * (count - 1)):
                blocks.append(
                    InvertedResidual(inputs, outputs, kernel, stride if first else 1, expansion)
                )
                inputs = outputs
        self.channels.append(inputs)
        self.blocks = nn.ModuleList(blocks)

    def init_weights(self) -> None:
        """Random weights that keep the size of the signal from layer to layer (He et al. 2015).

        There is no normalisation to do it for them.
        """
        for name, module in self.named_modules():
            if isinstance(module, SameConv2d):
                follows = "linear" if name.endswith("narrow") else "relu"
                nn.init.kaiming_normal_(module.weight, nonlinearity=follows)
                nn.init.zeros_(module.bias)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map (B, 3, H, W) to a map (B, C, H / s, W / s) for each stride s."""
        maps = [F.relu6(self.stem(images), inplace=True)]
        for block in self.blocks:
            x = block(maps[-1])
            if x.shape[-2:] == maps[-1].shape[-2:]:
                maps[-1] = x
            else:
                maps.append(x)
        return maps


def _rounded(channels: float) -> int:
    """To a multiple of 8, by at most a tenth down."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near if near >= 0.9 * channels else near + 8
