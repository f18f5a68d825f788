"""Label polygons of a layer on the pixels of a raster.

Made on the main thread; read and burnt into pixels in a worker, which touches nothing of the
project.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable

import numpy as np
from osgeo import gdal, ogr, osr
from qgis.core import (
    QgsFeatureRequest,
    QgsGeometry,
    QgsProject,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)

from ..engine.errors import Cancelled, TrainingDataError
from ..training.finetune.labels import LabelPolygon, burn
from .compat import geometry_type, is_null, layer_geometry
from .i18n import translator
from .map_layers import choose_field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qgis.core import QgsFeature

    from ..engine.types import GeoTransform, RasterInfo, Window
    from .layer_source import LayerSource

tr = translator("label_reader")

CLASS_FIELDS = ("class_id", "class_name", "class")
"""Fields that are taken for the class where the user names none."""

_PLANE = 'LOCAL_CS["the raster\'s",UNIT["unit",1]]'
_ASK_EVERY = 500  # features between two looks at the cancel button


@dataclass(frozen=True)
class LabelFeature:
    """One labelled polygon.

    Attributes:
        value: Text of its class field; empty when it has none.
        wkb: Its outline in the raster's CRS.
        bounds: Left, upper, right and lower edge in pixels of the raster.
        key: Hash of value and outline.
    """

    value: str
    wkb: bytes
    bounds: tuple[float, float, float, float]
    key: str


@dataclass
class LabelSet:
    """The usable labels of a layer.

    Attributes:
        name: Name of the layer.
        features: The polygons.
        notices: Sentences that the user should read.
    """

    name: str
    features: list[LabelFeature]
    notices: list[str] = field(default_factory=list)

    def counts(self) -> Counter[str]:
        """How many polygons have each value of the class field."""
        return Counter(feature.value for feature in self.features)


class LabelReader:
    """Takes the polygons of a layer over, edits included.

    Attributes:
        name: Name of the layer.
        field: Name of the class field.
    """

    def __init__(self, layer: QgsVectorLayer, field_name: str, source: LayerSource) -> None:
        """Take over a layer, on the main thread.

        Args:
            layer: A polygon layer in any CRS.
            field_name: Field with the class; empty to choose by name.
            source: The raster that the labels lie on.

        Raises:
            TrainingDataError: The layer is broken or holds no polygons.
            ConfigError: It has no such field.
        """
        self.name, self._info = layer.name(), source.info
        if not layer.isValid():
            text = tr("Layer '{name}' is broken: repair its data source.")
            raise TrainingDataError(text.format(name=self.name))
        if layer_geometry(layer) != "polygon":
            text = tr("'{name}' holds no polygons: choose a polygon layer with labels.")
            raise TrainingDataError(text.format(name=self.name))
        self.field = choose_field(layer, field_name, CLASS_FIELDS)
        self._column = layer.fields().indexOf(self.field)
        self._source = QgsVectorLayerFeatureSource(layer)
        self._request = QgsFeatureRequest().setSubsetOfAttributes([self._column])
        self._notices: list[str] = []
        self._place(layer, source)

    def read(self, cancelled: Callable[[], bool] = lambda: False) -> LabelSet:
        """Read the polygons, in a worker.

        Raises:
            TrainingDataError: There is none that can be used.
            Cancelled: The user stopped.
        """
        features, mended, lost = [], 0, 0
        for number, feature in enumerate(self._source.getFeatures(self._request)):
            if number % _ASK_EVERY == 0 and cancelled():
                raise Cancelled(tr("Stopped; nothing was written."))
            geometry = feature.geometry()
            if not geometry.isNull() and not geometry.isGeosValid():
                geometry, mended = _polygons_of(geometry.makeValid()), mended + 1
            if geometry.isNull() or geometry.isEmpty():
                lost += 1
                continue
            features.append(self._labelled(feature, geometry))
        notices = list(self._notices)
        if mended:
            text = tr("{count} polygon(s) of '{name}' cross themselves: they were mended.")
            notices.append(text.format(count=mended, name=self.name))
        if lost:
            text = tr("{count} polygon(s) of '{name}' are empty or cannot be placed: left out.")
            notices.append(text.format(count=lost, name=self.name))
        if not features:
            text = tr("'{name}' has no polygon yet: draw some and give each a class.")
            raise TrainingDataError(text.format(name=self.name))
        return LabelSet(self.name, features, notices)

    def _place(self, layer: QgsVectorLayer, source: LayerSource) -> None:
        """Settle how the labels come into the raster's CRS."""
        mine, theirs = layer.crs(), source.crs
        if mine.isValid() and theirs.isValid():
            if mine != theirs:
                self._request.setDestinationCrs(theirs, QgsProject.instance().transformContext())
        elif mine.isValid() != theirs.isValid():
            lacking = self.name if theirs.isValid() else source.info.name
            text = tr("'{name}' has no coordinate reference system: that of the other is taken.")
            self._notices.append(text.format(name=lacking))

    def _labelled(self, feature: QgsFeature, geometry: QgsGeometry) -> LabelFeature:
        value, wkb = value_text(feature.attribute(self._column)), bytes(geometry.asWkb())
        box = geometry.boundingBox()
        corners = ((box.xMinimum(), box.yMaximum()), (box.xMaximum(), box.yMinimum()))
        (left, top), (right, bottom) = (_pixel(self._info.grid, x, y) for x, y in corners)
        key = hashlib.sha256(value.encode() + b"\0" + wkb).hexdigest()
        return LabelFeature(value, wkb, (left, top, right, bottom), key)


class BurntLabels:
    """Labels of any window of the raster, for :class:`~cwsam.training.finetune.labels`.

    Attributes:
        polygons: The polygons that have a class.
    """

    def __init__(self, labels: LabelSet, ids: dict[str, int | None], info: RasterInfo) -> None:
        """Take the polygons whose value means a class.

        Args:
            labels: The polygons.
            ids: Class id of each value; None leaves it out.
            info: The raster.

        Raises:
            TrainingDataError: None is left.
        """
        used = [f for f in labels.features if ids[f.value] is not None]
        if not used:
            text = tr("No polygon of '{name}' has a class that is used: look at the classes.")
            raise TrainingDataError(text.format(name=labels.name))
        self.polygons = tuple(LabelPolygon(ids[f.value], f.bounds, f.key) for f in used)
        self._wkb = [f.wkb for f in used]
        self._ids = np.array([p.class_id for p in self.polygons])
        self._bounds = np.array([p.bounds for p in self.polygons])
        self._grid = info.grid

    def __call__(self, window: Window) -> np.ndarray:
        """Class ids (h, w) uint8, 255 = unknown or disputed. Pixel centres count."""
        return burn((window.height, window.width), self._masks(window))[0]

    def disputed(self, window: Window) -> np.ndarray:
        """By class id the pixels (256,) that another class claims as well."""
        return burn((window.height, window.width), self._masks(window))[1]

    def _masks(self, window: Window) -> list[tuple[int, np.ndarray]]:
        """Each class's pixels in a window, (h, w) bool."""
        left, top, right, bottom = self._bounds.T
        near = (left < window.col + window.width) & (right > window.col)
        near &= (top < window.row + window.height) & (bottom > window.row)
        masks = []
        for class_id in np.unique(self._ids[near]):
            chosen = np.flatnonzero(near & (self._ids == class_id))
            masks.append((int(class_id), self._mask([self._wkb[i] for i in chosen], window)))
        return masks

    def _mask(self, shapes: Sequence[bytes], window: Window) -> np.ndarray:
        """Which pixel centres lie in one of the polygons, (h, w) bool."""
        grid = self._grid
        left, top = grid.apply(window.col, window.row)
        target = gdal.GetDriverByName("MEM").Create(
            "", window.width, window.height, 1, gdal.GDT_Byte
        )
        plane = osr.SpatialReference(_PLANE)  # one for both, or GDAL warns each time
        target.SetSpatialRef(plane)
        target.SetGeoTransform((left, grid.a, grid.b, top, grid.d, grid.e))
        # GDAL 3.11 gave the driver of vectors in memory another name.
        memory = gdal.GetDriverByName("Memory") or gdal.GetDriverByName("MEM")
        vectors = memory.Create("", 0, 0, 0, gdal.GDT_Unknown)
        layer = vectors.CreateLayer("labels", plane, ogr.wkbUnknown)
        for wkb in shapes:
            shape = ogr.Feature(layer.GetLayerDefn())
            shape.SetGeometry(ogr.CreateGeometryFromWkb(wkb).GetLinearGeometry())
            layer.CreateFeature(shape)
        gdal.RasterizeLayer(target, [1], layer, burn_values=[1])
        data = target.GetRasterBand(1).ReadRaster(0, 0, window.width, window.height)
        return np.frombuffer(bytes(data), np.uint8).reshape(window.height, window.width) > 0


def value_text(value: object) -> str:
    """A field's value as text: whole numbers without a point, a missing one empty."""
    if is_null(value) or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _pixel(grid: GeoTransform, x: float, y: float) -> tuple[float, float]:
    """Column and row of a place on the map."""
    determinant = grid.a * grid.e - grid.b * grid.d
    x, y = x - grid.c, y - grid.f
    return (grid.e * x - grid.b * y) / determinant, (grid.a * y - grid.d * x) / determinant


def _polygons_of(geometry: QgsGeometry) -> QgsGeometry:
    """The polygons of a mended geometry; lines and points, which have no area, go."""
    parts = [p for p in geometry.asGeometryCollection() if geometry_type(p) == "polygon"]
    return QgsGeometry.collectGeometry(parts) if parts else QgsGeometry()
