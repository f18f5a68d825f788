"""Wires the plugin into QGIS and out again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsApplication, QgsMapLayerType, QgsRasterLayer
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QAction

from .environment import add_packages_folder, remove_packages_folder
from .i18n import install_texts, remove_texts, translator
from .icons import icon
from .options import apply_options, read_options, withdraw_options
from .provider import CwsamProvider

if TYPE_CHECKING:
    from qgis.gui import QgisInterface

    from .gui.dock import Dock
    from .gui.segment_panel import SegmentPanel
    from .gui.shell import Shell
    from .options import Options

tr = translator("plugin")


class CwsamPlugin:
    """The plugin as QGIS knows it; without a window only Processing is served."""

    def __init__(self, iface: QgisInterface | None) -> None:
        """Do nothing yet.

        Args:
            iface: QGIS's window, or None in ``qgis_process``.
        """
        self.iface = iface
        self._texts = install_texts()
        self.provider: CwsamProvider | None = None
        self.dock: Dock | None = None
        self.shell: Shell | None = None

    @property
    def panel(self) -> SegmentPanel | None:
        """The *Segment* tab; None before the dock is opened."""
        return None if self.dock is None else self.dock.panel("segment")

    def initProcessing(self) -> None:  # noqa: N802 - QGIS's name
        """Register the algorithms; all that ``qgis_process`` asks for."""
        apply_options(read_options())
        add_packages_folder()
        self.provider = CwsamProvider()
        QgsApplication.processingRegistry().addProvider(self.provider)

    def initGui(self) -> None:  # noqa: N802 - QGIS's name
        """Add button, menu entry, context action and algorithms."""
        from .gui.shell import MENU, Shell

        self.initProcessing()
        window = self.iface.mainWindow()
        self.toggle_action = QAction(icon("cwsam"), tr("Land-cover segmentation"), window)
        self.toggle_action.setObjectName("cwsamToggle")
        self.toggle_action.setToolTip(tr("Turn images into land-cover polygons (CWSAM)"))
        self.toggle_action.setCheckable(True)
        self.toggle_action.triggered.connect(self._toggle)
        self.iface.addToolBarIcon(self.toggle_action)
        self.iface.addPluginToRasterMenu(MENU, self.toggle_action)
        self.layer_action = QAction(icon("cwsam"), tr("Segment layer…"), window)
        self.layer_action.setObjectName("cwsamSegmentLayer")
        self.layer_action.triggered.connect(self._segment_selected)
        self.iface.addCustomActionForLayerType(
            self.layer_action, "", QgsMapLayerType.RasterLayer, True
        )
        self.shell = Shell(self.iface, self._use_model, self._refresh, self._options_set)

    def unload(self) -> None:
        """Take away everything that was added."""
        if self.shell is not None:
            self._unload_gui()
        if self.provider is not None:
            QgsApplication.processingRegistry().removeProvider(self.provider)
            self.provider = None
        remove_packages_folder()
        withdraw_options()
        remove_texts(self._texts)
        self._texts = None

    def _unload_gui(self) -> None:
        from .gui.shell import MENU

        self.shell.remove()
        self.shell = None
        self.iface.removeToolBarIcon(self.toggle_action)
        self.iface.removePluginRasterMenu(MENU, self.toggle_action)
        self.iface.removeCustomActionForLayerType(self.layer_action)
        self._remove_dock()
        self.toggle_action.deleteLater()
        self.layer_action.deleteLater()

    def open_dock(self, tab: str = "") -> None:
        """Show the dock, made when it is first wanted, with one of its tabs in front."""
        if self.dock is None:
            self._make_dock()
        self.dock.open(tab or self.dock.current())

    def _make_dock(self) -> None:
        from .gui.dock import Dock
        from .gui.messages import Messages

        window = self.iface.mainWindow()
        messages = Messages(self.iface.messageBar(), window, self.shell.open_torch)
        self.dock = Dock(self.iface.mapCanvas(), messages, window)
        self.dock.visibilityChanged.connect(self._dock_shown)
        self.iface.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock)

    def _dock_shown(self, _visible: bool) -> None:
        if self.dock is not None:
            self.toggle_action.setChecked(not self.dock.isHidden())

    def _remove_dock(self) -> None:
        if self.dock is None:
            return
        self.dock.shut_down()
        dock, self.dock = self.dock, None
        self.iface.removeDockWidget(dock)
        dock.deleteLater()

    def _toggle(self, shown: bool) -> None:
        if shown:
            self.open_dock()
            self._choose([self.iface.activeLayer()])
        elif self.dock is not None:
            self.dock.setUserVisible(False)

    def _use_model(self, path: str) -> None:
        """Open the dock with a model chosen in the list of models."""
        self.open_dock("segment")
        self.panel.model.choose(Path(path))

    def _refresh(self) -> None:
        """Models or PyTorch have come or gone."""
        if self.panel is not None:
            self.panel.refresh()

    def _options_set(self, options: Options) -> None:
        """The user has closed QGIS's settings with OK."""
        if self.panel is not None:
            self.panel.advanced.set_device(options.device, options.precision)

    def _segment_selected(self) -> None:
        """Open the dock with the raster layers that are selected in the layer tree."""
        self.open_dock("segment")
        self._choose(self.iface.layerTreeView().selectedLayers())

    def _choose(self, layers: list) -> None:
        rasters = [layer for layer in layers if isinstance(layer, QgsRasterLayer)]
        if rasters:
            self.panel.set_layers(rasters)
