"""Polygons on their way: batches gathered in a plain GeoPackage until the run is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .attributes import ClassNames, field_values
from .gpkg import GEOMETRY_COLUMN
from .ogr import write
from .quiet import quiet_gdal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..classes import LandCoverClass
    from ..types import PolygonBatch

STAGED_LAYER = "polygons"

_FLUSH_POLYGONS = 16384
_FLUSH_BYTES = 16 << 20


class StagedPolygons:
    """A growing layer without CRS and without spatial index, which makes appending cheap.

    Small batches are held back until they are worth a transaction.

    Attributes:
        path: The file.
        fields: Names of its fields.
    """

    def __init__(self, path: Path, fields: Sequence[str], classes: Sequence[LandCoverClass]):
        """Make the empty layer in a file that does not exist yet."""
        self.path = path
        self.fields = list(fields)
        self.name(classes)
        self._pending: list[PolygonBatch] = []
        self._pending_bytes = 0
        self._append([], [values[:0] for values in self._empty_row()], append=False)

    def name(self, classes: Sequence[LandCoverClass]) -> None:
        """Take the names of classes, for all polygons that are not in the file yet."""
        self._names = ClassNames.of(classes)

    def write(self, batch: PolygonBatch, size: int) -> None:
        """Append a batch whose WKB is ``size`` bytes long in all."""
        self._pending.append(batch)
        self._pending_bytes += size
        many = sum(map(len, self._pending)) >= _FLUSH_POLYGONS
        if many or self._pending_bytes >= _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is held back."""
        if not self._pending:
            return
        wkb = [one for batch in self._pending for one in batch.wkb]
        columns = zip(*(field_values(batch, self._names) for batch in self._pending))
        values = [np.concatenate(column) for column in columns]
        self._pending.clear()
        self._pending_bytes = 0
        self._append(wkb, values, append=True)

    def _append(self, wkb: Sequence[bytes], values: list[np.ndarray], append: bool) -> None:
        geometry = np.empty(len(wkb), object)
        geometry[:] = wkb
        with quiet_gdal():
            write(
                self.path,
                geometry,
                values,
                self.fields,
                layer=STAGED_LAYER,
                driver="GPKG",
                geometry_type="Polygon",
                append=append,
                layer_options={"GEOMETRY_NAME": GEOMETRY_COLUMN, "SPATIAL_INDEX": "NO"},
            )

    @staticmethod
    def _empty_row() -> list[np.ndarray]:
        text = np.empty(0, object)
        number = np.empty(0, np.float64)
        return [np.empty(0, np.int32), text, text, number, text, number]
