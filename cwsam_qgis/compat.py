"""What QGIS 3.22 to 4 call differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from qgis.core import Qgis, QgsField, QgsMapLayerProxyModel, QgsTask, QgsWkbTypes
from qgis.PyQt import QtCore, sip

if TYPE_CHECKING:
    from qgis.core import QgsRasterDataProvider, QgsVectorLayer

_HAS_META_TYPES = Qgis.QGIS_VERSION_INT >= 33800  # QgsField takes QMetaType from there on


def make_field(name: str, kind: str, length: int = 0, precision: int = 0) -> QgsField:
    """An attribute field.

    Args:
        name: Name of the field.
        kind: ``integer``, ``long`` (64 bits), ``real`` or ``text``.
        length: Largest number of characters; 0 for the format's own limit.
        precision: Digits behind the point.
    """
    if _HAS_META_TYPES:
        types = QtCore.QMetaType.Type
        chosen = {"real": types.Double, "text": types.QString}
    else:
        types = QtCore.QVariant.Type
        chosen = {"real": types.Double, "text": types.String}
    chosen |= {"integer": types.Int, "long": types.LongLong}
    return QgsField(name, chosen[kind], "", length, precision)


def raster_layers_only():
    """The filter of layer combo boxes for raster layers."""
    newer = getattr(Qgis, "LayerFilter", None)
    return newer.RasterLayer if newer else QgsMapLayerProxyModel.Filter.RasterLayer


def layer_filter(*names: str):
    """The filter of layer combo boxes for several sorts of layers.

    Args:
        names: Of ``RasterLayer``, ``PolygonLayer`` and ``PointLayer``.
    """
    newer = getattr(Qgis, "LayerFilter", None)
    flags = [getattr(newer or QgsMapLayerProxyModel.Filter, name) for name in names]
    # Joined with Qt 5, single flags become a plain number, which newer releases deprecate.
    chosen = Qgis.LayerFilters(flags[0]) if newer else flags[0]
    for flag in flags[1:]:
        chosen = chosen | flag
    return chosen


def layer_geometry(layer) -> str:
    """Sort of a vector layer's geometries: ``point``, ``line``, ``polygon`` or ``none``."""
    return _geometry_name(layer.geometryType())


def geometry_type(geometry) -> str:
    """Sort of a geometry, as :func:`layer_geometry` names it."""
    return _geometry_name(geometry.type())


def _geometry_name(kind) -> str:
    newer = getattr(Qgis, "GeometryType", None)
    types = newer if newer is not None else QgsWkbTypes.GeometryType
    suffix = "" if newer is not None else "Geometry"
    for name in ("Point", "Line", "Polygon"):
        if kind == getattr(types, name + suffix):
            return name.lower()
    return "none"


def point_type():
    """The geometry type of point layers."""
    newer = getattr(Qgis, "WkbType", None)
    return newer.Point if newer else QgsWkbTypes.Type.Point


def is_null(value: object) -> bool:
    """Whether an attribute is empty; QGIS up to 3.34 says so with a QVariant."""
    return value is None or (isinstance(value, QtCore.QVariant) and value.isNull())


def polygon_type():
    """The geometry type of polygon layers."""
    newer = getattr(Qgis, "WkbType", None)
    return newer.Polygon if newer else QgsWkbTypes.Type.Polygon


def task_flags():
    """A task that can be cancelled and whose end we tell of ourselves, where QGIS allows."""
    silent = getattr(QgsTask.Flag, "Silent", None)  # from 3.26 on
    return QgsTask.Flag.CanCancel | silent if silent else QgsTask.Flag.CanCancel


def quiet_task_flags():
    """A task that can be cancelled and that QGIS may end without asking when it closes."""
    return task_flags() | QgsTask.Flag.CancelWithoutPrompt


def polygon_layers_only():
    """The filter of layer combo boxes for polygon layers."""
    newer = getattr(Qgis, "LayerFilter", None)
    return newer.PolygonLayer if newer else QgsMapLayerProxyModel.Filter.PolygonLayer


def message_level(name: str):
    """A message level by its name: ``Info``, ``Warning``, ``Critical`` or ``Success``."""
    return getattr(Qgis.MessageLevel, name)


def clone_provider(provider: QgsRasterDataProvider) -> QgsRasterDataProvider:
    """A copy of a raster's data provider that goes, with its open files, when Python drops it.

    QGIS hands it out as if it had an owner in C++, which it has not.
    """
    clone = provider.clone()
    if not sip.ispyowned(clone):
        sip.transferback(clone)
    return clone


def gdal_result(call: Callable, *arguments: object, otherwise: object = None, **named: object):
    """What a function of GDAL returns.

    Args:
        call: The function.
        arguments: Its arguments.
        otherwise: What stands for a failure where another plugin makes GDAL raise errors.
        named: Its named arguments.
    """
    try:
        return call(*arguments, **named)
    except RuntimeError:
        return otherwise


def save_style(layer: QgsVectorLayer, name: str) -> str:
    """Store a layer's style in its file, as the default; returns what went wrong, or nothing."""
    newer = getattr(layer, "saveStyleToDatabaseV2", None)  # from 4.0 on
    if newer is None:
        return layer.saveStyleToDatabase(name, "", True, "")
    _, message = newer(name, "", True, "")
    return message
