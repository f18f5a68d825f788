"""Points into GeoPackage, Shapefile, GeoJSON or FlatGeobuf, with a style for QGIS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import OutputError
from ..staging import Staging
from .gpkg import add_style
from .guard import OutputGuard
from .ogr import OGR_ERRORS, write
from .quiet import quiet_gdal
from .vector_formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rasterio.crs import CRS

_POINT = np.frombuffer(b"\x01\x01\x00\x00\x00", np.uint8)  # little-endian WKB, type 1


def write_points(
    path: Path,
    xy: np.ndarray,
    crs: CRS | None,
    columns: Mapping[str, np.ndarray],
    qml: str,
) -> None:
    """Write a point layer.

    Args:
        path: Its suffix says the format; replaced when it exists.
        xy: (n, 2) coordinates.
        crs: Of the coordinates.
        columns: (n,) values by field; a masked array's masked values are null.
        qml: Style for QGIS, inside a GeoPackage, beside other files.

    Raises:
        OutputError: The file cannot be written, or no format has its suffix.
    """
    suffix = path.suffix.lower()
    chosen = FORMATS.get(suffix)
    if chosen is None or chosen.driver == "Parquet":
        known = ", ".join(name for name, form in FORMATS.items() if form.driver != "Parquet")
        raise OutputError(
            f"'{path.name}' has no known file extension for points: use one of {known}."
        )
    further = chosen.options_without_crs if crs is None else chosen.options_with_crs
    wkb = np.concatenate(
        [np.broadcast_to(_POINT, (len(xy), 5)), np.ascontiguousarray(xy, "<f8").view(np.uint8)],
        axis=1,
    )
    staging = Staging(path)
    with OutputGuard(staging, OGR_ERRORS):
        with quiet_gdal():
            write(
                str(staging.path),
                np.array([row.tobytes() for row in wkb], dtype=object),
                [np.ma.getdata(values) for values in columns.values()],
                list(columns),
                field_mask=[_mask(values) for values in columns.values()],
                layer=path.stem,
                driver=chosen.driver,
                geometry_type="Point",
                crs=None if crs is None else crs.to_wkt(),
                layer_options={**chosen.options, **further},
            )
        if chosen.styles_inside:
            add_style(staging.path, path.stem, qml, "")
        else:
            staging.path.with_suffix(".qml").write_text(qml, encoding="utf-8")
        staging.commit(stale=[path.stem + part for part in chosen.parts])


def _mask(values: np.ndarray) -> np.ndarray | None:
    return np.ma.getmaskarray(values) if np.ma.isMaskedArray(values) else None
