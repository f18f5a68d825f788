"""Sentences in QGIS's message bar, with more behind a Details button."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from qgis.core import QgsApplication
from qgis.gui import QgsMessageBarItem
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ..compat import message_level
from ..environment import install_command, missing_sentence
from ..i18n import translator

if TYPE_CHECKING:
    from qgis.gui import QgsMessageBar

tr = translator("messages")

Action = tuple[str, Callable[[], None]]
"""A button in the bar: its text, and what it does."""

TITLE = "CWSAM"
_SHORT, _LONG = 8, 0  # seconds; 0 stays until closed


class Messages:
    """Speaks to the user through one message bar."""

    def __init__(
        self,
        bar: QgsMessageBar,
        parent: QWidget,
        install_torch: Callable[[], object] | None = None,
    ) -> None:
        """Speak through a message bar.

        Args:
            bar: The bar.
            parent: Owner of dialogs.
            install_torch: Opens the window that installs PyTorch.
        """
        self._bar, self._parent, self._install_torch = bar, parent, install_torch
        self._items: list[QgsMessageBarItem] = []

    def success(self, text: str, details: str = "", action: Action | None = None) -> None:
        """Tell of a result."""
        self._push(text, "Success", details, _SHORT if not details else _LONG, action)

    def info(self, text: str) -> None:
        """Tell of something that needs no action."""
        self._push(text, "Info", "", _SHORT)

    def doubt(self, text: str, details: str) -> None:
        """Tell of a result that is not what was hoped for."""
        self._push(text, "Warning", details, _LONG)

    def offer(self, text: str, action: Action) -> None:
        """Offer something that a button does; stays until it is answered."""
        self._push(text, "Info", "", _LONG, action)

    def failure(self, text: str, details: str = "") -> None:
        """Tell what went wrong and what to do."""
        self._push(text, "Warning", details, _LONG)

    def torch_missing(self) -> None:
        """Tell that PyTorch is missing, with a button to the window that installs it."""
        action = None
        if self._install_torch is not None:
            action = (tr("Install PyTorch…"), self._install_torch)
        self._push(missing_sentence(), "Warning", install_command(), _LONG, action)

    def forget(self) -> None:
        """Take back what has a button that only a loaded plugin can serve."""
        for item in list(self._items):
            self._bar.popWidget(item)

    def _push(
        self, text: str, level: str, details: str, seconds: int, action: Action | None = None
    ) -> None:
        item = QgsMessageBarItem(TITLE, text, message_level(level), seconds)
        if action is not None:
            label, call = action
            button = QPushButton(label, item)
            button.clicked.connect(lambda: (self._bar.popWidget(item), call()))
            item.layout().addWidget(button)
            self._items.append(item)
            item.destroyed.connect(lambda: self._items.remove(item))
        if details:
            button = QPushButton(tr("Details"), item)
            button.clicked.connect(lambda: DetailsDialog(text, details, self._parent).open())
            item.layout().addWidget(button)
        self._bar.pushItem(item)


class DetailsDialog(QDialog):
    """A text to read and to copy."""

    def __init__(self, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"{TITLE} – {tr('Details')}")
        self.resize(640, 360)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.edit = QPlainTextEdit(f"{title}\n\n{text}")
        self.edit.setReadOnly(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton(tr("Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QgsApplication.clipboard().setText(self.edit.toPlainText()))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.edit)
        layout.addWidget(buttons)
