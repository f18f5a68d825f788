"""Areas of the classes of a result layer: from its run, or added up in the background."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from qgis.core import (
    QgsDistanceArea,
    QgsFeatureRequest,
    QgsProject,
    QgsVectorLayerFeatureSource,
)

from ..engine.classes import LandCoverClass
from ..engine.errors import Cancelled
from .compat import quiet_task_flags
from .georeference import describe_crs
from .i18n import translator
from .layer_legend import layer_legend
from .watched_task import Told, WatchedTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qgis.core import QgsCoordinateReferenceSystem, QgsGeometry, QgsVectorLayer

    from ..engine.types import RunSummary

tr = translator("class_areas")

PROPERTY = "cwsam/areas"
"""Custom property of result layers that holds the areas as JSON."""

EDITED = "cwsam/edited"
"""Custom property of result layers whose features were changed since their run."""

FIELDS = ("class_id", "confidence", "area_m2")
"""Fields that a layer of ours has."""

_HEADING = (
    "class_id",
    "class_name",
    "class_name_zh",
    "polygons",
    "area_m2",
    "share",
    "confidence",
)


@dataclass(frozen=True)
class AreaRow:
    """One class of a result.

    Attributes:
        entry: Class.
        polygons: Their number.
        area_m2: Square metres; NaN without CRS.
        share: Of the classified area, 0-1.
        confidence: Mean over the area, 0-1.
    """

    entry: LandCoverClass
    polygons: int
    area_m2: float
    share: float
    confidence: float

    @property
    def class_id(self) -> int:
        """Number of the class."""
        return self.entry.id


def rows_of_summary(summary: RunSummary, legend: Sequence[LandCoverClass]) -> list[AreaRow]:
    """The rows of a finished run, largest share first; without CRS pixels are what counts.

    Args:
        summary: What the run has counted.
        legend: The classes of its model.
    """
    entries = {entry.id: entry for entry in legend}
    totals = {entries[c]: total for c, total in summary.areas.items() if c in entries}
    metric = not any(math.isnan(total.area_m2) for total in totals.values())
    sizes = {c: t.area_m2 if metric else t.pixels for c, t in totals.items()}
    known = sum(sizes.values()) or 1
    rows = [
        AreaRow(c, t.polygons, t.area_m2, sizes[c] / known, t.confidence_sum / max(1, t.pixels))
        for c, t in totals.items()
    ]
    return sorted(rows, key=lambda row: -row.share)


def to_json(rows: Sequence[AreaRow]) -> str:
    """Rows as text, for a layer's property."""
    plain = [asdict(row) | {"area_m2": _or_none(row.area_m2)} for row in rows]
    return json.dumps(plain)


def from_json(text: str) -> list[AreaRow] | None:
    """Rows from a layer's property; None where there are none."""
    try:
        rows = [{**row, "entry": LandCoverClass(**row["entry"])} for row in json.loads(text)]
        return [
            AreaRow(**{**row, "area_m2": math.nan if row["area_m2"] is None else row["area_m2"]})
            for row in rows
        ]
    except (ValueError, TypeError, KeyError):
        return None


def to_csv(rows: Sequence[AreaRow], separator: str = ",") -> str:
    """Rows as a table for spreadsheets, with a heading."""
    lines = [list(_HEADING)]
    for row in rows:
        entry = row.entry
        area = "" if math.isnan(row.area_m2) else f"{row.area_m2:.2f}"
        confidence = "" if math.isnan(row.confidence) else f"{row.confidence:.4f}"
        numbers = (str(row.polygons), area, f"{row.share:.6f}", confidence)
        lines.append([str(entry.id), entry.name, entry.name_zh, *numbers])
    return "\n".join(separator.join(line) for line in lines) + "\n"


def is_result(layer: QgsVectorLayer) -> bool:
    """Whether a polygon layer has the fields of our results."""
    names = layer.fields().names()
    return all(name in names for name in FIELDS)


@dataclass
class AreasOutcome(Told):
    """What was added up.

    Attributes:
        rows: One a class, largest share first; none when it failed.
    """

    rows: list[AreaRow] = field(default_factory=list)


class AreasTask(WatchedTask):
    """Adds up the areas of what a layer shows, edits included, in the background."""

    outcome: AreasOutcome

    def __init__(self, layer: QgsVectorLayer, measure: bool = False) -> None:
        """Take over the layer's features.

        Args:
            layer: A result: :func:`is_result`.
            measure: Measure the polygons, because the field is older than they are.
        """
        title = tr("Areas of {name}").format(name=layer.name())
        super().__init__(title, quiet_task_flags(), AreasOutcome())
        self._source = QgsVectorLayerFeatureSource(layer)
        self._request = QgsFeatureRequest()
        self._ruler = _Ruler(layer.crs()) if measure else None
        if not measure:
            self._request.setFlags(QgsFeatureRequest.Flag.NoGeometry)
        self._places = [layer.fields().indexOf(name) for name in FIELDS]
        self._request.setSubsetOfAttributes(self._places)
        self._legend = {entry.id: entry for entry in layer_legend(layer)}

    def work(self) -> None:
        """Read all features."""
        totals: dict[LandCoverClass, _Total] = {}
        for feature in self._source.getFeatures(self._request):
            if self.isCanceled():
                raise Cancelled
            class_id, confidence, area = (_number(feature[place]) for place in self._places)
            if class_id not in self._legend:
                continue
            if self._ruler is not None:
                area = self._ruler.square_metres(feature.geometry())
            total = totals.setdefault(self._legend[class_id], _Total())
            total.add(area, confidence)
        self.outcome.rows = _rows(totals)


@dataclass
class _Total:
    """What is added up of a class; polygons that users draw have no confidence."""

    polygons: int = 0
    area: float = 0.0
    sure: float = 0.0
    weight: float = 0.0

    def add(self, area: float, confidence: float) -> None:
        self.polygons += 1
        self.area += area
        if not math.isnan(confidence):
            weight = 1.0 if math.isnan(area) else area
            self.sure += confidence * weight
            self.weight += weight

    @property
    def confidence(self) -> float:
        return self.sure / self.weight if self.weight > 0 else math.nan


class _Ruler:
    """Measures polygons as the run did: in the plane where it is one, else on the ellipsoid."""

    def __init__(self, crs: QgsCoordinateReferenceSystem) -> None:
        described = describe_crs(crs)
        self._side = math.nan if described is None else described.metres_per_unit
        self._round = described is not None and described.kind != "projected"
        self._measure = QgsDistanceArea()
        self._measure.setSourceCrs(crs, QgsProject.instance().transformContext())
        self._measure.setEllipsoid(crs.ellipsoidAcronym() or "EPSG:7030")

    def square_metres(self, geometry: QgsGeometry) -> float:
        if self._round:
            return self._measure.measureArea(geometry)
        return geometry.area() * self._side**2


def _rows(totals: dict[LandCoverClass, _Total]) -> list[AreaRow]:
    known = sum(total.area for total in totals.values())
    count = sum(total.polygons for total in totals.values()) or 1
    unknown = math.isnan(known) or known <= 0
    rows = [
        AreaRow(
            entry,
            total.polygons,
            total.area,
            total.polygons / count if unknown else total.area / known,
            total.confidence,
        )
        for entry, total in totals.items()
    ]
    return sorted(rows, key=lambda row: -row.share)


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else math.nan


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
