"""The dock as a host of tabs."""

import pytest
from cwsam.cwsam_qgis.gui import dock as dock_module
from cwsam.cwsam_qgis.gui.columns import scrolling_column
from cwsam.cwsam_qgis.gui.dock import TABS, Dock, Tab
from cwsam.cwsam_qgis.gui.messages import Messages
from qgis.PyQt.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget


class TallPanel(QWidget):
    """A panel that needs to scroll."""

    def __init__(self):
        super().__init__()
        self.ended = False
        footer = QVBoxLayout()
        footer.addWidget(QPushButton("Go"))
        scrolling_column(self, *(QLabel(f"line {n}") for n in range(200)), footer=footer)

    def shut_down(self):
        self.ended = True

    def set_layers(self, layers):
        self.layers = layers


@pytest.fixture
def dock(window, monkeypatch):
    more = Tab("tall", lambda: "Tall", lambda dock: TallPanel())
    monkeypatch.setattr(dock_module, "TABS", (*TABS, more))
    made = Dock(window.canvas, Messages(window.bar, window.window), window.window)
    window.addDockWidget(2, made)
    yield made
    made.shut_down()


def test_a_panel_is_made_when_it_is_wanted_and_ends_with_the_dock(dock):
    assert not dock._panels
    first = dock.open("segment")
    assert list(dock._panels) == ["segment"]
    dock.tabs.setCurrentIndex(len(TABS))
    assert dock.current() == "tall"
    panel = dock.panel("tall")
    assert dock.open("tall") is panel
    assert dock.open("segment") is first
    dock.shut_down()
    assert panel.ended
    dock._panels.clear()


def test_a_tall_panel_scrolls_and_keeps_its_button(qgis_app, dock):
    panel = dock.open("tall")
    dock.resize(420, 500)
    qgis_app.processEvents()
    assert panel.minimumSizeHint().height() < 300
    button = panel.findChild(QPushButton)
    assert button.isVisible()
    assert button.visibleRegion().boundingRect().height() == button.height()
