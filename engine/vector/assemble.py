"""The vectoriser: class strips in, polygons that partition the valid area out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..errors import Cancelled, ConfigError
from ..ports import Progress
from ..types import PolygonBatch
from .arcs import build_arcs
from .area import ring_areas
from .clean import simplify_arcs, smooth_arcs
from .rings import build_rings, choose_polygons
from .sieve import merge_regions, most_frequent_runner_up, shared_borders, sieve
from .trace import CHUNK_PIXELS, Tracer
from .wkb import polygon_wkb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..types import ClassStrip, Crs, GeoTransform
    from .boundary import Boundary
    from .rings import Rings
    from .trace import Regions

_STEPS = 5
"""Steps before the polygons are written, for the progress."""


@dataclass(frozen=True)
class VectorOptions:
    """How polygons are made.

    Attributes:
        min_area_px: Patches of fewer pixels are handed to a neighbour; 0 keeps all.
        tolerance_px: Simplification tolerance in pixels; 0 keeps every corner.
        smooth: Smoothing iterations (corner cutting), 0 to 3.
        merge_into: Who receives a small patch: ``border``, the neighbour with the longest
            common border, or ``runner_up``, a neighbour of the patch's most frequent
            runner-up class where there is one.
    """

    min_area_px: float = 0.0
    tolerance_px: float = 0.0
    smooth: int = 0
    merge_into: str = "border"

    def __post_init__(self) -> None:
        """Refuse what cannot be used.

        Raises:
            ConfigError: A value is out of range.
        """
        if not (self.min_area_px >= 0 and self.tolerance_px >= 0):
            raise ConfigError("min_area_px and tolerance_px must be 0 or more pixels.")
        if self.smooth not in (0, 1, 2, 3):
            raise ConfigError(f"smooth is {self.smooth}; choose 0, 1, 2 or 3 rounds.")
        if self.merge_into not in ("border", "runner_up"):
            raise ConfigError(f"merge_into is {self.merge_into!r}; choose border or runner_up.")


class Vectorizer:
    """Makes polygons of a class raster that arrives in strips.

    Regions are 4-connected pixels of one class. Each border between two regions is traced and
    simplified once and used by both polygons, so that the polygons partition the valid area at
    any tolerance; borders to pixels without data stay exact.

    Args:
        width: Columns of the raster.
        height: Rows of the raster.
        grid: Pixel corners to CRS units.
        crs: Coordinate reference system; None makes areas NaN.
        options: How polygons are made.
        keep: Classes whose polygons are given out; None for all. Small patches are merged and
            borders simplified among all classes first. Where some are kept, no polygon has
            fewer pixels than the smallest area, not even one amid pixels without data.
        chunk_pixels: Pixels worked on at once.
    """

    def __init__(
        self,
        width: int,
        height: int,
        grid: GeoTransform,
        crs: Crs | None,
        options: VectorOptions = VectorOptions(),  # noqa: B008 - frozen
        *,
        keep: tuple[int, ...] | None = None,
        chunk_pixels: int = CHUNK_PIXELS,
    ):
        self._width = width
        self._grid = grid
        self._crs = crs
        self._options = options
        self._keep = keep
        self._tracer = Tracer(width, height, chunk_pixels)

    def add(self, strip: ClassStrip) -> None:
        """Take the next full-width rows, from top to bottom; any number of rows."""
        self._tracer.add(strip)

    def polygons(
        self,
        progress: Progress = Progress(),  # noqa: B008 - frozen
        batch_size: int = 5000,
    ) -> Iterator[PolygonBatch]:
        """Give the polygons out after the last strip; once.

        Args:
            progress: Told of steps and then of polygons; asked between them.
            batch_size: Largest number of polygons a batch.

        Yields:
            Polygons in the order of their regions' first pixels in the raster.

        Raises:
            Cancelled: The user wants to stop.
        """
        steps = _Steps(progress)
        steps.next("Joining regions")
        boundary, number, regions = self._tracer.finish()
        steps.next("Merging small patches")
        if self._options.min_area_px > 0:
            number, regions = self._sieve(boundary, number, regions)
        steps.next("Linking borders")
        arcs = build_arcs(boundary.bands(number, consume=True), self._width)
        del boundary, number
        rings = build_rings(arcs)
        steps.next("Simplifying borders")
        x, y, bounds = simplify_arcs(arcs, rings, self._options.tolerance_px)
        if self._options.smooth and len(arcs):
            x, y, bounds = smooth_arcs(arcs, rings, x, y, bounds, self._options.smooth)
        steps.next("Measuring polygons")
        del arcs
        if self._keep is not None:
            wanted = np.isin(regions.class_id, self._keep)
            wanted &= regions.pixels >= self._options.min_area_px
            rings = choose_polygons(rings, wanted[rings.region])
        yield from self._batches(x, y, bounds, rings, regions, progress, batch_size)

    def _sieve(self, boundary: Boundary, number, regions: Regions):
        """Merge small regions: the new region of each label of the boundary, the regions."""
        options = self._options
        small = regions.pixels < options.min_area_px
        borders = shared_borders(boundary.bands(number), small)
        part_of = sieve(regions, borders, options.min_area_px, options.merge_into == "runner_up")
        regions, renumbered = merge_regions(regions, part_of)
        return renumbered[number], regions

    def _batches(self, x, y, bounds, rings: Rings, regions: Regions, progress, batch_size):
        region = rings.region
        count = len(region)
        area = ring_areas(x, y, bounds, rings, self._grid, self._crs)
        signed = np.where(rings.hole, -area, area)
        area_m2 = np.add.reduceat(signed, rings.first_ring[:-1]) if count else area
        runner_up = most_frequent_runner_up(
            regions.runner_key, regions.runner_pixels, len(regions.pixels)
        )
        known = np.where(regions.confidence_pixels > 0, regions.confidence_pixels, np.nan)
        confidence = (regions.confidence_sum / known / 100).astype(np.float32)
        if self._grid.flips:
            rings = _reversed(rings)
        for first in range(0, count, batch_size):
            last = min(first + batch_size, count)
            _check(progress)
            part = region[first:last]
            yield PolygonBatch(
                wkb=polygon_wkb(x, y, self._grid, bounds, rings, first, last),
                class_id=regions.class_id[part],
                confidence=confidence[part],
                runner_up=runner_up[part],
                area_m2=area_m2[first:last],
                pixels=regions.pixels[part],
            )
            progress.report(last, count, "Writing polygons")


class _Steps:
    """Reports the steps before the first polygon and stops where the user wants to."""

    def __init__(self, progress: Progress):
        self._progress = progress
        self._done = 0

    def next(self, message: str) -> None:
        _check(self._progress)
        self._progress.report(self._done, _STEPS, message)
        self._done += 1


def _check(progress: Progress) -> None:
    if progress.cancelled():
        raise Cancelled("Stopped by the user.")


def _reversed(rings: Rings) -> Rings:
    """All rings the other way round, for maps that show the raster mirrored."""
    sizes = np.diff(rings.bounds)
    ring = np.repeat(np.arange(len(sizes)), sizes)
    mirror = rings.bounds[ring] + rings.bounds[ring + 1] - 1 - np.arange(len(ring))
    return replace(rings, darts=rings.darts[mirror] ^ 1)
