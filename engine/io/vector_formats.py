"""Vector file formats: which suffix means which, and how staged polygons become one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import OutputError
from .attributes import FIELDS, SHORT_FIELDS
from .gpkg import GEOMETRY_COLUMN
from .ogr import list_drivers, open_arrow, write_arrow
from .staged_polygons import STAGED_LAYER

if TYPE_CHECKING:
    from pathlib import Path

    from ..types import Crs

_BATCH_ROWS = 8192
_UNDEFINED_CARTESIAN = "-1"  # srs_id that the GeoPackage standard reserves for "no CRS"


@dataclass(frozen=True)
class VectorFormat:
    """One way to write the polygon layer.

    Attributes:
        driver: Name of the OGR driver.
        fields: Field names, in the order of :data:`~cwsam.engine.io.attributes.FIELDS`.
        options: Layer creation options of the driver.
        options_with_crs: Further ones where the CRS is known.
        options_without_crs: Further ones where it is not.
        styles_inside: Whether the file carries its style; else ``.qml`` and ``.sld`` lie beside.
        parts: Suffixes of the files that an older output of this format may have left.
    """

    driver: str
    fields: tuple[str, ...] = FIELDS
    options: dict[str, str] = field(default_factory=dict)
    options_with_crs: dict[str, str] = field(default_factory=dict)
    options_without_crs: dict[str, str] = field(default_factory=dict)
    styles_inside: bool = False
    parts: tuple[str, ...] = ()


_GEOJSON = VectorFormat("GeoJSON", options_with_crs={"RFC7946": "YES"})

FORMATS: dict[str, VectorFormat] = {
    ".gpkg": VectorFormat(
        "GPKG",
        options={"GEOMETRY_NAME": GEOMETRY_COLUMN, "SPATIAL_INDEX": "YES"},
        options_without_crs={"SRID": _UNDEFINED_CARTESIAN},
        styles_inside=True,
    ),
    ".shp": VectorFormat(
        "ESRI Shapefile",
        fields=SHORT_FIELDS,
        options={"ENCODING": "UTF-8"},
        parts=(".dbf", ".shx", ".prj", ".cpg", ".qix", ".sbn", ".sbx", ".qpj", ".idm", ".ind"),
    ),
    ".geojson": _GEOJSON,
    ".json": _GEOJSON,
    ".fgb": VectorFormat("FlatGeobuf", options={"SPATIAL_INDEX": "YES"}),
    ".parquet": VectorFormat("Parquet", options={"COMPRESSION": "ZSTD"}),
}
"""Formats by file suffix."""


def vector_format(path: Path) -> VectorFormat:
    """The format that a path's suffix asks for.

    Raises:
        OutputError: No format has this suffix, or this GDAL cannot write it.
    """
    chosen = FORMATS.get(path.suffix.lower())
    if chosen is None:
        raise OutputError(
            f"'{path.name}' has no known file extension for polygons: use one of "
            f"{', '.join(FORMATS)}."
        )
    if "w" not in list_drivers().get(chosen.driver, "") and not _through_pyarrow(chosen):
        raise OutputError(
            f"This installation cannot write {path.suffix}: install pyarrow or choose .gpkg."
            if chosen.driver == "Parquet"
            else f"This installation's GDAL cannot write {path.suffix}: choose .gpkg."
        )
    return chosen


def export(staged: Path, target: Path, layer: str, chosen: VectorFormat, crs: Crs | None) -> None:
    """Write the staged polygons as ``layer`` of ``target``; memory stays bounded.

    A GeoPackage that exists gets a further layer, other files are made anew.
    """
    if _through_pyarrow(chosen):
        from .geoparquet import write_geoparquet

        write_geoparquet(staged, STAGED_LAYER, target, crs)
        return
    further = chosen.options_without_crs if crs is None else chosen.options_with_crs
    with open_arrow(staged, layer=STAGED_LAYER, use_pyarrow=False, batch_size=_BATCH_ROWS) as (
        meta,
        stream,
    ):
        write_arrow(
            stream,
            target,
            layer=layer,
            driver=chosen.driver,
            geometry_name=meta["geometry_name"] or GEOMETRY_COLUMN,
            geometry_type="Polygon",
            crs=None if crs is None else crs.wkt,
            layer_options={**chosen.options, **further},
        )
    if not target.exists():  # asked for as .SHP, written as .shp
        target.with_suffix(target.suffix.lower()).rename(target)


def _through_pyarrow(chosen: VectorFormat) -> bool:
    """Whether Parquet is wanted, GDAL lacks it and pyarrow is there to write it."""
    if chosen.driver != "Parquet" or "w" in list_drivers().get("Parquet", ""):
        return False
    from importlib.util import find_spec

    return find_spec("pyarrow") is not None
