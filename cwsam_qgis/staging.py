"""Outputs grow in a hidden folder; what stands in their way is said in QGIS's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..engine.staging import Obstacle, Staging, check_writable
from .i18n import translator

if TYPE_CHECKING:
    from pathlib import Path

tr = translator("staging")


def stage(target: Path) -> Staging:
    """Start an output.

    Raises:
        OutputError: The folder is missing or read-only, or the file is in use.
    """
    return Staging(target, _sentence)


def check_target(path: Path) -> None:
    """Refuse a file that cannot be written or replaced.

    Raises:
        OutputError: The folder is missing or read-only, or the file is in use.
    """
    check_writable(path, _sentence)


def _sentence(obstacle: Obstacle, target: Path, cause: str) -> str:
    if obstacle is Obstacle.NO_FOLDER:
        text = tr("The folder {path} does not exist: create it or choose another.")
        return text.format(path=target.parent)
    if obstacle is Obstacle.CLOSED_FOLDER:
        text = tr("The folder {path} cannot be written ({cause}): choose another.")
        why = tr("no permission") if cause == "no permission" else cause
        return text.format(path=target.parent, cause=why)
    if obstacle is Obstacle.IS_FOLDER:
        return tr("{path} is a folder: choose a file name in it.").format(path=target)
    if obstacle is Obstacle.PROTECTED:
        text = tr("{path} is write-protected: choose another name or unlock it.")
        return text.format(path=target)
    return tr(
        "{path} is in use: remove its layers from the project or choose another name."
    ).format(path=target)
