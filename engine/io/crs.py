"""The engine's description of a coordinate reference system, from rasterio's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rasterio._err import CPLE_BaseError
from rasterio.errors import CRSError, RasterioError
from rasterio.warp import transform_bounds

from ..types import Crs
from .quiet import quiet_gdal

if TYPE_CHECKING:
    from rasterio.crs import CRS

_ELLIPSOID = re.compile(
    r'(?:SPHEROID|ELLIPSOID)\[\s*"[^"]*"\s*,\s*([-+\d.eE]+)\s*,\s*([-+\d.eE]+)'
    r'(?:\s*,\s*LENGTHUNIT\[\s*"[^"]*"\s*,\s*([-+\d.eE]+))?'
)
_NAME = re.compile(r'^\s*\w+\[\s*"([^"]*)"')
_WEB_MERCATOR = ("popular visualisation pseudo", "mercator_auxiliary_sphere", "web_mercator")


def describe_crs(crs: CRS | None) -> Crs | None:
    """Describe a rasterio CRS in the engine's terms; None and empty ones give None."""
    if crs is None or not crs.wkt:
        return None
    wkt = crs.to_wkt()
    full = _wkt2(crs)
    semi_major, inverse_flattening = _ellipsoid(full)
    unit = _unit_factor(crs)
    geographic = crs.is_geographic
    return Crs(
        wkt=wkt,
        name=_short_name(crs, wkt),
        kind=_kind(crs, full),
        metres_per_unit=unit * semi_major if geographic else unit,
        semi_major_m=semi_major,
        inverse_flattening=inverse_flattening,
    )


def bounds_in(
    bounds: tuple[float, float, float, float], here: Crs, there: Crs
) -> tuple[float, float, float, float] | None:
    """A rectangle of one reference system in another one.

    Args:
        bounds: Left, bottom, right and top in units of ``here``.
        here: Its reference system.
        there: The other one.

    Returns:
        Left, bottom, right and top of what holds it there; None where it has no place.
    """
    try:
        with quiet_gdal():
            return transform_bounds(here.wkt, there.wkt, *bounds)
    except (CPLE_BaseError, CRSError, RasterioError):  # a local system, for instance
        return None


def _wkt2(crs: CRS) -> str:
    """WKT in the version that names projection methods as EPSG does, else the default one."""
    try:
        return crs.to_wkt(version="WKT2_2019")
    except CRSError:
        return crs.to_wkt()


def _kind(crs: CRS, wkt: str) -> str:
    if crs.is_geographic:
        return "geographic"
    lowered = wkt.lower()
    if any(sign in lowered for sign in _WEB_MERCATOR) or crs.to_epsg() == 3857:
        return "web_mercator"
    return "projected"


def _ellipsoid(wkt: str) -> tuple[float, float]:
    """Semi-major axis in metres and inverse flattening; those of WGS 84 when none is named."""
    found = _ELLIPSOID.search(wkt)
    if found is None:
        return Crs.semi_major_m, Crs.inverse_flattening
    unit = float(found.group(3)) if found.group(3) else 1.0
    return float(found.group(1)) * unit, float(found.group(2))


def _unit_factor(crs: CRS) -> float:
    """Metres per unit of a projected CRS, radians per unit of a geographic one."""
    try:
        return float(crs.units_factor[1])
    except CRSError:
        return 1.0


def _short_name(crs: CRS, wkt: str) -> str:
    authority = crs.to_authority()
    if authority:
        return ":".join(authority)
    found = _NAME.match(wkt)
    return found.group(1) if found else "unnamed"
