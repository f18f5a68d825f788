"""GeoParquet through pyarrow, for the GDAL of pyogrio's wheel writes none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow.parquet
from rasterio.crs import CRS

from .ogr import open_arrow

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow

    from ..types import Crs

_COLUMN = "geometry"


def write_geoparquet(staged: Path, layer: str, target: Path, crs: Crs | None) -> None:
    """Copy a layer of polygons into a GeoParquet 1.1 file, batch by batch."""
    with open_arrow(staged, layer=layer, use_pyarrow=True, batch_size=8192) as (meta, reader):
        old = meta["geometry_name"] or "wkb_geometry"
        names = [_COLUMN if name == old else name for name in reader.schema.names]
        schema = _schema(reader.schema, names, crs)
        with pyarrow.parquet.ParquetWriter(target, schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch.rename_columns(names).cast(schema))


def _schema(old: pyarrow.Schema, names: list[str], crs: Crs | None) -> pyarrow.Schema:
    """The schema with plain binary geometries and GeoParquet's file metadata."""
    fields = [
        pyarrow.field(name, pyarrow.binary() if name == _COLUMN else entry.type)
        for name, entry in zip(names, old)
    ]
    column = {
        "encoding": "WKB",
        "geometry_types": ["Polygon"],
        "orientation": "counterclockwise",
        "crs": None if crs is None else CRS.from_wkt(crs.wkt).to_dict(projjson=True),
    }
    geo = {"version": "1.1.0", "primary_column": _COLUMN, "columns": {_COLUMN: column}}
    return pyarrow.schema(fields, metadata={"geo": json.dumps(geo)})
