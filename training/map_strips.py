"""What is done with a class map strip by strip: count, draw points, look points up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..engine.errors import Cancelled, TrainingDataError
from ..engine.types import NODATA_CLASS
from .accuracy_texts import class_title
from .map_accuracy import PointTable
from .sample_points import MAP_CLASS, MAP_NAME, MAP_PIXELS, NUMBER
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
    from collections.abc import Iterator, Mapping

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
    """

    points: list[SamplePoint]
    sizes: dict[int, int]
    shares: dict[int, int]

    def xy(self, grid: PixelGrid) -> np.ndarray:
        """Coordinates (n, 2) of the pixels' centres."""
        rows, cols = ([getattr(p, axis) for p in self.points] for axis in ("row", "col"))
        return grid.centres(np.array(rows), np.array(cols))

    def columns(self, language: str) -> dict[str, list]:
        """Attributes of the points that are known: number, class, its name and its pixels."""
        ids = [p.class_id for p in self.points]
        return {
            NUMBER: list(range(1, len(ids) + 1)),
            MAP_CLASS: ids,
            MAP_NAME: [class_title(c, language) for c in ids],
            MAP_PIXELS: [self.sizes[c] for c in ids],
        }


def draw_sample(drawn: ClassMap, options: SampleOptions, progress: Progress) -> DrawnSample:
    """Count a map's classes, share the points out and draw them: two walks over the map.

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
    return DrawnSample(draw.points(), sizes, shares)


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
        strata: (n,) recorded class on the map at the time of drawing, NaN or None where
            missing; None when the layer has no such field.
        pixels: (n,) recorded pixels of that class; None likewise.
    """

    truth: np.ndarray
    places: np.ndarray
    strata: np.ndarray | None = None
    pixels: np.ndarray | None = None


def look_up(points: ReferencePoints, looked_at: ClassMap, progress: Progress) -> PointTable:
    """Find the map's class at points, and the sizes of the strata: one walk over the map.

    Raises:
        Cancelled: The user wants to stop.
    """
    mapped = np.full(len(points.places), NODATA_CLASS, np.uint8)
    counts = np.zeros(256, np.int64)
    for strip, classes in Walk(progress).over(looked_at):
        counts += np.bincount(classes.ravel(), minlength=256)
        rows = points.places[:, 0] - strip.row
        here = (rows >= 0) & (rows < len(classes)) & (points.places[:, 0] >= 0)
        mapped[here] = classes[rows[here], points.places[here, 1]]
    if points.strata is None or points.pixels is None:
        return PointTable(points.truth, mapped, None, _sizes(counts))
    numbers = np.asarray(points.strata, float)
    known = (numbers >= 0) & (numbers < NODATA_CLASS)
    strata = np.where(known, np.nan_to_num(numbers), NODATA_CLASS).astype(np.uint8)
    pixels = np.nan_to_num(np.asarray(points.pixels, float))
    sizes = {int(s): int(pixels[strata == s].max()) for s in np.unique(strata[known])}
    return PointTable(points.truth, mapped, strata, sizes)


def _sizes(counts: np.ndarray) -> dict[int, int]:
    """Pixels by class id, without those of no class."""
    return {int(c): int(counts[c]) for c in np.flatnonzero(counts[:NODATA_CLASS])}
