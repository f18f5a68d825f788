"""The engine's description of a coordinate reference system, from QGIS's."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from osgeo import osr
from qgis.core import QgsCoordinateReferenceSystem

from ..engine.types import Crs
from .compat import gdal_result

if TYPE_CHECKING:
    from qgis.core import QgsRectangle

_WEB_MERCATOR = ("popular visualisation pseudo", "mercator_auxiliary_sphere", "web_mercator")


def describe_crs(crs: QgsCoordinateReferenceSystem) -> Crs | None:
    """Describe a CRS in the engine's terms; an invalid one gives None.

    Units and ellipsoid come from the definition itself, since QGIS takes the US survey foot
    for the international one.
    """
    if not crs.isValid():
        return None
    wkt = crs.toWkt(QgsCoordinateReferenceSystem.WktVariant.WKT_PREFERRED)
    parsed = osr.SpatialReference()
    gdal_result(parsed.ImportFromWkt, wkt)
    geographic = crs.isGeographic()
    # GDAL gives the figures of WGS 84 where there is no ellipsoid, as on a local plane.
    semi_major = gdal_result(parsed.GetSemiMajor, otherwise=osr.SRS_WGS84_SEMIMAJOR)
    flattening = gdal_result(parsed.GetInvFlattening, otherwise=osr.SRS_WGS84_INVFLATTENING)
    unit = parsed.GetAngularUnits() * semi_major if geographic else parsed.GetLinearUnits()
    return Crs(
        wkt=wkt,
        name=crs.authid() or crs.description() or "unnamed",
        kind=_kind(crs, wkt, geographic),
        metres_per_unit=unit,
        semi_major_m=semi_major,
        inverse_flattening=flattening,
    )


def _kind(crs: QgsCoordinateReferenceSystem, wkt: str, geographic: bool) -> str:
    if geographic:
        return "geographic"
    lowered = wkt.lower()
    if crs.authid() == "EPSG:3857" or any(sign in lowered for sign in _WEB_MERCATOR):
        return "web_mercator"
    return "projected"


def is_finite(extent: QgsRectangle) -> bool:
    """Whether a rectangle has finite sides and an area."""
    sides = (extent.xMinimum(), extent.yMinimum(), extent.xMaximum(), extent.yMaximum())
    return all(map(math.isfinite, sides)) and not extent.isEmpty()
