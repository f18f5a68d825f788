"""The algorithm *Fine-tune adapter*: from Python, in a model, and headless."""

from pathlib import Path

import numpy as np
import pytest
from cwsam.cwsam_qgis.finetune_job import FinetuneJob, LabelledLayers, Wish, scheme_of
from cwsam.cwsam_qgis.model_list import read_facts
from cwsam.engine.classes import CLASSES
from cwsam.engine.errors import OutputError
from cwsam.engine.types import Window
from qgis.core import (
    QgsApplication,
    QgsCoordinateReferenceSystem,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProject,
    QgsVectorFileWriter,
    QgsVectorLayer,
)
from tests.qgis.headless import QgisProcess
from tests.qgis.labels import NAMES, feature_of, image_of, label_layer, squares
from tests.qgis.support import GRID
from tests.training.finetune_support import save_tiny


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("base") / "base.safetensors"
    save_tiny(path)
    return path


@pytest.fixture
def parameters(qgis_app, tmp_path, model):
    truth = squares((8, 24, 33))
    raster, labels = image_of(tmp_path / "field.tif", truth), label_layer(truth, NAMES)
    # QGIS never frees the frames of an algorithm's exception: layers that Python owns would
    # outlive the application.
    QgsProject.instance().addMapLayers([raster, labels])
    yield {
        "INPUT": raster,
        "LABELS": labels,
        "FIELD": "kind",
        "MAPPING": "Wiese=grassland\nLandebahn=new:runway",
        "MODEL": str(model),
        "STEPS": 12,
        "DEVICE": 1,
        "ADAPTER": str(tmp_path / "mine.safetensors"),
    }
    QgsProject.instance().clear()


def burnt(raster, labels):
    layers = LabelledLayers(raster, labels)
    found = layers.reader.read()
    scheme = scheme_of(found, {"wiese": "8", "landebahn": "new"}, CLASSES)
    return found, layers.labelled(found, scheme)


def test_declares_what_the_model_designer_needs(processing):
    algorithm = QgsApplication.processingRegistry().algorithmById("cwsam:finetuneadapter")
    kinds = {o.name(): o.type() for o in algorithm.outputDefinitions()}
    assert kinds["ADAPTER"] == kinds["REPORT"] == "outputFile"
    assert kinds["MEAN_IOU_AFTER"] == kinds["SECONDS"] == "outputNumber"
    assert algorithm.shortHelpString()
    assert all(p.help() for p in algorithm.parameterDefinitions()[2:-1])
    assert "ADAPTER" in {p.name() for p in algorithm.destinationParameterDefinitions()}


def test_bands_that_are_left_empty_are_chosen_by_colour(processing, parameters):
    algorithm = QgsApplication.processingRegistry().createAlgorithmById("cwsam:finetuneadapter")
    context, feedback = QgsProcessingContext(), QgsProcessingFeedback()
    assert algorithm.prepareAlgorithm({**parameters, "RED": 3}, context, feedback)
    assert algorithm._job.wish.bands == (3, 2, 3)


def test_from_foreign_names_to_an_adapter_with_a_new_class(
    processing,
    parameters,
    tmp_path,
):
    feedback = QgsProcessingFeedback()
    result = processing.run("cwsam:finetuneadapter", parameters, feedback=feedback)
    facts = read_facts(Path(result["ADAPTER"]))
    assert facts.is_adapter
    assert facts.card.classes_seen == (8, 24, 33)
    assert facts.card.legend[33].name == "runway"
    report = Path(result["REPORT"]).read_text(encoding="utf-8")
    assert "33 runway" in report
    assert 0 <= result["MEAN_IOU_BEFORE"] <= 1
    assert 0 <= result["MEAN_IOU_AFTER"] <= 1
    assert result["STEPS_DONE"] == 12
    assert "runway: IoU" in feedback.textLog()
    assert not (tmp_path / "mine.finetune").exists()
    again = {**parameters, "ADAPTER": str(tmp_path / "again.safetensors")}
    second = processing.run("cwsam:finetuneadapter", again)
    assert second["MEAN_IOU_AFTER"] == result["MEAN_IOU_AFTER"]
    segmented = processing.run(
        "cwsam:segmentraster",
        {
            "INPUT": parameters["INPUT"],
            "MODEL": parameters["MODEL"],
            "ADAPTER": result["ADAPTER"],
            "POLYGONS": str(tmp_path / "map.gpkg"),
        },
    )
    layer = QgsVectorLayer(segmented["POLYGONS"], "map", "ogr")
    assert {f["class_id"] for f in layer.getFeatures()} <= {8, 24, 33}


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"MAPPING": ""}, "VALUE=new"),
        ({"MAPPING": "Wiese=meadows;Landebahn=skip"}, "Wiese=meadows"),
        ({"MAPPING": "Wiese"}, "is no pair"),
        ({"MAPPING": "Wiese=skip\n水域=skip\nLandebahn=skip"}, "No polygon has a class"),
        ({"FIELD": "species"}, "field"),
        ({"ADAPTER": "/nowhere/mine.safetensors"}, "does not exist"),
        ({"MODEL": "/nowhere/x.safetensors"}, "choose another model"),
        ({"RED": 1, "GREEN": 2, "BLUE": 9}, "band"),
    ],
)
def test_mistakes_end_in_our_sentences(processing, parameters, wrong, text, tmp_path):
    feedback = QgsProcessingFeedback()
    with pytest.raises(QgsProcessingException) as caught:
        processing.run("cwsam:finetuneadapter", {**parameters, **wrong}, feedback=feedback)
    assert text in feedback.textLog() + str(caught.value)
    assert "--" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir() if p.stem == "mine"] == []


def test_a_map_of_the_labelled_classes_alone(processing, parameters):
    labels = parameters["LABELS"]
    water = [f.id() for f in labels.getFeatures() if f["kind"] == "水域"]
    assert water
    labels.dataProvider().deleteFeatures(water)
    result = processing.run("cwsam:finetuneadapter", {**parameters, "ONLY_LABELLED": True})
    assert read_facts(Path(result["ADAPTER"])).card.classes_seen == (8, 33)


def test_labels_that_do_not_suffice_are_refused(processing, parameters):
    labels = parameters["LABELS"]
    rare = [f.id() for f in labels.getFeatures() if f["kind"] == "Landebahn"]
    labels.dataProvider().deleteFeatures(rare[1:])
    with pytest.raises(QgsProcessingException, match="'runway'"):
        processing.run("cwsam:finetuneadapter", parameters)
    few = processing.run("cwsam:finetuneadapter", {**parameters, "SKIP_SPARSE": True})
    assert read_facts(Path(few["ADAPTER"])).card.classes_seen == (8, 24)
    labels.dataProvider().deleteFeatures([f.id() for f in labels.getFeatures()])
    with pytest.raises(QgsProcessingException, match="has no polygon yet"):
        processing.run("cwsam:finetuneadapter", parameters)


def test_cancel_leaves_nothing(processing, parameters, tmp_path):
    feedback = QgsProcessingFeedback()
    feedback.progressChanged.connect(lambda p: feedback.cancel() if p > 12 else None)
    with pytest.raises(QgsProcessingException, match="stopped"):
        processing.run("cwsam:finetuneadapter", {**parameters, "STEPS": 200}, feedback=feedback)
    assert [p.name for p in tmp_path.iterdir()] == ["field.tif"]


def test_labels_of_another_crs_fall_on_the_same_pixels(qgis_app, tmp_path):
    truth = squares()
    raster = image_of(tmp_path / "field.tif", truth)
    whole = Window(0, 0, 256, 256)
    _, near = burnt(raster, label_layer(truth))
    _, far = burnt(raster, label_layer(truth, crs="EPSG:4326"))
    mine, other = near.labels(whole), far.labels(whole)
    assert (mine[mine != 255] == truth[mine != 255]).all()
    assert (mine != 255).mean() == pytest.approx(43 / 64 * (24 / 32) ** 2, abs=0.02)
    assert (mine != other).mean() < 0.02
    part = Window(30, 60, 77, 41)
    np.testing.assert_array_equal(near.labels(part), mine[60:101, 30:107])


def test_disputed_ground_is_unknown_and_crossing_outlines_are_mended(qgis_app, tmp_path):
    truth = squares()
    raster, labels = image_of(tmp_path / "field.tif", truth), label_layer(truth)
    x, y = GRID[0], GRID[3]
    bow = f"POLYGON(({x} {y}, {x + 16} {y - 16}, {x + 16} {y}, {x} {y - 16}, {x} {y}))"
    first = next(labels.getFeatures())
    other = 24 if first["class_id"] == 8 else 8
    empty = feature_of(labels, QgsGeometry(), 8)
    labels.dataProvider().addFeatures([feature_of(labels, QgsGeometry.fromWkt(bow), other), empty])
    found, layers = burnt(raster, labels)
    assert "1 polygon(s) of 'labels' cross themselves" in found.notices[0]
    assert "1 polygon(s) of 'labels' are empty" in found.notices[1]
    corner = layers.labels(Window(0, 0, 32, 32))
    assert corner[5, 15] == int(first["class_id"])  # between the wings
    assert corner[16, 6] == 255  # both claim it
    assert corner[16, 2] == other


def test_layers_without_a_crs(qgis_app, tmp_path):
    truth = squares()
    raster = image_of(tmp_path / "plain.tif", truth, epsg=None)
    raster.setCrs(QgsCoordinateReferenceSystem())
    found, layers = burnt(raster, label_layer(truth, crs=""))
    assert not found.notices
    assert (layers.labels(Window(0, 0, 64, 64)) != 255).any()
    found, layers = burnt(raster, label_layer(truth))
    assert "'plain' has no coordinate reference system" in found.notices[0]
    assert (layers.labels(Window(0, 0, 64, 64)) != 255).any()


def test_labels_outside_the_image(processing, parameters):
    truth = squares()
    far = label_layer(truth, grid=(0.0, *GRID[1:3], 0.0, *GRID[4:]))
    QgsProject.instance().addMapLayer(far)
    with pytest.raises(QgsProcessingException, match="All labels lie outside field"):
        processing.run("cwsam:finetuneadapter", {**parameters, "LABELS": far, "FIELD": ""})


def test_qgis_process_runs_it_headless(parameters, tmp_path):
    labels = tmp_path / "labels.gpkg"
    options = QgsVectorFileWriter.SaveVectorOptions()
    context = parameters["INPUT"].transformContext()
    QgsVectorFileWriter.writeAsVectorFormatV3(parameters["LABELS"], str(labels), context, options)

    given = {
        **parameters,
        "INPUT": tmp_path / "field.tif",
        "LABELS": labels,
        "MAPPING": "Wiese=grassland;Landebahn=new:runway",
    }
    said = QgisProcess(tmp_path).run("finetuneadapter", **given)
    assert "MEAN_IOU_AFTER" in said
    assert read_facts(tmp_path / "mine.safetensors").card.legend[33].name == "runway"
    assert (tmp_path / "mine.html").is_file()


def test_overlapping_labels_are_counted_by_class(qgis_app, tmp_path):
    truth = squares((8, 24))
    raster, labels = image_of(tmp_path / "field.tif", truth), label_layer(truth)
    _, one = burnt(raster, labels)
    window = Window(0, 0, one.source.info.width, one.source.info.height)
    assert not one.disputed(window).any()
    everywhere = feature_of(labels, QgsGeometry.fromRect(labels.extent()), 23)
    labels.dataProvider().addFeatures([everywhere])
    _, both = burnt(raster, labels)
    disputed = both.disputed(window)
    shown = np.bincount(one.labels(window).ravel(), minlength=256)
    assert disputed[8] == shown[8] > 0
    assert disputed[23] == disputed[8] + disputed[24] > disputed[8]


def test_a_file_where_a_stopped_run_would_be_kept_is_told(qgis_app, tmp_path, model):
    truth = squares()
    layers = LabelledLayers(image_of(tmp_path / "field.tif", truth), label_layer(truth))
    wish = Wish(model, tmp_path / "mine.safetensors", keep_state=True)
    FinetuneJob(layers, wish)
    wish.state_folder.write_text("x")
    with pytest.raises(OutputError, match="rename it"):
        FinetuneJob(layers, wish)
    assert wish.state_folder.read_text() == "x"
