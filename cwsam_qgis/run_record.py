"""What was run: kept with the result, and enough to run it again."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..engine.errors import ConfigError
from .footprint import rotated_footprint
from .i18n import translator
from .network import ModelChoice
from .pixel_bands import default_bands
from .run_settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .job import SegmentJob
    from .network import Network

tr = translator("run_record")

PROPERTY = "cwsam/run"
"""Custom property of result layers that holds the request as JSON."""


NOT_REPEATABLE = "not_repeatable"
"""Name in a record of why the command line cannot run it again; it reads the same name."""


@dataclass(frozen=True)
class Area:
    """Which part of a layer was asked for.

    Attributes:
        kind: ``whole``, ``visible``, ``drawn`` or ``polygons``.
        extent: West, south, east, north in the layer's CRS; empty for the whole layer.
        layer: Id of the polygon layer.
        features: Ids of its selected features; empty for all.
        pixel_size: Side of a pixel in CRS units, for layers without a grid of their own.
    """

    kind: str = "whole"
    extent: tuple[float, ...] = ()
    layer: str = ""
    features: tuple[int, ...] = ()
    pixel_size: float = 0.0


@dataclass(frozen=True)
class RunRequest:
    """One run as the user asked for it; plain values only.

    Attributes:
        layer: Id of the raster layer in its project.
        name: Its name.
        uri: Its data source, to open it where the project lacks it.
        provider: Name of its data provider.
        area: The part of it.
        settings: The settings.
        choice: Model, adapter, device, precision.
        polygons: File of the polygons; empty for a temporary layer.
        classes: Whether a class raster was wanted.
        confidence: Whether a confidence raster was wanted.
    """

    layer: str
    name: str
    uri: str
    provider: str
    area: Area
    settings: Settings
    choice: ModelChoice
    polygons: str = ""
    classes: bool = False
    confidence: bool = False

    def to_json(self) -> str:
        """As text, for a layer's property or a file."""
        return json.dumps(dataclasses.asdict(self), default=str, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> RunRequest:
        """Read what :meth:`to_json` wrote.

        Raises:
            ConfigError: The text is something else.
        """
        try:
            values = json.loads(text)
            choice = dict(values["choice"])
            for name in ("model", "adapter"):
                choice[name] = Path(choice[name]) if choice[name] else None
            parts = {
                "area": Area(**_tuples(values["area"])),
                "settings": Settings(**_tuples(values["settings"])),
                "choice": ModelChoice(**choice),
            }
            return cls(**{**values, **parts})
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                tr("The record of this run cannot be read: choose the settings by hand.")
            ) from error


def run_record(job: SegmentJob, network: Network) -> dict[str, str]:
    """What was run, as texts by name, to be kept in the result's file."""
    info, choice = job.source.info, network.choice
    settings = {k: v for k, v in dataclasses.asdict(job.settings).items() if v is not None}
    box = job.source.extent
    return {
        "program": f"CWSAM {__version__}",
        "image": info.name,
        "size": f"{info.width} x {info.height}",
        "extent": box.toString(10),
        "crs": info.crs.name if info.crs is not None else "none",
        "area": job.request.area.kind if job.request is not None else "extent",
        "model": choice.model.stem + (f" + {choice.adapter.stem}" if choice.adapter else ""),
        "model_sha256": network.sha256,
        "device": network.predictor.plan.reason,
        "precision": choice.precision,
        "settings": json.dumps(settings),
        **_repetition(job, choice),
    }


def _repetition(job: SegmentJob, choice: ModelChoice) -> dict[str, str]:
    """What ``cwsam segment --from-record`` needs for the same run, or why it cannot be."""
    source = job.source
    file = Path(source.uri)
    if source.online or not file.is_file():
        why = tr("The image is no file of its own; run it again in QGIS.")
    elif not source.whole:
        why = tr("Only a part of the image was segmented; run it again in QGIS.")
    elif rotated_footprint(source.uri) is not None:
        why = tr("The image is rotated, which QGIS draws north-up; run it again in QGIS.")
    else:
        command = _command(file, job, choice)
        return {"command": json.dumps(command, ensure_ascii=False)}
    return {NOT_REPEATABLE: why}


def _command(file: Path, job: SegmentJob, choice: ModelChoice) -> dict[str, object]:
    """The options of the command line that say the same."""
    settings, outputs = job.settings, job.outputs
    unit = "" if settings.metric else "px"
    given = {
        "output": outputs.polygons,
        "raster": outputs.classes,
        "confidence": outputs.confidence,
        "model": choice.model,
        "adapter": choice.adapter,
    }
    return {
        "images": [str(file.resolve())],
        **{name: str(path.resolve()) for name, path in given.items() if path is not None},
        "device": choice.device,
        "precision": choice.precision,
        "tile": settings.tile,
        "overlap": settings.overlap,
        "bands": ",".join(map(str, settings.bands or default_bands(job.source.info.colours))),
        **({"classes": ",".join(map(str, settings.keep_classes))} if settings.keep_classes else {}),
        "min_area": f"{settings.min_area:g}{unit}",
        "simplify": f"{settings.simplify:g}{unit}",
        "smooth": settings.smooth,
    }


def _tuples(values: Mapping[str, object]) -> dict[str, object]:
    """JSON's lists as the tuples that they were."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
