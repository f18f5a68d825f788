"""The tab *Result*: areas, filter, export, record, run again."""

import csv
import io

import pytest
from cwsam.cwsam_qgis.class_areas import PROPERTY, AreasTask, from_json
from cwsam.cwsam_qgis.confidence_filter import threshold_of, with_threshold
from cwsam.cwsam_qgis.run_record import PROPERTY as RUN
from qgis.core import QgsApplication, QgsGeometry, QgsProject, QgsVectorLayer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication
from tests.qgis.actions import click, message, open_panel, results, run_to_end, wait_for


@pytest.fixture
def segment(plugin, window, image):
    panel = open_panel(plugin, window)
    panel.advanced.min_area.setValue(9)
    panel.advanced.smooth.setValue(1)
    run_to_end(panel)
    return panel


@pytest.fixture
def result(segment, window, plugin):
    message(window)
    button = [b for b in window.bar.currentItem().findChildren(type(segment.bar.button))
              if b.text() == "Areas"]  # fmt: skip
    click(button[0])
    assert plugin.dock.current() == "results"
    return plugin.dock.panel("results")


def test_the_table_holds_the_areas_of_the_layer(qgis_app, result):
    (layer,) = results()
    assert result.layer() == layer
    table = result.table
    areas = {}
    for feature in layer.getFeatures():
        areas[feature["class_name"]] = areas.get(feature["class_name"], 0) + feature["area_m2"]
    shown = {table.item(r, 0).text(): float(table.item(r, 1).text().replace(",", ""))
             for r in range(table.rowCount())}  # fmt: skip
    assert shown == pytest.approx(areas, abs=0.5)  # whole numbers from 1000 on
    shares = [float(table.item(r, 2).text()) for r in range(table.rowCount())]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(100, abs=0.2)
    table.sortItems(0)
    names = [table.item(r, 0).text() for r in range(table.rowCount())]
    assert names == sorted(names)
    table.sortItems(3)
    counts = [int(table.item(r, 3).text()) for r in range(table.rowCount())]
    assert counts == sorted(counts)
    click(result.copy_button)
    rows = list(csv.DictReader(io.StringIO(QgsApplication.clipboard().text()), delimiter="\t"))
    assert {row["class_name"]: float(row["area_m2"]) for row in rows} == pytest.approx(
        areas, abs=0.01
    )


def test_the_chart_paints_a_bar_a_class(qgis_app, result):
    picture = result.chart.grab().toImage()
    colours = {picture.pixelColor(x, y).name() for x in range(0, picture.width(), 3)
               for y in range(picture.height())}  # fmt: skip
    from cwsam.engine.classes import CLASSES

    shown = [row.class_id for row in result.table.rows if row.share > 0.05]
    assert shown
    assert {CLASSES[class_id].colour for class_id in shown} <= colours


def test_painted_texts_are_read_in_a_dark_theme_too(qgis_app, result):
    assert result.chart._text.now().lightness() < 100
    before = QApplication.palette()
    qgis_app.setUITheme("Night Mapping")
    try:
        QTest.qWait(50)
        assert result.chart._text.now().lightness() > 150
    finally:
        qgis_app.setUITheme("default")
        QApplication.setPalette(before)  # which the default theme leaves dark


def test_the_slider_hides_and_shows_again(qgis_app, result):
    (layer,) = results()
    layer.setSubsetString('"class_id" < 30')
    count = layer.featureCount()
    confidences = sorted(f["confidence"] for f in layer.getFeatures())
    middle = round(100 * confidences[len(confidences) // 2])
    result.slider.setValue(middle)
    wait_for(lambda: "confidence" in layer.subsetString())
    assert 0 < layer.featureCount() < count
    assert min(f["confidence"] for f in layer.getFeatures()) >= middle / 100
    result.slider.setValue(0)
    wait_for(lambda: "confidence" not in layer.subsetString())
    assert layer.subsetString() == '"class_id" < 30'
    assert layer.featureCount() == count


def test_filters_keep_what_the_user_wrote():
    for own in ("", '"class_id" = 3', '"a" = 1 OR "b" = 2', "(x > 1) AND (y < 2)"):
        once = with_threshold(own, 0.4)
        twice = with_threshold(once, 0.75)
        assert (threshold_of(own), threshold_of(once), threshold_of(twice)) == (0, 0.4, 0.75)
        assert with_threshold(twice, 0) == own
        assert with_threshold(twice, 1.0).endswith('"confidence" >= 1.00')


@pytest.mark.parametrize("suffix", [".shp", ".geojson", ".fgb", ".gpkg"])
def test_export_to_other_formats(qgis_app, result, tmp_path, window, suffix):
    (layer,) = results()
    result.export_to(tmp_path / f"copy{suffix}")
    wait_for(lambda: not result._tasks)
    assert "Written" in message(window)
    copy = QgsVectorLayer(str(tmp_path / f"copy{suffix}"), "copy", "ogr")
    assert copy.featureCount() == layer.featureCount()
    assert copy.renderer().classAttribute() == "class_id"
    pairs = zip(layer.getFeatures(), copy.getFeatures())
    if suffix != ".fgb":  # which orders its features by place
        for one, other in pairs:
            assert one["class_name"] == other["class_name"]
            assert one["area_m2"] == pytest.approx(other["area_m2"], abs=1e-4)
    if suffix == ".shp":
        assert copy.fields().indexOf("class_zh") >= 0


def test_export_onto_itself_is_refused(qgis_app, result, window, tmp_path):
    from pathlib import Path

    (layer,) = results()
    result.export_to(Path(layer.source().partition("|")[0]))
    assert "is the layer itself" in message(window)
    result.export_to(tmp_path / "missing" / "x.gpkg")
    wait_for(lambda: not result._tasks)
    assert "does not exist" in message(window)


def test_an_export_of_nothing_says_so(qgis_app, result, window, tmp_path):
    (layer,) = results()
    layer.setSubsetString('"class_id" = 99')
    result.export_to(tmp_path / "none.gpkg")
    wait_for(lambda: not result._tasks)
    assert "No polygon is shown" in message(window)
    assert not (tmp_path / "none.gpkg").exists()


def test_the_record_is_kept_in_layer_and_file(qgis_app, result, tmp_path):
    from osgeo import gdal

    (layer,) = results()
    history = "\n".join(layer.metadata().history())
    assert "model_sha256" in history
    assert '"min_area": 9' in history
    file = gdal.OpenEx(layer.source().partition("|")[0], gdal.OF_VECTOR)
    kept = file.GetLayer(0).GetMetadata()
    assert kept["image"] == "town"
    assert kept["model"] == "tiny"
    assert len(kept["model_sha256"]) == 64
    result.export_to(tmp_path / "copy.geojson")
    wait_for(lambda: not result._tasks)
    copy = QgsVectorLayer(str(tmp_path / "copy.geojson"), "copy", "ogr")
    copy.loadDefaultMetadata()  # as QGIS does when a user adds the file
    assert any("model_sha256" in line for line in copy.metadata().history())


def test_run_again_gives_the_same_features(qgis_app, result, plugin, window, segment):
    (first,) = results()
    before = sorted((bytes(f.geometry().asWkb()), f["class_id"]) for f in first.getFeatures())
    segment.advanced.min_area.setValue(77)
    segment.advanced.smooth.setValue(0)
    assert first.customProperty(RUN)
    click(result.rerun_button)
    assert plugin.dock.current() == "segment"
    assert segment.advanced.min_area.value() == 9
    run_to_end(segment)
    (second,) = [layer for layer in results() if layer != first]
    after = sorted((bytes(f.geometry().asWkb()), f["class_id"]) for f in second.getFeatures())
    assert before == after
    assert first.source() != second.source()
    assert first.name() == "town – land cover"
    assert second.name() == "town – land cover (2)"


def test_run_again_opens_a_layer_that_was_removed(qgis_app, result, segment, image):
    name = image.name()
    QgsProject.instance().removeMapLayer(image)
    click(result.rerun_button)
    assert segment.input.layer_box.currentLayer().name() == name


def test_areas_are_added_up_where_the_layer_brings_none(qgis_app, result):
    (layer,) = results()
    known = {row.class_id: row for row in from_json(layer.customProperty(PROPERTY))}
    layer.removeCustomProperty(PROPERTY)
    result._show(layer)
    wait_for(lambda: not result._tasks)
    for row in result.table.rows:
        assert row.polygons == known[row.class_id].polygons
        assert row.area_m2 == pytest.approx(known[row.class_id].area_m2, rel=1e-6)
        assert row.share == pytest.approx(known[row.class_id].share, abs=1e-6)
        assert row.confidence == pytest.approx(known[row.class_id].confidence, abs=5e-3)
    assert {row.class_id for row in result.table.rows} == set(known)


def shown_polygons(result):
    return {row.class_id: row.polygons for row in result.table.rows}


def counted(layer):
    counts = {}
    for feature in layer.getFeatures():
        counts[feature["class_id"]] = counts.get(feature["class_id"], 0) + 1
    return counts


def test_areas_follow_edits_and_come_back_with_them(qgis_app, result):
    (layer,) = results()
    before = list(result.table.rows)
    victim, other = list(layer.getFeatures())[:2]
    layer.startEditing()
    layer.deleteFeature(victim.id())
    column = layer.fields().indexOf("class_id")
    layer.changeAttributeValue(other.id(), column, 24 if other["class_id"] != 24 else 1)
    half = QgsGeometry.fromRect(other.geometry().boundingBox()).buffer(5, 2)
    layer.changeGeometry(other.id(), half)
    wait_for(lambda: shown_polygons(result) == counted(layer))
    wait_for(lambda: not result._tasks)
    areas = sum(row.area_m2 for row in result.table.rows)
    assert areas == pytest.approx(sum(f.geometry().area() for f in layer.getFeatures()), rel=1e-6)
    layer.rollBack()
    wait_for(lambda: result.table.rows == before)
    layer.startEditing()
    layer.deleteFeature(victim.id())
    assert layer.commitChanges()
    wait_for(lambda: shown_polygons(result) == counted(layer))
    click(result.copy_button)
    rows = list(csv.DictReader(io.StringIO(QgsApplication.clipboard().text()), delimiter="\t"))
    assert sum(int(row["polygons"]) for row in rows) == layer.featureCount()
    result.layer_box.setLayer(None)
    result.layer_box.setLayer(layer)
    wait_for(lambda: not result._tasks)
    assert shown_polygons(result) == counted(layer), "the areas of the run are old"


def test_areas_are_those_of_the_polygons_shown(qgis_app, result):
    (layer,) = results()
    before = list(result.table.rows)
    confidences = sorted(f["confidence"] for f in layer.getFeatures())
    result.slider.setValue(round(100 * confidences[len(confidences) // 2]))
    wait_for(lambda: layer.subsetString())
    wait_for(lambda: shown_polygons(result) == counted(layer))
    assert result.areas.title() == "Areas of the polygons shown"
    result.slider.setValue(0)
    wait_for(lambda: result.table.rows == before)
    assert result.areas.title() == "Areas"


def test_the_slider_jumps_back_in_an_edit_session(qgis_app, result, window):
    (layer,) = results()
    layer.startEditing()
    window.bar.clearWidgets()
    result.slider.setValue(50)
    assert "end its edit session first" in message(window)
    assert result.slider.value() == 0
    assert result.threshold.text() == "all"
    layer.rollBack()


def test_only_results_are_listed_and_an_empty_project_says_so(qgis_app, plugin, window):
    plugin.open_dock("results")
    panel = plugin.dock.panel("results")
    assert panel.empty.isVisible()
    assert not panel.export_button.isEnabled()
    other = QgsVectorLayer("Polygon?crs=EPSG:31370&field=name:string", "roofs", "memory")
    QgsProject.instance().addMapLayer(other)
    QTest.qWait(20)
    assert panel.layer() is None


def test_stopping_the_sum_is_harmless(qgis_app, result):
    (layer,) = results()
    task = AreasTask(layer)
    task.cancel()
    assert task.run() is False
