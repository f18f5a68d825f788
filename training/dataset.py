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
from .class_values import refuse_fractions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .config import TrainConfig

SMALLEST_CHIP = 32
"""Smallest side of a chip in pixels, also before it is scaled."""

ReadImage = Callable[[Path, bool], "tuple[np.ndarray, np.ndarray]"]
"""Reads an image file: (bands, h, w) uint8, one or three bands, and the pixels that show, (h, w)
bool; with True a label file, one band of values as they are."""


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

    @classmethod
    def read(
        cls,
        source: str,
        image_path: Path,
        labels_path: Path,
        read: ReadImage,
        palette: dict | None = None,
    ) -> Scene:
        """Read a scene from its two files.

        Args:
            source: What the scene is from.
            image_path: Image of one band (taken as grey) or three and more.
            labels_path: Label image.
            read: Reads one image file.
            palette: See :func:`read_labels`.

        Raises:
            TrainingDataError: Image and labels differ in size, or a value cannot be used.
            RasterError: A file cannot be read, or the labels are fractions.
        """
        pixels, shows = read(image_path, False)
        image = torch.from_numpy(pixels)
        if len(image) < 3:
            image = image[:1].expand(3, -1, -1).contiguous()
        labels = read_labels(labels_path, palette or {}, read)
        if image.shape[1:] != labels.shape:
            raise TrainingDataError(
                f"{image_path} and {labels_path} differ in size; labels must lie on the image's "
                "grid."
            )
        labels[torch.from_numpy(~shows)] = NODATA_CLASS
        return cls(source, image_path.stem, image, labels)


@dataclass(frozen=True)
class ScenePair:
    """The two files of a scene.

    Attributes:
        source: What the scene is from.
        image: Image file.
        labels: Label file.
    """

    source: str
    image: Path
    labels: Path


def load_scenes(
    root: Path,
    part: str,
    sources: set[str],
    read: ReadImage,
    palette: dict | None = None,
) -> list[Scene]:
    """Read all scenes of one part of a data set.

    Args:
        root: Folder that holds ``split.json``.
        part: ``train`` or ``dev``.
        sources: First folders wanted; all if empty.
        read: Reads one image file.
        palette: See :func:`read_labels`.

    Raises:
        TrainingDataError: A file is missing, or image and labels differ in size.
    """
    pairs = split_pairs(root, part, sources)
    return [Scene.read(p.source, p.image, p.labels, read, palette) for p in pairs]


def split_pairs(root: Path, part: str, sources: set[str]) -> list[ScenePair]:
    """The scenes that ``split.json`` lists for one part of a data set.

    Args:
        root: Folder that holds ``split.json``.
        part: ``train`` or ``dev``.
        sources: First folders wanted; all if empty.

    Raises:
        TrainingDataError: The file is missing or lists something else.
    """
    split = root / "split.json"
    try:
        entries = json.loads(split.read_text(encoding="utf-8"))[part]
    except (OSError, LookupError, TypeError, ValueError):
        entries = None
    if not isinstance(entries, list):
        raise TrainingDataError(
            f"{split} must be a JSON file with lists 'train' and 'dev'; check the data folder."
        )
    pairs = []
    for number, entry in enumerate(entries, 1):
        named = entry if isinstance(entry, dict) else {}
        image, labels = (named.get(name) for name in ("image", "labels33"))
        if not all(isinstance(name, str) and Path(name).parts for name in (image, labels)):
            raise TrainingDataError(
                f"{split}, entry {number} of '{part}', must name two files, 'image' and "
                "'labels33'; correct it."
            )
        source = Path(image).parts[0]
        if not sources or source in sources:
            pairs.append(ScenePair(source, root / image, root / labels))
    if not pairs:
        raise TrainingDataError(
            f"{split} lists no '{part}' scenes of {', '.join(sorted(sources)) or 'any source'}."
        )
    return pairs


def read_labels(path: Path, palette: dict, read: ReadImage) -> torch.Tensor:
    """Read a label image.

    Args:
        path: Class ids in the first band, or colours.
        palette: By class id, its colour [r, g, b] 0-255; colours not listed say nothing. Empty
            where the image holds class ids.
        read: Reads one image file.

    Returns:
        (h, w) uint8; 255 also where the file says that there is no data.

    Raises:
        TrainingDataError: The image has other values than labels can have.
        RasterError: The file cannot be read, or holds fractions.
    """
    if not palette:
        (ids,), known = read(path, True)
        refuse_fractions(ids[known], str(path))
        if ids.dtype != np.uint8 and ((ids[known] < 0) | (ids[known] > NODATA_CLASS)).any():
            raise TrainingDataError(
                f"{path} holds values outside 0-255; labels are class ids, 255 for not labelled."
            )
        return torch.from_numpy(np.where(known, ids, NODATA_CLASS).astype(np.uint8))
    pixels, known = read(path, False)
    if len(pixels) < 3:
        raise TrainingDataError(
            f"{path} has no colours, and the recipe has a palette; take the palette out if the "
            "file holds class ids."
        )
    code = _code(pixels)
    labels = np.full(code.shape, NODATA_CLASS, np.uint8)
    for class_id, colour in palette.items():
        labels[known & (code == int(_code(np.array(colour).reshape(3, 1))))] = class_id
    if (labels == NODATA_CLASS).all():
        raise TrainingDataError(f"{path} has no colour of the palette; check the palette.")
    return torch.from_numpy(labels)


def _code(pixels: np.ndarray) -> np.ndarray:
    """One integer a colour, from (3+, …)."""
    red, green, blue = (band.astype(np.int64) for band in pixels[:3])
    return (red << 16) | (green << 8) | blue


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


class ChipSampler:
    """Draws augmented chips; chip number n of a seed is always the same one.

    No state passes from chip to chip, so a run goes on where it stopped, and the processes of
    a run draw what one process would.
    """

    def __init__(self, scenes: list[Scene], config: TrainConfig) -> None:
        """Prepare the draw.

        Args:
            scenes: Where chips are cut from.
            config: The recipe.
        """
        self.scenes, self.config = scenes, config
        self.weights = scene_weights(scenes, config)

    def batch(self, numbers: range) -> tuple[Tensor, Tensor]:
        """Draw chips by their numbers.

        Returns:
            ``(images, labels)``: (B, 3, chip, chip) float32 in 0-1 and (B, chip, chip) uint8.
        """
        images, labels = zip(*map(self.chip, numbers))
        return torch.stack(images), torch.stack(labels)

    def chip(self, number: int) -> tuple[Tensor, Tensor]:
        """Draw one chip, perhaps with a rectangle of another pasted in."""
        rng = torch.Generator().manual_seed(derived_seed(self.config.seed, number))
        image, labels = self._draw(rng)
        if float(torch.rand((), generator=rng)) < self.config.augment.cutmix:
            cutmix(image, labels, *self._draw(rng), rng)
        return image, labels

    def _draw(self, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        scene = int(torch.multinomial(self.weights, 1, generator=rng))
        return _draw_chip(self.scenes[scene], self.config, rng)


def derived_seed(*parts: int) -> int:
    """A seed for one of many independent draws (SplitMix64, Steele et al. 2014)."""
    mask, value = (1 << 64) - 1, 0
    for part in parts:
        value = (value + part + 0x9E3779B97F4A7C15) & mask
        value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & mask
        value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & mask
        value ^= value >> 31
    return value >> 1


def scene_weights(scenes: list[Scene], config: TrainConfig) -> Tensor:
    """Probability of each scene: its source's share, by the root of its size within a source."""
    area = torch.tensor([float(s.labels.numel()) for s in scenes]).sqrt()
    weights = torch.zeros(len(scenes))
    for name in {s.source for s in scenes}:
        member = torch.tensor([s.source == name for s in scenes])
        weights[member] = config.source(name).share * area[member] / area[member].sum()
    return weights / weights.sum()


def _draw_chip(scene: Scene, config: TrainConfig, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Cut, turn and recolour one chip; the best labelled of three tries."""
    low, high = config.source(scene.source).zoom
    h, w = scene.labels.shape
    u = float(torch.rand((), generator=rng))
    size = max(SMALLEST_CHIP, min(int(config.chip * low * (high / low) ** u), max(h, w)))
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


def validation_chips(
    scenes: list[Scene], chip: int, batch: int, first: int = 0, stride: int = 1
) -> Iterator[tuple[Tensor, Tensor]]:
    """Cut scenes into adjoining chips at their own resolution; batches as in training.

    Args:
        scenes: Where chips are cut from.
        chip: Side of a chip in pixels.
        batch: Largest number of chips in a batch.
        first: Number of the first chip wanted.
        stride: Every so many chips one is wanted; the others belong to other processes.
    """
    places = [
        (scene, row, col)
        for scene in scenes
        for row in range(0, scene.labels.shape[0], chip)
        for col in range(0, scene.labels.shape[1], chip)
    ][first::stride]
    for start in range(0, len(places), batch):
        chips = [crop_and_scale(s, chip, chip, r, c) for s, r, c in places[start : start + batch]]
        yield tuple(torch.stack(column) for column in zip(*chips))
