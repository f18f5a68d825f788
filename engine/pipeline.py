"""Raster in, polygons out: the straight road through tiling, network, blending, vectorising."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .errors import Cancelled, RasterError
from .ports import Progress
from .tiling.batches import TileBatch, read_ahead, tile_batches
from .tiling.blend import StripBlender
from .tiling.grid import TileGrid, tile_grid
from .tiling.normalize import Radiometry, Stretch, choose_radiometry
from .types import NODATA_CLASS, ClassArea, ClassStrip, PolygonBatch, RasterInfo, RunSummary
from .vector.assemble import Vectorizer, VectorOptions
from .write_behind import StripWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .journal import Journal
    from .ports import FeatureSink, RasterSink, RasterSource
    from .predictor import Predictor


@dataclass(frozen=True)
class SegmentOptions:
    """What the user may set for one run.

    Attributes:
        bands: Three band numbers from 1, shown to the network as red, green, blue.
        tile: Side of a tile in pixels; 0 for the model's own.
        overlap: Overlap of tiles in pixels; -1 for an eighth of the tile.
        keep_classes: Class ids kept in the result; None for all. Others become no data, once
            small patches are merged.
        vector: Sieve and simplification.
        stretch: How pixel values become the network's.
        radiometry: The very values of the stretch; None to choose them from the raster.
        read_ahead: Read the next batch of tiles in a thread while the network runs; only for
            sources that may be read from another thread.
        write_behind: Write rasters in a thread while the network runs and polygons are made;
            only for sinks that may be written from another thread.
    """

    bands: tuple[int, int, int] = (1, 2, 3)
    tile: int = 0
    overlap: int = -1
    keep_classes: tuple[int, ...] | None = None
    vector: VectorOptions = field(default_factory=VectorOptions)
    stretch: Stretch = field(default_factory=Stretch)
    radiometry: Radiometry | None = None
    read_ahead: bool = False
    write_behind: bool = False


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
    journal: Journal | None = None,
) -> RunSummary:
    """Segment one raster.

    Args:
        source: The raster.
        predictor: The network.
        options: The user's settings.
        features: Receives the polygons; None when only rasters are wanted.
        rasters: Receive each class strip.
        progress: Told after every batch of tiles; asked whether to stop.
        journal: Keeps finished strips, and gives those of an interrupted run back.

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
        vectorizer = make_vectorizer(info, options)
    strips = class_strips(source, predictor, options, progress, clock, summary, journal)
    with StripWriter(rasters, options.write_behind) as writer, closing(strips):
        for strip in strips:
            kept = keep_only(strip, options.keep_classes)
            with clock.stage("write"):
                writer.write(kept)
            if vectorizer is not None:
                with clock.stage("vectorize"):
                    vectorizer.add(strip)
            else:
                count_pixels(summary.areas, kept)
        if vectorizer is not None:
            write_polygons(vectorizer, features, progress, clock, summary)
        with clock.stage("write"):
            writer.wait()
    return summary


def class_strips(
    source: RasterSource,
    predictor: Predictor,
    options: SegmentOptions,
    progress: Progress,
    clock: StageClock,
    summary: RunSummary,
    journal: Journal | None = None,
) -> Iterator[ClassStrip]:
    """Classify a raster strip by strip, from top to bottom; one strip a row of tiles.

    All classes are there, whichever are to be kept.
    """
    grid, overlap = plan_tiles(source.info, predictor, options)
    with clock.stage("read"):
        radiometry = settle_radiometry(source, options)
    summary.notices.append(radiometry.description)
    blender = StripBlender(grid, predictor.cell, overlap, predictor.class_ids)
    first = _resume(journal, blender, summary)
    if first:
        for strip in journal.strips():
            progress.report(strip.row, grid.height, "Resuming")
            yield strip
    batches = tile_batches(
        source,
        grid,
        options.bands,
        radiometry,
        predictor.pixel_statistics,
        predictor.batch_size(grid.tile),
        first,
    )
    batches = read_ahead(batches) if options.read_ahead else batches
    before = summary.tiles
    with closing(batches):
        while True:
            with clock.stage("read"):
                batch = next(batches, None)
            if batch is None:
                return
            if progress.cancelled():
                raise Cancelled("Stopped; nothing was written.")
            _predict_batch(batch, blender, predictor, clock, summary)
            done = batch.row * len(grid.cols) + batch.first + len(batch.tiles)
            progress.report(done, len(grid), "Segmenting")
            if batch.ends_row:
                with clock.stage("blend"):
                    strip = blender.finish_row()
                if journal is not None:
                    with clock.stage("journal"):
                        journal.add(strip, summary.tiles - before, blender.state())
                    before = summary.tiles
                yield strip


def settle_radiometry(source: RasterSource, options: SegmentOptions) -> Radiometry:
    """The stretch of a run: the one that is given, else chosen from the raster."""
    return options.radiometry or choose_radiometry(source, options.bands, options.stretch)


def plan_tiles(
    info: RasterInfo, predictor: Predictor, options: SegmentOptions
) -> tuple[TileGrid, int]:
    """Lay the tiles of a run; returns them and their overlap in pixels.

    Raises:
        ConfigError: Tile and overlap do not fit together.
    """
    tile = options.tile or predictor.tile
    overlap = options.overlap if options.overlap >= 0 else tile // 8
    return tile_grid(info.width, info.height, tile, overlap, predictor.patch), overlap


def _resume(journal: Journal | None, blender: StripBlender, summary: RunSummary) -> int:
    """Bring the blender to where an interrupted run was; returns the rows of tiles done."""
    if journal is None:
        return 0
    state = journal.state() if journal.rows_done else None
    if state:
        blender.restore(state)
    summary.notices += journal.notices
    summary.tiles += journal.tiles_done
    return journal.rows_done


def _predict_batch(
    batch: TileBatch,
    blender: StripBlender,
    predictor: Predictor,
    clock: StageClock,
    summary: RunSummary,
) -> None:
    """Run the tiles that hold data through the network and add them to the blender."""
    filled = [tile for tile in batch.tiles if tile.image is not None]
    for tile in batch.tiles:
        blender.mark_valid(tile.col, tile.valid)
    if not filled:
        return
    with clock.stage("model"):
        probabilities = predictor.predict(np.stack([tile.image for tile in filled]))
    with clock.stage("blend"):
        for tile, probability in zip(filled, probabilities):
            blender.add(tile.col, probability)
    summary.tiles += len(filled)


def keep_only(strip: ClassStrip, classes: tuple[int, ...] | None) -> ClassStrip:
    """A strip with pixels of other classes as no data; None keeps all."""
    if classes is None:
        return strip
    kept = np.isin(strip.classes, classes)
    planes = (strip.classes, strip.confidence, strip.runner_up)
    return ClassStrip(strip.row, *(np.where(kept, p, p.dtype.type(NODATA_CLASS)) for p in planes))


def make_vectorizer(info: RasterInfo, options: SegmentOptions) -> Vectorizer:
    """What makes polygons of a raster's class strips, all classes given."""
    keep = options.keep_classes
    return Vectorizer(info.width, info.height, info.grid, info.crs, options.vector, keep=keep)


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
