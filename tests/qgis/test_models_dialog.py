"""The window of models: cards, files of the user, downloads."""

import cwsam
import pytest
from cwsam.cwsam_qgis import registry, settings
from cwsam.cwsam_qgis.gui.models_dialog import ModelsDialog
from cwsam.cwsam_qgis.model_entries import look_into
from cwsam.cwsam_qgis.model_list import bundled_models
from qgis.core import QgsSettings
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from tests.qgis.test_download import CONTENT, SHA256, Server
from tests.qgis.window import Window


@pytest.fixture
def server(qgis_app):
    made = Server()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def dialog(server, tmp_path, monkeypatch):
    """A window whose only offer lies on the local server."""
    QgsSettings().remove("cwsam")
    listed = tmp_path / "registry.yaml"
    listed.write_text(
        "models:\n  - {name: big, title: Big one, "
        f"url: 'http://127.0.0.1:{server.server_address[1]}/big.pth', bytes: {len(CONTENT)}, "
        f"sha256: {SHA256}, licence: Apache-2.0, source: tests, use: training}}\n"
    )
    monkeypatch.setattr(registry, "downloads_folder", lambda: tmp_path / "models")
    monkeypatch.setattr("cwsam.cwsam_qgis.download.RETRY_MS", 1)
    monkeypatch.setattr(registry.read_registry, "__defaults__", (listed,))
    made = ModelsDialog()
    made.show()
    yield made
    made.shut_down()
    made.deleteLater()


def wait_for(condition, seconds=60):
    for _ in range(seconds * 50):
        if condition():
            return
        QTest.qWait(20)
    raise AssertionError("the wait was too long")


def click(widget):
    assert widget.isEnabled(), widget.text()
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def rows(dialog):
    items = [dialog.list.topLevelItem(n) for n in range(dialog.list.topLevelItemCount())]
    return [(item.text(0), item.text(1), item.text(3)) for item in items]


def choose(dialog, title):
    (item,) = dialog.list.findItems(title, Qt.MatchFlag.MatchExactly, 0)
    dialog.list.setCurrentItem(item)


def test_the_bundled_model_comes_first_and_shows_its_card(dialog):
    assert rows(dialog) == [
        ("sam_moe_tiny", "Segmenting", "Comes with the plugin"),
        ("Big one", "Start for training", "Can be downloaded"),
    ]
    text = dialog.card.toPlainText()
    assert "m per pixel" in text
    assert "classes:" in text
    assert not dialog.remove_button.isEnabled()
    assert not dialog.download_button.isEnabled()
    assert dialog.segment_button.isEnabled()


def test_download_check_remove(dialog, server, tmp_path):
    choose(dialog, "Big one")
    assert "No class decoder" in dialog.card.toPlainText()
    assert "Apache-2.0" in dialog.card.toPlainText()
    assert not dialog.segment_button.isEnabled()
    click(dialog.download_button)
    assert dialog.progress.isVisible()
    wait_for(lambda: dialog.download is None)
    assert dialog.sentence.text() == "Big one is ready."
    assert rows(dialog)[1][2] == "Downloaded", rows(dialog)
    path = tmp_path / "models" / "big.pth"
    assert path.read_bytes() == CONTENT
    assert registry.training_starts() == [path]
    assert not dialog.segment_button.isEnabled()
    click(dialog.remove_button)
    assert not path.exists()
    assert rows(dialog)[1][2] == "Can be downloaded"


def test_a_wrong_file_is_told_and_not_kept(dialog, server, tmp_path):
    server.content = CONTENT[:-1] + b"?"
    choose(dialog, "Big one")
    click(dialog.download_button)
    wait_for(lambda: dialog.download is None)
    assert "hash differs" in dialog.sentence.text()
    assert rows(dialog)[1][2] == "Can be downloaded"


def test_stop_and_go_on(dialog, server, tmp_path):
    server.manner = "drops"
    choose(dialog, "Big one")
    click(dialog.download_button)
    wait_for(lambda: (tmp_path / "models" / "big.pth.part").exists())
    click(dialog.stop_button)
    assert dialog.download is None
    assert "goes on from here" in dialog.sentence.text()
    click(dialog.download_button)
    wait_for(lambda: dialog.download is None)
    assert rows(dialog)[1][2] == "Downloaded", rows(dialog)


def test_a_file_is_looked_into_before_it_is_used(dialog, tiny_model):
    dialog.examine(tiny_model)
    assert not dialog.add_button.isEnabled()
    wait_for(lambda: dialog.use_button.isVisible())
    text = dialog.card.toPlainText()
    assert "sha256" in text
    assert "encoder 32 wide" in text
    assert settings.remembered_models() == []
    click(dialog.use_button)
    assert settings.remembered_models() == [str(tiny_model)]
    assert ("tiny", "Segmenting", "Your file") in rows(dialog)
    assert dialog.entry().path == tiny_model
    click(dialog.remove_button)
    assert settings.remembered_models() == []
    assert tiny_model.is_file()


def test_what_is_no_model_is_refused(dialog, tmp_path):
    text = tmp_path / "notes.pth"
    text.write_text("no weights")
    dialog.examine(text)
    wait_for(lambda: dialog.add_button.isEnabled())
    assert "is not a weights file" in dialog.sentence.text()
    assert not dialog.use_button.isVisible()


def test_without_torch_our_own_files_are_looked_into_all_the_same(
    qgis_app, tiny_model, tmp_path, monkeypatch
):
    monkeypatch.setattr("cwsam.cwsam_qgis.model_entries.has_torch", lambda: False)
    assert look_into(tiny_model).startswith("a random network")


def test_the_chosen_model_comes_to_the_dock(dialog, tiny_model):
    window = Window()
    window.window.show()
    plugin = cwsam.classFactory(window)
    plugin.initGui()
    settings.remember_model(tiny_model)
    models = plugin.shell.open_models()
    choose(models, "tiny")
    click(models.segment_button)
    assert plugin.panel.model.facts().path == tiny_model
    click(models.remove_button)
    assert plugin.panel.model.facts().path == bundled_models()[0]
    plugin.unload()
    window.window.close()
