"""What goes wrong in the middle of things: the window goes on, one sentence says what it was."""

import errno
import threading
from pathlib import Path

import numpy as np
import pytest
from cwsam.cwsam_qgis.folder_task import FolderTask
from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtTest import QTest
from tests.qgis.actions import answer, click, message, open_panel, results, run_to_end, wait_for
from tests.qgis.support import open_layer, write_raster


@pytest.fixture
def result(plugin, window, image, tmp_path):
    """The tab *Result* after a run into a file."""
    panel = open_panel(plugin, window)
    panel.output.polygons.setFilePath(str(tmp_path / "map.gpkg"))
    run_to_end(panel)
    assert "polygons" in message(window)
    plugin.open_dock("results")
    shown = plugin.dock.panel("results")
    assert shown.layer() == results()[0]
    return shown


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".shp"])
def test_an_image_without_data_ends_in_a_sentence(plugin, window, image, tmp_path, suffix):
    void = write_raster(tmp_path / "void.tif", np.zeros((3, 96, 160), np.uint8), nodata=0)
    layer = open_layer(void, "void")
    QgsProject.instance().addMapLayer(layer)
    panel = open_panel(plugin, window)
    panel.set_layers([layer])
    panel.output.polygons.setFilePath(str(tmp_path / f"map{suffix}"))
    run_to_end(panel)
    assert "has no pixel to see" in message(window)
    assert not panel.bar.progress.isVisible()
    assert panel.bar.button.text() == "&Segment"


def test_a_model_that_is_gone_at_the_end_does_no_harm(
    plugin, window, image, tmp_path, tiny_model, monkeypatch
):
    panel = open_panel(plugin, window)
    click(panel.bar.button)
    gone = Path(tiny_model).with_name("elsewhere.safetensors")
    panel.run_control.task.ended.connect(lambda: Path(tiny_model).rename(gone))
    panel.run_control.task.ended.disconnect(panel.run_control._finish)
    panel.run_control.task.ended.connect(panel.run_control._finish)  # after the file has gone
    try:
        wait_for(lambda: panel.run_control.task is None)
        assert "polygons" in message(window)
        assert len(results()) == 1
    finally:
        gone.rename(tiny_model)


def test_a_failure_while_results_are_shown_leaves_the_queue_alive(
    plugin, window, image, monkeypatch
):
    from cwsam.cwsam_qgis.gui import run_control

    real, calls = run_control.add_results, []

    def fails_once(*arguments):
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("out of luck")
        return real(*arguments)

    monkeypatch.setattr(run_control, "add_results", fails_once)
    panel = open_panel(plugin, window)
    click(panel.bar.button)
    click(panel.bar.button)
    wait_for(lambda: panel.run_control.task is None)
    assert len(calls) == 2
    assert len(results()) == 1
    assert not panel.bar.progress.isVisible()


def test_a_deleted_field_takes_the_layer_off_the_list(qgis_app, result, window):
    (layer,) = results()
    layer.startEditing()
    layer.deleteAttribute(layer.fields().indexOf("area_m2"))
    QTest.qWait(500)  # the sum would have begun by now
    assert result.layer() is None
    assert result.empty.isVisible()
    layer.rollBack()
    wait_for(lambda: result.layer() == layer)
    wait_for(lambda: not result._tasks)
    assert result.table.rowCount() > 0


def test_a_full_disk_ends_an_export_in_a_sentence(result, window, tmp_path, monkeypatch):
    real, threads = Path.write_text, []

    def full(self, *arguments, **named):
        if self.suffix == ".qml":
            threads.append(threading.current_thread())
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, *arguments, **named)

    monkeypatch.setattr(Path, "write_text", full)
    result.export_to(tmp_path / "copy.shp")
    wait_for(lambda: not result._tasks)
    assert "No space left on device" in message(window)
    assert "check the free space" in message(window)
    assert threads
    assert threads[0] is not threading.main_thread()
    assert not list(tmp_path.glob("*copy*"))


def test_an_export_onto_itself_through_a_link_is_refused(result, window, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path, target_is_directory=True)
    result.export_to(link / "map.gpkg")
    assert "is the layer itself" in message(window)


def test_an_export_of_a_layer_whose_file_is_gone_ends_in_a_sentence(result, window, tmp_path):
    (tmp_path / "map.gpkg").rename(tmp_path / "elsewhere.gpkg")
    (tmp_path / "copy.geojson").write_text("{}")
    result.export_to(tmp_path / "copy.geojson")
    wait_for(lambda: not result._tasks)
    assert message(window)


def test_a_worker_never_raises_into_qt(qgis_app):
    def fail():
        raise ValueError("no such thing")

    task = FolderTask("Fail", fail)
    ended = []
    task.ended.connect(lambda: ended.append(task.outcome))
    QgsApplication.taskManager().addTask(task)
    wait_for(lambda: ended)
    assert "no such thing" in ended[0].error
    assert "ValueError" in ended[0].details


def test_a_layer_of_a_file_that_is_replaced_shows_the_new_one(plugin, window, result, tmp_path):
    (old,) = results()
    before = old.featureCount()
    panel = plugin.panel
    plugin.open_dock("segment")
    panel.output.polygons.setFilePath(str(tmp_path / "map.gpkg"))
    panel.advanced.min_area.setValue(400)
    with answer("&Replace"):
        run_to_end(panel)
    assert len(results()) == 2
    counts = {layer.featureCount() for layer in results()}
    assert len(counts) == 1
    assert counts != {before}


def test_closing_the_project_stops_a_sample(plugin, window, tmp_path, monkeypatch):
    big = np.kron(np.random.default_rng(0).choice([5, 8], (100, 100)), np.ones((30, 30)))
    layer = open_layer(write_raster(tmp_path / "classes.tif", big.astype(np.uint8)[None]), "map")
    QgsProject.instance().addMapLayer(layer)
    plugin.open_dock("evaluate")
    panel = plugin.dock.panel("evaluate")
    panel.set_layers([layer])
    panel.sample.setCollapsed(False)
    QTest.qWait(50)
    panel.sample.button.click()
    assert panel.task is not None
    QgsProject.instance().clear()
    wait_for(lambda: panel.task is None)
    assert "The project was closed" in message(window)
    assert not QgsProject.instance().mapLayers()
