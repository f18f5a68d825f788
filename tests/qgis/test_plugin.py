"""The plugin in a real window, with real clicks."""

import sys

import cwsam
import pytest
from cwsam.cwsam_qgis import environment
from qgis.core import (
    QgsApplication,
    QgsCategorizedSymbolRenderer,
    QgsCoordinateReferenceSystem,
    QgsMapLayerLegendUtils,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtWidgets import QPushButton
from tests.qgis.actions import (
    click,
    message,
    open_panel,
    results,
    run_to_end,
    wait_for,
)
from tests.qgis.support import open_layer, patches, write_raster


def test_loads_and_unloads_without_a_trace(qgis_app, window):
    registry = QgsApplication.processingRegistry()
    children = len(window.window.children())
    for _ in range(2):
        loaded = cwsam.classFactory(window)
        loaded.initGui()
        assert registry.providerById("cwsam") is not None
        assert len(window.toolbar.actions()) == 1
        assert not window.toolbar.actions()[0].icon().pixmap(24).isNull()
        loaded.open_dock()
        loaded.unload()
        qgis_app.sendPostedEvents(None, 52)  # deferred deletes
        assert registry.providerById("cwsam") is None
        assert not window.toolbar.actions()
        assert not window.raster_menu.actions()
        assert not window.help_menu.actions()
        assert not window.options_factories
        assert not window.custom_actions
        assert len(window.window.children()) == children


def test_processing_alone_needs_no_window(qgis_app):
    loaded = cwsam.classFactory(None)
    loaded.initProcessing()
    assert QgsApplication.processingRegistry().algorithmById("cwsam:segmentraster") is not None
    loaded.unload()


def test_three_clicks_from_a_project_to_a_styled_layer(qgis_app, window, plugin, image):
    panel = open_panel(plugin, window)
    assert panel.input.layer_box.currentLayer() == image
    assert panel.input.bands.numbers() == (1, 2, 3)
    assert "160 × 96" in panel.bar.estimate.text()
    run_to_end(panel)
    (layer,) = results()
    assert layer.isTemporary()
    assert "polygons" in message(window)
    renderer = layer.renderer()
    assert isinstance(renderer, QgsCategorizedSymbolRenderer)
    assert len(renderer.categories()) == 33
    tree = QgsProject.instance().layerTreeRoot()
    order = [child.layer().name() for child in tree.children()]
    assert order == ["town – land cover", "town"]
    values = [int(c.value()) for c in renderer.categories()]
    shown = QgsMapLayerLegendUtils.legendNodeOrder(tree.findLayer(layer.id()))
    present = {f["class_id"] for f in layer.getFeatures()}
    assert {values[index] for index in shown} == present
    box = layer.extent()
    assert (box.xMinimum(), box.yMaximum()) == (150000, 170000)
    assert (box.width(), box.height()) == (80, 48)
    assert "about" in panel.bar.estimate.text()
    assert "CPU" in panel.device.text()


def test_context_action_takes_all_selected_rasters(qgis_app, window, plugin, image, tmp_path):
    second = open_layer(write_raster(tmp_path / "b.tif", patches(seed=5)), "village")
    QgsProject.instance().addMapLayer(second)
    polygons = QgsVectorLayer("Polygon?crs=EPSG:31370", "polygons", "memory")
    QgsProject.instance().addMapLayer(polygons)
    (action,) = window.actions_for(image)
    assert "Segment layer" in action.text()
    assert not window.actions_for(polygons)
    window.tree.selectAll()
    action.trigger()
    panel = plugin.panel
    assert {layer.name() for layer in panel.input.layers()} == {"town", "village"}
    assert panel.input.more_row.isVisible()
    panel.output.polygons.setFilePath(str(tmp_path / "map.gpkg"))
    panel._estimate()
    run_to_end(panel)
    assert (tmp_path / "map_town.gpkg").is_file()
    assert (tmp_path / "map_village.gpkg").is_file()
    assert len(results()) == 3


def test_part_of_the_map_with_rasters_in_a_group(qgis_app, window, plugin, image):
    panel = open_panel(plugin, window)
    panel.input.area.choose("visible")
    window.canvas.setExtent(QgsRectangle(150010, 169960, 150030, 169980))
    click(panel.output.classes)
    click(panel.output.confidence)
    panel._estimate()
    source = panel.input.source_of(image)
    assert source.info.width < 160
    run_to_end(panel)
    (group,) = [c for c in QgsProject.instance().layerTreeRoot().children() if c.nodeType() == 0]
    names = [child.layer().name() for child in group.children()]
    assert names == ["town – land cover", "town – classes", "town – confidence"]
    assert results()[0].extent() == source.extent


def test_a_raster_without_crs_gets_polygons_without_crs(qgis_app, window, plugin, tmp_path):
    layer = open_layer(write_raster(tmp_path / "bare.tif", patches(), epsg=None, grid=None))
    QgsProject.instance().addMapLayer(layer)
    window.canvas.setDestinationCrs(QgsCoordinateReferenceSystem.fromEpsgId(31370))
    panel = open_panel(plugin, window)
    assert "coordinate reference system" in panel.bar.estimate.text()
    run_to_end(panel)
    assert not results()[0].crs().isValid()
    assert results()[0].extent() == layer.extent()


def test_cancel_ends_within_a_batch_and_leaves_nothing(qgis_app, window, plugin, tmp_path):
    pixels = patches(1600, 1600)
    layer = open_layer(write_raster(tmp_path / "big.tif", pixels), "big")
    QgsProject.instance().addMapLayer(layer)
    panel = open_panel(plugin, window)
    panel.output.polygons.setFilePath(str(tmp_path / "map.gpkg"))
    click(panel.bar.button)
    wait_for(lambda: panel.bar.progress.value() > 0 or panel.run_control.task is None)
    click(panel.bar.cancel_button)
    assert not panel.bar.cancel_button.isEnabled()
    wait_for(lambda: panel.run_control.task is None)
    assert "Stopped" in message(window)
    assert not results()
    assert not list(tmp_path.glob("*map*"))
    assert panel.bar.button.isVisible()


def test_removed_raster_and_closed_project(qgis_app, window, plugin, image, tmp_path):
    panel = open_panel(plugin, window)
    click(panel.bar.button)
    QgsProject.instance().removeMapLayer(image)
    wait_for(lambda: panel.run_control.task is None)
    assert len(results()) == 1
    QgsProject.instance().removeAllMapLayers()
    layer = open_layer(tmp_path / "town.tif", "town")
    QgsProject.instance().addMapLayer(layer)
    panel._estimate()
    click(panel.bar.button)
    QgsProject.instance().clear()
    wait_for(lambda: panel.run_control.task is None)
    assert "project was closed" in message(window)
    assert not results()


def test_mistakes_end_in_sentences(qgis_app, window, plugin, image, tmp_path, monkeypatch):
    panel = open_panel(plugin, window)
    panel.output.polygons.setFilePath(str(tmp_path / "map.docx"))
    click(panel.bar.button)
    assert "has no known file extension" in message(window)
    panel.output.polygons.setFilePath(str(tmp_path / "missing" / "map.gpkg"))
    run_to_end(panel)
    assert "does not exist" in message(window)
    panel.output.polygons.setFilePath("")
    assert not panel.model.choose(tmp_path / "town.tif")
    assert "no CWSAM model" in message(window)
    assert not results()


def test_missing_and_broken_torch_end_in_a_sentence(qgis_app, window, plugin, image, monkeypatch):
    panel = open_panel(plugin, window)
    monkeypatch.setattr("cwsam.cwsam_qgis.gui.segment_panel.has_torch", lambda: False)
    click(panel.bar.button)
    assert "PyTorch" in message(window)
    assert "install" in message(window)
    buttons = [b.text() for b in window.bar.currentItem().findChildren(QPushButton)]
    assert "Details" in buttons
    (button,) = [
        b for b in window.bar.currentItem().findChildren(QPushButton) if "Install" in b.text()
    ]
    click(button)
    assert plugin.shell.dialogs["torch"].isVisible()
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "torch", None)  # an import then fails
    assert not environment.has_torch()
    with pytest.raises(environment.TorchMissingError, match="missing"):
        environment.load_torch()


def test_online_layers_need_extent_and_pixel_size(qgis_app, window, plugin):
    from qgis.core import QgsRasterLayer

    url = "type=xyz&url=file:///nowhere/%7Bz%7D/%7Bx%7D/%7By%7D.png&zmin=0&zmax=19"
    layer = QgsRasterLayer(url, "tiles", "wms")
    QgsProject.instance().addMapLayer(layer)
    window.canvas.setDestinationCrs(layer.crs())
    window.canvas.setExtent(QgsRectangle(400000, 6600000, 400200, 6600100))
    panel = open_panel(plugin, window)
    assert panel.input.area.pixel_size.isVisible()
    assert panel.input.bands.numbers() is None
    assert panel.input.area.kind.currentData() == "visible"
    info = panel.input.source_of(layer).info
    assert info.colours == ("red", "green", "blue")
    assert info.crs.kind == "web_mercator"
    panel.input.area.choose("whole")
    panel._estimate()
    assert "too many" in panel.bar.estimate.text()
    assert not panel.bar.button.isEnabled()


def test_settings_are_remembered(qgis_app, window, plugin, image):
    panel = open_panel(plugin, window)
    panel.advanced.min_area.setValue(42)
    panel.advanced.unit.setCurrentIndex(1)
    panel.advanced.remember()
    plugin.unload()
    plugin.initGui()
    plugin.open_dock()
    assert plugin.panel.advanced.min_area.value() == 42
    assert plugin.panel.advanced.settings().metric


def test_keyboard_reaches_everything_in_order(qgis_app, window, plugin, image):
    panel = open_panel(plugin, window)
    box, seen = panel.input.layer_box, []
    widget = box
    while len(seen) < 400:
        seen.append(widget)
        widget = widget.nextInFocusChain()
        if widget is box:
            break
    wanted = [box, *panel.input.bands.boxes, panel.input.area.kind, panel.model.combo,
              panel.output.classes, panel.output.confidence, panel.bar.button]  # fmt: skip
    assert [seen.index(w) for w in wanted] == sorted(seen.index(w) for w in wanted)
    assert all(w.toolTip() for w in wanted)


def test_dock_fits_a_small_laptop(qgis_app, window, plugin, image):
    panel = open_panel(plugin, window)
    assert panel.minimumSizeHint().height() < 560
    assert panel.minimumSizeHint().width() < 38 * panel.fontMetrics().averageCharWidth() + 100
