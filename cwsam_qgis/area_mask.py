"""The polygons that bound a run: pixels outside of them become no data."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

import numpy as np
from osgeo import gdal, ogr, osr
from qgis.core import (
    QgsCoordinateTransform,
    QgsCsException,
    QgsFeatureRequest,
    QgsProject,
    QgsVectorLayerFeatureSource,
)

from ..engine.errors import RasterError
from .i18n import translator

if TYPE_CHECKING:
    from qgis.core import QgsCoordinateReferenceSystem, QgsRectangle, QgsVectorLayer

tr = translator("area_mask")

_PLANE = 'LOCAL_CS["image",UNIT["metre",1]]'
"""Of polygons and pixels alike: GDAL warns about layers without a reference system."""


class AreaMask:
    """Polygons of a layer, taken over on the main thread and burnt into pixels by a worker.

    Attributes:
        bounds: Rectangle around the polygons, in the raster's CRS.
    """

    def __init__(
        self, layer: QgsVectorLayer, crs: QgsCoordinateReferenceSystem, selected: bool
    ) -> None:
        """Take over the polygons; edits that are not saved yet count too.

        Args:
            layer: A polygon layer.
            crs: CRS of the raster; the polygons are reprojected to it.
            selected: Take the selected features only.

        Raises:
            RasterError: There are none, or they cannot be placed on the raster.
        """
        self.bounds = area_bounds(layer, crs, selected)
        context = QgsProject.instance().transformContext()
        self._source: QgsVectorLayerFeatureSource | None = QgsVectorLayerFeatureSource(layer)
        self._request = QgsFeatureRequest().setNoAttributes()
        if selected:
            self._request.setFilterFids(layer.selectedFeatureIds())
        if layer.crs().isValid() and crs.isValid():
            self._request.setDestinationCrs(crs, context)
        self._name, self._lock = layer.name(), threading.Lock()
        self._shapes: ogr.DataSource | None = None
        self._digest = ""

    @property
    def digest(self) -> str:
        """SHA-256 of the polygons' coordinates, hexadecimal; tells areas from each other."""
        with self._lock:
            self._load()
        return self._digest

    def close(self) -> None:
        """Let go of the polygons; they are not asked any more."""
        with self._lock:
            self._shapes = self._source = None

    def covers(self, box: QgsRectangle, width: int, height: int) -> np.ndarray:
        """Which pixel centres of a north-up grid over ``box`` lie inside, (h, w) bool.

        Raises:
            RasterError: The polygons cannot be read or reprojected.
        """
        pixels = gdal.GetDriverByName("MEM").Create("", width, height, 1, gdal.GDT_Byte)
        step_x, step_y = box.width() / width, box.height() / height
        pixels.SetProjection(_PLANE)
        pixels.SetGeoTransform((box.xMinimum(), step_x, 0, box.yMaximum(), 0, -step_y))
        with self._lock:
            self._load()
            shapes = self._shapes.GetLayer(0)
            shapes.SetSpatialFilterRect(
                box.xMinimum(), box.yMinimum(), box.xMaximum(), box.yMaximum()
            )
            gdal.RasterizeLayer(pixels, [1], shapes, burn_values=[1])
        burnt = pixels.GetRasterBand(1).ReadRaster(0, 0, width, height)
        return np.frombuffer(bytes(burnt), np.uint8).reshape(height, width) > 0

    def _load(self) -> None:
        """Read the polygons once, in the worker that needs them first."""
        if self._shapes is not None:
            return
        shapes = _memory_file()
        layer = shapes.CreateLayer("area", osr.SpatialReference(_PLANE), ogr.wkbUnknown)
        digest = hashlib.sha256()
        for feature in self._source.getFeatures(self._request):
            geometry = feature.geometry()
            if geometry.isNull():
                continue
            wkb = bytes(geometry.asWkb())
            digest.update(wkb)
            shape = ogr.Feature(layer.GetLayerDefn())
            # GDAL burns no pixel of polygons with curved edges.
            shape.SetGeometry(ogr.CreateGeometryFromWkb(wkb).GetLinearGeometry())
            layer.CreateFeature(shape)
        if not layer.GetFeatureCount():
            raise RasterError(_nothing(self._name))
        self._shapes, self._digest = shapes, digest.hexdigest()


def area_bounds(
    layer: QgsVectorLayer, crs: QgsCoordinateReferenceSystem, selected: bool
) -> QgsRectangle:
    """The rectangle around a layer's polygons, in another CRS.

    Raises:
        RasterError: There are none, or they cannot be placed on the raster.
    """
    if selected and not layer.selectedFeatureCount():
        text = tr("No polygon is selected in '{name}': select some, or take them all.")
        raise RasterError(text.format(name=layer.name()))
    if not layer.isValid() or layer.featureCount() == 0:
        raise RasterError(_nothing(layer.name()))
    bounds = layer.boundingBoxOfSelected() if selected else layer.extent()
    transform = QgsCoordinateTransform(layer.crs(), crs, QgsProject.instance())
    try:
        return transform.transformBoundingBox(bounds)
    except QgsCsException as error:
        text = tr("The polygons of '{name}' cannot be placed on the image: check both layers' CRS.")
        raise RasterError(text.format(name=layer.name())) from error


def _memory_file():
    """An empty vector file in memory; GDAL 3.11 gave the driver another name."""
    driver = ogr.GetDriverByName("Memory")
    if driver is not None:
        return driver.CreateDataSource("area")
    return gdal.GetDriverByName("MEM").Create("", 0, 0, 0, gdal.GDT_Unknown)


def _nothing(name: str) -> str:
    return tr("'{name}' holds no polygon to cut the image with: choose another layer.").format(
        name=name
    )
