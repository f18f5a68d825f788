"""Keeps layers that the plugin has made out of the lists of its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import QgsMapLayer, QgsProject

from ..class_areas import PROPERTY

if TYPE_CHECKING:
    from qgis.gui import QgsMapLayerComboBox


def id_of(layer: QgsMapLayer | None) -> str:
    """A layer's id, which tells it from a later one in the same place; empty without a layer."""
    return "" if layer is None else layer.id()


def is_own(layer: QgsMapLayer | None) -> bool:
    """Whether a layer is a result of ours: polygons, classes or confidence."""
    return layer is not None and layer.customProperty(PROPERTY) is not None


def except_own(box: QgsMapLayerComboBox) -> None:
    """List only layers that are no results of ours."""
    own = [layer for layer in QgsProject.instance().mapLayers().values() if is_own(layer)]
    box.setExceptedLayerList(own)


def first_foreign(box: QgsMapLayerComboBox) -> QgsMapLayer | None:
    """The first layer of a list that is no result of ours; None where there is none."""
    layers = (box.layer(index) for index in range(box.count()))
    return next((layer for layer in layers if layer is not None and not is_own(layer)), None)
