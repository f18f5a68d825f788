"""The tab *Evaluate*, driven by clicks in real QGIS."""

import numpy as np
import pytest
from cwsam.cwsam_qgis.gui.dock import EVALUATE, Dock
from cwsam.cwsam_qgis.gui.messages import Messages
from qgis.core import (
    QgsApplication,
    QgsMapRendererParallelJob,
    QgsMapSettings,
    QgsPalettedRasterRenderer,
    QgsProject,
    QgsVectorLayer,
)
from qgis.gui import QgsScrollArea
from qgis.PyQt.QtCore import QEvent, QObject, QPoint, QSize, Qt, QUrl, pyqtSlot
from qgis.PyQt.QtGui import QColor, QDesktopServices, QKeySequence
from qgis.PyQt.QtTest import QTest
from tests.data.class_maps import blocks
from tests.qgis.support import open_layer, write_raster
from tests.qgis.test_accuracy import expected, label, polygons
from tests.qgis.window import Window


def wait(condition, seconds=20):
    for _ in range(seconds * 50):
        if condition():
            return
        QTest.qWait(20)
    raise AssertionError("it took too long")


def click(widget):
    assert widget.isVisible()
    assert widget.isEnabled()
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


@pytest.fixture
def window(qgis_app):
    made = Window()
    made.window.resize(1366, 768)
    made.window.show()
    yield made
    made.window.close()
    QgsProject.instance().clear()


@pytest.fixture
def panel(window, tmp_path, truth, mapped):
    layers = [
        open_layer(write_raster(tmp_path / "map.tif", mapped[None], nodata=255), "map"),
        open_layer(write_raster(tmp_path / "truth.tif", truth[None], nodata=255), "truth"),
        polygons("labels", truth),
    ]
    QgsProject.instance().addMapLayers(layers)
    dock = Dock(window.canvas, Messages(window.bar, window.window), window.window)
    window.addDockWidget(2, dock)
    panel = dock.open(EVALUATE)
    panel.set_layers([layers[0]])
    panel.reference.layer_box.setLayer(layers[1])
    QTest.qWait(50)
    yield panel
    dock.shut_down()
    window.removeDockWidget(dock)
    dock.deleteLater()
    QgsApplication.sendPostedEvents(dock, QEvent.Type.DeferredDelete)


def drawn_colours(layer):
    """Number of colours in a picture of a layer."""
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setExtent(layer.extent())
    settings.setOutputSize(QSize(120, 120))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    picture = job.renderedImage()
    return len({picture.pixel(x, y) for x in range(120) for y in range(120)})


def said(window):
    item = window.bar.currentItem()
    return item.text() if item else ""


def test_a_click_compares_and_shows_the_figures(panel, window, truth, mapped, qgis_app):
    click(panel.button)
    assert panel.cancel_button.isVisible()
    wait(lambda: panel.task is None)
    wanted = expected(truth, mapped)
    assert f"{100 * wanted['oa']:.1f}" in panel.figures.text()
    table = panel.table
    assert [table.item(r, 0).text() for r in range(table.rowCount())] == [
        "arbor forest", "grassland", "water",
    ]  # fmt: skip
    assert table.item(0, 1).text() == f"{wanted['iou'][5]:.3f}"
    assert panel.compared.text() == "map against truth"
    QTest.qWait(50)
    assert not panel.report_button.visibleRegion().isEmpty(), "the outcome is scrolled to"


def test_the_table_sorts_by_number_and_copies(panel, window, truth, mapped):
    click(panel.button)
    wait(lambda: panel.task is None)
    table = panel.table
    header = table.horizontalHeader()
    for _ in range(2):
        place = QPoint(header.sectionViewportPosition(1) + 5, 5)
        QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)
    values = [float(table.item(r, 1).text()) for r in range(3)]
    assert values in (sorted(values), sorted(values, reverse=True))
    table.setFocus()
    QTest.keySequence(table, QKeySequence(QKeySequence.StandardKey.Copy))
    lines = QgsApplication.clipboard().text().split("\n")
    assert len(lines) == 4
    assert lines[0].split("\t")[:2] == ["Class", "IoU"]
    QgsApplication.clipboard().setText("")
    click(panel.copy_button)
    assert QgsApplication.clipboard().text().split("\n") == lines


class _Browser(QObject):
    """Takes the place of the browser."""

    opened = None

    @pyqtSlot(QUrl)
    def open(self, url):
        self.opened = url


def test_the_report_opens_in_the_browser(panel, window):
    click(panel.button)
    wait(lambda: panel.task is None)
    browser = _Browser()
    QDesktopServices.setUrlHandler("file", browser, "open")
    click(panel.report_button)
    QDesktopServices.unsetUrlHandler("file")
    with open(browser.opened.toLocalFile(), encoding="utf-8") as file:
        assert "<svg" in file.read()


def test_merging_by_clicks(panel, window, truth, mapped):
    panel.merges.setCollapsed(False)
    QTest.qWait(50)
    click(panel.merges.add_button)
    (row,) = panel.merges.rows
    assert panel.merges.text() == "10=9"
    row.source.setCurrentIndex(row.source.findData(8))
    row.target.setCurrentIndex(row.target.findData(5))
    click(panel.button)
    wait(lambda: panel.task is None)
    merged = [np.where(a == 8, 5, a) for a in (truth, mapped)]
    assert f"{100 * expected(*merged)['oa']:.1f}" in panel.figures.text()
    QTest.qWait(50)
    click(row.remove_button)
    assert panel.merges.text() == ""


def test_classes_of_the_layers_can_be_merged(panel, window):
    """A fine-tuned map has classes beyond the scheme; its style says which."""
    panel.merges.setCollapsed(False)
    QTest.qWait(50)
    click(panel.merges.add_button)
    (row,) = panel.merges.rows
    assert row.source.findData(40) < 0
    layer = panel.map.layer()
    entry = QgsPalettedRasterRenderer.Class(40, QColor("#ff00ff"), "Orchard")
    layer.setRenderer(QgsPalettedRasterRenderer(layer.dataProvider(), 1, [entry]))
    panel.map.layer_box.setLayer(panel.reference.layer())
    panel.map.layer_box.setLayer(layer)
    assert row.source.itemText(row.source.findData(40)) == "Orchard"
    assert panel.merges.text() == "10=9", "what was chosen stays"
    row.source.setCurrentIndex(row.source.findData(40))
    assert panel.merges.text() == "40=9"


@pytest.mark.parametrize("side", ["map", "reference"])
def test_a_layer_without_polygons_is_named(panel, window, side):
    empty = QgsVectorLayer("Polygon?crs=EPSG:31370&field=class_id:integer", "bare", "memory")
    QgsProject.instance().addMapLayer(empty)
    getattr(panel, side).layer_box.setLayer(empty)
    click(panel.button)
    assert "'bare' has no polygons" in said(window)


def test_a_vector_reference_shows_its_field(panel, window, truth, mapped):
    assert not panel.reference.field_box.isVisible()
    (labels,) = QgsProject.instance().mapLayersByName("labels")
    panel.reference.layer_box.setLayer(labels)
    assert panel.reference.field_box.isVisible()
    assert panel.reference.field() == "class_id"
    click(panel.button)
    wait(lambda: panel.task is None)
    assert f"{100 * expected(truth, mapped)['oa']:.1f}" in panel.figures.text()


def pick(box, text):
    """Open a list and choose from it with the keyboard."""
    click(box)
    index = box.model().index(box.findText(text), 0)
    assert index.isValid(), text
    box.view().setCurrentIndex(index)
    QTest.keyClick(box.view(), Qt.Key.Key_Return)
    wait(lambda: box.currentText() == text)


def meanings(panel):
    table = panel.values
    return {table.item(r, 0).text(): table.cellWidget(r, 1) for r in range(table.rowCount())}


def test_values_that_name_no_class_are_given_one_by_clicks(panel, window, truth, mapped):
    names = {5: "Wald, alt=hoch", 8: "Wiese", 24: "water"}
    layer = polygons("plots", truth, names=names)
    QgsProject.instance().addMapLayer(layer)
    panel.reference.layer_box.setLayer(layer)
    panel.reference.field_box.setField("kind")
    assert not panel.foreign.isVisible()
    click(panel.button)
    wait(lambda: panel.task is None)
    assert "2 value(s) name no class" in said(window)
    QTest.qWait(50)
    assert not panel.foreign.visibleRegion().isEmpty(), "the table is scrolled to"
    boxes = meanings(panel)
    assert sorted(boxes) == ["Wald, alt=hoch", "Wiese"]
    assert {box.currentText() for box in boxes.values()} == {"Leave out"}
    assert boxes["Wiese"].findText("New class 'Wiese'") < 0
    pick(boxes["Wald, alt=hoch"], "arbor forest")
    click(panel.button)
    wait(lambda: panel.task is None)
    part = np.where(truth == 8, 255, truth)
    assert f"{100 * expected(part, mapped)['oa']:.1f}" in panel.figures.text()
    pick(boxes["Wiese"], "grassland")
    click(panel.button)
    wait(lambda: panel.task is None)
    assert f"{100 * expected(truth, mapped)['oa']:.1f}" in panel.figures.text()
    (labels,) = QgsProject.instance().mapLayersByName("labels")
    panel.reference.layer_box.setLayer(labels)
    assert not panel.foreign.isVisible(), "other layers have other values"


def test_pixel_values_that_are_no_class_are_given_one(panel, window, tmp_path, truth, mapped):
    codes = truth.astype(np.uint16)
    codes[truth == 5], codes[truth == 8] = 500, 600
    file = write_raster(tmp_path / "codes.tif", codes[None], nodata=255)
    layer = open_layer(file, "codes")
    QgsProject.instance().addMapLayer(layer)
    panel.reference.layer_box.setLayer(layer)
    click(panel.button)
    wait(lambda: panel.task is None)
    boxes = meanings(panel)
    assert sorted(boxes) == ["500", "600"]
    pick(boxes["500"], "arbor forest")
    pick(boxes["600"], "grassland")
    click(panel.button)
    wait(lambda: panel.task is None)
    assert f"{100 * expected(truth, mapped)['oa']:.1f}" in panel.figures.text()


def test_a_map_with_foreign_values_can_be_sampled(panel, window, truth):
    layer = polygons("plots", truth, names={5: "arbor forest", 8: "Wiese", 24: "water"})
    QgsProject.instance().addMapLayer(layer)
    panel.map.layer_box.setLayer(layer)
    panel.map.field_box.setField("kind")
    panel.sample.setCollapsed(False)
    QTest.qWait(50)
    panel.sample.button.click()
    wait(lambda: panel.task is None)
    pick(meanings(panel)["Wiese"], "grassland")
    panel.sample.button.click()
    wait(lambda: panel.task is None)
    assert "points to label" in said(window)


def test_a_failed_evaluation_takes_the_old_figures_away(panel):
    click(panel.button)
    wait(lambda: panel.task is None)
    assert panel.outcome.isVisible()
    empty = QgsVectorLayer("Point?crs=EPSG:31370&field=ref_class:integer", "bare", "memory")
    QgsProject.instance().addMapLayer(empty)
    panel.reference.layer_box.setLayer(empty)
    click(panel.button)
    wait(lambda: panel.task is None)
    assert not panel.outcome.isVisible(), "it failed in the background"


@pytest.mark.parametrize("saved", [False, True])
def test_a_sample_is_drawn_labelled_and_evaluated(panel, window, tmp_path, truth, mapped, saved):
    sample = panel.sample
    sample.setCollapsed(False)
    QTest.qWait(50)
    click(sample.by_size)
    sample.size.setValue(240)
    if saved:
        sample.file.setFilePath(str(tmp_path / "points.gpkg"))
    sample.button.click()
    wait(lambda: panel.task is None)
    layer = panel.reference.layer()
    assert isinstance(layer, QgsVectorLayer)
    assert layer.featureCount() == 240
    assert layer.crs().authid() == "EPSG:31370"
    assert panel.reference.field() == "ref_class"
    assert layer.editorWidgetSetup(layer.fields().indexFromName("ref_class")).type() == "ValueMap"
    assert "240 points to label" in said(window)
    assert drawn_colours(layer) > 1, "the points are seen on the map"
    click(panel.button)
    wait(lambda: panel.task is None)
    assert "label the points first" in said(window)
    label(layer, np.where(truth == 255, mapped, truth))
    click(panel.button)
    wait(lambda: panel.task is None)
    assert "±" in panel.figures.text()
    assert "±" in panel.table.item(0, 1).text()
    if saved:
        again = QgsVectorLayer(str(tmp_path / "points.gpkg"), "again", "ogr")
        setup = again.editorWidgetSetup(again.fields().indexFromName("ref_class"))
        assert setup.type() == "ValueMap", "the file holds its style"


def test_figures_are_saved(panel, window, tmp_path):
    click(panel.button)
    wait(lambda: panel.task is None)
    panel.save_csv(tmp_path / "figures.csv")
    assert (tmp_path / "figures.csv").read_text(encoding="utf-8-sig").startswith("class_id")
    assert (tmp_path / "figures_matrix.csv").is_file()
    panel.save_csv(tmp_path / "no" / "where.csv")
    assert "does not exist" in said(window)


def test_mistakes_are_told(panel, window, tmp_path):
    assert not panel.hint.isVisible()
    panel.reference.layer_box.setLayer(panel.map.layer())
    assert not panel.button.isEnabled()
    assert panel.hint.isVisible()
    assert "same layer: choose two" in panel.hint.text()
    panel.reference.layer_box.setLayer(None)
    assert not panel.button.isEnabled()


def test_cancel_stops_and_removing_the_layer_does_no_harm(panel, window, tmp_path):
    big = np.tile(blocks(5, 600, 900), (10, 5))
    layers = [
        open_layer(write_raster(tmp_path / f"{name}.tif", big[None]), name) for name in ("a", "b")
    ]
    QgsProject.instance().addMapLayers(layers)
    panel.map.layer_box.setLayer(layers[0])
    panel.reference.layer_box.setLayer(layers[1])
    click(panel.button)
    click(panel.cancel_button)
    wait(lambda: panel.task is None)
    assert "Stopped" in said(window)
    click(panel.button)
    QgsProject.instance().removeMapLayers([one.id() for one in layers])
    wait(lambda: panel.task is None)
    assert "<b>100.0" in panel.figures.text().replace("&nbsp;", " ")


def test_it_fits_a_laptop(panel, window):
    click(panel.button)
    wait(lambda: panel.task is None)
    assert panel.minimumSizeHint().height() < 500
    assert panel.minimumSizeHint().width() < 460
    inner = panel.findChild(QgsScrollArea).widget()
    panel.map.layer().setName("a very long name of a layer " * 4)
    click(panel.button)
    wait(lambda: panel.task is None)
    QTest.qWait(50)
    assert inner.minimumSizeHint().width() < 460, "long names wrap"
