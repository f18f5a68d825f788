"""Divides labelled ground into blocks to learn from and blocks to validate on; no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable

import numpy as np

from ...engine.types import Window
from .ground import GAP, MIN_PIXELS, Ground

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .survey import Block, Survey

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
        foreign: By raster, ground that another raster's validation blocks show: (n, 4) int as
            :meth:`forbidden` gives it.
    """

    train: tuple[Block, ...]
    validation: tuple[Block, ...]
    side: int
    foreign: Mapping[int, np.ndarray] = field(default_factory=dict)

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
        own = np.array(rows, int).reshape(-1, 4)
        return np.concatenate([own, self.foreign[raster]]) if raster in self.foreign else own


def block_sides(tile: int) -> tuple[int, ...]:
    """Sides of blocks that are tried, in pixels, largest first."""
    return tuple(tile // n for n in (1, 2, 4))


def places(survey: Survey) -> np.ndarray:
    """How many of the smallest blocks show each class id: (256,) int."""
    _, counts = survey.blocks(block_sides(survey.side)[-1])
    return (counts >= MIN_PIXELS).sum(axis=0)


def split_blocks(
    survey: Survey,
    class_ids: tuple[int, ...],
    share: float,
    seed: int,
    ask: Callable[[], None] = lambda: None,
) -> Split:
    """Choose validation blocks so that each class is on both sides, near the wanted share.

    Large blocks are preferred: their chips see real surroundings instead of mirrored ones.

    Args:
        survey: The labels.
        class_ids: Classes that take part; each has to be in two of the smallest blocks.
        share: Wanted share of each class's labelled pixels on the validation side.
        seed: Of the search.
        ask: Called now and then; ends the search by raising.
    """
    candidates = {}
    grounds = [Ground(survey, side, ask) for side in block_sides(survey.side)]
    for level, ground in enumerate(grounds):
        rng = np.random.default_rng(seed)
        for cost, chosen in _search(ground.counts[:, list(class_ids)], share, rng, ask):
            candidates[level, chosen.tobytes()] = (cost + level * _SMALLER_BLOCK, chosen)
    ranked = sorted(candidates.items(), key=lambda item: (item[1][0], item[0]))
    fewest, best = len(class_ids) + 1, None
    for (level, _), (_, chosen) in ranked[:MAX_CHECKED]:
        ask()
        lacking = len(grounds[level].lacking(chosen, class_ids))
        if lacking < fewest:
            fewest, best = lacking, (grounds[level], chosen)
        if not fewest:
            break
    ground, chosen = best
    return _split(ground.blocks, chosen, ground.side)


def _split(blocks: list[Block], chosen: np.ndarray, side: int) -> Split:
    train = tuple(b for b, held in zip(blocks, chosen) if not held)
    return Split(train, tuple(b for b, held in zip(blocks, chosen) if held), side)


def starved(survey: Survey, split: Split, class_ids: tuple[int, ...]) -> list[int]:
    """Classes that a side lacks, the gap beside the validation blocks left out of training."""
    ground, held = Ground(survey, split.side), set(split.validation)
    return ground.lacking(np.array([block in held for block in ground.blocks]), class_ids)


def outside(window: Window, forbidden: np.ndarray) -> np.ndarray:
    """Pixels (h, w) bool of a window that lie in no forbidden rectangle.

    Args:
        window: The pixels.
        forbidden: (n, 4) from :meth:`Split.forbidden`.
    """
    free = np.ones((window.height, window.width), bool)
    for left, top, right, bottom in touching(window, forbidden):
        rows = slice(max(0, top - window.row), max(0, bottom - window.row))
        free[rows, max(0, left - window.col) : max(0, right - window.col)] = False
    return free


def touching(window: Window, forbidden: np.ndarray) -> np.ndarray:
    """The rectangles (n, 4) of :meth:`Split.forbidden` that share a pixel with a window."""
    left, top, right, bottom = forbidden.T
    hit = (left < window.col + window.width) & (right > window.col)
    return forbidden[hit & (top < window.row + window.height) & (bottom > window.row)]


def _search(
    counts: np.ndarray, share: float, rng: np.random.Generator, ask: Callable[[], None]
) -> list[tuple[float, np.ndarray]]:
    """Greedy random choices.

    Args:
        counts: (n, K) labelled pixels by block and class.
        share: Wanted share on the validation side.
        rng: Source of randomness.
        ask: Called before each.

    Returns:
        ``(cost, chosen)`` each: the mean over classes of the share's error, classes missing on
        one side adding 1, and (n,) bool.
    """
    found = []
    total = np.maximum(counts.sum(axis=0), 1)
    shown, shows = counts >= MIN_PIXELS, counts > 0
    rarest_first = np.argsort(shows.sum(axis=0), kind="stable")
    columns = [(int(k), np.ascontiguousarray(shows[:, k])) for k in rarest_first]
    for _ in range(TRIALS):
        ask()
        chosen = _draw(counts, columns, share * rng.uniform(0.8, 1.2), total, rng)
        held = counts[chosen].sum(axis=0) / total
        missing = (~shown[chosen].any(axis=0)) | (~shown[~chosen].any(axis=0))
        found.append((float((np.abs(held - share) + missing).mean()), chosen))
    return found


def _draw(
    counts: np.ndarray,
    columns: list[tuple[int, np.ndarray]],
    share: float,
    total: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Add blocks, rarest class first, until each class has its share.

    Args:
        counts: (n, K) labelled pixels by block and class.
        columns: Index of each class, rarest first, and (n,) bool, which blocks show it.
        share: Wanted share on the validation side.
        total: (K,) labelled pixels by class.
        rng: Source of randomness.
    """
    chosen = np.zeros(len(counts), bool)
    held = np.zeros(counts.shape[1])
    for k, shows in columns:
        candidates = rng.permutation(np.flatnonzero(shows & ~chosen))
        most = max(1, len(candidates) - 1)
        # Plain numbers: thousands of blocks in turn are slow as elements of arrays.
        has, whole, added = float(held[k]), int(total[k]), []
        for i, pixels in zip(candidates[:most].tolist(), counts[candidates[:most], k].tolist()):
            if has >= 0.7 * share * whole:
                break
            if (has + pixels) / whole > 0.75:
                continue
            has += pixels
            added.append(i)
        chosen[added] = True
        held += counts[added].sum(axis=0)
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
        inside = Window(left, top, right - left, bottom - top)
        hit = touching(inside, forbidden)
        if not len(hit):
            return inside
        x0, y0, x1, y1 = hit[0]
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
