"""The headless ring's outputs as real QGIS sees them."""

import shutil
import sys

import pytest
from cwsam.engine.classes import CLASSES
from qgis.core import (
    QgsCategorizedSymbolRenderer,
    QgsPalettedRasterRenderer,
    QgsProject,
    QgsProviderRegistry,
    QgsRasterLayer,
    QgsVectorLayer,
    QgsWkbTypes,
)

WRITE = """
import sys
import numpy as np
from rasterio.crs import CRS
from cwsam.engine.io.crs import describe_crs
from cwsam.engine.io.raster_sink import ClassRasterSink
from cwsam.engine.io.vector_sink import open_vector_sink
from cwsam.engine.types import ClassStrip, GeoTransform, RasterInfo
from tests.data.polygons import squares

folder = sys.argv[1]
crs = describe_crs(CRS.from_epsg(31370))
grid = GeoTransform(0.5, 0, 105000, 0, -0.5, 195100)
info = RasterInfo("in.tif", 80, 60, ("uint8",), (None,), ("gray",), grid, crs)
bare = RasterInfo("in.png", 80, 60, ("uint8",), (None,), ("gray",))
for name, source, options in (
    ("map.gpkg", info, {"metadata": {"model": "cwsam"}}),
    ("two.gpkg", info, {}),
    ("two.gpkg", info, {"layer": "second", "append": True, "language": "zh"}),
    ("pixels.gpkg", bare, {}),
    ("shape.shp", info, {}),
    ("lonlat.geojson", info, {}),
    ("flat.fgb", info, {}),
):
    with open_vector_sink(f"{folder}/{name}", source, **options) as sink:
        sink.write(squares(66))
with open_vector_sink(f"{folder}/empty.gpkg", info):
    pass
classes = (np.arange(80 * 60).reshape(60, 80) // 80 % 33).astype(np.uint8)
classes[:, :4] = 255
with ClassRasterSink(f"{folder}/classes.tif", info) as sink:
    sink.write(ClassStrip(0, classes, classes, classes))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory, headless):
    made = tmp_path_factory.mktemp("outputs")
    headless(WRITE, made)
    return made


def open_vector(path):
    layer = QgsVectorLayer(str(path), "layer", "ogr")
    assert layer.isValid(), path
    return layer


def check_style(layer, chinese=False):
    renderer = layer.renderer()
    assert isinstance(renderer, QgsCategorizedSymbolRenderer)
    assert renderer.classAttribute() == "class_id"
    categories = renderer.categories()  # its symbols live as long as this list
    got = [(int(c.value()), c.label(), c.symbol().color().name()) for c in categories]
    assert got == [(c.id, c.name_zh if chinese else c.name, c.colour) for c in CLASSES]
    assert layer.opacity() == pytest.approx(0.85)
    assert categories[5].symbol().symbolLayer(0).strokeWidth() == pytest.approx(0.1)


def colour_of(layer, class_id):
    """Fill colour that the renderer gives to a polygon of a class."""
    from qgis.core import QgsRenderContext

    feature = next(f for f in layer.getFeatures() if f["class_id"] == class_id)
    renderer, context = layer.renderer().clone(), QgsRenderContext()
    renderer.startRender(context, layer.fields())
    try:
        return renderer.symbolForFeature(feature, context).color().name()
    finally:
        renderer.stopRender(context)


def test_no_second_gdal_is_here(qgis_app):
    for name in ("rasterio", "pyogrio", "shapely"):
        assert name not in sys.modules
        with pytest.raises(ImportError, match="one process"):
            __import__(name)


@pytest.mark.parametrize("name", ["map.gpkg", "shape.shp", "lonlat.geojson", "flat.fgb"])
def test_polygons_open_with_style_fields_and_crs(qgis_app, folder, name):
    layer = open_vector(folder / name)
    lonlat = ("EPSG:4326", "OGC:CRS84")  # newer releases name the axis order too
    assert layer.crs().authid() in (lonlat if name.endswith("json") else ("EPSG:31370",))
    assert QgsWkbTypes.geometryType(layer.wkbType()) == QgsWkbTypes.GeometryType.PolygonGeometry
    fields = [f.name() for f in layer.fields() if f.name() != "fid"]
    chinese = "class_zh" if name == "shape.shp" else "class_name_zh"
    assert fields == ["class_id", "class_name", chinese, "confidence", "runner_up", "area_m2"]
    features = list(layer.getFeatures())
    assert len(features) == 66
    assert all(f.geometry().isGeosValid() for f in features)
    for feature in features:
        entry = CLASSES[feature["class_id"]]
        assert (feature["class_name"], feature[chinese]) == (entry.name, entry.name_zh)
    check_style(layer)
    assert colour_of(layer, 24) == CLASSES[24].colour


def spatial_layers(path):
    details = QgsProviderRegistry.instance().providerMetadata("ogr").querySublayers(str(path))
    return sorted(d.name() for d in details if d.wkbType() != QgsWkbTypes.Type.NoGeometry)


def all_layers(path):
    details = QgsProviderRegistry.instance().providerMetadata("ogr").querySublayers(str(path))
    return sorted(d.name() for d in details)


def test_geopackage_shows_one_layer_only(qgis_app, folder):
    assert all_layers(folder / "map.gpkg") == ["map"]
    assert spatial_layers(folder / "map.gpkg") == ["map"]


def test_appended_layer_stands_beside_the_first(qgis_app, folder):
    path = folder / "two.gpkg"
    assert spatial_layers(path) == ["second", "two"]
    check_style(open_vector(f"{path}|layername=two"))
    check_style(open_vector(f"{path}|layername=second"), chinese=True)


def test_qgis_saves_a_second_style_beside_ours(qgis_app, folder, tmp_path):
    path = shutil.copy(folder / "map.gpkg", tmp_path / "map.gpkg")
    layer = open_vector(path)
    count, ids, names, _, _ = layer.listStylesInDatabase()
    assert (count, len(ids), names) == (1, 1, ["land cover"])
    failure = layer.saveStyleToDatabase("mine", "changed by the user", False, "")
    assert not failure
    assert sorted(layer.listStylesInDatabase()[2]) == ["land cover", "mine"]
    check_style(open_vector(path))


def test_empty_layer_is_styled(qgis_app, folder):
    layer = open_vector(folder / "empty.gpkg")
    assert layer.featureCount() == 0
    assert layer.crs().authid() == "EPSG:31370"
    check_style(layer)


def test_pixel_coordinates_have_no_crs_on_earth(qgis_app, folder):
    layer = open_vector(folder / "pixels.gpkg")
    assert layer.crs().authid() == ""
    assert layer.featureCount() == 66


def test_class_raster_opens_with_palette_and_names(qgis_app, folder):
    layer = QgsRasterLayer(str(folder / "classes.tif"), "classes")
    assert layer.isValid()
    assert layer.crs().authid() == "EPSG:31370"
    assert isinstance(layer.renderer(), QgsPalettedRasterRenderer)
    got = [(int(c.value), c.label, c.color.name()) for c in layer.renderer().classes()]
    assert got == [(c.id, c.name, c.colour) for c in CLASSES]
    assert layer.dataProvider().sourceNoDataValue(1) == 255


def test_class_raster_without_the_style_file_keeps_its_colours(qgis_app, folder):
    (folder / "classes.qml").rename(folder / "unused.qml")
    layer = QgsRasterLayer(str(folder / "classes.tif"), "classes")
    (folder / "unused.qml").rename(folder / "classes.qml")
    assert isinstance(layer.renderer(), QgsPalettedRasterRenderer)
    got = {int(c.value): (c.label, c.color.name()) for c in layer.renderer().classes()}
    assert got[24] == ("water", CLASSES[24].colour)


def test_layers_render_in_their_colours(qgis_app, folder):
    """The map image of one polygon shows the fill of its class over white."""
    from qgis.core import QgsMapRendererSequentialJob, QgsMapSettings
    from qgis.PyQt.QtCore import QSize

    layer = open_vector(folder / "map.gpkg")
    QgsProject.instance().addMapLayer(layer)
    feature = next(f for f in layer.getFeatures() if f["class_id"] == 24)
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setExtent(feature.geometry().boundingBox())
    settings.setOutputSize(QSize(50, 50))
    settings.setDestinationCrs(layer.crs())
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    got = job.renderedImage().pixelColor(25, 25)
    wanted = [round(0.85 * part + 0.15 * 255) for part in CLASSES[24].rgb]
    assert [got.red(), got.green(), got.blue()] == pytest.approx(wanted, abs=3)
    QgsProject.instance().removeMapLayer(layer)
