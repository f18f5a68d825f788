"""Mistakes end in our sentences also where another plugin makes GDAL raise errors."""

import pytest
from cwsam.cwsam_qgis.georeference import describe_crs
from cwsam.cwsam_qgis.map_layers import RasterMap
from cwsam.engine.errors import RasterError
from cwsam.engine.pixel_grid import PixelGrid
from cwsam.engine.types import GeoTransform, Window
from cwsam.training.class_values import ClassValues
from osgeo import gdal, osr
from qgis.core import QgsCoordinateReferenceSystem
from tests.qgis.support import GRID, open_layer, patches, write_raster

_PLANE = (
    'ENGCRS["site",EDATUM["site"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],'
    'LENGTHUNIT["foot",0.3048]]'
)


@pytest.fixture(params=[False, True], ids=["silent", "raising"])
def raising(request, qgis_app):
    """GDAL as another plugin may leave it."""
    if not request.param:
        yield
        return
    gdal.UseExceptions()
    osr.UseExceptions()
    yield
    osr.DontUseExceptions()  # in the opposite order, or GDAL refuses
    gdal.DontUseExceptions()


def test_a_local_plane_is_described(raising):
    found = describe_crs(QgsCoordinateReferenceSystem.fromWkt(_PLANE))
    assert found.kind == "projected"
    assert found.metres_per_unit == pytest.approx(0.3048)
    assert found.semi_major_m == 6378137


def class_raster(path):
    return open_layer(write_raster(path, patches(300, 300, bands=1)), "map")


def test_a_class_raster_that_is_gone_is_refused(raising, tmp_path):
    path = tmp_path / "map.tif"
    layer = class_raster(path)
    path.unlink()
    with pytest.raises(RasterError, match="is its file still there"):
        RasterMap(layer, ClassValues())


@pytest.mark.parametrize("moved", [False, True], ids=["own grid", "other grid"])
def test_a_class_raster_that_was_cut_off_is_refused(raising, tmp_path, moved):
    path = tmp_path / "map.tif"
    layer = class_raster(path)
    path.write_bytes(path.read_bytes()[:30_000])
    opened = RasterMap(layer, ClassValues())
    if moved:
        left, side, _, top, _, _ = GRID
        there = GeoTransform(side, 0, left + side / 2, 0, -side, top)
        opened.put_on(PixelGrid(300, 300, there, layer.crs()))
    with pytest.raises(RasterError, match=r"is damaged|cannot be brought"):
        opened.read(Window(0, 0, 300, 300))
    opened.close()
