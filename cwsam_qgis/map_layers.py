"""Class rasters and polygon layers of the project as pixels of any grid; sample points on it.

Made on the main thread; read in a worker, which touches nothing of the project.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from osgeo import gdal, ogr, osr
from qgis.core import (
    QgsCoordinateTransform,
    QgsCsException,
    QgsFeatureRequest,
    QgsProject,
    QgsRasterLayer,
    QgsRectangle,
    QgsVectorLayer,
    QgsVectorLayerFeatureSource,
)

from ..engine.errors import ConfigError, RasterError, TrainingDataError
from ..engine.pixel_grid import PixelGrid
from ..engine.types import NODATA_CLASS, GeoTransform
from ..training.map_strips import ReferencePoints
from ..training.sample_points import RECORDED, REF_CLASS
from .compat import gdal_result, is_null, layer_geometry
from .i18n import translator

if TYPE_CHECKING:
    from qgis.core import QgsCoordinateReferenceSystem, QgsMapLayer

    from ..engine.types import Window
    from ..training.class_values import ClassValues

tr = translator("map_layers")

_TYPES = {
    gdal.GDT_Byte: np.uint8,
    gdal.GDT_UInt16: np.uint16,
    gdal.GDT_Int16: np.int16,
    gdal.GDT_UInt32: np.uint32,
    gdal.GDT_Int32: np.int32,
    gdal.GDT_Float32: np.float32,
    gdal.GDT_Float64: np.float64,
}
# Types of newer releases: 64 bits came with GDAL 3.5, signed bytes with 3.7.
_TYPES |= {
    getattr(gdal, name): kind
    for name, kind in (
        ("GDT_Int64", np.int64), ("GDT_UInt64", np.uint64), ("GDT_Int8", np.int8),
    )
    if hasattr(gdal, name)
}  # fmt: skip
_CLASS_FIELDS = ("class_id", "class_name", "class")
_REFERENCE_FIELDS = (REF_CLASS, "reference", *_CLASS_FIELDS)
MOST_VALUES = 1000
"""Different pixel values after which a raster is not looked through any further."""

_ANY_PLANE = "EPSG:3857"  # stands for "some plane" where neither layer has a CRS


class RasterMap:
    """A raster layer of class ids.

    Attributes:
        name: Name of the layer.
        grid: The pixels that are read: its own, or those of :meth:`put_on`.
    """

    def __init__(self, layer: QgsRasterLayer, values: ClassValues) -> None:
        """Take over a layer.

        Args:
            layer: A raster layer of one band, a file.
            values: Makes class ids of its pixels.

        Raises:
            RasterError: It is broken, a picture, or comes from a server.
        """
        self.name, self._values = layer.name(), values
        if not layer.isValid() or layer.providerType() != "gdal":
            text = tr("Layer '{name}' is no raster file: export it as GeoTIFF and take that.")
            raise RasterError(text.format(name=self.name))
        self._uri, crs = layer.source(), layer.crs()
        self._file: gdal.Dataset | None = None
        file = self._open()
        alpha = gdal.GCI_AlphaBand
        bands = [file.GetRasterBand(n + 1) for n in range(file.RasterCount)]
        if sum(band.GetColorInterpretation() != alpha for band in bands) != 1:
            text = tr("Layer '{name}' has {count} bands: take a class raster, which has one.")
            raise RasterError(text.format(name=self.name, count=len(bands)))
        placed = file.GetGeoTransform(can_return_null=True)
        transform = None
        if placed is not None:
            c, a, b, f, d, e = placed
            transform = GeoTransform(a, b, c, d, e, f)
        self._own = PixelGrid(file.RasterXSize, file.RasterYSize, transform, crs)
        self.grid = self._own

    def put_on(self, grid: PixelGrid) -> None:
        """Read on another grid from now on, by nearest neighbour.

        Raises:
            RasterError: Nothing says where its pixels lie on that grid.
        """
        own = self._own
        if own.transform is None or grid.transform is None:
            if (own.width, own.height) != (grid.width, grid.height):
                text = tr(
                    "'{name}' cannot be laid over the map: one of them has no georeference, and "
                    "their sizes differ. Georeference it first."
                )
                raise RasterError(text.format(name=self.name))
            return
        self.grid = grid

    def read(self, strip: Window) -> np.ndarray:
        """Class ids (h, w) uint8 of a strip of the grid; 255 = none.

        Raises:
            RasterError: The file is damaged or gone.
        """
        if self._file is None:
            self._file = self._open()
        if self.grid is self._own:
            pixels, valid = self._window(self._file.GetRasterBand(1), strip)
        else:
            pixels, valid = self._warped(strip)
        if pixels.dtype.kind == "f":
            valid &= np.isfinite(pixels)
        return self._values.of_pixels(pixels, valid, self.name)

    def foreign(self) -> list[str]:
        """The pixel values that name no class."""
        file, found = self._file or self._open(), set()
        for strip in self._own.strips():
            pixels, valid = self._window(file.GetRasterBand(1), strip)
            values = np.unique(pixels[valid])
            if values.dtype.kind == "f":
                values = values[np.isfinite(values) & (values % 1 == 0)]
            found.update(values.tolist())
            if len(found) > MOST_VALUES:
                break
        return self._values.foreign(found)

    def close(self) -> None:
        """Close the file."""
        self._file = None

    def _open(self) -> gdal.Dataset:
        file = gdal_result(gdal.Open, self._uri)
        if file is None:
            text = tr("'{name}' cannot be read: is its file still there?")
            raise RasterError(text.format(name=self.name))
        return file

    def _window(self, band: gdal.Band, strip: Window) -> tuple[np.ndarray, np.ndarray]:
        box = (strip.col, strip.row, strip.width, strip.height)
        return self._plane(band, box), self._plane(band.GetMaskBand(), box) > 0

    def _plane(self, band: gdal.Band, box: tuple[int, int, int, int]) -> np.ndarray:
        kind = _TYPES.get(band.DataType)
        data = None if kind is None else gdal_result(band.ReadRaster, *box)
        if data is None:
            text = tr("'{name}' is damaged or holds no class numbers: export it again.")
            raise RasterError(text.format(name=self.name))
        return np.frombuffer(data, kind).reshape(box[3], box[2])

    def _warped(self, strip: Window) -> tuple[np.ndarray, np.ndarray]:
        """The strip by nearest neighbour; an alpha band says where there are pixels."""
        kind = self._file.GetRasterBand(1).DataType
        target = gdal.GetDriverByName("MEM").Create("", strip.width, strip.height, 2, kind)
        target.SetGeoTransform(_gdal_order(self.grid.strip_transform(strip)))
        target.GetRasterBand(2).SetColorInterpretation(gdal.GCI_AlphaBand)
        own, there = (_wkt(crs) for crs in (self._own.crs, self.grid.crs))
        target.SetProjection(there or own or self._file.GetProjection())
        done = gdal_result(
            gdal.Warp,
            target,
            self._file,
            srcSRS=own or there or _ANY_PLANE,
            dstSRS=there or own or _ANY_PLANE,
            resampleAlg="near",
            errorThreshold=0,
        )
        if not done:
            text = tr("'{name}' cannot be brought onto the map's pixels: check the CRS of both.")
            raise RasterError(text.format(name=self.name))
        whole = (0, 0, strip.width, strip.height)
        planes = [self._plane(target.GetRasterBand(n), whole) for n in (1, 2)]
        return planes[0], planes[1] > 0


class VectorMap:
    """Polygons with a class; where they overlap the later one counts.

    Attributes:
        name: Name of the layer.
        crs: Its CRS.
        extent: In its CRS.
        grid: The pixels they are drawn on, once :meth:`put_on` was called.
    """

    def __init__(self, layer: QgsVectorLayer, field: str, values: ClassValues) -> None:
        """Take over a layer, edits included.

        Args:
            layer: A polygon or point layer.
            field: Attribute that holds the class; empty to choose by name.
            values: Makes class ids of its values.

        Raises:
            TrainingDataError: The layer is broken.
            ConfigError: It has no such field.
        """
        self.name = layer.name()
        if not layer.isValid():
            text = tr("Layer '{name}' is broken: repair its data source.")
            raise TrainingDataError(text.format(name=self.name))
        self.crs, self.extent = layer.crs(), layer.extent()
        self.is_points = layer_geometry(layer) == "point"
        if layer_geometry(layer) not in ("point", "polygon"):
            text = tr("Layer '{name}' has neither polygons nor points: choose another.")
            raise TrainingDataError(text.format(name=self.name))
        self._names = [one.name() for one in layer.fields()]
        usual = _REFERENCE_FIELDS if self.is_points else _CLASS_FIELDS
        self._field = self._names.index(choose_field(layer, field, usual))
        self._source: QgsVectorLayerFeatureSource | None = QgsVectorLayerFeatureSource(layer)
        self._context = QgsProject.instance().transformContext()
        self._values = values
        self.grid: PixelGrid | None = None

    def bounds_in(
        self, crs: QgsCoordinateReferenceSystem | None
    ) -> tuple[float, float, float, float]:
        """Left, bottom, right, top in a CRS, on the main thread; infinite where it has no place."""
        box = self.extent
        if crs is not None and crs.isValid() and self.crs.isValid():
            move = QgsCoordinateTransform(self.crs, crs, self._context)
            try:
                box = move.transformBoundingBox(box)
            except QgsCsException:
                return (-math.inf, -math.inf, math.inf, math.inf)
        return box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()

    def put_on(self, grid: PixelGrid) -> None:
        """Draw on a grid from now on."""
        self.grid = grid

    def read(self, strip: Window) -> np.ndarray:
        """Class ids (h, w) uint8 of a strip of the grid; 255 = none. Pixel centres count."""
        left, bottom, right, top = self.grid.bounds(strip)
        request = self._request([self._field])
        request.setFilterRect(QgsRectangle(left, bottom, right, top))
        found = sorted(self._source.getFeatures(request), key=lambda feature: feature.id())
        shapes = []
        for feature in found:
            class_id = self._values.id_of(_plain(feature.attribute(self._field)))
            if class_id != NODATA_CLASS and feature.hasGeometry():
                shapes.append((class_id, feature.geometry().asWkb().data()))
        return _drawn(shapes, strip, self.grid.strip_transform(strip))

    def foreign(self) -> list[str]:
        """The values of the class field that name no class."""
        request = QgsFeatureRequest().setSubsetOfAttributes([self._field])
        request.setFlags(QgsFeatureRequest.Flag.NoGeometry)
        found = self._source.getFeatures(request)
        return self._values.foreign({_plain(one.attribute(self._field)) for one in found})

    def close(self) -> None:
        """Let go of the layer's data; nothing more is read."""
        self._source = None

    def points(self, grid: PixelGrid) -> ReferencePoints:
        """The layer's points as a reference on a grid."""
        self.grid = grid
        recorded = [name for name in RECORDED if name in self._names]
        extra = [self._names.index(name) for name in recorded]
        truth, xy, rest = [], [], []
        for feature in self._source.getFeatures(self._request([self._field, *extra])):
            truth.append(self._values.id_of(_plain(feature.attribute(self._field))))
            xy.append(_position(feature))
            rest.append([_plain(feature.attribute(index)) for index in extra])
        classes = np.array(truth, np.uint8)
        places = grid.places(np.array(xy, float).reshape(-1, 2))
        columns = zip(*rest) if rest else ((),) * len(recorded)
        return ReferencePoints(classes, places, dict(zip(recorded, columns)))

    def _request(self, fields: list[int]) -> QgsFeatureRequest:
        request = QgsFeatureRequest().setSubsetOfAttributes(fields)
        if self.crs.isValid() and self.grid.crs is not None and self.grid.crs.isValid():
            request.setDestinationCrs(self.grid.crs, self._context)
        return request


def open_layer(layer: QgsMapLayer, field: str, values: ClassValues) -> RasterMap | VectorMap:
    """Take over a raster or vector layer, on the main thread.

    Raises:
        CwsamError: It cannot be used.
    """
    if isinstance(layer, QgsRasterLayer):
        return RasterMap(layer, values)
    if isinstance(layer, QgsVectorLayer):
        return VectorMap(layer, field, values)
    text = tr("Layer '{name}' is neither a raster nor a vector layer: choose another.")
    raise TrainingDataError(text.format(name=layer.name()))


def choose_field(layer: QgsVectorLayer, asked: str, usual: tuple[str, ...]) -> str:
    """The class attribute of a layer.

    Raises:
        ConfigError: There is none of that name, or none of the usual ones.
    """
    names = [one.name() for one in layer.fields()]
    for name in (asked,) if asked else usual:
        if name in names:
            return name
    text = tr("Choose the field of '{name}' that holds the class.")
    raise ConfigError(text.format(name=layer.name()))


def _drawn(shapes: list[tuple[int, bytes]], strip: Window, transform: GeoTransform) -> np.ndarray:
    """Polygons on pixels, (h, w) uint8, 255 where there is none."""
    target = gdal.GetDriverByName("MEM").Create("", strip.width, strip.height, 1, gdal.GDT_Byte)
    target.SetGeoTransform(_gdal_order(transform))
    plane = osr.SpatialReference()  # one for both, or GDAL warns each time
    plane.SetFromUserInput(_ANY_PLANE)
    target.SetSpatialRef(plane)
    band = target.GetRasterBand(1)
    band.Fill(NODATA_CLASS)
    if shapes:
        memory = gdal.GetDriverByName("Memory") or gdal.GetDriverByName("MEM")
        vectors = memory.Create("", 0, 0, 0, gdal.GDT_Unknown)
        layer = vectors.CreateLayer("shapes", plane, ogr.wkbUnknown)
        layer.CreateField(ogr.FieldDefn("class", ogr.OFTInteger))
        for class_id, wkb in shapes:
            feature = ogr.Feature(layer.GetLayerDefn())
            feature.SetField(0, class_id)
            feature.SetGeometry(ogr.CreateGeometryFromWkb(wkb).GetLinearGeometry())
            layer.CreateFeature(feature)
        gdal.RasterizeLayer(target, [1], layer, options=["ATTRIBUTE=class"])
    data = band.ReadRaster(0, 0, strip.width, strip.height)
    return np.frombuffer(data, np.uint8).reshape(strip.height, strip.width)


def _gdal_order(t: GeoTransform) -> tuple[float, ...]:
    return t.c, t.a, t.b, t.f, t.d, t.e


def _wkt(crs: QgsCoordinateReferenceSystem | None) -> str:
    """WKT of a CRS; empty when unknown."""
    if crs is None or not crs.isValid():
        return ""
    return crs.toWkt(crs.WktVariant.WKT_PREFERRED_GDAL)


def _plain(value: object) -> object:
    return None if is_null(value) else value


def _position(feature) -> tuple[float, float]:
    if not feature.hasGeometry() or feature.geometry().isEmpty():
        return float("nan"), float("nan")
    point = next(feature.geometry().vertices())
    return point.x(), point.y()
