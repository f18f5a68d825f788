"""The dock follows what happens to layers while it is open."""

import pytest
from cwsam.cwsam_qgis.gui.dock import EVALUATE, FINETUNE
from qgis.core import QgsFeature, QgsGeometry, QgsProject, QgsRasterLayer, QgsVectorLayer
from qgis.PyQt.QtTest import QTest
from tests.qgis.actions import message, open_panel, results, run_to_end, wait_for
from tests.qgis.labels import NAMES, label_layer, squares
from tests.qgis.support import open_layer, patches, write_raster


@pytest.fixture
def panel(qgis_app, plugin, window, image):
    return open_panel(plugin, window)


def parcels(*boxes):
    layer = QgsVectorLayer("Polygon?crs=EPSG:31370", "parcels", "memory")
    features = []
    for left, bottom, right, top in boxes:
        feature = QgsFeature()
        x, y = 150000, 169952
        box = f"{x + left} {y + bottom}, {x + right} {y + bottom}, {x + right} {y + top}, "
        feature.setGeometry(
            QgsGeometry.fromWkt(f"POLYGON(({box}{x + left} {y + top}, {x + left} {y + bottom}))")
        )
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    layer.updateExtents()
    QgsProject.instance().addMapLayer(layer)
    return layer


def test_selections_and_edits_of_the_polygons_are_followed(panel):
    layer = parcels((0, 0, 20, 20), (40, 20, 50, 30))
    first, second = (feature.id() for feature in layer.getFeatures())
    layer.selectByIds([first])
    panel.input.area.choose("polygons")
    wait_for(lambda: "40 × 40 px" in panel.bar.estimate.text())
    layer.selectByIds([second])
    wait_for(lambda: "20 × 20 px" in panel.bar.estimate.text())
    layer.removeSelection()
    wait_for(lambda: "No polygon is selected" in panel.bar.estimate.text())
    assert not panel.bar.button.isEnabled()
    panel.input.area.selected.setChecked(False)
    wait_for(lambda: "100 × 60 px" in panel.bar.estimate.text())
    layer.startEditing()
    layer.deleteFeature(first)
    wait_for(lambda: "20 × 20 px" in panel.bar.estimate.text())
    layer.rollBack()
    wait_for(lambda: "100 × 60 px" in panel.bar.estimate.text())
    QgsProject.instance().removeMapLayer(layer)
    wait_for(lambda: "no polygon layer" in panel.bar.estimate.text())


def test_a_new_name_is_followed(panel, image, tmp_path):
    other = open_layer(write_raster(tmp_path / "other.tif", patches(seed=5)), "town")
    QgsProject.instance().addMapLayer(other)
    panel.set_layers([image, other])
    panel.output.polygons.setFilePath(str(tmp_path / "map.gpkg"))
    wait_for(lambda: "Two layers are called 'town'" in panel.bar.estimate.text())
    assert not panel.bar.button.isEnabled()
    other.setName("village")
    wait_for(lambda: panel.bar.button.isEnabled())
    assert "village" in panel.input.more_label.text()
    QgsProject.instance().removeMapLayer(other)
    wait_for(lambda: not panel.input.more_row.isVisible())


def test_a_removed_layer_gives_way_to_an_image_not_to_a_result(panel, image, tmp_path):
    panel.output.classes.setChecked(True)
    panel.output.confidence.setChecked(True)
    run_to_end(panel)
    rasters = {la.name(): la for la in QgsProject.instance().mapLayers().values()
               if isinstance(la, QgsRasterLayer)}  # fmt: skip
    assert set(rasters) == {"town", "town – classes", "town – confidence"}
    assert panel.input.layer_box.count() == 1
    window_size = write_raster(tmp_path / "zoo.tif", patches(32, 48, bands=4))
    QgsProject.instance().addMapLayer(open_layer(window_size, "zoo"))
    QgsProject.instance().removeMapLayer(image)
    assert panel.input.layers()[0].name() == "zoo"
    wait_for(lambda: "48 × 32 px" in panel.bar.estimate.text())
    assert panel.input.bands.boxes[0].layer().name() == "zoo"
    QgsProject.instance().removeMapLayer(panel.input.layers()[0])
    wait_for(lambda: "Add a raster layer" in panel.bar.estimate.text())
    assert not panel.bar.button.isEnabled()


def test_a_result_is_not_segmented_on_request(panel, window):
    panel.output.classes.setChecked(True)
    run_to_end(panel)
    message(window)
    (classes,) = QgsProject.instance().mapLayersByName("town – classes")
    panel.set_layers([classes])
    assert "'town – classes' is a result itself" in message(window)
    assert panel.input.layers()[0].name() == "town"


def test_results_are_no_labels_unasked(panel, plugin):
    run_to_end(panel)
    (land_cover,) = results()
    box = plugin.dock.open(FINETUNE).input
    assert box.image().name() == "town"
    assert box.labels() is None
    labels = label_layer(squares((8, 24, 33)), NAMES)
    labels.setName("zz labels")
    QgsProject.instance().addMapLayer(labels)
    assert box.labels() is labels
    box.labels_box.setLayer(land_cover)  # corrected by hand, perhaps
    QgsProject.instance().addMapLayer(parcels((0, 0, 20, 20)))
    assert box.labels() is land_cover
    QgsProject.instance().removeMapLayer(land_cover)
    assert box.labels() is not None
    assert box.labels().name() == "parcels"
    QgsProject.instance().removeAllMapLayers()
    assert box.labels() is None
    assert box.image() is None
    QTest.qWait(400)


def test_an_evaluation_does_not_begin_with_one_layer_twice(panel, plugin):
    made = plugin.dock.open(EVALUATE)
    assert made.map.layer() is not None
    assert made.reference.layer() is not made.map.layer()
    assert not made.button.isEnabled()


def test_an_evaluation_follows_removed_layers(panel, plugin, image, tmp_path):
    other = open_layer(write_raster(tmp_path / "other.tif", patches(bands=1)), "other")
    QgsProject.instance().addMapLayer(other)
    made = plugin.dock.open(EVALUATE)
    made.map.layer_box.setLayer(image)
    made.reference.layer_box.setLayer(other)
    assert made.button.isEnabled()
    QgsProject.instance().removeMapLayer(other)
    assert not made.button.isEnabled()
    QgsProject.instance().removeMapLayer(image)
    assert not made.sample.button.isEnabled()
