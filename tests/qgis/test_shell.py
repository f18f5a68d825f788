"""Menu, settings page, help and a clean end."""

import html.parser
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cwsam
import pytest
from cwsam.cwsam_qgis import i18n, icons, options
from cwsam.cwsam_qgis.gui import torch_dialog
from cwsam.cwsam_qgis.gui.options_page import PAGE, OptionsPage
from cwsam.cwsam_qgis.options import Options
from cwsam.cwsam_qgis.output_path import folder_refusal
from cwsam.cwsam_qgis.settings import remember
from cwsam.engine import files
from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QObject, QSize, Qt, pyqtSlot
from qgis.PyQt.QtGui import QColor, QDesktopServices, QPalette
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QFormLayout,
    QToolButton,
)
from tests.qgis.actions import answer
from tests.qgis.window import Window

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def window(qgis_app):
    QgsSettings().remove("cwsam")
    made = Window()
    made.window.show()
    yield made
    made.window.close()


@pytest.fixture
def plugin(window):
    loaded = cwsam.classFactory(window)
    loaded.initGui()
    yield loaded
    loaded.unload()


class Browser(QObject):
    """Stands where the user's browser would be called."""

    def __init__(self):
        super().__init__()
        self.urls = []

    @pyqtSlot("QUrl")
    def open(self, url):
        self.urls.append(url.toLocalFile())


def entries(window):
    (menu,) = [action.menu() for action in window.raster_menu.actions()]
    return menu.actions()


def test_the_menu_has_every_entry_with_an_icon(window, plugin):
    names = [action.text().replace("&", "") for action in entries(window)]
    assert names == ["Land-cover segmentation", "Models…", "PyTorch…", "Settings…", "Help"]
    assert all(not action.icon().pixmap(QSize(24, 24)).isNull() for action in entries(window))
    assert [a.text() for a in window.help_menu.actions()] == [entries(window)[-1].text()]


@pytest.mark.parametrize(("locale", "file"), [("en", "index.html"), ("zh_CN", "index_zh.html")])
def test_help_opens_in_the_language_of_qgis(window, plugin, monkeypatch, locale, file):
    browser = Browser()
    QDesktopServices.setUrlHandler("file", browser.open)
    monkeypatch.setattr(i18n.QgsApplication, "locale", staticmethod(lambda: locale))
    entries(window)[-1].trigger()
    QDesktopServices.unsetUrlHandler("file")
    assert [Path(url).name for url in browser.urls] == [file]
    assert Path(browser.urls[0]).is_file()


class _Parts(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.open, self.shape = [], [], [], []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found["href"]] if "href" in found else []
        if tag in ("h1", "h2", "p", "ol", "ul", "li"):
            self.shape.append(tag)
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_both_languages_of_the_help_say_the_same():
    folder = ROOT / "resources" / "help"
    english, chinese = _Parts(folder / "index.html"), _Parts(folder / "index_zh.html")
    assert english.shape == chinese.shape
    assert english.ids == chinese.ids
    assert not english.open
    for link in {*english.links, *chinese.links}:
        assert (folder / link).is_file(), link


def test_settings_opens_the_page(window, plugin):
    entries(window)[3].trigger()
    assert window.shown_pages == [PAGE]
    (factory,) = window.options_factories
    page = factory.createWidget(None)
    assert page.objectName() == PAGE
    assert not factory.icon().isNull()
    page.deleteLater()


def test_the_page_keeps_every_option_and_tells_the_engine(window, plugin, tmp_path, monkeypatch):
    for name in ("CWSAM_THREADS", "CWSAM_CACHE", "CWSAM_CACHE_GB", "CWSAM_PACKAGES"):
        monkeypatch.delenv(name, raising=False)
    page = OptionsPage(print)
    assert page.options() == Options() == options.read_options()
    page.device.setCurrentIndex(page.device.findData("cpu"))
    page.precision.setCurrentIndex(page.precision.findData("float32"))
    page.threads.setValue(2)
    page.suffix.setCurrentIndex(page.suffix.findData(".fgb"))
    page.output_folder.setFilePath(str(tmp_path / "out"))
    page.class_raster.setChecked(True)
    page.packages_folder.setFilePath(str(tmp_path / "packages"))
    page.cache_folder.setFilePath(str(tmp_path / "cache"))
    page.cache_limit.setValue(3)
    page.apply()
    expected = Options("cpu", "float32", 2, str(tmp_path / "cache"), 3, str(tmp_path / "packages"),
                       str(tmp_path / "out"), ".fgb", True, False)  # fmt: skip
    assert options.read_options() == expected == OptionsPage(print).options()
    assert os.environ["CWSAM_THREADS"] == "2"
    assert os.environ["CWSAM_CACHE"] == str(tmp_path / "cache")
    assert os.environ["CWSAM_CACHE_GB"] == "3"
    assert os.environ["CWSAM_PACKAGES"] == str(tmp_path / "packages")
    options.withdraw_options()
    assert not {name for name in os.environ if name.startswith("CWSAM_CACHE")}


def test_a_folder_that_nothing_can_be_made_in_is_refused_at_once(qgis_app, tmp_path, monkeypatch):
    asked = []

    def refuse(path, mode=0o777):
        asked.append(path)
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(files, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(files.os, "mkdir", refuse)
    said = folder_refusal(str(tmp_path))
    assert said == f"The folder {tmp_path} cannot be used (Access is denied): choose another."
    assert len(asked) == 1


def test_impossible_folders_are_refused(window, plugin, tmp_path):
    (tmp_path / "file").write_text("")
    remember("output_folder", "/earlier")
    page = OptionsPage(print)
    page.show()
    assert not page.refusal.isVisible()
    page.output_folder.setFilePath("relative")
    page.packages_folder.setFilePath("/proc/none")
    page.cache_folder.setFilePath(str(tmp_path / "file"))
    said = page.refusal.text().splitlines()
    assert page.refusal.isVisible()
    assert "relative names no folder" in said[0]
    assert "/proc/none cannot be used" in said[1]
    assert "file cannot be used" in said[2]
    assert not page.isValid()
    with answer("OK") as told:
        page.apply()
    assert told.text == page.refusal.text()
    kept = options.read_options()
    assert (kept.output_folder, kept.packages_folder, kept.cache_folder) == ("/earlier", "", "")
    page.output_folder.setFilePath(str(tmp_path / "new" / "deep"))
    page.packages_folder.setFilePath("")
    page.cache_folder.setFilePath(str(tmp_path))
    assert page.isValid()
    assert not page.refusal.isVisible()
    assert not (tmp_path / "new").exists()
    page.deleteLater()


def test_enter_installs_only_what_is_missing(window, plugin, monkeypatch):
    dialog = plugin.shell.open_torch()
    assert dialog.close_button.isDefault()
    assert not dialog.install_button.isDefault()
    monkeypatch.setattr(torch_dialog, "has_torch", lambda: False)
    dialog._show_state()
    assert dialog.install_button.isDefault()


def test_arrows_of_collapsed_boxes_tell_what_they_do(window, plugin):
    plugin.open_dock()
    for name in ("segment", "evaluate"):
        buttons = plugin.dock.panel(name).findChildren(QToolButton, "collapseButton")
        assert buttons
        assert all(button.toolTip() == "Show or hide these settings" for button in buttons)


def test_the_dock_follows_the_page_at_once(window, plugin):
    plugin.open_dock()
    (factory,) = window.options_factories
    page = factory.createWidget(None)
    page.device.setCurrentIndex(page.device.findData("cpu"))
    page.precision.setCurrentIndex(page.precision.findData("float32"))
    page.suffix.setCurrentIndex(page.suffix.findData(".fgb"))
    page.apply()
    assert plugin.panel.advanced.device.currentData() == "cpu"
    assert plugin.panel.advanced.precision.currentData() == "float32"
    plugin.panel.output.polygons.setFilePath("/maps/town")
    assert plugin.panel.output.outputs(["town"])[0].polygons == Path("/maps/town.fgb")


def test_what_the_user_set_outside_comes_back(window, plugin, monkeypatch):
    monkeypatch.setenv("CWSAM_CACHE", "/outside")
    options.apply_options(Options(cache_folder="/inside"))
    assert os.environ["CWSAM_CACHE"] == "/inside"
    options.apply_options(Options())
    assert os.environ["CWSAM_CACHE"] == "/outside"


def test_a_setting_of_the_wrong_kind_is_ignored(window, plugin):
    QgsSettings().setValue("cwsam/threads", '"many"')
    QgsSettings().setValue("cwsam/device", "{")
    assert options.read_options() == Options()


def _inputs(widget):
    return [
        w for kind in (QComboBox, QAbstractSpinBox, QCheckBox) for w in widget.findChildren(kind)
    ]


def test_the_page_is_accessible_and_small(window, plugin):
    page = OptionsPage(print)
    page.show()
    inputs = _inputs(page)
    assert len(inputs) == 7
    for widget in inputs:
        assert widget.toolTip()
        assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    letters = []
    for form in page.findChildren(QFormLayout):
        for row in range(form.rowCount()):
            label = form.itemAt(row, QFormLayout.ItemRole.LabelRole)
            if label is not None and label.widget().text():
                assert label.widget().buddy() is not None, label.widget().text()
                letters.append(label.widget().text().partition("&")[2][:1].lower())
    assert len(letters) == len(set(letters)) == 8
    assert page.minimumSizeHint().height() < 500
    assert page.minimumSizeHint().width() < 700
    page.deleteLater()


@pytest.mark.parametrize("dialog", ["models", "torch"])
def test_dialogs_fit_and_can_be_closed_with_the_keyboard(window, plugin, dialog):
    opened = plugin.shell.open_models() if dialog == "models" else plugin.shell.open_torch()
    assert opened.isVisible()
    assert opened.height() <= 620
    assert opened.width() <= 1000
    buttons = [b for b in opened.findChildren(type(opened.remove_button)) if b.isVisible()]
    assert all(b.focusPolicy() & Qt.FocusPolicy.TabFocus for b in buttons)
    QTest.keyClick(opened, Qt.Key.Key_Escape)
    assert not opened.isVisible()
    again = plugin.shell.open_models() if dialog == "models" else plugin.shell.open_torch()
    assert again is opened


def test_icons_follow_the_theme(qgis_app):
    before = QApplication.palette()

    def colours(name):
        image = icons.icon(name).pixmap(QSize(48, 48)).toImage()
        return {image.pixel(x, y) for x in range(48) for y in range(48)}

    assert not icons.is_dark()
    light = {name: colours(name) for name in ("cwsam", "models", "torch")}
    dark = QPalette(before)
    dark.setColor(QPalette.ColorRole.Window, QColor(40, 40, 40))
    QApplication.setPalette(dark)
    try:
        assert icons.is_dark()
        assert all(colours(name) != light[name] for name in light)
    finally:
        QApplication.setPalette(before)
    assert not icons.is_dark()


RELOAD = """
import gc, sys
from qgis.core import QgsApplication
application = QgsApplication([], True, sys.argv[1])
application.initQgis()
from tests.qgis.window import Window
window = Window()
children = len(window.window.children())
import os
environment = dict(os.environ)
paths, hooks = list(sys.path), list(sys.meta_path)
for _ in range(3):
    import cwsam
    plugin = cwsam.classFactory(window)
    plugin.initGui()
    plugin.open_dock()
    plugin.shell.open_models()
    plugin.shell.open_torch()
    plugin.unload()
    del plugin, cwsam
    # what QGIS does when a plugin is unloaded or reloaded
    for name in [n for n in sys.modules if n.split(".")[0] == "cwsam"]:
        del sys.modules[name]
    for _ in range(3):  # deferred deletes, and what they let go of
        application.sendPostedEvents(None, 52)
        application.processEvents()
        gc.collect()
    assert len(window.window.children()) == children, window.window.children()
    assert not window.toolbar.actions() and not window.raster_menu.actions()
    assert not window.help_menu.actions() and not window.options_factories
    assert not window.custom_actions
    assert sys.path == paths and sys.meta_path == hooks
    assert dict(os.environ) == environment
    kinds = {str(type(one).__module__) for one in gc.get_objects()}
    left = {kind for kind in kinds if kind.startswith("cwsam.cwsam_qgis")}
    assert not left, left
print("clean")
"""


def test_reload_leaves_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = [{str(ROOT / '.link')!r}, "
         f"{str(ROOT)!r}]\n{RELOAD}", str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert "clean" in done.stdout, done.stderr
