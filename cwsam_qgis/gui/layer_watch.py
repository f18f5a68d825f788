"""Listens to layers that may be removed from the project at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import QgsProject
from qgis.PyQt.QtCore import QObject, pyqtSignal

if TYPE_CHECKING:
    from qgis.core import QgsMapLayer

EDITS = ("featureAdded", "featuresDeleted", "attributeValueChanged", "geometryChanged",
         "afterRollBack")  # fmt: skip
"""Signals of a vector layer whose features are being edited."""

COMMITS = ("committedFeaturesAdded", "committedFeaturesRemoved",
           "committedAttributeValuesChanges", "committedGeometriesChanges")  # fmt: skip
"""Signals of a vector layer whose edits are being saved."""


class LayerWatch(QObject):
    """Hears some signals of the layers that are chosen at the moment."""

    heard = pyqtSignal(object)
    """One of the layers has sent one of the signals: the layer."""

    def __init__(self, signals: tuple[str, ...], parent: QObject) -> None:
        """Listen to nothing yet.

        Args:
            signals: Names of the layers' signals.
            parent: Owner.
        """
        super().__init__(parent)
        self._signals = signals
        self._layers: dict[str, QgsMapLayer] = {}

    def follow(self, *layers: QgsMapLayer | None) -> None:
        """Listen to these layers and to no others."""
        for name, layer in self._layers.items():
            if QgsProject.instance().mapLayer(name) is layer:  # else it is gone
                for signal in self._signals:
                    getattr(layer, signal).disconnect(self._tell)
        self._layers = {layer.id(): layer for layer in layers if layer is not None}
        for layer in self._layers.values():
            for signal in self._signals:
                getattr(layer, signal).connect(self._tell)

    def _tell(self, *_: object) -> None:
        self.heard.emit(self.sender())
