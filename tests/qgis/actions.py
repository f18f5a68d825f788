"""What the tests do to the plugin in a window, and what they look at afterwards."""

from qgis.core import QgsProject, QgsVectorLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest

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
