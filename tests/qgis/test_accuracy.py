"""Evaluations and samples through Processing, against the core's own figures."""

import json
from pathlib import Path

import numpy as np
import pytest
from cwsam.training.metrics import confusion_matrix, scores
from osgeo import gdal, ogr, osr
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsProject,
    QgsVectorLayer,
)
from tests.qgis.headless import QgisProcess
from tests.qgis.support import GRID, TYPES, open_layer, write_raster

ROTATED = (150000.0, 0.4, 0.3, 170000.0, 0.3, -0.4)


def polygons(path, classes, grid=GRID, epsg=31370, names=None):
    """Polygons that follow the pixels of a class map."""
    height, width = classes.shape
    raster = gdal.GetDriverByName("MEM").Create("", width, height, 1, gdal.GDT_Byte)
    raster.SetGeoTransform(grid)
    raster.GetRasterBand(1).WriteRaster(0, 0, width, height, classes.tobytes())
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(31370)
    memory = ogr.GetDriverByName("Memory").CreateDataSource("")
    traced = memory.CreateLayer("traced", crs, ogr.wkbPolygon)
    traced.CreateField(ogr.FieldDefn("class_id", ogr.OFTInteger))
    gdal.Polygonize(raster.GetRasterBand(1), None, traced, 0)
    layer = QgsVectorLayer(
        f"Polygon?crs=EPSG:{epsg}&field={'kind:string' if names else 'class_id:integer'}",
        path, "memory",
    )  # fmt: skip
    move = QgsCoordinateTransform(
        QgsCoordinateReferenceSystem("EPSG:31370"), layer.crs(), QgsProject.instance()
    )
    made = []
    for feature in traced:
        value = feature.GetField(0)
        if value == 255:
            continue
        geometry = QgsGeometry.fromWkt(feature.GetGeometryRef().ExportToWkt())
        geometry.transform(move)
        one = QgsFeature(layer.fields())
        one.setGeometry(geometry)
        one.setAttributes([names[value] if names else value])
        made.append(one)
    layer.dataProvider().addFeatures(made)
    layer.updateExtents()
    assert layer.featureCount() > 10
    return layer


@pytest.fixture
def evaluate(processing, tmp_path):
    def run(prediction, reference, **more):
        parameters = {"PREDICTION": prediction, "REFERENCE": reference,
                      "JSON": str(tmp_path / "found.json"), **more}  # fmt: skip
        result = processing.run("cwsam:evaluatemap", parameters)
        found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
        assert result["COMPARED"] == found["total"]
        assert result["OVERALL_ACCURACY"] == found["figures"]["oa"]
        return found

    return run


def raster(path, classes, grid=GRID, **options):
    return open_layer(write_raster(path, classes[None], grid=grid, **options), path.stem)


def expected(truth, mapped):
    return scores(confusion_matrix(truth, mapped, 255))


@pytest.mark.parametrize("grid", [GRID, ROTATED], ids=["north", "rotated"])
@pytest.mark.parametrize("kind", ["raster", "polygons"])
def test_figures_equal_those_of_the_core(tmp_path, truth, mapped, evaluate, grid, kind):
    prediction = raster(tmp_path / "map.tif", mapped, grid, nodata=255)
    reference = (
        raster(tmp_path / "truth.tif", truth, grid, nodata=255)
        if kind == "raster"
        else polygons("truth", truth, grid)
    )
    found, wanted = evaluate(prediction, reference), expected(truth, mapped)
    assert found["total"] == (truth != 255).sum()
    for name in ("oa", "miou", "fwiou", "kappa"):
        assert found["figures"][name] == pytest.approx(wanted[name])
    side = np.hypot(grid[1], grid[4])
    assert found["classes"][0]["map_m2"] == pytest.approx(
        found["classes"][0]["map_pixels"] * side**2, rel=1e-6
    )


@pytest.mark.parametrize("epsg", [31370, 4326])
def test_what_lies_beside_a_vector_map_is_not_missed(tmp_path, truth, mapped, evaluate, epsg):
    part = mapped[10:40, 20:60].copy()
    part[0, 0] = part[-1, -1] = 8  # its extent is that of the part
    grid = (GRID[0] + 20 * GRID[1], GRID[1], 0.0, GRID[3] + 10 * GRID[5], 0.0, GRID[5])
    reference = raster(tmp_path / "truth.tif", truth, nodata=255)
    by_raster = evaluate(raster(tmp_path / "map.tif", part, grid, nodata=255), reference)
    by_polygons = evaluate(polygons("map", part, grid, epsg), reference)
    assert by_raster["total"] == (truth[10:40, 20:60] != 255).sum()
    if epsg == 31370:
        assert by_polygons["total"] == by_raster["total"]
        assert by_polygons["figures"] == by_raster["figures"]
    else:  # the rectangle in degrees is a little larger
        assert by_polygons["total"] == pytest.approx(by_raster["total"], rel=0.1)


def test_a_reference_in_another_crs_with_foreign_names(tmp_path, truth, mapped, evaluate):
    prediction = raster(tmp_path / "map.tif", mapped)
    reference = polygons("t", truth, epsg=4326, names={5: "Bos", 8: "Gras", 24: "water"})
    found = evaluate(
        prediction, reference, FIELD="kind", TABLE="bos=5\nGRAS=grassland", MERGE="8=5"
    )
    assert {c["class_id"] for c in found["classes"]} == {5, 24}
    merged = [np.where(a == 8, 5, a) for a in (truth, mapped)]
    assert found["figures"]["oa"] == pytest.approx(expected(*merged)["oa"], abs=0.01)


def test_a_reference_raster_in_another_crs(tmp_path, truth, mapped, evaluate):
    prediction = raster(tmp_path / "map.tif", mapped)
    raster(tmp_path / "truth.tif", truth + 1, nodata=0)  # 255 wraps to 0
    gdal.Warp(str(tmp_path / "far.tif"), str(tmp_path / "truth.tif"), dstSRS="EPSG:4326",
              width=700, height=500, resampleAlg="near")  # fmt: skip
    found = evaluate(prediction, open_layer(tmp_path / "far.tif"), TABLE="6=5,9=8,25=24")
    assert found["total"] == pytest.approx((truth != 255).sum(), rel=0.02)
    assert found["figures"]["oa"] == pytest.approx(expected(truth, mapped)["oa"], abs=0.02)


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint64"])
@pytest.mark.parametrize("other", [False, True], ids=["own grid", "other grid"])
def test_class_numbers_of_any_width(tmp_path, truth, mapped, evaluate, dtype, other):
    if dtype not in TYPES:
        pytest.skip("this GDAL does not know the type")
    none = 99 if dtype == "int8" else 255
    wide = np.where(truth == 255, none, truth).astype(dtype)
    drawn = mapped[3:, 5:] if other else mapped
    grid = (GRID[0] + 2.5, *GRID[1:3], GRID[3] - 1.5, *GRID[4:]) if other else GRID
    found = evaluate(raster(tmp_path / "map.tif", drawn, grid),
                     raster(tmp_path / "truth.tif", wide, nodata=none))  # fmt: skip
    wanted = expected(truth[3:, 5:] if other else truth, drawn)
    assert found["figures"]["oa"] == pytest.approx(wanted["oa"])


def test_what_lies_beside_a_raster_without_nodata_is_unknown(tmp_path, mapped, evaluate):
    prediction = raster(tmp_path / "map.tif", mapped)
    part = raster(tmp_path / "part.tif", np.full((20, 30), 0, np.uint8))
    assert evaluate(prediction, part)["total"] == 600


def test_vector_maps(tmp_path, truth, mapped, evaluate):
    drawn = polygons("map", mapped)
    reference = raster(tmp_path / "truth.tif", truth, nodata=255)
    wanted = expected(truth, mapped)["oa"]
    assert evaluate(drawn, reference)["figures"]["oa"] == wanted
    both = evaluate(drawn, polygons("truth", truth), PIXEL_SIZE=0.5)
    assert both["figures"]["oa"] == wanted
    assert both["total"] == (truth != 255).sum()


def test_unsaved_edits_count(tmp_path, truth, mapped, evaluate):
    prediction = raster(tmp_path / "map.tif", mapped)
    reference = polygons("truth", truth)
    reference.startEditing()
    for feature in list(reference.getFeatures("class_id = 24")):
        reference.deleteFeature(feature.id())
    found = evaluate(prediction, reference)
    reference.rollBack()
    assert found["total"] == np.isin(truth, (5, 8)).sum()


def label(layer, truth):
    """Fill in the reference class, as somebody does by looking."""
    layer.startEditing()
    index = layer.fields().indexFromName("ref_class")
    for feature in layer.getFeatures():
        point = feature.geometry().asPoint()
        col, row = int((point.x() - GRID[0]) / 0.5), int((GRID[3] - point.y()) / 0.5)
        layer.changeAttributeValue(feature.id(), index, int(truth[row, col]))
    assert layer.commitChanges()


@pytest.mark.parametrize("target", ["TEMPORARY_OUTPUT", "points.gpkg"])
def test_a_sample_is_drawn_labelled_and_evaluated(
    processing, tmp_path, truth, mapped, evaluate, target
):
    prediction = raster(tmp_path / "map.tif", mapped, nodata=255)
    whole = np.where(truth == 255, mapped, truth)
    output = target if target.isupper() else str(tmp_path / target)
    context = QgsProcessingContext()
    context.setProject(QgsProject.instance())
    result = processing.run(
        "cwsam:samplepoints", {"MAP": prediction, "SIZE": 300, "SEED": 4, "OUTPUT": output},
        context=context,
    )  # fmt: skip
    assert result["POINTS"] == 300
    layer = result["OUTPUT"]
    if isinstance(layer, str):
        layer = QgsProcessingUtils.mapLayerFromString(layer, context) or QgsVectorLayer(layer)
    assert layer.featureCount() == 300
    label(layer, whole)
    found = evaluate(prediction, layer)
    assert found["counted"] == "points"
    overall, margin = found["figures"]["oa"], found["figures"]["oa_margin95"]
    assert abs(overall - (whole == mapped).mean()) < 1.5 * margin
    assert 0.01 < margin < 0.06
    for entry in found["classes"]:
        true = (whole == entry["class_id"]).sum() * 0.25
        assert abs(entry["area_m2"] - true) < 1.7 * entry["area_m2_margin95"]


def test_areas_are_those_of_the_pixels_at_drawing(processing, tmp_path, mapped, evaluate):
    prediction = raster(tmp_path / "map.tif", mapped, nodata=255)
    points = str(tmp_path / "points.gpkg")
    processing.run("cwsam:samplepoints", {"MAP": prediction, "SIZE": 300, "OUTPUT": points})
    layer = QgsVectorLayer(points, "points", "ogr")
    label(layer, mapped)
    halves = (GRID[0], GRID[1] / 2, 0.0, GRID[3], 0.0, GRID[5] / 2)
    finer = raster(tmp_path / "finer.tif", mapped.repeat(2, 0).repeat(2, 1), halves, nodata=255)
    for one in (prediction, finer):
        found = evaluate(one, layer)
        assert found["notices"] == []
        for entry in found["classes"]:
            wanted = (mapped == entry["class_id"]).sum() * 0.25
            assert entry["mapped_m2"] == pytest.approx(wanted)
    layer.dataProvider().deleteAttributes([layer.fields().indexFromName("pixel_m2")])
    layer.updateFields()
    found = evaluate(finer, layer)
    assert {entry["mapped_m2"] for entry in found["classes"]} == {None}
    assert "drawn on other pixels" in found["notices"][0]


def refused(processing, algorithm, **parameters):
    """What an algorithm says instead of running."""
    feedback = QgsProcessingFeedback()
    with pytest.raises(QgsProcessingException) as caught:
        processing.run(f"cwsam:{algorithm}", parameters, feedback=feedback)
    return feedback.textLog() + str(caught.value)


def test_a_sample_replaces_neither_labelled_points_nor_the_map(processing, tmp_path, mapped):
    raster(tmp_path / "map.tif", mapped, nodata=255)
    points = tmp_path / "points.gpkg"
    draw = {"MAP": str(tmp_path / "map.tif"), "SIZE": 300, "OUTPUT": str(points)}
    processing.run("cwsam:samplepoints", draw)
    processing.run("cwsam:samplepoints", draw)  # nothing is lost yet
    layer = QgsVectorLayer(str(points), "points", "ogr")
    label(layer, mapped)
    del layer
    before = points.read_bytes()
    assert "300 labelled points" in refused(processing, "samplepoints", **draw)
    assert points.read_bytes() == before
    draw["OUTPUT"] = draw["MAP"]
    assert "is the input" in refused(processing, "samplepoints", **draw)


def test_reports_replace_neither_what_is_read_nor_each_other(processing, tmp_path, truth, mapped):
    for name, classes in (("map", mapped), ("truth", truth)):
        raster(tmp_path / f"{name}.tif", classes, nodata=255)
    (tmp_path / "b_matrix.csv").mkdir()
    paths = {"PREDICTION": str(tmp_path / "map.tif"), "REFERENCE": str(tmp_path / "truth.tif")}
    for outputs, words in (
        ({"HTML": "map.tif"}, "is the input"),
        ({"JSON": "truth.tif"}, "is the input"),
        ({"CSV": "a.csv", "JSON": "a_matrix.csv"}, "asked for twice"),
        ({"CSV": "b.csv"}, "b_matrix.csv is a folder"),
    ):
        whole = {name: str(tmp_path / file) for name, file in outputs.items()}
        assert words in refused(processing, "evaluatemap", **paths, **whole)


def test_the_sample_layer_offers_the_classes(processing, tmp_path, mapped):
    prediction = raster(tmp_path / "map.tif", mapped)
    QgsProject.instance().addMapLayer(prediction)
    result = processing.runAndLoadResults(
        "cwsam:samplepoints", {"MAP": prediction, "SIZE": 200, "OUTPUT": "TEMPORARY_OUTPUT"}
    )
    layer = QgsProject.instance().mapLayer(result["OUTPUT"])
    index = layer.fields().indexFromName("ref_class")
    setup = layer.editorWidgetSetup(index)
    assert setup.type() == "ValueMap"
    assert {"water": "24"} in setup.config()["map"]
    hidden = layer.fields().indexFromName("map_class")
    assert layer.editorWidgetSetup(hidden).type() == "Hidden"
    assert len(layer.renderer().categories()) == 2
    QgsProject.instance().clear()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"REFERENCE": "image"}, "has 3 bands"),
        ({"REFERENCE": "map"}, "same layer"),
        ({"FIELD": "nothing", "REFERENCE": "polygons"}, "Choose the field"),
        ({"MERGE": "8"}, "no pair"),
        ({"REFERENCE": "far"}, "cover the same ground"),
        ({"HTML": "/nowhere/r.html"}, "does not exist"),
        ({"TABLE": "5=wood"}, "sparse woodland"),
    ],
)
def test_mistakes_end_in_our_sentences(processing, tmp_path, truth, mapped, wrong, words):
    layers = {
        "map": raster(tmp_path / "map.tif", mapped),
        "truth": raster(tmp_path / "truth.tif", truth, nodata=255),
        "far": raster(tmp_path / "far.tif", truth, epsg=32631),
        "image": open_layer(write_raster(tmp_path / "image.tif", np.stack([mapped] * 3))),
        "polygons": polygons("t", truth),
    }
    # QGIS never frees the frames of an algorithm's exception: layers that Python owns would
    # outlive the application.
    QgsProject.instance().addMapLayers(list(layers.values()))
    parameters = {"PREDICTION": layers["map"], "REFERENCE": "truth", **wrong}
    parameters["REFERENCE"] = layers[parameters["REFERENCE"]]
    feedback = QgsProcessingFeedback()
    with pytest.raises(QgsProcessingException) as caught:
        processing.run("cwsam:evaluatemap", parameters, feedback=feedback)
    assert words in feedback.textLog() + str(caught.value)
    QgsProject.instance().clear()


def test_cancel_is_heard(processing, tmp_path, truth, mapped):
    feedback = QgsProcessingFeedback()
    feedback.cancel()
    for name, classes in (("map", mapped), ("truth", truth)):
        write_raster(tmp_path / f"{name}.tif", classes[None])
    parameters = {
        "PREDICTION": str(tmp_path / "map.tif"),
        "REFERENCE": str(tmp_path / "truth.tif"),
        "HTML": str(tmp_path / "r.html"),
    }
    with pytest.raises(QgsProcessingException, match="Stopped"):
        processing.run("cwsam:evaluatemap", parameters, feedback=feedback)
    assert not (tmp_path / "r.html").exists()


def test_qgis_process_runs_both_headless(qgis_app, tmp_path, truth, mapped):
    raster(tmp_path / "map.tif", mapped)
    raster(tmp_path / "truth.tif", truth, nodata=255)
    qgis = QgisProcess(tmp_path)
    said = qgis.run("evaluatemap", PREDICTION="map.tif", REFERENCE="truth.tif", HTML="r.html",
                    CSV="r.csv")  # fmt: skip
    assert f"{expected(truth, mapped)['oa']:.10f}"[:8] in said
    assert "<svg" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert Path(tmp_path / "r_matrix.csv").is_file()
    qgis.run("samplepoints", MAP="map.tif", SIZE=200, OUTPUT="points.gpkg")
    assert QgsVectorLayer(str(tmp_path / "points.gpkg"), "p", "ogr").featureCount() == 200
