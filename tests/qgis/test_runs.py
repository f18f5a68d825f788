"""Runs in a window: queue, preview, stop, resume, crash, polygons as extent."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cwsam.cwsam_qgis import pending
from cwsam.cwsam_qgis.error_details import failure_details, without_folders
from cwsam.cwsam_qgis.gui.messages import DetailsDialog
from cwsam.cwsam_qgis.gui.preview_item import PreviewItem
from cwsam.cwsam_qgis.run_record import Area, RunRequest
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from qgis.PyQt.QtWidgets import QPushButton
from tests.qgis.actions import click, message, open_panel, results, run_to_end, wait_for
from tests.qgis.support import open_layer, patches, write_raster

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def big(window, tmp_path):
    layer = open_layer(write_raster(tmp_path / "big.tif", patches(1200, 1200)), "big")
    QgsProject.instance().addMapLayer(layer)
    window.canvas.setDestinationCrs(layer.crs())
    window.canvas.setExtent(layer.extent())
    return layer


def polygons(geometries, crs="EPSG:31370"):
    layer = QgsVectorLayer(f"Polygon?crs={crs}", "parcels", "memory")
    features = []
    for geometry in geometries:
        feature = QgsFeature()
        feature.setGeometry(geometry)
        features.append(feature)
    layer.dataProvider().addFeatures(features)
    layer.updateExtents()
    QgsProject.instance().addMapLayer(layer)
    return layer


def shapes(layer):
    return sorted((bytes(f.geometry().asWkb()), f["class_id"]) for f in layer.getFeatures())


def button(window, text):
    found = window.bar.currentItem().findChildren(QPushButton)
    return next(one for one in found if one.text() == text)


def previews(window):
    return [item for item in window.canvas.scene().items() if isinstance(item, PreviewItem)]


def test_runs_wait_for_each_other(qgis_app, window, plugin, image):
    panel = open_panel(plugin, window)
    click(panel.bar.button)
    panel.advanced.min_area.setValue(60)
    click(panel.bar.button)
    click(panel.bar.button)
    assert len(panel.run_control.waiting) == 2
    assert panel.bar.queue_label.isVisible()
    assert "town" in panel.bar.queue_label.text()
    assert "queue" in panel.bar.button.text()
    wait_for(lambda: panel.run_control.task is None)
    assert len({layer.source() for layer in results()}) == 3
    assert not panel.bar.queue_label.isVisible()
    assert panel.bar.button.text() == "&Segment"


def test_the_queue_can_be_emptied_and_a_stop_begins_the_next(qgis_app, window, plugin, big, image):
    panel = open_panel(plugin, window)
    panel.input.set_layers([big])
    panel._estimate()
    click(panel.bar.button)
    panel.input.set_layers([image])
    click(panel.bar.button)
    wait_for(lambda: panel.bar.progress.value() > 0)
    click(panel.bar.cancel_button)
    wait_for(lambda: panel.run_control.task is None)
    (layer,) = results()
    assert layer.name().startswith("town")
    click(panel.bar.button)
    click(panel.bar.button)
    click(panel.bar.queue_clear)
    assert not panel.run_control.waiting
    wait_for(lambda: panel.run_control.task is None)
    assert len(results()) == 2


def test_the_same_file_is_not_written_twice_at_a_time(qgis_app, window, plugin, image, tmp_path):
    panel = open_panel(plugin, window)
    panel.output.polygons.setFilePath(str(tmp_path / "map.gpkg"))
    click(panel.bar.button)
    click(panel.bar.button)
    assert "under way" in message(window)
    assert not panel.run_control.waiting
    wait_for(lambda: panel.run_control.task is None)


def test_finished_strips_are_shown_in_their_colours_and_place(qgis_app, window, plugin, big):
    panel = open_panel(plugin, window)
    click(panel.bar.button)
    wait_for(lambda: previews(window) and previews(window)[0].rows > 300)
    (item,) = previews(window)
    place = item._place()
    left, top = place.map(0.0, 0.0)
    corner = item.toCanvasCoordinates(big.extent().center())
    right, bottom = place.map(float(item._width), float(item._height))
    assert (left + right) / 2 == pytest.approx(corner.x(), abs=1)
    assert (top + bottom) / 2 == pytest.approx(corner.y(), abs=1)
    picture = window.canvas.grab().toImage()
    seen = {picture.pixelColor(int(left + 3 + 7 * n), int(top + 3)).alpha() for n in range(20)}
    assert seen == {255}
    colours = {item._image.pixelColor(x, 5).name() for x in range(0, item._width, 9)}
    assert len(colours) > 1
    window.canvas.setDestinationCrs(QgsCoordinateReferenceSystem.fromEpsgId(3857))
    assert item._place().map(0.0, 0.0) != (left, top)
    click(panel.bar.cancel_button)
    wait_for(lambda: panel.run_control.task is None)
    assert not previews(window)


def test_a_stopped_run_goes_on_with_the_same_result(qgis_app, window, plugin, big, tmp_path):
    panel = open_panel(plugin, window)
    panel.output.polygons.setFilePath(str(tmp_path / "whole.gpkg"))
    run_to_end(panel)
    panel.output.polygons.setFilePath(str(tmp_path / "resumed.gpkg"))
    click(panel.bar.button)
    wait_for(lambda: panel.bar.progress.value() > 30)
    click(panel.bar.cancel_button)
    wait_for(lambda: panel.run_control.task is None)
    assert "goes on where it was" in message(window)
    assert not (tmp_path / "resumed.gpkg").exists()
    first = []
    panel.run_control.progressed.connect(lambda percent, _: first.append(percent))
    run_to_end(panel)
    assert min(p for p in first if p > 0) > 15, "the first rows are not computed again"
    message(window)
    click(button(window, "Details"))
    (dialog,) = window.window.findChildren(DetailsDialog)
    assert "An interrupted run of 'big' was found" in dialog.edit.toPlainText()
    one, other = (QgsVectorLayer(str(tmp_path / f"{n}.gpkg"), n, "ogr")
                  for n in ("whole", "resumed"))  # fmt: skip
    assert shapes(one) == shapes(other)


def test_stopping_takes_less_than_a_tile(qgis_app, window, plugin, image, monkeypatch):
    """The network asks between its blocks: a stop in the first one keeps out the second."""
    import torch

    panel = open_panel(plugin, window)
    entered = []

    def slow(module, arguments):
        entered.append(module)
        if len(entered) == 1:
            panel.run_control.task.cancel()

    from cwsam.engine.models.image_encoder import ImageEncoder

    original = ImageEncoder.encode

    def encode(self, *arguments, **keywords):
        hooks = [block.register_forward_hook(lambda m, i, o: slow(m, i)) for block in self.blocks]
        try:
            return original(self, *arguments, **keywords)
        finally:
            for hook in hooks:
                hook.remove()

    monkeypatch.setattr(ImageEncoder, "encode", encode)
    click(panel.bar.button)
    wait_for(lambda: panel.run_control.task is None)
    assert len(entered) == 1
    assert isinstance(entered[0], torch.nn.Module)
    assert "Stopped" in message(window)


def test_unloading_the_plugin_stops_the_run_and_leaves_nothing(qgis_app, window, plugin, big):
    panel = open_panel(plugin, window)
    click(panel.bar.button)
    wait_for(lambda: panel.bar.progress.value() > 0)
    task = panel.run_control.task
    plugin.unload()
    assert task.status() not in (task.TaskStatus.Running, task.TaskStatus.Queued)
    assert not previews(window)
    assert not list(pending.runs_folder().glob("*.json"))
    plugin.initGui()


def test_polygons_in_another_crs_cut_the_map(qgis_app, window, plugin, image):
    circle = QgsGeometry.fromWkt("POINT(150040 169976)").buffer(20, 64)
    other = QgsGeometry.fromRect(QgsRectangle(150000, 169990, 150004, 169996))
    change = QgsCoordinateTransform(
        image.crs(), QgsCoordinateReferenceSystem.fromEpsgId(4326), QgsProject.instance()
    )
    moved = []
    for geometry in (circle, other):
        copy = QgsGeometry(geometry)
        copy.transform(change)
        moved.append(copy)
    layer = polygons(moved, "EPSG:4326")
    layer.selectByIds([next(layer.getFeatures()).id()])
    panel = open_panel(plugin, window)
    panel.input.area.choose("polygons")
    assert panel.input.area.selected.isChecked()
    assert panel.input.area.polygons.isVisible()
    panel._estimate()
    (grid,) = panel.input.grids()
    assert 80 <= grid.info.width <= 83
    panel.advanced.simplify.setValue(0)
    panel.advanced.min_area.setValue(0)
    run_to_end(panel)
    (found,) = [r for r in results() if r != layer]
    area = sum(f.geometry().area() for f in found.getFeatures())
    assert area == pytest.approx(circle.area(), rel=0.01)
    whole = QgsGeometry.unaryUnion([f.geometry() for f in found.getFeatures()])
    assert whole.symDifference(circle).area() < 0.03 * circle.area()
    panel.input.area.selected.setChecked(False)
    panel._estimate()
    run_to_end(panel)
    (both,) = [r for r in results() if r not in (layer, found)]
    area = sum(f.geometry().area() for f in both.getFeatures())
    assert area == pytest.approx(circle.area() + other.area(), rel=0.01)


def test_a_wanted_polygon_layer_that_lacks_polygons_is_said(qgis_app, window, plugin, image):
    panel = open_panel(plugin, window)
    panel.input.area.choose("polygons")
    panel._estimate()
    assert "no polygon layer" in panel.bar.estimate.text()
    assert not panel.bar.button.isEnabled()
    polygons([])
    panel._estimate()
    assert "holds no polygon" in panel.bar.estimate.text()
    panel.input.area.selected.setChecked(True)
    panel._estimate()
    assert "is selected" in panel.bar.estimate.text()


def test_a_drawn_rectangle_in_the_projects_crs(qgis_app, window, plugin, image):
    panel = open_panel(plugin, window)
    panel.input.area.choose("drawn")
    crs = QgsCoordinateReferenceSystem.fromEpsgId(4326)
    change = QgsCoordinateTransform(image.crs(), crs, QgsProject.instance())
    box = change.transformBoundingBox(QgsRectangle(150010, 169960, 150030, 169970))
    panel.input.area.drawn.setOutputExtentFromUser(box, crs)
    panel._estimate()
    run_to_end(panel)
    extent = results()[0].extent()
    assert extent.contains(QgsRectangle(150010, 169960, 150030, 169970))
    assert extent.width() < 22


def test_a_project_in_another_crs_gets_its_layer_in_place(qgis_app, window, plugin, image):
    window.canvas.setDestinationCrs(QgsCoordinateReferenceSystem.fromEpsgId(3857))
    window.canvas.setExtent(
        QgsCoordinateTransform(
            image.crs(), window.canvas.mapSettings().destinationCrs(), QgsProject.instance()
        ).transformBoundingBox(image.extent())
    )
    panel = open_panel(plugin, window)
    panel.input.area.choose("visible")
    panel._estimate()
    run_to_end(panel)
    (layer,) = results()
    assert layer.crs() == image.crs()
    assert layer.extent() == image.extent()


def test_one_bad_layer_does_not_stop_the_others(qgis_app, window, plugin, image, tmp_path):
    bad = open_layer(write_raster(tmp_path / "bad.tif", patches(seed=9)), "bad")
    QgsProject.instance().addMapLayer(bad)
    panel = open_panel(plugin, window)
    panel.set_layers([bad, image])
    panel.output.polygons.setFilePath(str(tmp_path / "map.gpkg"))
    (tmp_path / "map_bad.gpkg").mkdir()
    panel._estimate()
    run_to_end(panel)
    (layer,) = results()
    assert layer.name().startswith("town")
    text = message(window)
    assert "1 of 2 layers" in text
    assert "is a folder" in text


CRASH = """
import os, sys
from pathlib import Path
from qgis.core import QgsApplication
application = QgsApplication([], True, sys.argv[1])
application.initQgis()
from cwsam.cwsam_qgis.pending import PendingRun
from cwsam.cwsam_qgis.run_record import RunRequest
note = PendingRun(RunRequest.from_json(Path(sys.argv[2]).read_text()))
os._exit(9)
"""


def test_a_run_that_a_crash_cut_off_is_offered_again(
    qgis_app, window, plugin, image, tmp_path, tiny_model
):
    from qgis.core import QgsApplication

    panel = open_panel(plugin, window)
    panel.advanced.min_area.setValue(33)
    source = panel.input.source_of(image)
    outputs = panel.output.outputs(["town"])[0]
    request = panel._request(image, source, panel._settings(), outputs)
    assert RunRequest.from_json(request.to_json()) == request
    (tmp_path / "request.json").write_text(request.to_json(), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / ".link"), str(ROOT)])}
    died = subprocess.run(
        [sys.executable, "-c", CRASH, QgsApplication.qgisSettingsDirPath(),
         str(tmp_path / "request.json")],
        env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert died.returncode == 9, died.stderr
    plugin.unload()
    plugin.initGui()
    plugin.open_dock()
    panel = plugin.panel
    panel.advanced.min_area.setValue(1)
    assert "cut off" in message(window)
    click(button(window, "Resume"))
    wait_for(lambda: panel.run_control.task is None and results())
    assert panel.advanced.min_area.value() == 33
    assert not list(pending.runs_folder().glob("*.json"))


def test_a_run_under_way_is_not_offered(qgis_app, tiny_model):
    request = RunRequest("id", "town", "/x.tif", "gdal", Area(), *_settings(tiny_model))
    note = pending.PendingRun(request)
    assert pending.take_interrupted() == []
    note.end()
    assert pending.take_interrupted() == []


def _settings(model):
    from cwsam.cwsam_qgis.network import ModelChoice
    from cwsam.cwsam_qgis.run_settings import Settings

    return Settings(keep_classes=(1, 2)), ModelChoice(model)


def test_details_name_no_folder_of_the_user(qgis_app):
    home = str(Path.home())
    text = failure_details(
        f'File "{home}/.local/share/QGIS/python/plugins/cwsam/engine/pipeline.py", line 5\n'
        f"OutputError: /srv/secret-project/annika/map.gpkg cannot be written\n"
        r"C:\Users\annika\Documents\in.tif is gone" + f"\n{home}/maps/x.tif"
    )
    assert "annika" not in text
    assert "secret" not in text
    assert home not in text
    assert "engine/pipeline.py" in text
    assert "map.gpkg" in text
    assert "in.tif" in text
    assert "QGIS" in text
    assert without_folders("nothing here, 3/4 of it") == "nothing here, 3/4 of it"
