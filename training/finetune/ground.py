"""Labelled ground in blocks of one size, counted by their zones; no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

import numpy as np

if TYPE_CHECKING:
    from .survey import Survey

GAP = 16
"""Pixels between ground that is learnt from and ground that is validated on."""

MIN_PIXELS = 64
"""A block shows a class from so many labelled pixels on."""


class Ground:
    """Blocks of one side, and which of their pixels are free whatever blocks are held back.

    A pixel is free when no block whose widened rectangle reaches it is held back. Those blocks
    are the same for all pixels of a zone: a border of a block, a corner, or what is left of it.

    Attributes:
        side: Side of a block in pixels.
        blocks: The n blocks that hold labels.
        counts: (n, 256) int64, their labelled pixels by class id.
    """

    def __init__(self, survey: Survey, side: int, ask: Callable[[], None] = lambda: None) -> None:
        """Count the labels.

        Args:
            survey: The labels.
            side: Side of a block in pixels, which divides that of the survey's tiles.
            ask: Called before each tile; ends the counting by raising.
        """
        self.side = side
        self.blocks, self.counts = survey.blocks(side)
        numbers = {
            (b.raster, b.window.row // side, b.window.col // side): n
            for n, b in enumerate(self.blocks)
        }
        edges = _edges(survey.side, side)
        zones, pixels = [], []
        for (raster, row, col), labels in survey.tiles.items():
            ask()
            found, classes, amount = _zones(labels, edges)
            for y, x in found:
                top, left = row * survey.side + int(edges[y]), col * survey.side + int(edges[x])
                rows, cols = _reach(top, side), _reach(left, side)
                near = [numbers.get((raster, r, c), -1) for r in rows for c in cols]
                zones.append(sorted(set(near) - {-1}))
            pixels += [(len(zones) - len(found) + z, c, a) for z, c, a in zip(*classes, amount)]
        width = max(map(len, zones), default=0)
        self._near = np.array([z + [-1] * (width - len(z)) for z in zones], int).reshape(-1, width)
        self._zone, self._class, self._pixels = np.array(pixels, int).reshape(-1, 3).T

    def lacking(self, held: np.ndarray, class_ids: tuple[int, ...]) -> list[int]:
        """Classes that are not on both sides.

        Args:
            held: (n,) bool, which blocks are held back.
            class_ids: Classes that take part.

        Returns:
            Those with fewer than :data:`MIN_PIXELS` free pixels or none held back.
        """
        near = np.append(held, False)[self._near].any(axis=1)  # -1: no block
        free = ~near[self._zone]
        train = np.bincount(self._class[free], self._pixels[free], minlength=256)
        shown = self.counts[held].sum(axis=0)
        return [c for c in class_ids if train[c] < MIN_PIXELS or shown[c] == 0]


def _edges(tile: int, side: int) -> np.ndarray:
    """Where zones of a tile begin, in pixels: at blocks and where the gap beside one ends."""
    starts = np.arange(0, tile, side)
    cuts = np.concatenate([starts, starts + GAP % side, starts + (-GAP) % side])
    return np.unique(cuts[cuts < tile])


def _reach(start: int, side: int) -> range:
    """Rows or columns of blocks whose widened rectangle holds a pixel."""
    return range((start - GAP) // side, (start + GAP) // side + 1)


def _zones(labels: np.ndarray, edges: np.ndarray) -> tuple[list, tuple, list]:
    """Labelled pixels of a tile by zone and class.

    Returns:
        ``(zones, (numbers, classes), pixels)``: row and column of the zones with labels; by
        entry the number of its zone among them, its class id and its pixels.
    """
    at = [np.searchsorted(edges, np.arange(n), side="right") - 1 for n in labels.shape]
    keys = ((at[0][:, None] * len(edges) + at[1]) << 8) + labels
    counts = np.bincount(keys.ravel(), minlength=len(edges) ** 2 << 8).reshape(-1, 256)[:, :255]
    entries, classes = np.nonzero(counts)
    zones, numbers = np.unique(entries, return_inverse=True)
    places = [divmod(zone, len(edges)) for zone in zones.tolist()]
    pixels = counts[entries, classes]
    return places, (numbers.ravel().tolist(), classes.tolist()), pixels.tolist()
