"""Random changes to training chips: geometry, radiometry, mixing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from .config import AugmentConfig


def flip_and_turn(image: Tensor, labels: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Apply one of the eight symmetries of the square.

    Args:
        image: (3, h, w).
        labels: (h, w).
        rng: Source of randomness.
    """
    turns, mirrored = (int(torch.randint(n, (), generator=rng)) for n in (4, 2))
    image, labels = image.rot90(turns, (1, 2)), labels.rot90(turns, (0, 1))
    return (image.flip(2), labels.flip(1)) if mirrored else (image, labels)


def change_colours(image: Tensor, config: AugmentConfig, rng: torch.Generator) -> Tensor:
    """Vary radiometry as another sensor, season or hour would.

    Args:
        image: (3, h, w) float32 in 0-1.
        config: Sizes of the changes.
        rng: Source of randomness.

    Returns:
        (3, h, w) float32, clipped to 0-1.
    """

    def draw(size: float, *shape: int) -> Tensor:
        return (torch.rand(shape, generator=rng) * 2 - 1) * size

    image = image * (1 + draw(config.gain, 3, 1, 1)) * (1 + draw(config.brightness, 1, 1, 1))
    mean = image.mean()
    image = (image - mean) * (1 + draw(config.contrast, 1, 1, 1)) + mean
    grey = image.mean(0, keepdim=True)
    image = grey + (image - grey) * (1 + draw(config.saturation, 1, 1, 1))
    image = image.clamp(0, 1)
    return image.pow(draw(config.gamma, 1, 1, 1).exp())


def cutmix(
    image: Tensor, labels: Tensor, donor: Tensor, donor_labels: Tensor, rng: torch.Generator
) -> None:
    """Paste a rectangle of another chip into a chip, in place (Yun et al. 2019).

    Args:
        image: (3, h, w); receives the rectangle.
        labels: (h, w); receives its labels.
        donor: (3, h, w).
        donor_labels: (h, w).
        rng: Source of randomness.
    """
    h, w = labels.shape
    height, width = (int(n * (0.25 + 0.5 * float(torch.rand((), generator=rng)))) for n in (h, w))
    top = int(torch.randint(h - height + 1, (), generator=rng))
    left = int(torch.randint(w - width + 1, (), generator=rng))
    rows, cols = slice(top, top + height), slice(left, left + width)
    image[:, rows, cols] = donor[:, rows, cols]
    labels[rows, cols] = donor_labels[rows, cols]
