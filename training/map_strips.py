"""What is done with a class map strip by strip: count, draw points, look points up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..engine.errors import Cancelled, TrainingDataError
from ..engine.types import NODATA_CLASS
from .accuracy_texts import class_title
from .map_accuracy import PointTable
from .sample_points import MAP_CLASS, MAP_NAME, MAP_PIXELS, NUMBER, PIXEL_M2
from .sampling import (
    ALLOCATIONS,
    EXPECTED_ACCURACY,
    MINIMUM,
    PointDraw,
    SamplePoint,
    allocate,
    sample_size,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..engine.pixel_grid import PixelGrid
    from ..engine.ports import Progress
    from ..engine.types import Window


class ClassMap(Protocol):
    """A map of classes on a grid."""

    name: str
    grid: PixelGrid

    def read(self, strip: Window) -> np.ndarray:
        """Class ids (h, w) uint8 of a strip of the grid; 255 = none."""


class Walk:
    """Goes through maps from top to bottom, tells how far and listens whether to stop."""

    def __init__(self, progress: Progress, passes: int = 1) -> None:
        """Expect ``passes`` walks over the grid."""
        self._progress, self._passes, self._done = progress, passes, 0

    def over(self, *maps: ClassMap) -> Iterator[tuple[np.ndarray, ...]]:
        """Strip, and the class ids (h, w) uint8 of each map, on the first map's grid.

        Raises:
            Cancelled: The user wants to stop.
        """
        grid = maps[0].grid
        for strip in grid.strips():
            if self._progress.cancelled():
                raise Cancelled("Stopped; nothing was written.")
            yield (strip, *(one.read(strip) for one in maps))
            self._done += strip.height
            self._progress.report(self._done, grid.height * self._passes, "Comparing")


@dataclass(frozen=True)
class SampleOptions:
    """How a sample is drawn.

    Attributes:
        size: Points in all; None to follow from ``standard_error``.
        standard_error: Of the overall accuracy, 0-1.
        allocation: One of :data:`~.sampling.ALLOCATIONS`.
        minimum: Points of a rare class.
        expected: User's accuracy expected by class id, 0-1.
        expected_else: The same of all other classes.
        seed: The same seed gives the same points.
    """

    size: int | None = None
    standard_error: float = 0.02
    allocation: str = ALLOCATIONS[0]
    minimum: int = MINIMUM
    expected: Mapping[int, float] | None = None
    expected_else: float = EXPECTED_ACCURACY
    seed: int = 0


@dataclass(frozen=True)
class DrawnSample:
    """A stratified sample of a map.

    Attributes:
        points: In random order.
        sizes: Pixels of the map by class id.
        shares: Points by class id.
        pixel_m2: Square metres of a pixel of the map; None without a CRS.
    """

    points: list[SamplePoint]
    sizes: dict[int, int]
    shares: dict[int, int]
    pixel_m2: float | None = None

    def xy(self, grid: PixelGrid) -> np.ndarray:
        """Coordinates (n, 2) of the pixels' centres."""
        rows, cols = ([getattr(p, axis) for p in self.points] for axis in ("row", "col"))
        return grid.centres(np.array(rows), np.array(cols))

    def columns(self, language: str) -> dict[str, list]:
        """Attributes of the points that are known: number, and what the point stands for."""
        ids = [p.class_id for p in self.points]
        return {
            NUMBER: list(range(1, len(ids) + 1)),
            MAP_CLASS: ids,
            MAP_NAME: [class_title(c, language) for c in ids],
            MAP_PIXELS: [self.sizes[c] for c in ids],
            PIXEL_M2: [self.pixel_m2] * len(ids),
        }


def draw_sample(
    drawn: ClassMap, options: SampleOptions, progress: Progress, pixel_m2: float | None = None
) -> DrawnSample:
    """Count a map's classes, share the points out and draw them: two walks over the map.

    Args:
        drawn: The map.
        options: How many points, and for which classes.
        progress: Told how far the walks are.
        pixel_m2: Square metres of a pixel of the map; None without a CRS.

    Raises:
        TrainingDataError: The map is empty.
        ConfigError: The points are too few for the classes.
        Cancelled: The user wants to stop.
    """
    walk = Walk(progress, passes=2)
    counts = np.zeros(256, np.int64)
    for _, classes in walk.over(drawn):
        counts += np.bincount(classes.ravel(), minlength=256)
    sizes = _sizes(counts)
    if not sizes:
        raise TrainingDataError(f"{drawn.name} has no classes: check the field and the values.")
    shares = allocate(sizes, _points(sizes, options), options.allocation, options.minimum)
    draw = PointDraw(sizes, shares, options.seed)
    for strip, classes in walk.over(drawn):
        draw.feed(strip.row, classes)
    return DrawnSample(draw.points(), sizes, shares, pixel_m2)


def _points(sizes: Mapping[int, int], options: SampleOptions) -> int:
    if options.size is not None:
        return options.size
    expected = dict.fromkeys(sizes, options.expected_else) | dict(options.expected or {})
    points = sample_size(sizes, options.standard_error, expected)
    floor = options.minimum if options.allocation == "recommended" else 2
    return max(points, sum(min(floor, n) for n in sizes.values()))


@dataclass(frozen=True)
class ReferencePoints:
    """Points of a reference on the grid of a map.

    Attributes:
        truth: (n,) uint8 class; 255 = not labelled yet.
        places: (n, 2) row and column of their pixels; -1 outside the map.
        recorded: By field of :data:`~.sample_points.RECORDED` that the layer has, (n,) values as
            they are, NaN or None where missing.
    """

    truth: np.ndarray
    places: np.ndarray
    recorded: Mapping[str, Sequence[object]] = field(default_factory=dict)


def look_up(points: ReferencePoints, looked_at: ClassMap, progress: Progress) -> PointTable:
    """Find the map's class at points, and the sizes of the strata: one walk over the map.

    Raises:
        TrainingDataError: A recorded value is no number.
        Cancelled: The user wants to stop.
    """
    recorded = {name: _numbers(name, values) for name, values in points.recorded.items()}
    mapped = np.full(len(points.places), NODATA_CLASS, np.uint8)
    counts = np.zeros(256, np.int64)
    for strip, classes in Walk(progress).over(looked_at):
        counts += np.bincount(classes.ravel(), minlength=256)
        rows = points.places[:, 0] - strip.row
        here = (rows >= 0) & (rows < len(classes)) & (points.places[:, 0] >= 0)
        mapped[here] = classes[rows[here], points.places[here, 1]]
    sizes = _sizes(counts)
    if not {MAP_CLASS, MAP_PIXELS} <= set(recorded):
        return PointTable(points.truth, mapped, None, sizes)
    strata, drawn = _strata(recorded)
    return PointTable(points.truth, mapped, strata, drawn, _areas(strata, drawn, recorded), sizes)


def _numbers(name: str, values: Sequence[object]) -> np.ndarray:
    """Recorded values (n,) float64, NaN where missing."""
    try:
        return np.array([np.nan if value is None else value for value in values], float)
    except (TypeError, ValueError):
        raise TrainingDataError(
            f"The points' field '{name}' holds other values than numbers: take the points as they "
            "were drawn, or delete the field."
        ) from None


def _strata(recorded: Mapping[str, np.ndarray]) -> tuple[np.ndarray, dict[int, int]]:
    """The stratum of each point, (n,) uint8 with 255 where it has none, and pixels by stratum."""
    ids, pixels = recorded[MAP_CLASS], recorded[MAP_PIXELS]
    known = (ids >= 0) & (ids < NODATA_CLASS)
    strata = np.where(known, ids, NODATA_CLASS).astype(np.uint8)
    largest = {
        int(s): np.nan_to_num(pixels[strata == s]).max(initial=0) for s in np.unique(strata[known])
    }
    return strata, {s: int(n) for s, n in largest.items() if n > 0}


def _areas(
    strata: np.ndarray, sizes: Mapping[int, int], recorded: Mapping[str, np.ndarray]
) -> dict[int, float] | None:
    """Square metres by stratum; None where they are not recorded for all."""
    sides = recorded.get(PIXEL_M2, np.full(len(strata), np.nan))
    each = {s: np.nan_to_num(sides[strata == s]).max(initial=0) for s in sizes}
    return {s: n * float(each[s]) for s, n in sizes.items()} if all(each.values()) else None


def _sizes(counts: np.ndarray) -> dict[int, int]:
    """Pixels by class id, without those of no class."""
    return {int(c): int(counts[c]) for c in np.flatnonzero(counts[:NODATA_CLASS])}
