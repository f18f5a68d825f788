"""One raster layer in, its result files out: what the dock and the algorithms both run."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..engine.errors import ConfigError, OutputError, RasterError
from .class_areas import FIELDS
from .i18n import class_label, translator
from .journals import run_journal
from .network import stoppable
from .output_path import refuse_foreign
from .pixel_bands import default_bands
from .raster_sink import RasterSink
from .run_record import RunRequest, run_record
from .run_settings import Settings
from .staging import check_target
from .vector_formats import vector_format
from .vector_sink import VectorSink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qgis.core import QgsCoordinateTransformContext

    from ..engine.pipeline import SegmentOptions
    from ..engine.ports import Progress
    from ..engine.types import RasterInfo, RunSummary
    from .edit_watch import EditWatch
    from .layer_source import LayerSource
    from .model_list import ModelFacts
    from .network import Network

tr = translator("job")

_NEARLY = 1.02  # 0.1998 m a pixel are 0.2 m
_WORTH_A_NOTICE = 0.01  # share of missing pixels of an online layer


@dataclass(frozen=True)
class Outputs:
    """Where the results of one raster go; None leaves one out."""

    polygons: Path | None = None
    classes: Path | None = None
    confidence: Path | None = None

    def paths(self) -> tuple[Path, ...]:
        """All files asked for."""
        asked = (self.polygons, self.classes, self.confidence)
        return tuple(path for path in asked if path is not None)

    def files(self) -> tuple[Path, ...]:
        """These, and what lies beside the polygons under the same name."""
        beside = () if self.polygons is None else vector_format(self.polygons).beside
        return (*self.paths(), *(self.polygons.with_suffix(suffix) for suffix in beside))


@dataclass(frozen=True)
class SegmentJob:
    """One layer, its settings and its outputs.

    Attributes:
        source: The layer, or a part of it.
        settings: The user's settings.
        outputs: Files to write.
        request: What the user asked for, to run it again; None for algorithms.
    """

    source: LayerSource
    settings: Settings
    outputs: Outputs
    request: RunRequest | None = None


def run_job(
    job: SegmentJob,
    network: Network,
    context: QgsCoordinateTransformContext,
    progress: Progress,
    watchers: Sequence[RasterSink] = (),
    edits: EditWatch | None = None,
) -> RunSummary:
    """Segment one layer; the files appear together at the end, or none.

    Args:
        job: Layer, settings, outputs.
        network: The model.
        context: The project's coordinate transformations.
        progress: Told after every batch of tiles; asked whether to stop.
        watchers: Are shown each finished strip as well.
        edits: Knows which files are being edited; these are not replaced.

    Raises:
        CwsamError: With a sentence for the user.
    """
    from ..engine.pipeline import segment

    source, info, outputs = job.source, job.source.info, job.outputs
    legend = network.facts.card.legend
    check_outputs(outputs, source.uri)
    options, notices = engine_options(job.settings, info)
    notices = [*source.notices, *notices, *image_notices(info, job.settings, network.facts)]
    with ExitStack() as stack:
        stack.enter_context(stoppable(network, progress))
        # The first to be entered: it is kept until all outputs are there.
        journal = stack.enter_context(run_journal(source, options, network))
        rasters = [
            stack.enter_context(RasterSink(path, info, plane, legend))
            for path, plane in ((outputs.classes, "classes"), (outputs.confidence, "confidence"))
            if path is not None
        ]
        features = None
        if outputs.polygons is not None:
            record = run_record(job, network)
            sink = VectorSink(outputs.polygons, source.crs, context, record, legend, edits)
            features = stack.enter_context(sink)
        sinks = [*rasters, *watchers]
        summary = segment(source, network.predictor, options, features, sinks, progress, journal)
        notices += online_notices(source)
    summary.notices[:0] = notices
    return summary


def engine_options(settings: Settings, info: RasterInfo) -> tuple[SegmentOptions, list[str]]:
    """Settle bands and sizes for one raster; returns options and notices.

    Raises:
        ConfigError: A band does not exist, or a size is out of range.
    """
    from ..engine.pipeline import SegmentOptions
    from ..engine.vector.assemble import VectorOptions

    notices, side = [], 1.0
    if settings.metric and (settings.min_area or settings.simplify):
        if info.gsd_m is None:
            text = tr("'{name}' has no scale on the ground: sizes are taken as pixels.")
            notices.append(text.format(name=info.name))
        else:
            side = info.gsd_m
    bands = settings.bands or default_bands(info.colours)
    if not all(1 <= band <= len(info.dtypes) for band in bands):
        text = tr("'{name}' has {count} band(s), not {band}: choose the bands again.")
        raise ConfigError(text.format(name=info.name, count=len(info.dtypes), band=max(bands)))
    vector = VectorOptions(settings.min_area / side**2, settings.simplify / side, settings.smooth)
    options = SegmentOptions(bands, settings.tile, settings.overlap, settings.keep_classes, vector)
    return options, notices


def count_tiles(info: RasterInfo, settings: Settings, facts: ModelFacts) -> int:
    """Tiles that a run will have, by the engine's own grid.

    Raises:
        ConfigError: Tile and overlap do not fit together.
    """
    from ..engine.tiling.grid import tile_grid

    tile = settings.tile or facts.config.image_size
    overlap = settings.overlap if settings.overlap >= 0 else tile // 8
    patch = facts.config.encoder.patch_size
    return len(tile_grid(info.width, info.height, tile, overlap, patch))


def check_outputs(outputs: Outputs, uri: str) -> None:
    """Refuse outputs before anything is done for them.

    Args:
        outputs: The files.
        uri: What the input's provider opens.

    Raises:
        OutputError: A file cannot be written, is the input, is asked for twice, or holds what
            is not to be replaced.
    """
    paths = [path.resolve() for path in outputs.paths()]
    if Path(uri.partition("|")[0]).resolve() in paths:
        text = tr("{path} is the input: choose another name.")
        raise OutputError(text.format(path=uri))
    if len(set(paths)) < len(paths):
        text = tr("{path} is asked for twice: choose another name.")
        raise OutputError(text.format(path=max(paths, key=paths.count)))
    for path in outputs.paths():
        check_target(path)
    if outputs.polygons is not None:
        vector_format(outputs.polygons)
        refuse_foreign(outputs.polygons, FIELDS)


def image_notices(info: RasterInfo, settings: Settings, facts: ModelFacts) -> list[str]:
    """What the model is not made for: an image without colours, its resolution, classes."""
    notices = scale_notices(info, facts)
    if len(set(settings.bands or default_bands(info.colours))) == 1:
        text = tr(
            "'{name}' is seen in grey, from one band, the model is made for colours: expect a "
            "poorer map."
        )
        notices.insert(0, text.format(name=info.name))
    kept = settings.keep_classes or ()
    unseen = [c for c in facts.card.legend if c.id in kept and c.id not in facts.class_ids]
    if unseen:
        text = tr("{model} never predicts {classes}: it has seen no such class in training.")
        names = ", ".join(map(class_label, unseen))
        notices.append(text.format(model=facts.path.stem, classes=names))
    return notices


def scale_notices(info: RasterInfo, facts: ModelFacts) -> list[str]:
    """Warn when the resolution lies outside what the model is good for."""
    low, high = facts.card.gsd_m
    if info.gsd_m is None or low / _NEARLY <= info.gsd_m <= high * _NEARLY:
        return []
    text = tr(
        "'{name}' has {gsd} m a pixel, the model is made for {low} to {high} m: "
        "expect a poorer map."
    )
    return [text.format(name=info.name, gsd=f"{info.gsd_m:.3g}", low=f"{low:g}", high=f"{high:g}")]


def online_notices(source: LayerSource) -> list[str]:
    """Report pictures that an online layer did not deliver.

    Raises:
        RasterError: It delivered none at all.
    """
    if not source.online:
        return []
    name, notices = source.info.name, []
    cause = source.failure or tr("no reason given")
    if math.isclose(source.blank_share, 1.0):
        text = tr(
            "The server of '{name}' delivered no picture ({cause}): check the layer and the "
            "network."
        )
        raise RasterError(text.format(name=name, cause=cause))
    if source.blank_share >= _WORTH_A_NOTICE or source.failure:
        text = tr(
            "{percent} % of '{name}' did not arrive or is blank ({cause}): it is left out of "
            "the map."
        )
        percent = f"{100 * source.blank_share:.1f}"
        notices.append(text.format(percent=percent, name=name, cause=cause))
    if source.flat_share >= _WORTH_A_NOTICE:
        text = tr(
            "{percent} % of '{name}' are squares of one colour: check that the server has "
            "pictures there at this resolution."
        )
        notices.append(text.format(percent=f"{100 * source.flat_share:.1f}", name=name))
    return notices
