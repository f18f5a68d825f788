"""Which files are being edited in the project, for workers that must not look at it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qgis.core import QgsApplication, QgsProject, QgsProviderRegistry, QgsVectorLayer
from qgis.PyQt.QtCore import QThread

from ..engine.errors import OutputError
from .i18n import translator

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from qgis.core import QgsMapLayer

tr = translator("edit_watch")


class EditWatch:
    """Follows the edit sessions of the project as long as it lives.

    Made on the main thread, which keeps it up to date; asked on any. A file that took the
    place of one being edited would take the changes with it: they would be saved into a file
    that has no name any more.
    """

    def __init__(self) -> None:
        self._edited: dict[str, str] = {}
        project = QgsProject.instance()
        project.layersAdded.connect(self._follow)
        project.layersRemoved.connect(self._look)
        self._follow(project.mapLayers().values())

    def refuse(self, path: Path) -> None:
        """Refuse to replace a file that is being edited.

        Raises:
            OutputError: It is.
        """
        name = self._edited.get(os.path.realpath(path))
        if name is not None:
            text = tr(
                "{path} is being edited as '{name}': end the edit session or choose another name."
            )
            raise OutputError(text.format(path=path, name=name))

    def _follow(self, layers: Iterable[QgsMapLayer]) -> None:
        for layer in layers:
            if isinstance(layer, QgsVectorLayer):
                layer.editingStarted.connect(self._look)
                layer.editingStopped.connect(self._look)
        self._look()

    def _look(self, *_: object) -> None:
        layers = QgsProject.instance().mapLayers().values()
        found = {
            file_of(layer): layer.name()
            for layer in layers
            if isinstance(layer, QgsVectorLayer) and layer.isEditable()
        }
        found.pop("", None)
        self._edited = found


def watch_edits() -> EditWatch | None:
    """A watch on the project; None off the main thread, where models run their steps."""
    if QThread.currentThread() is not QgsApplication.instance().thread():
        return None
    return EditWatch()


def file_of(layer: QgsMapLayer) -> str:
    """The file that a layer lies in, in full; empty for others."""
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    path = str(parts.get("path") or "")
    return os.path.realpath(path) if path else ""
