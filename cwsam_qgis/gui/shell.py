"""Menu entries, the settings page and the help: what the plugin adds beside its dock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Callable

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QDesktopServices, QIcon
from qgis.PyQt.QtWidgets import QAction

from ..i18n import language, translator
from ..icons import icon
from .options_page import PAGE, OptionsFactory

if TYPE_CHECKING:
    from qgis.gui import QgisInterface
    from qgis.PyQt.QtWidgets import QDialog

    from ..options import Options

tr = translator("shell")

MENU = "CWSAM"
_HELP = Path(__file__).resolve().parents[2] / "resources" / "help"


class Shell:
    """Adds everything when made; :meth:`remove` takes all of it away.

    Attributes:
        actions: The menu's entries by name.
        dialogs: Dialogs by name that were opened and may be open still.
    """

    def __init__(
        self,
        iface: QgisInterface,
        use_model: Callable[[str], None],
        changed: Callable[[], None],
        applied: Callable[[Options], None],
    ) -> None:
        """Add to QGIS's window.

        Args:
            iface: The window.
            use_model: Called with a weights file that the user wants to segment with.
            changed: Called when models or PyTorch have come or gone.
            applied: Called with the options when the user has set them.
        """
        self._iface, self._use_model, self._changed = iface, use_model, changed
        self.dialogs: dict[str, QDialog] = {}
        self.actions = {
            "models": self._add("models", icon("models"), tr("&Models…"), self.open_models),
            "torch": self._add("torch", icon("torch"), tr("&PyTorch…"), self.open_torch),
            "options": self._add(
                "options", _theme("mActionOptions"), tr("&Settings…"), self.open_options
            ),
            "help": self._add("help", _theme("mActionHelpContents"), tr("&Help"), open_help),
        }
        iface.pluginHelpMenu().addAction(self.actions["help"])
        self._factory = OptionsFactory(applied)
        iface.registerOptionsWidgetFactory(self._factory)

    def remove(self) -> None:
        """Take away what was added and close what is open."""
        self._iface.unregisterOptionsWidgetFactory(self._factory)
        self._factory.deleteLater()
        self._iface.pluginHelpMenu().removeAction(self.actions["help"])
        for action in self.actions.values():
            self._iface.removePluginRasterMenu(MENU, action)
            action.deleteLater()
        for dialog in self.dialogs.values():
            dialog.shut_down()
            dialog.close()
            dialog.deleteLater()
        self.actions, self.dialogs = {}, {}

    def open_models(self) -> QDialog:
        """Show the models that there are and those that can be had."""
        from .models_dialog import ModelsDialog

        dialog = self._open("models", ModelsDialog)
        dialog.refresh()
        return dialog

    def open_torch(self) -> QDialog:
        """Show how PyTorch stands, to install or remove it."""
        from .torch_dialog import TorchDialog

        return self._open("torch", TorchDialog)

    def open_options(self) -> None:
        """Show QGIS's settings at the plugin's page."""
        self._iface.showOptionsDialog(self._iface.mainWindow(), PAGE)

    def _open(self, name: str, kind: Callable[..., QDialog]) -> QDialog:
        if name not in self.dialogs:
            made = self.dialogs[name] = kind(self._iface.mainWindow())
            made.changed.connect(self._changed)
            if hasattr(made, "chosen"):
                made.chosen.connect(self._use_model)
        dialog = self.dialogs[name]
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()
        return dialog

    def _add(self, name: str, picture: QIcon, text: str, act: Callable[[], object]) -> QAction:
        action = QAction(picture, text, self._iface.mainWindow())
        action.setObjectName(f"cwsam{name.title()}")
        action.triggered.connect(lambda _checked=False: act())
        self._iface.addPluginToRasterMenu(MENU, action)
        return action


def open_help() -> None:
    """Open the guide that comes with the plugin, in QGIS's language."""
    name = "index_zh.html" if language() == "zh" else "index.html"
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(_HELP / name)))


def _theme(name: str) -> QIcon:
    """An icon of QGIS's own, which follows its theme."""
    return QgsApplication.getThemeIcon(f"/{name}.svg")
