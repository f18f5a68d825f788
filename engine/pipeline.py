"""Raster in, polygons out: the straight road through tiling, network, blending, vectorising."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .errors import Cancelled, RasterError
from .ports import Progress
from .tiling.blend import StripBlender
from .tiling.grid import TileGrid, tile_grid
from .tiling.normalize import Radiometry, choose_radiometry
from .types import NODATA_CLASS, ClassArea, ClassStrip, PolygonBatch, RunSummary
from .vector.assemble import Vectorizer, VectorOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .ports import FeatureSink, RasterSink, RasterSource
    from .predictor import Predictor


@dataclass(frozen=True)
class SegmentOptions:
    """What the user may set for one run.

    Attributes:
        bands: Three band numbers from 1, shown to the network as red, green, blue.
        tile: Side of a tile in pixels; 0 for the model's own.
        overlap: Overlap of tiles in pixels; -1 for an eighth of the tile.
        keep_classes: Class ids kept in the result; None for all. Others become no data.
        vector: Sieve and simplification.
    """

    bands: tuple[int, int, int] = (1, 2, 3)
    tile: int = 0
    overlap: int = -1
    keep_classes: tuple[int, ...] | None = None
    vector: VectorOptions = field(default_factory=VectorOptions)


class StageClock:
    """Adds up the wall time of the stages of a run, in seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time inside the ``with`` block towards a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started


def segment(
    source: RasterSource,
    predictor: Predictor,
    options: SegmentOptions,
    features: FeatureSink | None = None,
    rasters: Sequence[RasterSink] = (),
    progress: Progress | None = None,
) -> RunSummary:
    """Segment one raster.

    Args:
        source: The raster.
        predictor: The network.
        options: The user's settings.
        features: Receives the polygons; None when only rasters are wanted.
        rasters: Receive each class strip.
        progress: Told after every batch of tiles; asked whether to stop.

    Returns:
        Totals by class and timings.

    Raises:
        CwsamError: The raster cannot be read, the settings do not fit, or the user stopped.
    """
    progress = progress or Progress()
    info, clock = source.info, StageClock()
    if info.width < 1 or info.height < 1:
        raise RasterError(f"{info.name} has no pixels; choose another raster.")
    summary = RunSummary(pixels=info.width * info.height, seconds=clock.seconds)
    vectorizer = None
    if features is not None:
        vectorizer = Vectorizer(info.width, info.height, info.grid, info.crs, options.vector)
    for strip in class_strips(source, predictor, options, progress, clock, summary):
        with clock.stage("write"):
            for sink in rasters:
                sink.write(strip)
        if vectorizer is not None:
            with clock.stage("vectorize"):
                vectorizer.add(strip)
        else:
            count_pixels(summary.areas, strip)
    if vectorizer is not None:
        write_polygons(vectorizer, features, progress, clock, summary)
    return summary


def class_strips(
    source: RasterSource,
    predictor: Predictor,
    options: SegmentOptions,
    progress: Progress,
    clock: StageClock,
    summary: RunSummary,
) -> Iterator[ClassStrip]:
    """Classify a raster strip by strip, from top to bottom."""
    info, cell = source.info, predictor.cell
    tile = options.tile or predictor.tile
    overlap = options.overlap if options.overlap >= 0 else tile // 8
    grid = tile_grid(info.width, info.height, tile, overlap, predictor.patch)
    with clock.stage("read"):
        radiometry = choose_radiometry(source, options.bands)
    summary.notices.append(f"Radiometry: {radiometry.description}.")
    blender = StripBlender(grid, cell, overlap, predictor.class_ids)
    for index, row in enumerate(grid.rows):
        for batch in _batches(source, grid, row, radiometry, predictor, options, clock):
            if progress.cancelled():
                raise Cancelled("Stopped; nothing was written.")
            _predict_batch(batch, row, blender, predictor, clock, summary)
            done = index * len(grid.cols) + batch[-1].number + 1
            progress.report(done, len(grid), "Segmenting")
        strips = blender.finish_row(index)
        while True:
            with clock.stage("blend"):
                strip = next(strips, None)
            if strip is None:
                break
            yield keep_only(strip, options.keep_classes)


@dataclass
class _Tile:
    """One tile on its way: number in its row, left edge, normalised pixels, valid mask."""

    number: int
    col: int
    image: np.ndarray | None
    valid: np.ndarray


def _batches(
    source: RasterSource,
    grid: TileGrid,
    row: int,
    radiometry: Radiometry,
    predictor: Predictor,
    options: SegmentOptions,
    clock: StageClock,
) -> Iterator[list[_Tile]]:
    """Read one row of tiles in batches; tiles without a valid pixel carry no image."""
    size = predictor.batch_size(grid.tile)
    tiles: list[_Tile] = []
    for number, col in enumerate(grid.cols):
        with clock.stage("read"):
            pixels, valid = source.read(grid.window(row, col), options.bands)
            image = None
            if valid.any():
                image = radiometry.normalise(pixels, valid, *predictor.pixel_statistics)
                image = pad_by_mirror(image, grid.tile)
        tiles.append(_Tile(number, col, image, valid))
        if len(tiles) == size or number == len(grid.cols) - 1:
            yield tiles
            tiles = []


def _predict_batch(
    tiles: list[_Tile],
    row: int,
    blender: StripBlender,
    predictor: Predictor,
    clock: StageClock,
    summary: RunSummary,
) -> None:
    """Run the tiles that hold data through the network and add them to the blender."""
    filled = [tile for tile in tiles if tile.image is not None]
    for tile in tiles:
        blender.mark_valid(tile.col, tile.valid)
    if not filled:
        return
    with clock.stage("model"):
        probabilities = predictor.predict(np.stack([tile.image for tile in filled]))
    with clock.stage("blend"):
        for tile, probability in zip(filled, probabilities):
            blender.add(tile.col, probability)
    summary.tiles += len(filled)


def pad_by_mirror(image: np.ndarray, tile: int) -> np.ndarray:
    """Fill a tile that reaches beyond the raster with the raster's mirror image.

    Args:
        image: (C, h, w), h and w at most ``tile``.
        tile: Wanted side.

    Returns:
        (C, tile, tile).
    """
    _, h, w = image.shape
    if (h, w) == (tile, tile):
        return image
    return np.pad(image, ((0, 0), (0, tile - h), (0, tile - w)), mode="symmetric")


def keep_only(strip: ClassStrip, classes: tuple[int, ...] | None) -> ClassStrip:
    """Turn pixels of other classes into no data; None keeps all."""
    if classes is None:
        return strip
    hidden = ~np.isin(strip.classes, classes)
    for plane in (strip.classes, strip.confidence, strip.runner_up):
        plane[hidden] = NODATA_CLASS
    return strip


def count_pixels(areas: dict[int, ClassArea], strip: ClassStrip) -> None:
    """Add a strip's pixels to the totals by class; areas stay unknown."""
    counts = np.bincount(strip.classes.ravel(), minlength=NODATA_CLASS + 1)[:NODATA_CLASS]
    sums = np.bincount(strip.classes.ravel(), strip.confidence.ravel(), NODATA_CLASS + 1)
    for class_id in np.flatnonzero(counts):
        total = areas.setdefault(int(class_id), ClassArea(area_m2=float("nan")))
        total.pixels += int(counts[class_id])
        total.confidence_sum += float(sums[class_id]) / 100


def write_polygons(
    vectorizer: Vectorizer,
    features: FeatureSink,
    progress: Progress,
    clock: StageClock,
    summary: RunSummary,
) -> None:
    """Assemble the polygons, hand them to the sink and add them to the totals."""
    batches = vectorizer.polygons(progress)
    while True:
        with clock.stage("vectorize"):
            batch = next(batches, None)
        if batch is None:
            return
        with clock.stage("write"):
            features.write(batch)
        _count_polygons(summary.areas, batch)


def _count_polygons(areas: dict[int, ClassArea], batch: PolygonBatch) -> None:
    for class_id in np.unique(batch.class_id):
        mine = batch.class_id == class_id
        total = areas.setdefault(int(class_id), ClassArea())
        total.polygons += int(mine.sum())
        total.pixels += int(batch.pixels[mine].sum())
        total.area_m2 += float(batch.area_m2[mine].sum())
        total.confidence_sum += float((batch.confidence[mine] * batch.pixels[mine]).sum())
