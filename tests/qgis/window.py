"""A small main window that serves the plugin as QGIS's own does, of real QGIS widgets."""

from qgis.core import QgsLayerTreeModel, QgsMapLayer, QgsProject
from qgis.gui import QgisInterface, QgsLayerTreeView, QgsMapCanvas, QgsMessageBar
from qgis.PyQt.QtWidgets import QDockWidget, QMainWindow, QMenu, QVBoxLayout, QWidget


class Window(QgisInterface):
    """The parts of QGIS's window that a plugin touches."""

    def __init__(self):
        super().__init__()
        self.window = QMainWindow()
        self.window.resize(1100, 700)
        centre = QWidget()
        column = QVBoxLayout(centre)
        self.bar, self.canvas = QgsMessageBar(), QgsMapCanvas()
        column.addWidget(self.bar)
        column.addWidget(self.canvas)
        self.window.setCentralWidget(centre)
        self.toolbar = self.window.addToolBar("Plugins")
        self.raster_menu = QMenu("Raster", self.window)
        self.help_menu = QMenu("Plugins", self.window)
        self.custom_actions, self.options_factories, self.shown_pages = [], [], []
        self.tree = QgsLayerTreeView(self.window)
        self.tree.setModel(QgsLayerTreeModel(QgsProject.instance().layerTreeRoot(), self.tree))
        dock = QDockWidget("Layers", self.window)
        dock.setWidget(self.tree)
        self.window.addDockWidget(1, dock)

    def mainWindow(self):
        return self.window

    def mapCanvas(self):
        return self.canvas

    def messageBar(self):
        return self.bar

    def layerTreeView(self):
        return self.tree

    def activeLayer(self):
        return self.tree.currentLayer()

    def addToolBarIcon(self, action):
        self.toolbar.addAction(action)
        return 0

    def removeToolBarIcon(self, action):
        self.toolbar.removeAction(action)

    def addPluginToRasterMenu(self, name, action):
        self._submenu(name).addAction(action)

    def removePluginRasterMenu(self, name, action):
        menu = self._submenu(name)
        menu.removeAction(action)
        if not menu.actions():
            self.raster_menu.removeAction(menu.menuAction())

    def addCustomActionForLayerType(self, action, menu, kind, all_layers):
        assert all_layers
        self.custom_actions.append((kind, action))

    def removeCustomActionForLayerType(self, action):
        self.custom_actions = [(k, a) for k, a in self.custom_actions if a is not action]
        return True

    def pluginHelpMenu(self):
        return self.help_menu

    def registerOptionsWidgetFactory(self, factory):
        self.options_factories.append(factory)

    def unregisterOptionsWidgetFactory(self, factory):
        self.options_factories.remove(factory)

    def showOptionsDialog(self, parent=None, page=""):
        self.shown_pages.append(page)

    def addDockWidget(self, area, dock):
        self.window.addDockWidget(area, dock)
        dock.show()

    def removeDockWidget(self, dock):
        self.window.removeDockWidget(dock)

    def actions_for(self, layer: QgsMapLayer):
        """Actions that the layer tree's context menu would show."""
        return [action for kind, action in self.custom_actions if kind == layer.type()]

    def _submenu(self, name):
        for action in self.raster_menu.actions():
            if action.text() == name:
                return action.menu()
        return self.raster_menu.addMenu(name)
