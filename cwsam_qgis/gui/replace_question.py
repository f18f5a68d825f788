"""Asks before a file is replaced."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from qgis.PyQt.QtWidgets import QMessageBox, QWidget

from ..i18n import translator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

tr = translator("replace_question")


class Answer(Enum):
    """What the user wants of files that exist."""

    REPLACE = "replace"
    NEW_NAME = "new name"
    CANCEL = "cancel"


def ask_to_replace(paths: Sequence[Path], parent: QWidget) -> Answer:
    """Ask what becomes of files that stand where outputs go; without any they are free.

    Args:
        paths: The files that exist.
        parent: Owner of the question.
    """
    if not paths:
        return Answer.REPLACE
    text = tr("{path} exists: replace it?")
    if len(paths) > 1:
        text = tr("{path} and {count} more exist: replace them?")
    box = QMessageBox(parent)
    box.setObjectName("cwsamReplace")
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle(tr("Replace?"))
    box.setText(text.format(path=paths[0], count=len(paths) - 1))
    role = QMessageBox.ButtonRole
    replace = box.addButton(tr("&Replace"), role.DestructiveRole)
    other = box.addButton(tr("Use &new name"), role.AcceptRole)
    cancel = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(other)
    box.setEscapeButton(cancel)
    box.exec()
    clicked = box.clickedButton()
    box.deleteLater()
    return {replace: Answer.REPLACE, other: Answer.NEW_NAME}.get(clicked, Answer.CANCEL)
