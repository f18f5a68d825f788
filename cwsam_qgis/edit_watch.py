"""Which files are being edited in the project, for workers that must not look at it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qgis.core import QgsApplication, QgsProject, QgsProviderRegistry, QgsVectorLayer
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QObject, QThread, pyqtSlot

from ..engine.errors import OutputError
from .i18n import translator

if TYPE_CHECKING:
    from pathlib import Path

    from qgis.core import QgsMapLayer

tr = translator("edit_watch")


class EditWatch(QObject):
    """Follows the edit sessions of the project until it is closed.

    Made on the main thread, which keeps it up to date; asked on any. A file that took the
    place of one being edited would take the changes with it: they would be saved into a file
    that has no name any more.
    """

    def __init__(self) -> None:
        super().__init__()
        self._edited: dict[str, str] = {}
        self._followed: set[str] = set()  # ids of layers
        project = QgsProject.instance()
        # Connections to slots that Qt knows end with the object, on whatever thread it is closed.
        project.layersAdded.connect(self._look)
        project.layersRemoved.connect(self._look)
        self._look()

    def close(self) -> None:
        """Follow them no more; on any thread, as often as is liked."""
        if not sip.isdeleted(self):
            self.deleteLater()  # in the main thread, and all connections with it

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

    @pyqtSlot()
    def _look(self) -> None:
        layers = QgsProject.instance().mapLayers()
        layers = {key: one for key, one in layers.items() if isinstance(one, QgsVectorLayer)}
        for key in layers.keys() - self._followed:
            layers[key].editingStarted.connect(self._look)
            layers[key].editingStopped.connect(self._look)
        self._followed = set(layers)
        found = {file_of(one): one.name() for one in layers.values() if one.isEditable()}
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
