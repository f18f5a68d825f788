"""Pixels that are none: beside rasters that QGIS warps, and beside polygons of any kind."""

import math

import numpy as np
import pytest
from cwsam.cwsam_qgis.area_mask import AreaMask
from cwsam.cwsam_qgis.layer_source import LayerSource
from cwsam.engine.types import Window
from osgeo import gdal, osr
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsGeometry,
    QgsRectangle,
    QgsVectorLayer,
)
from tests.qgis.support import open_layer, write_raster

_WIDTH, _HEIGHT = 400, 250
_TURN = math.radians(30)


def place(col, row):
    """Where a pixel of a crooked image lies, in UTM."""
    x = 500000 + col * math.cos(_TURN) - row * math.sin(_TURN) + 0.0005 * col * row
    return x, 5500000 - (col * math.sin(_TURN) + row * math.cos(_TURN))


def points():
    corners = [(col, row) for col in (0, _WIDTH) for row in (0, _HEIGHT)]
    return [gdal.GCP(*place(*one), 0, *one) for one in (*corners, (100, 50))]


def coefficients(**given):
    return " ".join(str(given.get(f"k{number}", 0)) for number in range(20))


RPC = {
    "LINE_OFF": "125", "SAMP_OFF": "200", "LINE_SCALE": "125", "SAMP_SCALE": "200",
    "LAT_OFF": "45", "LONG_OFF": "7", "LAT_SCALE": "0.01", "LONG_SCALE": "0.01",
    "HEIGHT_OFF": "300", "HEIGHT_SCALE": "500",
    "LINE_NUM_COEFF": coefficients(k1=0.3, k2=-0.9, k3=0.2), "LINE_DEN_COEFF": coefficients(k0=1),
    "SAMP_NUM_COEFF": coefficients(k1=0.9, k2=0.3, k3=0.1), "SAMP_DEN_COEFF": coefficients(k0=1),
}  # fmt: skip


@pytest.fixture(params=["GCPs", "RPCs"])
def crooked(request, qgis_app, tmp_path):
    """A raster without a black pixel that QGIS warps."""
    pixels = np.full((3, _HEIGHT, _WIDTH), 120, np.uint8)
    path = write_raster(tmp_path / "a.tif", pixels, epsg=None, grid=None)
    file = gdal.Open(str(path), gdal.GA_Update)
    if request.param == "GCPs":
        crs = osr.SpatialReference()
        crs.ImportFromEPSG(32632)
        file.SetGCPs(points(), crs.ExportToWkt())
    else:
        file.SetMetadata(RPC, "RPC")
    del file
    return open_layer(path)


def test_the_wedges_beside_a_warped_raster_are_no_data(crooked):
    source = LayerSource(crooked)
    info = source.info
    pixels, valid = source.read(Window(0, 0, info.width, info.height), (1, 2, 3))
    black = (pixels == 0).all(axis=0)
    assert 0.25 < black.mean() < 0.6
    assert (valid == ~black).all()
    small, seen = source.read_decimated(100, (1,))
    assert (seen == (small[0] > 0)).all()


def test_parts_of_a_warped_raster_have_the_same_wedges(crooked):
    whole = crooked.extent()
    middle, width, height = whole.center(), whole.width() / 4, whole.height() / 4
    box = QgsRectangle(whole.xMinimum(), middle.y() - height, middle.x() + width, middle.y())
    source = LayerSource(crooked, box)
    found = 0
    for row in range(0, source.info.height - 10, 10):
        window = Window(3, row, source.info.width - 7, 10)
        pixels, valid = source.read(window, (2,))
        assert (valid == (pixels[0] > 0)).all()
        found += int((~valid).sum())
    assert found


@pytest.mark.parametrize(
    "wkt",
    [
        "CurvePolygon (CircularString (10 50, 50 90, 90 50, 50 10, 10 50))",
        "MultiSurface (CurvePolygon (CircularString (10 50, 50 90, 90 50, 50 10, 10 50)))",
    ],
    ids=["polygon", "multipolygon"],
)
def test_polygons_with_curved_edges_cut_an_image(qgis_app, wkt):
    layer = QgsVectorLayer(f"{wkt.split()[0]}?crs=EPSG:3857", "ponds", "memory")
    feature = QgsFeature()
    feature.setGeometry(QgsGeometry.fromWkt(wkt))
    layer.dataProvider().addFeatures([feature])
    layer.updateExtents()
    mask = AreaMask(layer, QgsCoordinateReferenceSystem("EPSG:3857"), False)
    inside = mask.covers(QgsRectangle(0, 0, 100, 100), 100, 100)
    assert inside.sum() == pytest.approx(math.pi * 40**2, rel=0.01)
    assert inside[50, 11]
    assert not inside[15, 15]
