"""One raster file in, its result files out: what command line and batches run."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ConfigError
from ..journal import Journal, file_facts, open_journal, raster_facts
from ..pipeline import SegmentOptions, segment, settle_radiometry
from ..staging import check_writable, refuse_clashes
from ..types import NODATA_CLASS, ClassStrip, RasterInfo, RunSummary
from .mosaic import MosaicSource, open_mosaic
from .preview import write_preview
from .raster_sink import ClassRasterSink, ConfidenceRasterSink
from .raster_source import RasterioSource, default_bands, open_raster
from .record import raster_record
from .vector_sink import open_vector_sink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..classes import LandCoverClass
    from ..models.card import ModelCard
    from ..ports import FeatureSink, Progress, RasterSink, RasterSource
    from ..predictor import Predictor

PREVIEW_SIDE = 2000
"""Longest side in pixels of the reduced class map that a preview is drawn from."""


@dataclass(frozen=True)
class Outputs:
    """Where the results of one raster go; None leaves one out.

    Attributes:
        polygons: Vector file.
        layer: Layer name in it; None for the file's name.
        append: Add the layer to an existing GeoPackage.
        classes: Class raster.
        confidence: Confidence raster.
        preview: Picture of image and class map.
        cog: Write the rasters as cloud-optimised GeoTIFFs.
    """

    polygons: Path | None = None
    layer: str | None = None
    append: bool = False
    classes: Path | None = None
    confidence: Path | None = None
    preview: Path | None = None
    cog: bool = False

    def paths(self) -> tuple[Path, ...]:
        """All files asked for."""
        asked = (self.polygons, self.classes, self.confidence, self.preview)
        return tuple(path for path in asked if path is not None)


@dataclass(frozen=True)
class Length:
    """A size as the user gives it: in metres, or in pixels.

    Attributes:
        value: The number; metres or pixels for a length, squared for an area.
        pixels: Whether the unit is pixels.
    """

    value: float
    pixels: bool

    @classmethod
    def parse(cls, text: str, option: str) -> Length:
        """Read ``12.5`` (metres) or ``8px`` (pixels).

        Raises:
            ConfigError: The text is no number of 0 or more.
        """
        number = text.strip().lower()
        pixels = number.endswith("px")
        try:
            value = float(number[:-2] if pixels else number)
        except ValueError:
            value = -1.0
        if not 0 <= value < float("inf"):
            raise ConfigError(
                f"{option} must be a number of 0 or more, in metres or with 'px', not '{text}'."
            )
        return cls(value, pixels)

    def in_pixels(self, gsd_m: float | None, power: int) -> float:
        """The size in pixels; without a ground sample distance metres count as pixels.

        Args:
            gsd_m: Side of a pixel in metres or None.
            power: 1 for a length, 2 for an area.
        """
        return self.value if self.pixels or gsd_m is None else self.value / gsd_m**power


@dataclass(frozen=True)
class JobOptions:
    """The user's settings before the raster is known.

    Attributes:
        segment: Settings that do not depend on the raster.
        bands: Band numbers from 1; None to choose by colour interpretation.
        min_area: Smallest polygon.
        simplify: Tolerance of simplification.
        gsd_m: Ground sample distance to resample to, in metres; None for the raster's own.
    """

    segment: SegmentOptions = field(default_factory=SegmentOptions)
    bands: tuple[int, int, int] | None = None
    min_area: Length = Length(0, True)
    simplify: Length = Length(0, True)
    gsd_m: float | None = None

    def keeping(self, class_ids: tuple[int, ...] | None) -> JobOptions:
        """The same settings with only some classes kept; None for all."""
        return replace(self, segment=replace(self.segment, keep_classes=class_ids))

    def for_raster(self, info: RasterInfo) -> tuple[SegmentOptions, list[str]]:
        """Settle bands and sizes for one raster; returns options and notices."""
        notices = []
        sizes = (self.min_area, self.simplify)
        if info.gsd_m is None and any(size.value and not size.pixels for size in sizes):
            notices.append(f"{info.name} has no scale on the ground: sizes are taken as pixels.")
        vector = replace(
            self.segment.vector,
            min_area_px=self.min_area.in_pixels(info.gsd_m, 2),
            tolerance_px=self.simplify.in_pixels(info.gsd_m, 1),
        )
        bands = self.bands or default_bands(info)
        if max(bands) > len(info.dtypes):
            raise ConfigError(
                f"{info.name} has {len(info.dtypes)} band(s), so --bands cannot name {max(bands)}."
            )
        return replace(self.segment, bands=bands, vector=vector), notices


class PreviewCollector:
    """A :class:`~cwsam.engine.ports.RasterSink` that keeps every n-th row and column.

    Attributes:
        classes: (h / n, w / n) uint8, the reduced class map.
    """

    def __init__(self, info: RasterInfo) -> None:
        self.step = max(1, -(-max(info.width, info.height) // PREVIEW_SIDE))
        shape = (-(-info.height // self.step), -(-info.width // self.step))
        self.classes = np.full(shape, NODATA_CLASS, np.uint8)

    def write(self, strip: ClassStrip) -> None:
        """Keep the strip's share."""
        first = -strip.row % self.step
        rows = strip.classes[first :: self.step, :: self.step]
        start = (strip.row + first) // self.step
        self.classes[start : start + len(rows)] = rows


@dataclass(frozen=True)
class Resume:
    """Wish for a journal, so that the run can be resumed.

    Attributes:
        identity: Model and settings that the class map depends on, as texts.
        fresh: Start over even if an interrupted run is found.
    """

    identity: tuple[str, ...]
    fresh: bool = False


def open_images(images: Sequence[str | Path], options: JobOptions) -> RasterioSource | MosaicSource:
    """Open one raster, resampled if asked for, or several as a mosaic.

    Raises:
        RasterError: One cannot be read, or they do not fit together.
        ConfigError: A mosaic is to be resampled.
    """
    if len(images) == 1:
        return open_raster(images[0], gsd_m=options.gsd_m)
    if options.gsd_m is not None:
        raise ConfigError(
            "--gsd cannot be combined with --mosaic: make one file with gdalbuildvrt first."
        )
    return open_mosaic([str(image) for image in images])


def segment_file(
    image: str | Path | Sequence[str | Path],
    outputs: Outputs,
    predictor: Predictor,
    card: ModelCard,
    options: JobOptions,
    record: Mapping[str, str],
    progress: Progress | None = None,
    resume: Resume | None = None,
) -> tuple[RasterInfo, RunSummary]:
    """Segment one raster file, or several as one.

    Args:
        image: Anything rasterio opens; several make a mosaic.
        outputs: Files to write; all appear together at the end, or none.
        predictor: The network.
        card: Its card, for warnings.
        options: The user's settings.
        record: What was run, kept in the GeoPackage.
        progress: Told after every batch of tiles; asked whether to stop.
        resume: Keep a journal and go on from that of an interrupted run.

    Returns:
        ``(info, summary)``: the raster and what was done.

    Raises:
        CwsamError: With a sentence for the user.
    """
    images = [image] if isinstance(image, (str, Path)) else list(image)
    check_distinct(images, outputs)
    with open_images(images, options) as source, ExitStack() as stack:
        info = source.info
        settled, notices = options.for_raster(info)
        notices = [*source.notices, *notices, *gsd_warnings(info, card)]
        notices += format_notices(outputs, info)
        journal = None
        if resume is not None:  # the first to be entered: it is kept until all outputs are there
            journal = stack.enter_context(_journal(images, source, settled, resume))
        sinks = _open_sinks(stack, outputs, info, record, card.legend)
        features, rasters, collector = sinks
        summary = segment(source, predictor, settled, features, rasters, progress, journal)
        summary.notices[:0] = notices
        for sink in (*rasters, features):  # all are whole before the first gets its name
            if hasattr(sink, "finish"):
                sink.finish()
        if collector is not None:
            _write_preview(source, settled, collector, summary, outputs.preview, card.legend)
    return info, summary


def _open_sinks(
    stack: ExitStack,
    outputs: Outputs,
    info: RasterInfo,
    record: Mapping[str, str],
    legend: Sequence[LandCoverClass],
) -> tuple[FeatureSink | None, list[RasterSink], PreviewCollector | None]:
    """Open all outputs that are asked for; the stack closes them."""
    rasters, collector, features = [], None, None
    if outputs.classes is not None:
        sink = ClassRasterSink(outputs.classes, info, legend, outputs.cog)
        rasters.append(stack.enter_context(sink))
    if outputs.confidence is not None:
        sink = ConfidenceRasterSink(outputs.confidence, info, outputs.cog)
        rasters.append(stack.enter_context(sink))
    if outputs.preview is not None:
        check_writable(outputs.preview)  # it is written last, perhaps hours later
        collector = PreviewCollector(info)
        rasters.append(collector)
    if outputs.polygons is not None:
        metadata = {**record, **raster_record(info)}
        features = stack.enter_context(
            open_vector_sink(
                outputs.polygons, info, outputs.layer, outputs.append, metadata, legend
            )
        )
    return features, rasters, collector


def _journal(
    images: Sequence[str | Path],
    source: RasterSource,
    options: SegmentOptions,
    resume: Resume,
) -> Journal:
    """The journal of these images under these settings; unchanged images go on in it."""
    where = [str(Path(image).resolve()) for image in images]
    chosen = (options.bands, options.tile, options.overlap, options.stretch, options.radiometry)
    facts: dict[str, str] = {}
    for number, path in enumerate(where):
        kept = raster_facts(source, path, options.bands) if not number else file_facts(path)
        facts.update({f"{name} {number}" if number else name: kept[name] for name in kept})
    identity = [*where, *resume.identity, repr(chosen)]
    return open_journal(identity, facts, source.info.width, resume.fresh)


def format_notices(outputs: Outputs, info: RasterInfo) -> list[str]:
    """What a format will do to this raster's polygons."""
    path = outputs.polygons
    if path is not None and path.suffix.lower() in (".geojson", ".json") and info.crs is None:
        return [
            f"{path.name} should hold longitude and latitude, but {info.name} has no CRS: its "
            "coordinates are those of the raster, which other programs will misplace; "
            "choose .gpkg."
        ]
    return []


def check_distinct(images: Sequence[str | Path], outputs: Outputs) -> None:
    """Refuse outputs that would overwrite the images or each other.

    Raises:
        OutputError: Names the file.
    """
    refuse_clashes(images, outputs.paths())


def gsd_warnings(info: RasterInfo, card: ModelCard) -> list[str]:
    """Warn when a raster's resolution lies outside what the model is good for."""
    low, high = card.gsd_m
    if info.gsd_m is None or low <= info.gsd_m <= high:
        return []
    return [
        f"{info.name} has {info.gsd_m:.3g} m a pixel, the model is made for {low:g} to {high:g} m: "
        f"expect a poorer map, or resample with --gsd {min(max(info.gsd_m, low), high):g}."
    ]


def _write_preview(
    source: RasterSource,
    options: SegmentOptions,
    collector: PreviewCollector,
    summary: RunSummary,
    path: Path,
    legend: Sequence[LandCoverClass],
) -> None:
    radiometry = settle_radiometry(source, options)
    shape = collector.classes.shape
    pixels, valid = source.read_decimated(PREVIEW_SIDE, options.bands)
    stretched = radiometry.normalise(pixels, valid, (0.0,) * 3, (1.0,) * 3)
    image = (stretched * 255).astype(np.uint8).transpose(1, 2, 0)
    rows, cols = (np.arange(n) * m // n for n, m in zip(shape, image.shape))
    known = sum(total.pixels for total in summary.areas.values())
    shares = {c: total.pixels / known for c, total in summary.areas.items()}
    title = source.info.name
    write_preview(path, image[rows][:, cols], collector.classes, shares, title, legend=legend)
