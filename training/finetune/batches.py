"""Draws training batches from plates: balanced classes, random views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from ...engine.types import NODATA_CLASS
from ..augment import change_colours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .config import FinetuneConfig
    from .plates import Plate

REPLAY_SHARE = 0.25
"""Probability that a chip comes from ground chosen at random."""


@dataclass
class Batch:
    """Chips of one step.

    Attributes:
        images: (B, 3, s, s) float32 in 0-1.
        labels: (B, s, s) uint8.
        valid: (B, s, s) bool.
        base: (B, K, h, w) float32 probabilities of the base model.
    """

    images: Tensor
    labels: Tensor
    valid: Tensor
    base: Tensor

    def to(self, device: str) -> Batch:
        """The same on a device."""
        return Batch(*(t.to(device) for t in (self.images, self.labels, self.valid, self.base)))


def pools_of(plates: Sequence[Plate], labelled: Sequence[int]) -> list[list[Plate]]:
    """The plates that show each labelled class, for :func:`draw_batch`; no pool is empty."""
    shows = ([p for p in plates if (p.labels == c).any()] for c in labelled)
    return [pool for pool in shows if pool]


def draw_batch(pools: list[list[Plate]], replay: Sequence[Plate], config: FinetuneConfig) -> Batch:
    """Draw a batch with torch's global random numbers.

    A chip's class is drawn first, each equally often, then a plate that shows it.

    Args:
        pools: Of :func:`pools_of`.
        replay: Plates of ground chosen at random.
        config: The settings.
    """
    chips = []
    for _ in range(config.batch):
        if float(torch.rand(())) < config.mosaic:
            chip = mosaic([_draw(pools, replay, config) for _ in range(4)])
        else:
            chip = _draw(pools, replay, config)
        if float(torch.rand(())) < config.paste:
            chip = paste(_draw(pools, [], config), chip)
        chips.append(chip)
    return Batch(*(torch.stack(column) for column in zip(*chips)))


def _draw(pools: list[Sequence[Plate]], replay: Sequence[Plate], config: FinetuneConfig) -> tuple:
    """A view of one plate: of a class drawn first, or now and then of ground chosen at random."""
    pool = pools[int(torch.randint(len(pools), ()))]
    if replay and float(torch.rand(())) < REPLAY_SHARE:
        pool = replay
    return view(pool[int(torch.randint(len(pool), ()))], config)


def mosaic(views: Sequence[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    """One chip of random quarters of four views, so that a step sees many places and classes.

    Source: Bochkovskiy et al. 2020, "YOLOv4", section 3.3.
    """
    cells = views[0][3].shape[-1] // 2
    cell = views[0][0].shape[-1] // (2 * cells)
    quarters = []
    for parts in views:
        row, col = (int(torch.randint(cells + 1, ())) for _ in range(2))
        quarters.append(
            [
                part[..., row * n : (row + cells) * n, col * n : (col + cells) * n]
                for part, n in zip(parts, (cell, cell, cell, 1))
            ]
        )
    rows = [[torch.cat(pair, -1) for pair in zip(*quarters[i : i + 2])] for i in (0, 2)]
    return tuple(torch.cat(pair, -2) for pair in zip(*rows))


def paste(over: tuple[Tensor, ...], under: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The labelled pixels of one view on another one.

    Labels fill more of a chip, and a class is met in surroundings that are not its own, which a
    few polygons would otherwise let the network learn by heart.

    Args:
        over: Parts of a view as in :class:`Batch`, without its first dimension; labels of 255
            let ``under`` through.
        under: Likewise; its base model's opinion stays, since labelled cells do not ask for it.

    Source: Olsson et al. 2021, "ClassMix: Segmentation-Based Data Augmentation for Semi-Supervised
    Learning"; Ghiasi et al. 2021, "Simple Copy-Paste".
    """
    mask = over[1] != NODATA_CLASS
    image = torch.where(mask, over[0], under[0])
    return image, torch.where(mask, over[1], under[1]), under[2] | mask, under[3]


def view(plate: Plate, config: FinetuneConfig) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """One random view of a plate: zoomed, turned, mirrored, recoloured; as in :class:`Batch`."""
    image, base = plate.image.float() / 255, plate.base.float()
    labels, valid = plate.labels, plate.valid
    side, cells = image.shape[-1], base.shape[-1]
    cell = side // cells
    taken = cells
    if config.zoom < 1 and float(torch.rand(())) < 0.5:
        share = config.zoom + (1 - config.zoom) * float(torch.rand(()))
        taken = max(1, round(cells * share))
    if taken < cells:
        row, col = (int(torch.randint(cells - taken + 1, ())) for _ in range(2))
        small = (slice(row, row + taken), slice(col, col + taken))
        large = tuple(slice(s.start * cell, s.stop * cell) for s in small)
        image = _resized(image[(slice(None), *large)], side, "bilinear")
        base = _resized(base[(slice(None), *small)], cells, "bilinear")
        labels, valid = (
            _resized(t[large][None].float(), side, "nearest-exact")[0] for t in (labels, valid)
        )
    turns, mirrored = int(torch.randint(4, ())), bool(torch.randint(2, ()))
    turned = [t.rot90(turns, (-2, -1)) for t in (image, labels, valid, base)]
    if mirrored:
        turned = [t.flip(-1) for t in turned]
    image, labels, valid, base = turned
    image = change_colours(image, config.augment, torch.default_generator)
    return image, labels.to(torch.uint8), valid.bool(), base


def _resized(values: Tensor, side: int, mode: str) -> Tensor:
    return F.interpolate(values[None], (side, side), mode=mode)[0]
