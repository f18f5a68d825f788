"""Files that exist are never replaced unasked; the question is answered by clicks."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest
from cwsam.cwsam_qgis.gui.dock import EVALUATE, RESULTS
from cwsam.cwsam_qgis.output_path import refuse_precious
from cwsam.cwsam_qgis.vector_sink import VectorSink
from cwsam.engine import staging
from cwsam.engine.errors import OutputError
from qgis.core import QgsProject, QgsVectorFileWriter, QgsVectorLayer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication
from tests.qgis.actions import (
    answer,
    click,
    message,
    open_panel,
    results,
    run_to_end,
    wait_for,
)
from tests.qgis.support import open_layer, write_raster

FIELDS = ("class_id", "confidence", "area_m2")


@pytest.fixture
def done(plugin, window, image, tmp_path):
    """The tab after a run into a file."""
    panel = open_panel(plugin, window)
    panel.output.classes.setChecked(True)
    panel.output.polygons.setFilePath(str(tmp_path / "map.gpkg"))
    panel._estimate()
    run_to_end(panel)
    assert "polygons" in message(window)
    return panel


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".xml"}


def test_cancel_and_escape_keep_the_file(done, tmp_path):
    before = content(tmp_path)
    for button in ("Cancel", None):
        with answer(button) as asked:
            click(done.bar.button)
        assert "map.gpkg and 1 more exist" in asked.text
        assert asked.default == "Use &new name"
        assert done.run_control.task is None
    assert content(tmp_path) == before


def test_a_new_name_is_found_and_shown(done, tmp_path):
    before = content(tmp_path)
    (tmp_path / "map_2_classes.tif").write_bytes(b"mine")
    with answer("Use &new name"):
        click(done.bar.button)
    assert done.output.polygons.filePath() == str(tmp_path / "map_3.gpkg")
    wait_for(lambda: done.run_control.task is None)
    assert (tmp_path / "map_3.gpkg").is_file()
    assert (tmp_path / "map_3_classes.tif").is_file()
    after = content(tmp_path)
    assert {name: after[name] for name in before} == before
    assert after["map_2_classes.tif"] == b"mine"


def test_replace_replaces(done, tmp_path):
    (layer,) = results()
    QgsProject.instance().removeMapLayer(layer)
    (tmp_path / "map.gpkg").write_bytes(b"old")
    with answer("&Replace"):
        click(done.bar.button)
    wait_for(lambda: done.run_control.task is None)
    assert (tmp_path / "map.gpkg").stat().st_size > 1000


def test_what_a_program_holds_is_told_before_the_run(done, window, tmp_path, monkeypatch):
    before, usual = content(tmp_path), staging.os.rename

    def rename(source, target):
        if source.name == "map.gpkg":  # as Windows does where a layer of the project shows it
            raise PermissionError(13, "used by another process")
        usual(source, target)

    monkeypatch.setattr(staging, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(staging.os, "rename", rename)
    with answer("&Replace"):
        click(done.bar.button)
    assert "map.gpkg is in use: remove its layers from the project" in message(window)
    assert done.run_control.task is None
    assert content(tmp_path) == before
    with answer("Use &new name"):
        click(done.bar.button)
    assert done.output.polygons.filePath() == str(tmp_path / "map_2.gpkg")
    wait_for(lambda: done.run_control.task is None)
    assert (tmp_path / "map_2.gpkg").is_file()


def test_a_layer_that_is_edited_is_not_replaced(done, window, tmp_path):
    (layer,) = results()
    layer.startEditing()
    layer.changeAttributeValue(next(layer.getFeatures()).id(), 1, 1)
    click(done.bar.button)
    assert "is being edited as 'town – land cover'" in message(window)
    assert done.run_control.task is None
    layer.rollBack()


def test_an_edit_session_that_begins_during_the_run_loses_nothing(
    done, window, tmp_path, monkeypatch
):
    (layer,) = results()
    written, begun, finish = threading.Event(), threading.Event(), VectorSink._add_style
    with monkeypatch.context() as patch:
        patch.setattr(
            VectorSink, "_add_style", lambda s: (written.set(), begun.wait(60), finish(s))
        )
        with answer("&Replace"):
            click(done.bar.button)
        wait_for(written.is_set)
    layer.startEditing()
    column = layer.fields().indexOf("class_name")
    layer.changeAttributeValue(next(layer.getFeatures()).id(), column, "my correction")
    begun.set()
    wait_for(lambda: done.run_control.task is None)
    wait_for(lambda: "is being edited as 'town – land cover'" in message(window))
    assert layer.commitChanges()
    again = QgsVectorLayer(str(tmp_path / "map.gpkg"), "x", "ogr")
    assert "my correction" in {feature["class_name"] for feature in again.getFeatures()}
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
    with answer("&Replace"):
        click(done.bar.button)
    task = done.run_control.task
    wait_for(lambda: done.run_control.task is None)
    assert task.outcome.results[0].resumed, "what was computed is kept meanwhile"


def test_a_file_with_other_layers_is_not_replaced(done, window, tmp_path):
    path = tmp_path / "map.gpkg"
    other = QgsVectorLayer("Point?crs=EPSG:31370&field=name:string", "trees", "memory")
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.layerName = "trees"
    options.actionOnExistingFile = QgsVectorFileWriter.ActionOnExistingFile.CreateOrOverwriteLayer
    context = QgsProject.instance().transformContext()
    code, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(other, str(path), context, options)
    assert code == QgsVectorFileWriter.WriterError.NoError
    before = path.read_bytes()
    click(done.bar.button)
    assert "holds other layers (trees)" in message(window)
    assert path.read_bytes() == before
    with pytest.raises(OutputError, match="map, trees"):
        refuse_precious(path, ("no such field",))
    refuse_precious(tmp_path / "none.gpkg", FIELDS)


def test_rasters_of_another_format_are_kept_too(done, window, tmp_path):
    done.output.polygons.setFilePath(str(tmp_path / "map.shp"))
    with answer("Cancel") as asked:
        click(done.bar.button)
    assert "map_classes.tif exists" in asked.text
    done.output.polygons.setFilePath(str(tmp_path / "one.gpkg"))
    click(done.bar.button)
    assert done.run_control.task is not None
    done.output.polygons.setFilePath(str(tmp_path / "one.geojson"))
    click(done.bar.button)
    assert "one_classes.tif is being made" in message(window)
    assert not done.run_control.waiting
    wait_for(lambda: done.run_control.task is None)


def test_run_again_proposes_a_free_name(done, plugin, tmp_path):
    panel = plugin.dock.open(RESULTS)
    (layer,) = results()
    panel.set_layers([layer])
    click(panel.rerun_button)
    assert done.output.polygons.filePath() == str(tmp_path / "map_2.gpkg")
    run_to_end(done)
    assert (tmp_path / "map_2.gpkg").is_file()
    assert len(results()) == 2


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("maps/", "is a folder: choose a file name"),
        ("maps", "is a folder: choose a file name"),
        ("x" * 300, "is too long"),
        ("影" * 100 + ".gpkg", "is too long"),
    ],
)
def test_impossible_names_end_in_sentences(
    qgis_app, window, plugin, image, tmp_path, name, sentence
):
    (tmp_path / "maps").mkdir()
    panel = open_panel(plugin, window)
    panel.output.polygons.setFilePath(f"{tmp_path}/{name}")
    panel._estimate()
    assert sentence in panel.bar.estimate.text()
    assert not panel.bar.button.isEnabled()


@pytest.fixture
def sampler(plugin, window, tmp_path):
    pixels = np.kron(np.array([[3, 5], [9, 24]], np.uint8), np.ones((40, 40), np.uint8))
    layer = open_layer(write_raster(tmp_path / "classes.tif", pixels[None]), "classes")
    QgsProject.instance().addMapLayer(layer)
    plugin.open_dock()
    panel = plugin.dock.open(EVALUATE)
    panel.set_layers([layer])
    panel.sample.setCollapsed(False)
    QTest.qWait(50)
    click(panel.sample.by_size)
    panel.sample.size.setValue(20)
    panel.sample.minimum.setValue(2)
    return panel


def test_labelled_points_are_not_drawn_over(sampler, window, tmp_path):
    path = tmp_path / "points.gpkg"
    sampler.sample.file.setFilePath(str(path))
    sampler.sample.button.click()
    wait_for(lambda: sampler.task is None)
    layer = sampler.reference.layer()
    layer.startEditing()
    feature = next(layer.getFeatures())
    layer.changeAttributeValue(feature.id(), layer.fields().indexOf("ref_class"), 7)
    window.bar.clearWidgets()
    sampler.sample.button.click()
    assert "is being edited" in message(window)
    assert layer.commitChanges()
    with answer("Cancel") as asked:
        sampler.sample.button.click()
    assert "points.gpkg exists" in asked.text
    assert sampler.task is None
    with answer("Use &new name"):
        sampler.sample.button.click()
    wait_for(lambda: sampler.task is None)
    assert sampler.sample.file.filePath() == str(tmp_path / "points_2.gpkg")
    assert sampler.reference.layer().source().startswith(str(tmp_path / "points_2.gpkg"))
    kept = QgsVectorLayer(str(path), "kept", "ogr")
    assert [f["ref_class"] for f in kept.getFeatures() if f["ref_class"]] == [7]
    sampler.sample.file.setFilePath(str(tmp_path / "map.gpkg"))
    assert QApplication.activeModalWidget() is None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("points.gpkg", "names no folder"),
        ("/tmp/points.shp", "is no GeoPackage"),
        ("/tmp", "is a folder"),
        ("/tmp/" + "p" * 300, "is too long"),
    ],
)
def test_impossible_names_of_samples(sampler, window, name, sentence):
    sampler.sample.file.setFilePath(name)
    sampler.sample.button.click()
    assert sentence in message(window)
    assert sampler.task is None
