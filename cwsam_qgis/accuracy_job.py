"""Evaluations and samples of layers: what the dock and the algorithms both run."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qgis.core import QgsFeature, QgsFields, QgsGeometry, QgsPointXY

from ..engine.errors import ConfigError, TrainingDataError, UnknownNameError
from ..engine.pixel_grid import grid_over
from ..training.accuracy_report import accuracy_report
from ..training.accuracy_tables import matrix_path, matrix_to_csv, to_csv, to_json
from ..training.class_values import ClassValues, parse_merges, parse_table
from ..training.map_accuracy import CompareOptions, Named, compare_points, compare_strips
from ..training.map_strips import Walk, draw_sample, look_up
from ..training.sample_points import (
    MAP_CLASS,
    MAP_NAME,
    MAP_PIXELS,
    NOTE,
    NUMBER,
    PIXEL_M2,
    REF_CLASS,
)
from .compat import make_field
from .georeference import describe_crs
from .i18n import language, translator
from .map_layers import RasterMap, VectorMap, open_layer
from .staging import stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from qgis.core import QgsCoordinateReferenceSystem, QgsMapLayer

    from ..engine.pixel_grid import PixelGrid
    from ..engine.ports import Progress
    from ..training.map_accuracy import MapAccuracy
    from ..training.map_strips import DrawnSample, SampleOptions

tr = translator("accuracy_job")


@dataclass(frozen=True)
class Side:
    """One of the two layers.

    Attributes:
        layer: The layer.
        field: Class attribute of a vector layer; empty to choose by name.
        table: ``VALUE=CLASS`` pairs for foreign values, separated as :func:`split_pairs` says.
        meanings: The same as a mapping, for values of any form.
    """

    layer: QgsMapLayer
    field: str = ""
    table: str = ""
    meanings: Mapping[str, str] | None = None

    def values(self) -> ClassValues:
        """What the layer's values mean."""
        return ClassValues({**parse_table(split_pairs(self.table)), **(self.meanings or {})})


class ForeignValuesError(UnknownNameError):
    """Layers hold values that name no class.

    Attributes:
        values: All of them, as texts.
    """

    def __init__(self, message: str, values: tuple[str, ...]) -> None:
        super().__init__(message)
        self.values = values


class AccuracyJob:
    """A map and its reference, ready to be compared in a worker.

    Attributes:
        name: Name of the map.
    """

    def __init__(
        self,
        prediction: Side,
        reference: Side,
        merges: str = "",
        ignore_unclassified: bool = False,
        resolution: float = 0.0,
    ) -> None:
        """Take over the layers, on the main thread.

        Args:
            prediction: The map.
            reference: Class raster, polygons or sample points.
            merges: ``10=9`` counts class 10 as 9; pairs as :func:`split_pairs` says.
            ignore_unclassified: Leave reference pixels out where the map has no class.
            resolution: Pixel side for vector maps in units of their CRS; 0 to choose.

        Raises:
            CwsamError: A layer cannot be used.
        """
        if prediction.layer.id() == reference.layer.id():
            raise ConfigError(tr("Map and reference are the same layer: choose two."))
        self._options = CompareOptions(
            parse_merges(split_pairs(merges)), ignore_unclassified, language()
        )
        self._reference = open_layer(reference.layer, reference.field, reference.values())
        partner = self._reference if isinstance(self._reference, RasterMap) else None
        self._map, self._notices = _open_map(prediction, resolution, partner)
        self.name = self._map.name
        if not self._samples:
            _refuse_empty(self._reference)
            self._reference.put_on(self._map.grid)

    @property
    def _samples(self) -> bool:
        return isinstance(self._reference, VectorMap) and self._reference.is_points

    def run(self, progress: Progress) -> MapAccuracy:
        """Compare, in a worker.

        Raises:
            ForeignValuesError: A layer holds values that name no class.
            CwsamError: Nothing can be compared, or the user stopped it.
        """
        drawn, reference = self._map, self._reference
        named = Named(drawn.name, reference.name, unit_area(drawn.grid), self._notices)
        with _reading(drawn, reference):
            if self._samples:
                table = look_up(reference.points(drawn.grid), drawn, progress)
                return compare_points(table, self._options, named)
            strips = Walk(progress).over(drawn, reference)
            return compare_strips((both for _, *both in strips), self._options, named)


class SampleJob:
    """A map from which a stratified sample is drawn.

    Attributes:
        name: Name of the map.
        crs: CRS of the points.
    """

    def __init__(self, source: Side, options: SampleOptions, resolution: float = 0.0) -> None:
        """Take over the layer, on the main thread.

        Raises:
            CwsamError: It cannot be used.
        """
        self._map, self.notices = _open_map(source, resolution)
        self._options, self._language = options, language()
        self.name = self._map.name
        self.crs: QgsCoordinateReferenceSystem = self._map.grid.crs

    def run(self, progress: Progress) -> DrawnSample:
        """Draw, in a worker.

        Raises:
            ForeignValuesError: The map holds values that name no class.
            CwsamError: The map is empty or the points are too few, or the user stopped it.
        """
        with _reading(self._map):
            area = unit_area(self._map.grid)
            return draw_sample(self._map, self._options, progress, area)

    def features(self, sample: DrawnSample) -> Iterator[QgsFeature]:
        """The points, to be labelled."""
        columns = sample.columns(self._language).values()
        for xy, *values in zip(sample.xy(self._map.grid).tolist(), *columns):
            feature = QgsFeature()
            feature.setGeometry(QgsGeometry.fromPointXY(QgsPointXY(*xy)))
            feature.setAttributes([*values, None, None])
            yield feature


def sample_fields() -> QgsFields:
    """Attributes of sample points, in the order of :meth:`SampleJob.features`."""
    kinds = {
        NUMBER: "integer", MAP_CLASS: "integer", MAP_NAME: "text", MAP_PIXELS: "long",
        PIXEL_M2: "real", REF_CLASS: "integer", NOTE: "text",
    }  # fmt: skip
    fields = QgsFields()
    for name, kind in kinds.items():
        fields.append(make_field(name, kind, 80 if kind == "text" else 0))
    return fields


def split_pairs(text: str) -> list[str]:
    """Pairs of a text field: one a line, or separated by commas or semicolons."""
    for sign in ("\n", ";", "，", "；"):
        text = text.replace(sign, ",")
    return [pair.strip() for pair in text.split(",") if pair.strip()]


def unit_area(grid: PixelGrid) -> float | None:
    """Square metres of a pixel; None without a CRS."""
    return grid.unit_area(None if grid.crs is None else describe_crs(grid.crs))


def write_report(found: MapAccuracy, path: Path) -> None:
    """Write the HTML report.

    Raises:
        OutputError: It cannot be written.
    """
    _write(path, accuracy_report(found), "utf-8")


def write_csv(found: MapAccuracy, path: Path) -> None:
    """Write figures by class, and the counts beside them as ``_matrix.csv``.

    Raises:
        OutputError: They cannot be written.
    """
    # Spreadsheets take a CSV without the mark for the machine's own code page.
    _write(path, to_csv(found), "utf-8-sig")
    _write(matrix_path(path), matrix_to_csv(found), "utf-8-sig")


def write_json(found: MapAccuracy, path: Path) -> None:
    """Write everything for programs.

    Raises:
        OutputError: It cannot be written.
    """
    _write(path, to_json(found), "utf-8")


def _write(path: Path, text: str, coding: str) -> None:
    staging = stage(path)
    staging.path.write_text(text, encoding=coding)
    staging.commit()


@contextmanager
def _reading(*layers: RasterMap | VectorMap) -> Iterator[None]:
    """Close the layers afterwards; one unknown value makes them tell all that they hold."""
    try:
        yield
    except UnknownNameError as error:
        values = sorted({value for layer in layers for value in layer.foreign()})
        raise ForeignValuesError(str(error), tuple(values)) from error
    finally:
        for layer in layers:
            layer.close()


def _open_map(
    side: Side, resolution: float, partner: RasterMap | None = None
) -> tuple[RasterMap | VectorMap, tuple[str, ...]]:
    """Open a map on its grid: its own, its partner's, or one over its extent."""
    opened = open_layer(side.layer, side.field, side.values())
    if isinstance(opened, RasterMap):
        return opened, ()
    if opened.is_points:
        text = tr("'{name}' is no map: choose a class raster or polygons.")
        raise TrainingDataError(text.format(name=opened.name))
    _refuse_empty(opened)
    if partner is not None and not resolution:
        opened.put_on(partner.grid.within(opened.bounds_in(partner.grid.crs)))
        return opened, ()
    box = opened.extent
    bounds = (box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum())
    try:
        grid = grid_over(bounds, opened.crs if opened.crs.isValid() else None, resolution or None)
    except ValueError as error:
        text = tr("'{name}' cannot be drawn as pixels: check its extent and the pixel size.")
        raise TrainingDataError(text.format(name=opened.name)) from error
    opened.put_on(grid)
    if resolution:
        return opened, ()
    text = tr("'{name}' is compared in pixels of {side} map units.")
    return opened, (text.format(name=opened.name, side=f"{grid.transform.a:.4g}"),)


def _refuse_empty(opened: RasterMap | VectorMap) -> None:
    if isinstance(opened, VectorMap) and opened.extent.isEmpty():
        text = tr("'{name}' has no polygons: draw some, or choose another layer.")
        raise TrainingDataError(text.format(name=opened.name))
