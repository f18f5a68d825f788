"""Vector file formats: which suffix means which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..engine.errors import OutputError
from .i18n import translator

if TYPE_CHECKING:
    from pathlib import Path

tr = translator("vector_formats")


@dataclass(frozen=True)
class VectorFormat:
    """One way to write the polygons.

    Attributes:
        driver: Name of the OGR driver.
        options: Layer creation options.
        chinese_field: Field of the Chinese class name; a Shapefile's names have ten letters.
        styles_inside: Whether the file carries its style; else ``.qml`` and ``.sld`` lie beside.
        beside: Endings of further files that hold what a user may have made.
    """

    driver: str
    options: tuple[str, ...] = ()
    chinese_field: str = "class_name_zh"
    styles_inside: bool = False
    beside: tuple[str, ...] = (".qml",)


FORMATS = {
    ".gpkg": VectorFormat(
        "GPKG", ("GEOMETRY_NAME=geom", "SPATIAL_INDEX=YES"), styles_inside=True, beside=()
    ),
    ".shp": VectorFormat(
        "ESRI Shapefile", ("ENCODING=UTF-8",), "class_zh", beside=(".dbf", ".qml")
    ),
    ".geojson": VectorFormat("GeoJSON"),
    ".fgb": VectorFormat("FlatGeobuf", ("SPATIAL_INDEX=YES",)),
}
"""Formats by file suffix."""


def vector_format(path: Path) -> VectorFormat:
    """The format that a path's suffix asks for.

    Raises:
        OutputError: No format has this suffix.
    """
    chosen = FORMATS.get(path.suffix.lower())
    if chosen is None:
        text = tr("'{name}' has no known file extension for polygons: use one of {formats}.")
        raise OutputError(text.format(name=path.name, formats=", ".join(FORMATS)))
    return chosen
