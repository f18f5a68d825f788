"""What was run: kept with the result, and enough to run it again."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..engine.errors import ConfigError
from .i18n import translator
from .network import ModelChoice
from .run_settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .job import SegmentJob
    from .network import Network

tr = translator("run_record")

PROPERTY = "cwsam/run"
"""Custom property of result layers that holds the request as JSON."""


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
    }


def _tuples(values: Mapping[str, object]) -> dict[str, object]:
    """JSON's lists as the tuples that they were."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
