"""The tab *Fine-tune*, driven by clicks in real QGIS."""

import time
from types import SimpleNamespace

import pytest
from cwsam.cwsam_qgis import environment
from cwsam.cwsam_qgis.gui.dock import FINETUNE, SEGMENT
from cwsam.cwsam_qgis.gui.label_box import LabelBox
from cwsam.cwsam_qgis.model_list import read_facts
from cwsam.cwsam_qgis.settings import remember, remember_model
from cwsam.cwsam_qgis.watched_task import Told
from qgis.core import Qgis, QgsCategorizedSymbolRenderer, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QObject, QUrl, pyqtSlot
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtTest import QTest
from tests.qgis.actions import answer, click, message, wait_for
from tests.qgis.labels import NAMES, feature_of, image_of, label_layer, outlines, squares
from tests.training.finetune_support import save_tiny

TRUTH = squares((8, 24, 33))
_SHORT = 0.03  # minutes


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("base") / "base.safetensors"
    save_tiny(path)
    return path


@pytest.fixture
def field(window, tmp_path):
    layer = image_of(tmp_path / "field.tif", TRUTH)
    QgsProject.instance().addMapLayer(layer)
    window.canvas.setDestinationCrs(layer.crs())
    window.canvas.setExtent(layer.extent())
    return layer


@pytest.fixture
def labels(field):
    layer = label_layer(TRUTH, NAMES)
    QgsProject.instance().addMapLayer(layer)
    return layer


@pytest.fixture
def panel(plugin, field, model, tmp_path):
    remember_model(model)
    remember("model", str(model))
    plugin.open_dock()
    made = plugin.dock.open(FINETUNE)
    made.minutes.setDecimals(2)
    made.minutes.setMinimum(0.01)
    made.minutes.setValue(_SHORT)
    made.output.setFilePath(str(tmp_path / "mine.safetensors"))
    return made


def judged(panel):
    wait_for(lambda: panel._judgement is not None and panel._judgement.counts)
    QTest.qWait(400)  # nothing more is under way
    wait_for(lambda: panel.control.label_task is None and not panel._timer.isActive())


def choose(panel, row, text):
    box = panel.mapping.cellWidget(row, 1)
    index = box.findText(text)
    assert index >= 0, text
    box.setCurrentIndex(index)
    box.activated.emit(index)


def lights(panel):
    return [panel.mapping.item(row, 3).text() for row in range(panel.mapping.rowCount())]


def run_to_end(panel):
    click(panel.bar.button)
    assert panel.bar.cancel_button.isVisible()
    wait_for(lambda: panel.control.task is None)


def test_a_new_label_layer_is_ready_to_be_drawn_in(window, panel, field):
    assert not panel.bar.button.isEnabled()
    assert "Create a label layer" in wait_text(panel)
    panel.input.temporary_action.trigger()
    layer = panel.input.labels()
    assert layer.isEditable()
    assert layer.crs() == field.crs()
    assert window.canvas.currentLayer() is layer
    assert panel.input.field_box.currentField() == "class_id"
    setup = layer.editorWidgetSetup(layer.fields().indexOf("class_id"))
    assert setup.type() == "ValueMap"
    assert {"water": "24"} in setup.config()["map"]
    assert isinstance(layer.renderer(), QgsCategorizedSymbolRenderer)
    wait_for(lambda: "has no polygon yet" in panel.note.text())
    drawn = [(c, g) for c, g in outlines(TRUTH) if c != 33]
    for class_id, geometry in drawn:
        feature = feature_of(layer, geometry, "drawn")
        feature.setAttribute("class_id", class_id)
        layer.addFeature(feature)
    wait_for(lambda: panel.bar.button.isEnabled())
    judged(panel)
    assert panel.mapping.rowCount() == 2
    assert sum(int(panel.mapping.item(row, 2).text()) for row in range(2)) == len(drawn)
    layer.rollBack()


def wait_text(panel):
    wait_for(lambda: panel.note.text())
    return panel.note.text()


def test_a_label_layer_in_a_file_keeps_its_form(panel, tmp_path):
    layer = panel.input.make_labels(tmp_path / "labels.gpkg")
    assert layer.providerType() == "ogr"
    assert layer.editorWidgetSetup(layer.fields().indexOf("class_id")).type() == "ValueMap"
    layer.rollBack()


def test_from_labels_to_an_adapter_in_use(plugin, window, panel, labels, model, tmp_path):
    judged(panel)
    assert [panel.mapping.item(row, 0).text() for row in range(3)] == sorted(NAMES.values())
    assert panel.mapping.cellWidget(2, 1).currentText() == "water"
    choose(panel, 1, "grassland")
    judged(panel)
    assert set(lights(panel)) <= {"enough", "few"}
    run_to_end(panel)
    assert "mine" in message(window)
    assert read_facts(tmp_path / "mine.safetensors").card.classes_seen == (8, 24, 33)
    assert len(panel.result.curve.iou) >= 2
    assert panel.result.curve.loss
    assert panel.result.table.rowCount() == 3
    names = {panel.result.table.item(row, 0).text() for row in range(3)}
    assert names == {"grassland", "water", "Landebahn"}
    assert "→" in panel.result.summary.text()
    assert not (tmp_path / "mine.finetune").exists()
    click(panel.result.use_button)
    assert plugin.dock.current() == SEGMENT
    box = plugin.dock.panel(SEGMENT).model
    assert box.adapter_path() == tmp_path / "mine.safetensors"
    assert box.model_path() == model


def test_polygons_without_a_class_are_told(panel, labels):
    judged(panel)
    assert "without a class" not in panel.note.text()
    labels.startEditing()
    labels.changeAttributeValue(next(labels.getFeatures()).id(), 0, None)
    wait_for(lambda: "Polygons without a class are left out." in panel.note.text())
    labels.rollBack()


@pytest.mark.parametrize(
    ("before", "after", "better"), [(0.4, 0.6, True), (0.9991, 1.0, False), (0.6, 0.5, False)]
)
def test_a_result_that_is_no_better_is_no_success(window, panel, tmp_path, before, after, better):
    scores = [SimpleNamespace(miou=value) for value in (before, after)]
    result = SimpleNamespace(before=scores[0], after=scores[1], improved=after > before,
                             adapter=tmp_path / "mine.safetensors", notices=[])  # fmt: skip
    panel.control._tell(Told(), result, closed=False)
    item = window.bar.currentItem()
    assert f"{before:.2f} before, {after:.2f} after" in item.text()
    assert ("no better than the base model" in item.text()) != better
    wanted = Qgis.MessageLevel.Success if better else Qgis.MessageLevel.Warning
    assert item.level() == wanted


def test_report_and_maps_before_and_after(window, panel, labels, field, tmp_path):
    opened = []

    class Browser(QObject):
        @pyqtSlot(QUrl)
        def open(self, url):
            opened.append(url.toLocalFile())

    judged(panel)
    run_to_end(panel)
    browser = Browser()
    QDesktopServices.setUrlHandler("file", browser, "open")
    click(panel.result.report_button)
    QDesktopServices.unsetUrlHandler("file")
    assert opened == [str(tmp_path / "mine.html")]
    click(panel.result.preview_button)
    wait_for(lambda: panel.control.task is None)
    layers = QgsProject.instance().mapLayers().values()
    maps = {la.name(): la for la in layers if isinstance(la, QgsRasterLayer) and la is not field}
    assert set(maps) == {"field – before", "field – after"}
    classes = maps["field – after"].renderer().classes()
    assert "Landebahn" in {entry.label for entry in classes}
    assert panel.input.image_box.count() == 1, "maps are no images"
    group = QgsProject.instance().layerTreeRoot().findGroup("Fine-tuning of field")
    assert [child.name() for child in group.children()] == ["field – after", "field – before"]


def test_an_adapter_is_not_replaced_unasked(panel, labels, tmp_path):
    judged(panel)
    path = tmp_path / "mine.safetensors"
    path.write_bytes(b"a good one")
    (tmp_path / "mine_2.html").write_text("a page")
    with answer("Cancel") as asked:
        click(panel.bar.button)
    assert asked.text == f"{path} exists: replace it?"
    assert asked.default == "Use &new name"
    assert panel.control.task is None
    with answer("Use &new name"):
        click(panel.bar.button)
    wait_for(lambda: panel.control.task is None)
    assert panel.output.filePath() == str(tmp_path / "mine_3.safetensors")
    assert read_facts(tmp_path / "mine_3.safetensors").is_adapter
    assert path.read_bytes() == b"a good one"
    with answer("&Replace"):
        click(panel.bar.button)
    wait_for(lambda: panel.control.task is None)


@pytest.mark.parametrize("name", ["adapters/", "adapters", "x" * 300])
def test_impossible_names_of_adapters_end_in_sentences(window, panel, labels, tmp_path, name):
    judged(panel)
    (tmp_path / "adapters").mkdir()
    panel.output.setFilePath(f"{tmp_path}/{name}")
    click(panel.bar.button)
    said = message(window)
    assert "is a folder: choose" in said or "is too long: choose" in said
    assert panel.control.task is None


def test_a_label_layer_does_not_replace_other_layers(window, panel, tmp_path):
    path = tmp_path / "labels.gpkg"
    layer = panel.input.make_labels(path)
    assert panel.input.make_labels(path) is None
    assert "is being edited" in message(window)
    layer.rollBack()


def test_cancel_and_resume(window, panel, labels, tmp_path):
    judged(panel)
    panel.minutes.setValue(2)
    click(panel.bar.button)
    wait_for(lambda: panel.result.curve.loss)
    clicked = time.monotonic()
    click(panel.bar.cancel_button)
    wait_for(lambda: panel.control.task is None)
    assert time.monotonic() - clicked < 1
    assert "stopped" in message(window)
    assert not (tmp_path / "mine.safetensors").exists()
    done = panel.result.curve.loss[-1][0]
    panel.minutes.setValue(_SHORT)
    click(panel.bar.resume_button)
    wait_for(lambda: panel.control.task is None)
    assert read_facts(tmp_path / "mine.safetensors").is_adapter
    assert panel.result.curve.loss == [] or panel.result.curve.loss[0][0] > done
    assert not panel.bar.resume_button.isVisible()


def test_all_stopped_runs_are_offered(panel, labels, tmp_path):
    judged(panel)
    for name in ("one", "two"):
        panel.output.setFilePath(str(tmp_path / f"{name}.safetensors"))
        panel.minutes.setValue(2)
        click(panel.bar.button)
        wait_for(lambda: panel.result.curve.loss)
        click(panel.bar.cancel_button)
        wait_for(lambda: panel.control.task is None)
    menu = panel.bar.resume_button.menu()
    assert [action.text() for action in menu.actions()] == ["two", "one"]
    panel.minutes.setValue(_SHORT)
    menu.actions()[1].trigger()
    assert panel.output.filePath() == str(tmp_path / "one.safetensors")
    wait_for(lambda: panel.control.task is None)
    assert read_facts(tmp_path / "one.safetensors").is_adapter
    assert panel.bar.resume_button.isVisible()
    assert panel.bar.resume_button.menu() is None, "one is left, which the button itself names"


def test_a_red_light_keeps_the_run_back_unless_the_class_is_left_out(panel, labels):
    rare = [f.id() for f in labels.getFeatures() if f["kind"] == "Landebahn"]
    labels.startEditing()
    labels.deleteFeatures(rare[1:])
    labels.changeGeometry(rare[0], labels.getFeature(rare[0]).geometry().buffer(-5, 1))
    judged(panel)
    wait_for(lambda: "2 more" in lights(panel))
    assert "too few labels" in panel.note.text()
    assert not panel.bar.button.isEnabled()
    click(panel.skip_sparse)
    assert panel.bar.button.isEnabled()
    click(panel.skip_sparse)
    choose(panel, 0, "Leave out")
    wait_for(lambda: panel.bar.button.isEnabled())
    labels.rollBack()


def test_the_labelled_classes_alone_are_asked_for_with_a_click(panel):
    assert not panel.wish().config.only_labelled
    click(panel.only_labelled)
    assert panel.wish().config.only_labelled


def test_layers_that_go_while_a_run_is_under_way(window, panel, labels, field, tmp_path):
    judged(panel)
    click(panel.bar.button)
    QgsProject.instance().removeMapLayers([labels.id(), field.id()])
    wait_for(lambda: panel.control.task is None)
    assert "mine" in message(window)
    assert (tmp_path / "mine.safetensors").exists()


def test_a_project_that_is_closed_stops_the_run(window, panel, labels, tmp_path):
    judged(panel)
    panel.minutes.setValue(5)
    click(panel.bar.button)
    wait_for(lambda: panel.result.curve.loss)
    QgsProject.instance().clear()
    wait_for(lambda: panel.control.task is None)
    assert "project was closed" in message(window)
    assert not (tmp_path / "mine.safetensors").exists()


def test_mistakes_are_sentences(window, panel, labels, monkeypatch):
    judged(panel)
    panel.output.setFilePath("/nowhere/mine.safetensors")
    click(panel.bar.button)
    assert "does not exist" in message(window)
    window.bar.clearWidgets()
    monkeypatch.setattr("cwsam.cwsam_qgis.gui.finetune_panel.has_torch", lambda: False)
    click(panel.bar.button)
    assert environment.missing_sentence() in message(window)


def test_labels_elsewhere_are_told_at_once(panel, field):
    far = label_layer(TRUTH, grid=(0.0, 0.5, 0, 0.0, 0, -0.5))
    QgsProject.instance().addMapLayer(far)
    panel.input.labels_box.setLayer(far)
    wait_for(lambda: "lie outside field" in panel.note.text())
    assert not panel.bar.button.isEnabled()


def test_the_box_lets_go_of_layers_that_were_removed(window, field, labels):
    box = LabelBox(window.canvas)
    box.labels_box.setLayer(labels)
    QgsProject.instance().removeMapLayer(labels.id())
    assert box.labels() is None
    box.let_go()
    box.deleteLater()
