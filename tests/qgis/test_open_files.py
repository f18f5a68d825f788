"""No file stays open longer than it is read: runs, folders of images, looks at labels."""

import pytest
from cwsam.cwsam_qgis.area_mask import AreaMask
from cwsam.cwsam_qgis.compat import clone_provider
from cwsam.cwsam_qgis.finetune_job import FinetuneJob, LabelledLayers, Wish
from cwsam.cwsam_qgis.finetune_task import FinetuneTask, LabelTask, PreviewTask
from cwsam.cwsam_qgis.job import Outputs, SegmentJob
from cwsam.cwsam_qgis.layer_source import LayerSource
from cwsam.cwsam_qgis.network import ModelChoice
from cwsam.cwsam_qgis.run_settings import Settings
from cwsam.engine.errors import CwsamError
from cwsam.engine.types import Window
from qgis.core import (
    QgsApplication,
    QgsFeature,
    QgsGeometry,
    QgsProcessingAlgRunnerTask,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsVectorLayer,
)
from tests.qgis.actions import open_panel, run_to_end, wait_for
from tests.qgis.labels import NAMES, image_of, label_layer, squares
from tests.qgis.open_files import handles, only_where_told, settle
from tests.qgis.support import open_layer, patches, write_raster

pytestmark = only_where_told

_MANY = 20
TRUTH = squares((8, 24, 33))


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "dropped"])
def test_a_source_holds_its_file_no_longer_than_it_is_wanted(qgis_app, tmp_path, closed):
    path = write_raster(tmp_path / "a.tif", patches())
    layer = open_layer(path)
    sources = [LayerSource(layer) for _ in range(_MANY)]
    for source in sources:
        source.read(Window(0, 0, 20, 20), (1, 2, 3))
    assert handles(path) > 1
    if closed:
        for source in sources:
            source.close()
            source.close()
        assert sources[0].info.width == 160
        assert sources[0].extent.width() == 80
    else:
        del source
        sources.clear()
    del layer
    settle()
    assert handles(path) == 0


def test_a_copy_of_a_provider_goes_when_python_drops_it(qgis_app, tmp_path):
    path = write_raster(tmp_path / "a.tif", patches())
    layer, gone = open_layer(path), []
    clone = clone_provider(layer.dataProvider())
    clone.destroyed.connect(lambda: gone.append(1))
    del clone
    assert gone


def test_the_polygons_of_a_run_go_with_its_image(qgis_app, tmp_path):
    layer = open_layer(write_raster(tmp_path / "a.tif", patches()))
    area = QgsVectorLayer("Polygon?crs=EPSG:31370", "area", "memory")
    feature = QgsFeature()
    feature.setGeometry(QgsGeometry.fromWkt("POINT(150040 169976)").buffer(21, 32))
    area.dataProvider().addFeatures([feature])
    area.updateExtents()
    source = LayerSource(layer, None, 0.0, AreaMask(area, layer.crs(), False))
    source.read(Window(0, 0, 20, 20), (1, 2, 3))
    assert source.mask._shapes is not None
    source.close()
    assert source.mask._shapes is None


def test_runs_in_the_dock_close_the_image(plugin, window, image, tmp_path):
    path = tmp_path / "town.tif"
    panel = open_panel(plugin, window)
    for number in range(2):
        panel.output.polygons.setFilePath(str(tmp_path / f"{number}.gpkg"))
        run_to_end(panel)
    QgsProject.instance().clear()
    settle()
    assert handles(path) == 0


def test_a_layer_that_is_removed_during_a_run_is_closed_behind_it(
    plugin, window, image, tmp_path
):  # fmt: skip
    panel = open_panel(plugin, window)
    panel.output.polygons.setFilePath(str(tmp_path / "map.gpkg"))
    panel.run()
    panel.run()  # waits
    QgsProject.instance().removeMapLayer(image.id())
    panel.run_control.clear_queue()
    wait_for(lambda: panel.run_control.task is None)
    assert (tmp_path / "map.gpkg").is_file()
    settle()
    assert handles(tmp_path / "town.tif") == 0


@pytest.mark.parametrize("given", ["FOLDER", "INPUT"])
def test_images_are_opened_one_at_a_time(processing, tiny_model, tmp_path, given):
    folder = tmp_path / "images"
    folder.mkdir()
    paths = [str(write_raster(folder / f"{n}.tif", patches(seed=n))) for n in range(4)]
    feedback, seen = QgsProcessingFeedback(), []
    feedback.progressChanged.connect(lambda _: seen.append(handles(folder)))
    wanted = {given: str(folder) if given == "FOLDER" else paths, "MODEL": str(tiny_model),
              "OUTPUT": str(tmp_path / "out")}  # fmt: skip
    result = processing.run("cwsam:segmentrasters", wanted, feedback=feedback)
    assert result["DONE"] == len(paths)
    assert 0 < max(seen) <= 2, "QGIS and the footprint may each have a look"
    settle()
    assert handles(folder) == 0


def test_images_are_opened_and_closed_in_a_worker(processing, tiny_model, tmp_path):
    layer = open_layer(write_raster(tmp_path / "layer.tif", patches()), "layer")
    QgsProject.instance().addMapLayer(layer)
    write_raster(tmp_path / "file.tif", patches(seed=1), epsg=None)
    registry = QgsApplication.processingRegistry()
    algorithm = registry.createAlgorithmById("cwsam:segmentrasters")
    context, feedback, found = QgsProcessingContext(), QgsProcessingFeedback(), []
    context.setProject(QgsProject.instance())
    wanted = {"INPUT": [layer.id()], "FOLDER": str(tmp_path), "MODEL": str(tiny_model),
              "OUTPUT": str(tmp_path / "out")}  # fmt: skip
    task = QgsProcessingAlgRunnerTask(algorithm, wanted, context, feedback)
    task.executed.connect(lambda good, results: found.append(good and results["DONE"]))
    QgsApplication.taskManager().addTask(task)
    wait_for(lambda: found)
    assert found == [2], feedback.textLog()
    QgsProject.instance().clear()
    settle()
    assert handles(tmp_path) == 0


@pytest.mark.parametrize("name", ["segmentraster", "segmentrasters"])
def test_layers_of_the_project_are_closed_behind_an_algorithm_that_fails(
    processing, tiny_model, tmp_path, name
):
    path = write_raster(tmp_path / "a.tif", patches())
    layer = open_layer(path)
    QgsProject.instance().addMapLayer(layer)
    wanted = {"INPUT": layer.id(), "MODEL": str(tiny_model), "TILE": 63,
              "POLYGONS": str(tmp_path / "map.gpkg"), "OUTPUT": str(tmp_path / "out")}  # fmt: skip
    if name == "segmentrasters":
        wanted["INPUT"] = [layer.id()]
    with pytest.raises(QgsProcessingException):
        processing.run(f"cwsam:{name}", wanted)
    QgsProject.instance().clear()
    settle()
    assert handles(path) == 0


@pytest.fixture
def layers(qgis_app, tmp_path):
    raster = image_of(tmp_path / "field.tif", TRUTH)
    return LabelledLayers(raster, label_layer(TRUTH, NAMES), "kind")


def test_a_look_at_labels_closes_the_image(layers, tiny_model):
    task = LabelTask(layers, {"Wiese": "8", "Landebahn": "new"}, tiny_model)
    assert task.run(), task.judgement.error
    assert layers.source._provider is not None
    task.finished(True)
    assert layers.source._provider is None


def test_a_fine_tuning_that_fails_closes_the_image(layers, tiny_model, tmp_path):
    wish = Wish(tiny_model, tmp_path / "mine.safetensors")
    task = FinetuneTask(FinetuneJob(layers, wish))
    assert not task.run()
    task.finished(False)
    assert "No class is called" in task.outcome.error
    assert layers.source._provider is None


def test_a_comparison_closes_each_image_behind_it(qgis_app, tiny_model, tmp_path):
    layer = open_layer(write_raster(tmp_path / "a.tif", patches()))
    outputs = [Outputs(classes=tmp_path / f"{name}.tif") for name in ("before", "after")]
    jobs = [SegmentJob(LayerSource(layer), Settings(), one) for one in outputs]
    open_still = []
    task = PreviewTask(jobs, [ModelChoice(tiny_model)] * 2)
    task.progressed.connect(lambda _: open_still.append(jobs[0].source._provider is not None))
    assert task.run(), task.outcome.error
    assert True in open_still
    assert not open_still[-1]
    task.finished(True)
    assert jobs[1].source._provider is None


def test_labels_that_are_refused_close_the_image(qgis_app, tmp_path):
    raster = image_of(tmp_path / "field.tif", TRUTH)
    layers = LabelledLayers.__new__(LabelledLayers)  # which QGIS keeps with the error's frames
    with pytest.raises(CwsamError, match="no polygons"):
        layers.__init__(raster, QgsVectorLayer("Point", "points", "memory"))
    assert layers.source._provider is None


@pytest.mark.parametrize("wrong", ["MAPPING", "MODEL"])
def test_the_algorithm_for_fine_tuning_closes_the_image(
    processing, monkeypatch, tmp_path, tiny_model, wrong
):
    raster, labels = image_of(tmp_path / "field.tif", TRUTH), label_layer(TRUTH, NAMES)
    QgsProject.instance().addMapLayers([raster, labels])
    parameters = {"INPUT": raster, "LABELS": labels, "FIELD": "kind", "MODEL": str(tiny_model),
                  "ADAPTER": str(tmp_path / "mine.safetensors")}  # fmt: skip
    if wrong == "MODEL":
        parameters["MODEL"] = "/nowhere/x.safetensors"
    made, original = [], LabelledLayers.close
    monkeypatch.setattr(LabelledLayers, "close", lambda self: made.append(self) or original(self))
    with pytest.raises(QgsProcessingException):
        processing.run("cwsam:finetuneadapter", parameters)
    assert made
    assert all(layers.source._provider is None for layers in made)
    QgsProject.instance().clear()
