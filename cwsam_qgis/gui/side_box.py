"""A layer and, where it is a vector layer, the field that holds its class."""

from __future__ import annotations

from qgis.core import QgsMapLayer, QgsVectorLayer
from qgis.gui import QgsFieldComboBox, QgsMapLayerComboBox
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QFormLayout, QLabel

from ..compat import layer_filter
from ..i18n import translator
from .own_layers import id_of

tr = translator("side_box")

_LETTERS = 12
_USUAL = ("ref_class", "class_id", "class_name", "class")


class SideBox(QObject):
    """Two rows of a form: layer and class field.

    Attributes:
        layer_box: Chooses the layer.
        field_box: Chooses the field; hidden for rasters.
    """

    changed = pyqtSignal()
    """Another layer or field is chosen."""

    def __init__(self, form: QFormLayout, title: str, tip: str, *kinds: str) -> None:
        """Add the rows.

        Args:
            form: Where to.
            title: Name of the layer's row.
            tip: Its tooltip.
            kinds: Sorts of layers; see :func:`~..compat.layer_filter`.
        """
        super().__init__(form.parentWidget())
        self.layer_box = QgsMapLayerComboBox()
        self.layer_box.setFilters(layer_filter(*kinds))
        self.layer_box.setAllowEmptyLayer(True)
        self.layer_box.setToolTip(tip)
        self.field_box = QgsFieldComboBox()
        self.field_box.setAllowEmptyFieldName(True)
        self.field_box.setToolTip(tr("The field that holds the class: its number or its name"))
        for box in (self.layer_box, self.field_box):  # long names do not widen the dock
            box.setSizeAdjustPolicy(box.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(_LETTERS)
        self._label = QLabel(tr("Class field"))
        self._label.setBuddy(self.field_box)
        form.addRow(title, self.layer_box)
        form.addRow(self._label, self.field_box)
        self.layer_box.layerChanged.connect(self._layer_changed)
        self.field_box.fieldChanged.connect(lambda _: self.changed.emit())
        self._layer_changed(self.layer_box.currentLayer())

    def layer(self) -> QgsMapLayer | None:
        """The chosen layer."""
        return self.layer_box.currentLayer()

    def field(self) -> str:
        """The chosen field; empty for rasters, and where none is chosen."""
        return self.field_box.currentField() if isinstance(self.layer(), QgsVectorLayer) else ""

    def project_changed(self) -> None:
        """Follow the list, which moves to another layer without telling."""
        if id_of(self.layer()) != self._layer_id:
            self._layer_changed(self.layer())

    def _layer_changed(self, layer: QgsMapLayer | None) -> None:
        """Offer the layer's fields, the likeliest first."""
        self._layer_id = id_of(layer)
        vector = layer if isinstance(layer, QgsVectorLayer) else None
        self.field_box.setLayer(vector)
        names = [] if vector is None else [field.name() for field in vector.fields()]
        usual = [name for name in _USUAL if name in names]
        self.field_box.setField(usual[0] if usual else "")
        for widget in (self._label, self.field_box):
            widget.setVisible(vector is not None)
        self.changed.emit()
