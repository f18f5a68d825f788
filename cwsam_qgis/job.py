"""One raster layer in, its result files out: what the dock and the algorithms both run."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..engine.errors import ConfigError, OutputError, RasterError
from .environment import load_torch
from .i18n import translator
from .model_list import read_facts
from .pixel_bands import default_bands
from .raster_sink import RasterSink
from .vector_sink import VectorSink

if TYPE_CHECKING:
    from qgis.core import QgsCoordinateTransformContext

    from ..engine.pipeline import SegmentOptions
    from ..engine.ports import Progress
    from ..engine.predictor import TorchPredictor
    from ..engine.types import RasterInfo, RunSummary
    from .layer_source import LayerSource
    from .model_list import ModelFacts

tr = translator("job")

_BLANK_NOTICE = 0.01  # share of missing pixels of an online layer that is worth a sentence


@dataclass(frozen=True)
class Settings:
    """The user's settings before the raster is known.

    Attributes:
        bands: Bands for red, green, blue from 1; None to choose by colour interpretation.
        tile: Side of a tile in pixels; 0 for the model's own.
        overlap: Overlap of tiles in pixels; -1 for an eighth of the tile.
        keep_classes: Class ids kept in the result; None for all.
        min_area: Smallest polygon, in square metres or pixels.
        simplify: Tolerance of shared borders, in metres or pixels.
        metric: Whether the two are in metres; without a CRS they count as pixels.
        smooth: Rounds of corner cutting, 0-3.
    """

    bands: tuple[int, int, int] | None = None
    tile: int = 0
    overlap: int = -1
    keep_classes: tuple[int, ...] | None = None
    min_area: float = 0.0
    simplify: float = 0.0
    metric: bool = False
    smooth: int = 0


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


@dataclass(frozen=True)
class SegmentJob:
    """One layer, its settings and its outputs."""

    source: LayerSource
    settings: Settings
    outputs: Outputs


@dataclass(frozen=True)
class Network:
    """A model on its device.

    Attributes:
        predictor: The network.
        facts: What its file says.
        sha256: Hash of the weights, hexadecimal.
    """

    predictor: TorchPredictor
    facts: ModelFacts
    sha256: str


def load_network(model: Path) -> Network:
    """Load a model onto the best device; takes seconds: in a worker only.

    One core is left to the screen.

    Raises:
        CwsamError: torch is missing or the file cannot be used.
    """
    facts = read_facts(model)
    load_torch()
    from ..engine.device import choose_device, set_threads
    from ..engine.models.checkpoint import load_model
    from ..engine.predictor import TorchPredictor

    set_threads(spare=1)
    loaded = load_model(model)
    config = loaded.config
    predictor = TorchPredictor(
        loaded.model, choose_device(), config.encoder.patch_size, config.image_size, facts.class_ids
    )
    return Network(predictor, facts, loaded.identity)


def run_job(
    job: SegmentJob,
    network: Network,
    context: QgsCoordinateTransformContext,
    progress: Progress,
) -> RunSummary:
    """Segment one layer; the files appear together at the end, or none.

    Args:
        job: Layer, settings, outputs.
        network: The model.
        context: The project's coordinate transformations.
        progress: Told after every batch of tiles; asked whether to stop.

    Raises:
        CwsamError: With a sentence for the user.
    """
    from ..engine.pipeline import segment

    source, info, outputs = job.source, job.source.info, job.outputs
    _check_outputs(outputs, source.uri)
    options, notices = engine_options(job.settings, info)
    notices = [*source.notices, *notices, *scale_notices(info, network.facts)]
    with ExitStack() as stack:
        rasters = [
            stack.enter_context(RasterSink(path, info, plane))
            for path, plane in ((outputs.classes, "classes"), (outputs.confidence, "confidence"))
            if path is not None
        ]
        features = None
        if outputs.polygons is not None:
            sink = VectorSink(outputs.polygons, source.crs, context)
            features = stack.enter_context(sink)
        summary = segment(source, network.predictor, options, features, rasters, progress)
        notices += _blank_notices(source)
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


def _check_outputs(outputs: Outputs, uri: str) -> None:
    """Refuse outputs that would overwrite the input or each other."""
    paths = [path.resolve() for path in outputs.paths()]
    if Path(uri.partition("|")[0]).resolve() in paths:
        text = tr("{path} is the input: choose another name.")
        raise OutputError(text.format(path=uri))
    if len(set(paths)) < len(paths):
        text = tr("{path} is asked for twice: choose another name.")
        raise OutputError(text.format(path=max(paths, key=paths.count)))


def scale_notices(info: RasterInfo, facts: ModelFacts) -> list[str]:
    """Warn when the resolution lies outside what the model is good for."""
    low, high = facts.card.gsd_m
    if info.gsd_m is None or low <= info.gsd_m <= high:
        return []
    text = tr(
        "'{name}' has {gsd} m a pixel, the model is made for {low} to {high} m: "
        "expect a poorer map."
    )
    return [text.format(name=info.name, gsd=f"{info.gsd_m:.3g}", low=f"{low:g}", high=f"{high:g}")]


def _blank_notices(source: LayerSource) -> list[str]:
    """Report pixels that an online layer did not deliver.

    Raises:
        RasterError: It delivered none at all.
    """
    share = source.blank_share
    if not source.online or share < _BLANK_NOTICE:
        return []
    name = source.info.name
    if math.isclose(share, 1.0):
        text = tr("The server of '{name}' delivered no picture: check the layer and the network.")
        raise RasterError(text.format(name=name))
    text = tr("{percent} % of '{name}' did not arrive and is left out of the map.")
    return [text.format(percent=f"{100 * share:.0f}", name=name)]
