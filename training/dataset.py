"""Chips for training and validation, cut from labelled images held in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..engine.errors import TrainingDataError
from ..engine.types import NODATA_CLASS
from .augment import change_colours, cutmix, flip_and_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .config import TrainConfig

ReadImage = Callable[[Path, bool], np.ndarray]
"""Reads an image file, or with True a label file: (bands, h, w) uint8."""


@dataclass
class Scene:
    """One labelled image.

    Attributes:
        source: First folder of its path.
        name: File name without suffix.
        image: (3, h, w) uint8.
        labels: (h, w) uint8 class ids; 255 = not labelled.
    """

    source: str
    name: str
    image: Tensor
    labels: Tensor


def load_scenes(root: Path, part: str, sources: set[str], read: ReadImage) -> list[Scene]:
    """Read all scenes of one part of a data set.

    Args:
        root: Folder that holds ``split.json``.
        part: ``train`` or ``dev``.
        sources: First folders wanted.
        read: Reads one image file.

    Raises:
        TrainingDataError: A file is missing, or image and labels differ in size.
    """
    split = root / "split.json"
    try:
        pairs = json.loads(split.read_text(encoding="utf-8"))[part]
    except (OSError, KeyError, json.JSONDecodeError):
        raise TrainingDataError(
            f"{split} must be a JSON file with lists 'train' and 'dev'; check the data folder."
        ) from None
    scenes = []
    for pair in pairs:
        source = Path(pair["image"]).parts[0]
        if source not in sources:
            continue
        image = torch.from_numpy(read(root / pair["image"], False)[:3])
        labels = torch.from_numpy(read(root / pair["labels33"], True)[0])
        if image.shape[1:] != labels.shape:
            raise TrainingDataError(
                f"{pair['image']} and {pair['labels33']} differ in size; "
                "make a label image of the same width and height."
            )
        scenes.append(Scene(source, Path(pair["image"]).stem, image, labels))
    if not scenes:
        raise TrainingDataError(
            f"{split} lists no '{part}' scenes of {', '.join(sorted(sources))}."
        )
    return scenes


def crop_and_scale(scene: Scene, size: int, chip: int, row: int, col: int) -> tuple[Tensor, Tensor]:
    """Cut a square of ``size`` pixels and scale it to ``chip`` pixels.

    Returns:
        ``(image, labels)``: (3, chip, chip) float32 in 0-1 and (chip, chip) uint8; where the
        square leaves the scene the image is mirrored and the labels are 255.
    """
    image = scene.image[:, row : row + size, col : col + size].float() / 255
    labels = scene.labels[row : row + size, col : col + size]
    h, w = labels.shape
    if (h, w) != (size, size):
        rows, cols = (_mirror(n, size) for n in (h, w))
        image = image[:, rows][:, :, cols]
        labels = F.pad(labels, (0, size - w, 0, size - h), value=NODATA_CLASS)
    if size != chip:
        image = F.interpolate(
            image[None], (chip, chip), mode="bilinear", antialias=size > chip, align_corners=False
        )[0]
        labels = F.interpolate(labels[None, None].float(), (chip, chip), mode="nearest-exact")
        labels = labels[0, 0].to(torch.uint8)
    return image, labels


def _mirror(length: int, wanted: int) -> Tensor:
    """Indices 0 … length-1 … 0 … up to ``wanted`` of them."""
    position = torch.arange(wanted) % (2 * length)
    return torch.minimum(position, 2 * length - 1 - position)


def draw_batches(scenes: list[Scene], config: TrainConfig, rng: torch.Generator) -> Iterator:
    """Draw augmented batches without end.

    Yields:
        ``(images, labels)``: (B, 3, chip, chip) float32 in 0-1 and (B, chip, chip) uint8.
    """
    weights = _scene_weights(scenes, config)
    while True:
        drawn = torch.multinomial(weights, config.batch, replacement=True, generator=rng)
        chips = [_draw_chip(scenes[i], config, rng) for i in drawn.tolist()]
        images, labels = (torch.stack(column) for column in zip(*chips))
        yield cutmix(images, labels, config.augment.cutmix, rng)


def _scene_weights(scenes: list[Scene], config: TrainConfig) -> Tensor:
    """Probability of each scene: its source's share, by the root of its size within a source."""
    area = torch.tensor([float(s.labels.numel()) for s in scenes]).sqrt()
    weights = torch.zeros(len(scenes))
    for name, source in config.sources.items():
        member = torch.tensor([s.source == name for s in scenes])
        if member.any():
            weights[member] = source.share * area[member] / area[member].sum()
    return weights / weights.sum()


def _draw_chip(scene: Scene, config: TrainConfig, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Cut, turn and recolour one chip; the best labelled of three tries."""
    low, high = config.sources[scene.source].zoom
    h, w = scene.labels.shape
    u = float(torch.rand((), generator=rng))
    size = max(32, min(int(config.chip * low * (high / low) ** u), max(h, w)))
    best = None
    for _ in range(3):
        row = int(torch.randint(max(1, h - size + 1), (), generator=rng))
        col = int(torch.randint(max(1, w - size + 1), (), generator=rng))
        share = float(
            (scene.labels[row : row + size, col : col + size] != NODATA_CLASS).float().mean()
        )
        if best is None or share > best[0]:
            best = (share, row, col)
        if share > 0.3:
            break
    image, labels = crop_and_scale(scene, size, config.chip, best[1], best[2])
    image, labels = flip_and_turn(image, labels, rng)
    return change_colours(image, config.augment, rng), labels


def validation_chips(scenes: list[Scene], chip: int, batch: int) -> Iterator:
    """Cut scenes into adjoining chips at their own resolution; batches as in training."""
    chips = []
    for scene in scenes:
        h, w = scene.labels.shape
        for row in range(0, h, chip):
            for col in range(0, w, chip):
                chips.append(crop_and_scale(scene, chip, chip, row, col))
                if len(chips) == batch:
                    yield tuple(torch.stack(column) for column in zip(*chips))
                    chips = []
    if chips:
        yield tuple(torch.stack(column) for column in zip(*chips))
