"""The dock: one tab a purpose, each made when it is first wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Protocol

from qgis.core import QgsProject
from qgis.gui import QgsDockWidget
from qgis.PyQt.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from ..i18n import translator

if TYPE_CHECKING:
    from pathlib import Path

    from qgis.core import QgsMapLayer
    from qgis.gui import QgsMapCanvas

    from ..run_record import RunRequest
    from .messages import Messages

tr = translator("dock")

SEGMENT, RESULTS, EVALUATE, FINETUNE = "segment", "results", "evaluate", "finetune"


class Panel(Protocol):
    """What the dock asks of the ``QWidget`` in a tab; it scrolls by itself (``gui/columns.py``)."""

    def shut_down(self) -> None:
        """Stop what runs and let go of QGIS: the plugin goes away."""

    def set_layers(self, layers: list[QgsMapLayer]) -> None:
        """The user has opened the tab for these layers of the project."""


@dataclass(frozen=True)
class Tab:
    """One tab of the dock.

    Attributes:
        name: Identifier.
        title: Gives the title in QGIS's language.
        make: Makes the panel, which imports what it needs only then.
    """

    name: str
    title: Callable[[], str]
    make: Callable[[Dock], Panel]


def _segment(dock: Dock) -> Panel:
    from .segment_panel import SegmentPanel

    panel = SegmentPanel(dock.canvas, dock.messages)
    panel.areas_wanted.connect(dock.show_result)
    return panel


def _results(dock: Dock) -> Panel:
    from .results_panel import ResultsPanel

    panel = ResultsPanel(dock.messages)
    panel.rerun_wanted.connect(dock.run_again)
    return panel


def _evaluate(dock: Dock) -> Panel:
    from .evaluate_panel import EvaluatePanel

    return EvaluatePanel(dock.messages)


def _finetune(dock: Dock) -> Panel:
    from .finetune_panel import FinetunePanel

    panel = FinetunePanel(dock.canvas, dock.messages)
    panel.adapter_wanted.connect(dock.use_adapter)
    return panel


# A further tab is one function like the above and one line here; the order is that on screen.
TABS: tuple[Tab, ...] = (
    Tab(SEGMENT, lambda: tr("Segment"), _segment),
    Tab(RESULTS, lambda: tr("Result"), _results),
    Tab(FINETUNE, lambda: tr("Fine-tune"), _finetune),
    Tab(EVALUATE, lambda: tr("Evaluate"), _evaluate),
)


class Dock(QgsDockWidget):
    """The plugin's dock.

    Attributes:
        canvas: QGIS's map.
        messages: Speaks to the user.
    """

    def __init__(self, canvas: QgsMapCanvas, messages: Messages, parent: QWidget) -> None:
        super().__init__(tr("Land-cover segmentation"), parent)
        self.setObjectName("cwsamDock")
        self.canvas, self.messages = canvas, messages
        self._panels: dict[str, QWidget] = {}
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for tab in TABS:
            page = QWidget()
            QVBoxLayout(page).setContentsMargins(0, 0, 0, 0)
            self.tabs.addTab(page, tab.title())
        self.tabs.setTabBarAutoHide(True)
        self.tabs.currentChanged.connect(lambda index: self.panel(TABS[index].name))
        self.setWidget(self.tabs)

    def panel(self, name: str) -> QWidget:
        """The panel of a tab, made if need be."""
        if name not in self._panels:
            index = self._index(name)
            made = TABS[index].make(self)
            self.tabs.widget(index).layout().addWidget(made)
            made.show()  # at once; the layout alone would do it later
            self._panels[name] = made
        return self._panels[name]

    def open(self, name: str) -> QWidget:
        """Bring a tab to the front; returns its panel."""
        panel = self.panel(name)
        self.tabs.setCurrentIndex(self._index(name))
        self.setUserVisible(True)
        return panel

    def show_result(self, layer_id: str) -> None:
        """Show what is known of a result layer, if it is still there."""
        layer = QgsProject.instance().mapLayer(layer_id)
        if layer is not None:
            self.open(RESULTS).set_layers([layer])

    def run_again(self, request: RunRequest) -> None:
        """Fill the tab *Segment* with the settings of an earlier run."""
        self.open(SEGMENT).apply(request)

    def use_adapter(self, model: Path, adapter: Path) -> None:
        """Choose a model and its adapter in the tab *Segment*."""
        box = self.open(SEGMENT).model
        if box.choose(model):
            box.choose(adapter)

    def current(self) -> str:
        """Name of the tab in front."""
        return TABS[self.tabs.currentIndex()].name

    def shut_down(self) -> None:
        """Stop what runs in any tab; the plugin goes away."""
        self.messages.forget()
        for panel in self._panels.values():
            panel.shut_down()

    @staticmethod
    def _index(name: str) -> int:
        return [tab.name for tab in TABS].index(name)
