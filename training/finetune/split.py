"""Divides labelled ground into blocks to learn from and blocks to validate on; no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...engine.types import Window

if TYPE_CHECKING:
    from .survey import Block, Survey

GAP = 16
"""Pixels between ground that is learnt from and ground that is validated on."""

MIN_PIXELS = 64
"""A block shows a class from so many labelled pixels on."""

TRIALS = 200
MAX_CHECKED = 200
_SMALLER_BLOCK = 0.06  # what halving the blocks costs beside the error of the shares


@dataclass(frozen=True)
class Split:
    """The two sides.

    Attributes:
        train: Blocks to learn from.
        validation: Blocks to validate on.
        side: Side of a block in pixels.
    """

    train: tuple[Block, ...]
    validation: tuple[Block, ...]
    side: int

    def forbidden(self, raster: int) -> np.ndarray:
        """Ground of a raster that no training chip may touch.

        Returns:
            (n, 4) int: left, top, right and bottom edge of each validation block in pixels,
            widened by :data:`GAP`.
        """
        windows = [block.window for block in self.validation if block.raster == raster]
        rows = [
            (w.col - GAP, w.row - GAP, w.col + w.width + GAP, w.row + w.height + GAP)
            for w in windows
        ]
        return np.array(rows, int).reshape(-1, 4)


def block_sides(tile: int) -> tuple[int, ...]:
    """Sides of blocks that are tried, in pixels, largest first."""
    return tuple(tile // n for n in (1, 2, 4))


def places(survey: Survey) -> np.ndarray:
    """How many of the smallest blocks show each class id: (256,) int."""
    _, counts = survey.blocks(block_sides(survey.side)[-1])
    return (counts >= MIN_PIXELS).sum(axis=0)


def split_blocks(survey: Survey, class_ids: tuple[int, ...], share: float, seed: int) -> Split:
    """Choose validation blocks so that each class is on both sides, near the wanted share.

    Large blocks are preferred: their chips see real surroundings instead of mirrored ones.

    Args:
        survey: The labels.
        class_ids: Classes that take part; each has to be in two of the smallest blocks.
        share: Wanted share of each class's labelled pixels on the validation side.
        seed: Of the search.
    """
    candidates = {}
    for level, side in enumerate(block_sides(survey.side)):
        blocks, counts = survey.blocks(side)
        rng = np.random.default_rng(seed)
        for cost, chosen in _search(counts[:, list(class_ids)], share, rng):
            candidates[level, chosen.tobytes()] = (cost + level * _SMALLER_BLOCK, blocks, chosen)
    ranked = sorted(candidates.items(), key=lambda item: (item[1][0], item[0]))
    sides = block_sides(survey.side)
    splits = (_split(*c[1:], sides[level]) for (level, _), c in ranked[:MAX_CHECKED])
    return min(splits, key=lambda split: len(starved(survey, split, class_ids)))


def _split(blocks: list[Block], chosen: np.ndarray, side: int) -> Split:
    train = tuple(b for b, held in zip(blocks, chosen) if not held)
    return Split(train, tuple(b for b, held in zip(blocks, chosen) if held), side)


def starved(survey: Survey, split: Split, class_ids: tuple[int, ...]) -> list[int]:
    """Classes that a side lacks, the gap beside the validation blocks left out of training."""
    train, held = np.zeros(256, np.int64), np.zeros(256, np.int64)
    for block in split.train:
        labels = survey.read(block)[outside(block.window, split.forbidden(block.raster))]
        train += np.bincount(labels, minlength=256)
    for block in split.validation:
        held += np.bincount(survey.read(block).ravel(), minlength=256)
    return [c for c in class_ids if train[c] < MIN_PIXELS or held[c] == 0]


def outside(window: Window, forbidden: np.ndarray) -> np.ndarray:
    """Pixels (h, w) bool of a window that lie in no forbidden rectangle.

    Args:
        window: The pixels.
        forbidden: (n, 4) from :meth:`Split.forbidden`.
    """
    free = np.ones((window.height, window.width), bool)
    for left, top, right, bottom in forbidden:
        rows = slice(max(0, top - window.row), max(0, bottom - window.row))
        free[rows, max(0, left - window.col) : max(0, right - window.col)] = False
    return free


def _search(
    counts: np.ndarray, share: float, rng: np.random.Generator
) -> list[tuple[float, np.ndarray]]:
    """Greedy random choices.

    Args:
        counts: (n, K) labelled pixels by block and class.
        share: Wanted share on the validation side.
        rng: Source of randomness.

    Returns:
        ``(cost, chosen)`` each: the mean over classes of the share's error, classes missing on
        one side adding 1, and (n,) bool.
    """
    found = []
    total = np.maximum(counts.sum(axis=0), 1)
    shown = counts >= MIN_PIXELS
    for _ in range(TRIALS):
        chosen = _draw(counts, share * rng.uniform(0.8, 1.2), total, rng)
        held = counts[chosen].sum(axis=0) / total
        missing = (~shown[chosen].any(axis=0)) | (~shown[~chosen].any(axis=0))
        found.append((float((np.abs(held - share) + missing).mean()), chosen))
    return found


def _draw(
    counts: np.ndarray, share: float, total: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Add blocks, rarest class first, until each class has its share."""
    chosen = np.zeros(len(counts), bool)
    held = np.zeros(counts.shape[1])
    for k in np.argsort((counts > 0).sum(axis=0), kind="stable"):
        candidates = rng.permutation(np.flatnonzero((counts[:, k] > 0) & ~chosen))
        for i in candidates[: max(1, len(candidates) - 1)]:
            if held[k] >= 0.7 * share * total[k]:
                break
            if ((held + counts[i]) / total)[k] > 0.75:
                continue
            chosen[i] = True
            held += counts[i]
    return chosen


def clear_of(window: Window, block: Window, forbidden: np.ndarray) -> Window | None:
    """Shrink a window until it touches no forbidden rectangle.

    Args:
        window: Wanted ground.
        block: The part that matters most: of the possible cuts, the one that leaves most of
            it is made, then the one that leaves most of the window.
        forbidden: (n, 4) from :meth:`Split.forbidden`.

    Returns:
        What is left, or None.
    """
    left, top = window.col, window.row
    right, bottom = left + window.width, top + window.height
    while right > left and bottom > top:
        hit = (
            (forbidden[:, 0] < right)
            & (forbidden[:, 2] > left)
            & (forbidden[:, 1] < bottom)
            & (forbidden[:, 3] > top)
        )
        if not hit.any():
            return Window(left, top, right - left, bottom - top)
        x0, y0, x1, y1 = forbidden[int(hit.argmax())]
        cuts = [(left, top, x0, bottom), (x1, top, right, bottom)]
        cuts += [(left, top, right, y0), (left, y1, right, bottom)]
        left, top, right, bottom = max(
            (tuple(map(int, cut)) for cut in cuts), key=lambda cut: _worth(cut, block)
        )
    return None


def _worth(cut: tuple[int, int, int, int], block: Window) -> tuple[int, int]:
    left, top, right, bottom = cut
    inner = max(0, min(right, block.col + block.width) - max(left, block.col))
    inner *= max(0, min(bottom, block.row + block.height) - max(top, block.row))
    return inner, max(0, right - left) * max(0, bottom - top)
