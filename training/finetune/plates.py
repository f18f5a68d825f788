"""Plates: the pieces of image and labels that training and validation chips are cut from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...engine.tiling.normalize import Radiometry, choose_radiometry
from ...engine.types import NODATA_CLASS, Window
from .split import GAP, Split, clear_of, outside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...engine.models.cwsam import Cwsam
    from .labels import LabelledRaster
    from .survey import Block, Survey

MAX_TRAIN, MAX_REPLAY, MAX_VALIDATION = 96, 24, 48
"""Plates of each kind at most: more would take longer to look at than minutes allow."""

Cancelled = Callable[[], bool]


@dataclass
class Plate:
    """A square piece of a raster, ready for the network.

    Attributes:
        image: (3, s, s) uint8, stretched as for segmenting; mirrored beyond its ground.
        labels: (s, s) uint8 class ids; 255 = unknown.
        valid: (s, s) bool, whether the pixel has data and is no mirror image.
        base: (K, s / cell, s / cell) float16, the base model's probabilities of its classes.
        raster: Index of its raster.
        window: Its ground.
    """

    image: Tensor
    labels: Tensor
    valid: Tensor
    raster: int
    window: Window
    base: Tensor | None = None


class PlateCutter:
    """Cuts plates from labelled rasters; each raster's stretch is settled once."""

    def __init__(
        self,
        rasters: Sequence[LabelledRaster],
        side: int,
        class_ids: Sequence[int] | None = None,
        survey: Survey | None = None,
        ask: Callable[[], None] = lambda: None,
    ) -> None:
        """Settle the stretches.

        Args:
            rasters: The labelled rasters.
            side: Side of a plate in pixels.
            class_ids: Classes that take part; labels of others become 255. None for all.
            survey: The labels, where they are read already.
            ask: Called before each plate is read; ends the cutting by raising.

        Raises:
            RasterError: A raster cannot be read.
        """
        self.rasters, self.side, self.survey, self.ask = rasters, side, survey, ask
        self.left_out = np.ones(256, bool)
        self.left_out[list(range(256) if class_ids is None else class_ids)] = False
        self.radiometry: list[Radiometry] = [
            choose_radiometry(r.source, r.bands, r.stretch) for r in rasters
        ]

    def cut(self, raster: int, window: Window) -> Plate:
        """Read one plate.

        Args:
            raster: Index of the raster.
            window: Ground, at most a plate's side wide and high; the rest is mirrored.
        """
        self.ask()
        own = self.rasters[raster]
        pixels, valid = own.source.read(window, own.bands)
        image = self.radiometry[raster].normalise(pixels, valid, (0.0,) * 3, (1.0,) * 3)
        labels = own.labels(window)
        labels = np.where(valid & ~self.left_out[labels], labels, NODATA_CLASS).astype(np.uint8)
        bottom, right = self.side - window.height, self.side - window.width
        image = np.pad(image, ((0, 0), (0, bottom), (0, right)), mode="symmetric")
        labels = np.pad(labels, ((0, bottom), (0, right)), constant_values=NODATA_CLASS)
        valid = np.pad(valid, ((0, bottom), (0, right)), constant_values=False)
        eight_bit = np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8)
        tensors = (torch.from_numpy(a) for a in (eight_bit, labels, valid))
        return Plate(*tensors, raster, window)

    def around(self, raster: int, row: int, col: int) -> Window:
        """Ground of a plate around a pixel, moved inside the raster."""
        info = self.rasters[raster].source.info
        width, height = min(self.side, info.width), min(self.side, info.height)
        left = min(max(0, col - width // 2), info.width - width)
        top = min(max(0, row - height // 2), info.height - height)
        return Window(left, top, width, height)

    def train(self, split: Split, class_ids: tuple[int, ...], seed: int) -> list[Plate]:
        """Plates around labelled pixels, class after class, clear of the validation blocks.

        Those that no plate shows yet come first, so that as many labels as possible are seen.
        """
        rng = np.random.default_rng(seed)
        by_class = self._pixels_by_class(split, class_ids, rng)
        forbidden = [split.forbidden(raster) for raster in range(len(self.rasters))]
        plates: list[Plate] = []
        count = min(MAX_TRAIN, max(4 * len(split.train), 8))
        for number in range(count):
            raster, row, col = by_class[number % len(by_class)].draw(rng)
            shift = rng.integers(-self.side // 4, self.side // 4 + 1, 2)
            wanted = self.around(raster, row + int(shift[0]), col + int(shift[1]))
            own = Window(col, row, 1, 1)
            window = clear_of(wanted, own, forbidden[raster])
            if window is not None and min(window.width, window.height) >= GAP:
                plates.append(self.cut(raster, window))
                for pixels in by_class:
                    pixels.see(raster, window)
        return [p for p in plates if torch.isin(p.labels, torch.tensor(class_ids)).any()]

    def _pixels_by_class(
        self, split: Split, class_ids: tuple[int, ...], rng: np.random.Generator, a_block: int = 8
    ) -> list[_Pixels]:
        """A few labelled pixels of each class in each training block."""
        found: dict[int, list] = {c: [] for c in class_ids}
        forbidden = [split.forbidden(raster) for raster in range(len(self.rasters))]
        for block in split.train:
            self.ask()
            labels = self._labels(block).copy()
            labels[~outside(block.window, forbidden[block.raster])] = NODATA_CLASS
            for class_id in np.intersect1d(np.unique(labels), class_ids):
                rows, cols = np.nonzero(labels == class_id)
                for i in rng.integers(len(rows), size=a_block):
                    row, col = int(rows[i]) + block.window.row, int(cols[i]) + block.window.col
                    found[int(class_id)].append((block.raster, row, col))
        return [_Pixels(places) for places in found.values() if places]

    def _labels(self, block: Block) -> np.ndarray:
        if self.survey is not None:
            return self.survey.read(block)
        return self.rasters[block.raster].labels(block.window)

    def replay(self, split: Split, seed: int) -> list[Plate]:
        """Plates anywhere, whose unlabelled ground tells what must not be forgotten."""
        rng = np.random.default_rng(seed + 1)
        areas = np.array([float(r.source.info.width * r.source.info.height) for r in self.rasters])
        plates = []
        for _ in range(MAX_REPLAY):
            raster = int(rng.choice(len(areas), p=areas / areas.sum()))
            info = self.rasters[raster].source.info
            row, col = int(rng.integers(info.height)), int(rng.integers(info.width))
            wanted = self.around(raster, row, col)
            window = clear_of(wanted, Window(col, row, 1, 1), split.forbidden(raster))
            if window is not None and min(window.width, window.height) >= self.side // 4:
                plate = self.cut(raster, window)
                if ((plate.labels == NODATA_CLASS) & plate.valid).float().mean() > 0.1:
                    plates.append(plate)
        return plates

    def validation(self, split: Split, seed: int) -> list[Plate]:
        """One plate a validation block, or some of the blocks where there are many."""
        rng = np.random.default_rng(seed + 2)
        blocks = list(split.validation)
        if len(blocks) > MAX_VALIDATION:
            kept = sorted(rng.choice(len(blocks), MAX_VALIDATION, replace=False))
            blocks = [blocks[i] for i in kept]
        return [self.cut(b.raster, b.window) for b in blocks]


class _Pixels:
    """Labelled pixels of one class, and which of them a plate shows already."""

    def __init__(self, places: list[tuple[int, int, int]]) -> None:
        """Take raster, row and column of each."""
        self.raster, self.row, self.col = np.array(places).T
        self.fresh = np.ones(len(places), bool)

    def draw(self, rng: np.random.Generator) -> tuple[int, int, int]:
        """Raster, row and column of one, if possible of one that no plate shows."""
        options = np.flatnonzero(self.fresh) if self.fresh.any() else np.arange(len(self.fresh))
        chosen = options[rng.integers(len(options))]
        return int(self.raster[chosen]), int(self.row[chosen]), int(self.col[chosen])

    def see(self, raster: int, window: Window) -> None:
        """Note that a plate shows a window."""
        row, col = self.row - window.row, self.col - window.col
        inside = (row >= 0) & (row < window.height) & (col >= 0) & (col < window.width)
        self.fresh &= ~(inside & (self.raster == raster))


@torch.inference_mode()
def ask_base(
    model: Cwsam,
    plates: Sequence[Plate],
    class_ids: Sequence[int],
    device: str,
    cancelled: Cancelled,
) -> bool:
    """Let the base model look at plates once and keep what it thinks.

    Args:
        model: The base model in evaluation mode, on the device.
        plates: Get their ``base``.
        class_ids: The base model's classes.
        device: torch's name of it.
        cancelled: Asked before each plate.

    Returns:
        False when the user stopped it.
    """
    for plate in plates:
        if cancelled():
            return False
        logits, _ = model(normalised(model, plate.image[None].to(device)), class_ids)
        plate.base = logits[0].float().softmax(0).half().cpu()
    return True


def normalised(model: Cwsam, images: Tensor) -> Tensor:
    """(B, 3, s, s) uint8 or 0-1 float images as the network wants them."""
    if images.dtype == torch.uint8:
        images = images.float() / 255
    mean, std = (
        torch.tensor(v, device=images.device)[:, None, None] for v in model.pixel_statistics
    )
    return (images - mean) / std


def confusion_of_base(
    plates: Sequence[Plate], labelled: Sequence[int], base_ids: Sequence[int]
) -> Tensor:
    """What the base model thinks of labelled ground.

    Args:
        plates: With their ``base``.
        labelled: L class ids.
        base_ids: K class ids of the base model.

    Returns:
        (L, K) float32: mean probability that the base model gives each of its classes on
        pixels labelled as each class; rows sum to 1, or to 0 where there is no such pixel.
    """
    sums, counts = torch.zeros(len(labelled), len(base_ids)), torch.zeros(len(labelled))
    for plate in plates:
        size = plate.base.shape[-2:]
        for row, class_id in enumerate(labelled):
            share = (plate.labels == class_id).float()[None, None]
            share = F.adaptive_avg_pool2d(share, size)[0, 0]
            sums[row] += (plate.base.float() * share).sum((1, 2))
            counts[row] += share.sum()
    return sums / counts.clamp(min=1e-6)[:, None]
