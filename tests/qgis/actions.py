"""What the tests do to the plugin in a window, and what they look at afterwards."""

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import Qt, QTimer
from qgis.PyQt.QtTest import QTest
from qgis.PyQt.QtWidgets import QApplication, QMessageBox

TIMEOUT_S = 240


def click(widget):
    assert widget.isEnabled(), widget.objectName()
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def wait_for(condition):
    for _ in range(TIMEOUT_S * 50):
        if condition():
            return
        QTest.qWait(20)
    raise AssertionError("the wait was too long")


def open_panel(plugin, window):
    button = window.toolbar.widgetForAction(plugin.toggle_action)
    click(button)
    plugin.panel._estimate()
    return plugin.panel


def run_to_end(panel):
    click(panel.bar.button)
    assert panel.run_control.task is not None
    assert panel.bar.cancel_button.isVisible()
    wait_for(lambda: panel.run_control.task is None)


def message(window):
    wait_for(lambda: window.bar.currentItem() is not None)
    QTest.qWait(50)
    item = window.bar.currentItem()
    return item.text() if item else ""


def results():
    layers = QgsProject.instance().mapLayers().values()
    return [layer for layer in layers if isinstance(layer, QgsVectorLayer)]


class answer:
    """Answers the next question box by a click; Escape where no button is named.

    Attributes:
        text: What the box asked.
        default: Text of its default button.
    """

    def __init__(self, button):
        self._button, self.text, self.default = button, "", ""
        self._timer = QTimer()
        self._timer.timeout.connect(self._look)

    def __enter__(self):
        self._timer.start(20)
        return self

    def __exit__(self, *_):
        self._timer.stop()
        assert self.text, "nothing was asked"

    def _look(self):
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox) or not box.isVisible():
            return
        self._timer.stop()
        default = box.defaultButton()
        self.text, self.default = box.text(), default.text() if default is not None else ""
        if self._button is None:
            QTest.keyClick(box, Qt.Key.Key_Escape)
            return
        (button,) = [b for b in box.buttons() if b.text() in (self._button, f"&{self._button}")]
        click(button)
