"""Stratified random samples of a class map: how many points, where, drawn strip by strip."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

ALLOCATIONS = ("recommended", "proportional", "equal")
"""Ways to share points among the classes; see :func:`allocate`."""

MINIMUM = 50
"""Points that a rare class gets; Olofsson et al. 2014 advise 50 to 100."""

EXPECTED_ACCURACY = 0.8
"""User's accuracy that is expected of a class of which nothing is known."""


def sample_size(
    sizes: Mapping[int, int], target: float, expected: Mapping[int, float] | None = None
) -> int:
    """Points needed for a standard error of the overall accuracy.

    Olofsson et al. 2014, equation 13: n = (sum W_i S_i)^2 / (S^2 + sum W_i S_i^2 / N) with
    S_i = sqrt(U_i (1 - U_i)).

    Args:
        sizes: Pixels by class.
        target: Standard error S, 0-1 without the ends.
        expected: User's accuracy U_i expected of a class; :data:`EXPECTED_ACCURACY` where none.

    Raises:
        ConfigError: The target or an expected accuracy is out of range.
    """
    if not 0 < target < 1:
        raise ConfigError(f"A standard error of {target:g} cannot be met: give one like 0.01.")
    expected = expected or {}
    total = sum(sizes.values())
    first = second = 0.0
    for class_id, pixels in sizes.items():
        users = expected.get(class_id, EXPECTED_ACCURACY)
        if not 0 <= users <= 1:
            raise ConfigError(f"An expected accuracy of {users:g} is none: give one from 0 to 1.")
        first += pixels / total * math.sqrt(users * (1 - users))
        second += pixels / total * users * (1 - users)
    return max(1, math.ceil(first**2 / (target**2 + second / total)))


def allocate(
    sizes: Mapping[int, int], points: int, method: str = "recommended", minimum: int = MINIMUM
) -> dict[int, int]:
    """Share sample points among the classes.

    Args:
        sizes: Pixels by class.
        points: Points in all.
        method: ``proportional`` to the area, with two at least, which a variance needs;
            ``equal``; or ``recommended`` by Olofsson et al. 2014: rare classes get ``minimum``,
            the others share the rest in proportion to their area.
        minimum: Points of a rare class.

    Returns:
        Points by class; no class gets more than it has pixels.

    Raises:
        ConfigError: The points are too few for the classes.
    """
    assert method in ALLOCATIONS, method
    present = {c: n for c, n in sizes.items() if n > 0}
    floor = {"recommended": minimum, "proportional": 2, "equal": 0}[method]
    floors = {c: min(floor, n) for c, n in present.items()}
    if points < sum(floors.values()) or points < len(present):
        least = max(sum(floors.values()), len(present))
        if method == "recommended":
            raise ConfigError(
                f"{points} points are too few for {len(present)} classes: take at least {least} "
                "or a lower minimum for rare classes."
            )
        raise ConfigError(
            f"{points} points are too few for {len(present)} classes: take at least {least}."
        )
    weights = dict.fromkeys(present, 1) if method == "equal" else present
    return _fill(present, weights, floors, points)


def _fill(
    sizes: Mapping[int, int], weights: Mapping[int, int], floors: Mapping[int, int], points: int
) -> dict[int, int]:
    """Share points by weight; who would get less than the floor or more than all is fixed."""
    fixed: dict[int, int] = {}
    while True:
        free = [c for c in sizes if c not in fixed]
        left = points - sum(fixed.values())
        total = sum(weights[c] for c in free)
        wanted = {c: left * weights[c] / total for c in free}
        low = {c: floors[c] for c in free if wanted[c] < floors[c]}
        # Floors first: what they take changes who has too much.
        bound = low or {c: sizes[c] for c in free if wanted[c] >= sizes[c]}
        if not bound:
            return _rounded(wanted, fixed, sizes)
        fixed.update(bound)
        if len(fixed) == len(sizes):
            return {c: fixed[c] for c in sizes}


def _rounded(
    wanted: Mapping[int, float], fixed: Mapping[int, int], sizes: Mapping[int, int]
) -> dict[int, int]:
    """Whole numbers with the same sum, by largest remainder."""
    whole = {c: int(value) for c, value in wanted.items()}
    missing = round(sum(wanted.values())) - sum(whole.values())
    for c in sorted(wanted, key=lambda c: whole[c] - wanted[c])[:missing]:
        whole[c] += 1
    return {c: fixed.get(c, whole.get(c, 0)) for c in sizes}


@dataclass(frozen=True)
class SamplePoint:
    """A pixel that was drawn.

    Attributes:
        row: Row of the pixel, from the top.
        col: Column of the pixel.
        class_id: Class on the map, which is its stratum.
    """

    row: int
    col: int
    class_id: int


class PointDraw:
    """Draws a simple random sample of pixels of each class in one pass over the map.

    The pixels of a class are numbered in reading order; the numbers to take are drawn
    beforehand, so that memory holds points only.
    """

    def __init__(self, sizes: Mapping[int, int], allocation: Mapping[int, int], seed: int) -> None:
        """Draw the numbers.

        Args:
            sizes: Pixels by class, as counted in a first pass.
            allocation: Points by class.
            seed: The same seed gives the same points.
        """
        self._random = np.random.default_rng(seed)
        self._ranks = {
            c: np.sort(self._random.choice(sizes[c], count, replace=False))
            for c, count in sorted(allocation.items())
            if count
        }
        self._seen = dict.fromkeys(self._ranks, 0)
        self._points: list[SamplePoint] = []

    def feed(self, row: int, classes: np.ndarray) -> None:
        """Take the points of one strip; strips follow each other from top to bottom.

        Args:
            row: First row of the strip.
            classes: (h, w) uint8 class ids.
        """
        width = classes.shape[1]
        flat = classes.ravel()
        counts = np.bincount(flat, minlength=256)
        for c, ranks in self._ranks.items():
            first = self._seen[c]
            self._seen[c] = first + int(counts[c])
            begin, end = np.searchsorted(ranks, (first, self._seen[c]))
            if begin == end:
                continue
            places = np.flatnonzero(flat == c)[ranks[begin:end] - first]
            self._points += [SamplePoint(row + int(p) // width, int(p) % width, c) for p in places]

    def points(self) -> list[SamplePoint]:
        """The points in random order, which tells an interpreter nothing of their class."""
        placed = sorted(self._points, key=lambda point: (point.row, point.col))
        return [placed[i] for i in self._random.permutation(len(placed))]
