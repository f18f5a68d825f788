"""Polygons into GeoPackage, Shapefile, GeoJSON, FlatGeobuf or GeoParquet."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ..classes import CLASSES
from ..errors import OutputError
from ..estimate import size_text
from ..staging import Staging
from ..styles import vector_qml, vector_sld
from .attributes import FIELDS
from .gpkg import (
    add_metadata,
    add_style,
    check_addable,
    check_layer_name,
    check_replaceable,
    copy_geopackage,
)
from .guard import OutputGuard
from .ogr import OGR_ERRORS
from .quiet import quiet_gdal
from .staged_polygons import StagedPolygons
from .vector_formats import export, vector_format

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..classes import LandCoverClass
    from ..types import PolygonBatch, RasterInfo

SHAPEFILE_LIMIT = 2_000_000_000
"""Bytes of a .shp or .dbf file; many programs stop at 2 GB."""

_SHAPEFILE_RECORD = 400  # bytes a polygon takes in .shp and .dbf beyond its points


def shapefile_bytes(polygons: int, wkb: int) -> int:
    """What polygons whose WKB is ``wkb`` bytes long take in a Shapefile, rather more than less."""
    return wkb + polygons * _SHAPEFILE_RECORD


def shapefile_refusal(path: Path | None, polygons: int, wkb: int) -> list[str]:
    """A sentence where expected polygons will not fit into a Shapefile; else none.

    Args:
        path: The vector file that is asked for.
        polygons: Expected number.
        wkb: Expected bytes of their WKB.
    """
    size = shapefile_bytes(polygons, wkb)
    if path is None or path.suffix.lower() != ".shp" or size <= SHAPEFILE_LIMIT:
        return []
    return [
        f"About {size_text(size)} of polygons are expected and a Shapefile holds 2 GB: choose "
        ".gpkg (GeoPackage) instead, or a larger --min-area."
    ]


def open_vector_sink(
    path: str | Path,
    info: RasterInfo,
    layer: str | None = None,
    append: bool = False,
    metadata: Mapping[str, str] | None = None,
    classes: Sequence[LandCoverClass] = CLASSES,
    language: str = "en",
    siblings: Sequence[str] = (),
) -> VectorSink:
    """Start a polygon layer; its file format follows the suffix.

    Args:
        path: Final path: ``.gpkg``, ``.shp``, ``.geojson`` or ``.json`` (longitude and
            latitude where the CRS is known), ``.fgb`` or ``.parquet``.
        info: The input raster, whose CRS the polygons are in.
        layer: Name of the layer, else the file's name without suffix.
        append: Add the layer to an existing GeoPackage instead of replacing the file.
        metadata: The run record, kept in the GeoPackage; other formats have no place for it.
        classes: Names and colours.
        language: ``en`` or ``zh``, of the legend.
        siblings: Names of further layers that the caller will add to the file.

    Raises:
        OutputError: The file cannot be written there, the layer exists, or the file holds other
            layers.
    """
    path = Path(path)
    legend = (classes, language)
    return VectorSink(path, info, layer or path.stem, append, metadata, legend, siblings)


class VectorSink:
    """A :class:`~cwsam.engine.ports.FeatureSink` that ends in one file.

    Polygons gather in a hidden folder beside the target; when the ``with`` block ends without
    an exception, they are written in the target's format, with their style, and moved to its
    name. After an exception nothing is left, and an older file of that name is as it was.

    Attributes:
        metadata: The run record; entries may be added until the block ends.
    """

    def __init__(
        self,
        path: Path,
        info: RasterInfo,
        layer: str,
        append: bool,
        metadata: Mapping[str, str] | None,
        legend: tuple[Sequence[LandCoverClass], str],
        siblings: Sequence[str] = (),
    ):
        """Make the empty layer; see :func:`open_vector_sink`, ``legend`` is classes, language."""
        self.metadata = dict(metadata or {})
        self._format = vector_format(path)
        # A Shapefile's layer is its file.
        self._layer = layer if self._format.driver != "ESRI Shapefile" else path.stem
        self._crs = info.crs
        self._legend = legend
        self._names = (self._layer, *siblings)
        self._bytes = 0
        self._finished = False
        check_layer_name(layer)
        if append and not self._format.styles_inside:
            raise OutputError(
                f"{path.suffix} files hold one layer: choose a .gpkg file to add layers to."
            )
        self._staging = Staging(path)
        with self._guard():
            self._adds = append and path.exists()
            self._check_existing()
            growing = self._staging.folder / "growing" / "polygons.gpkg"
            growing.parent.mkdir()
            self._polygons = StagedPolygons(growing, self._format.fields, legend[0])

    def __enter__(self) -> VectorSink:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            self._staging.discard()
            return
        self.finish()
        with self._guard():
            stem = self._staging.target.stem
            self._staging.commit(stale=[stem + part for part in self._format.parts])

    def finish(self) -> None:
        """Complete the file after the last polygon; it gets its name when the block ends.

        Raises:
            OutputError: It cannot be written, or its layer has come into being meanwhile.
        """
        if not self._finished:
            with self._guard():
                self._finish()
            self._finished = True

    def show(self, classes: Sequence[LandCoverClass]) -> None:
        """Take names and colours that were not known at first, before polygons are written."""
        self._legend = classes, self._legend[1]
        self._polygons.name(classes)

    def write(self, batch: PolygonBatch) -> None:
        """Append a batch of polygons.

        Raises:
            OutputError: The disk is full or the format's size limit is reached.
        """
        if not len(batch):
            return
        size = sum(map(len, batch.wkb))
        with self._guard():
            self._count(len(batch), size)
            self._polygons.write(batch, size)

    def _check_existing(self) -> None:
        """Refuse a GeoPackage that stands there and cannot take the layer, or would lose others."""
        path = self._staging.target
        if self._adds:
            check_addable(path, self._layer)
        elif self._format.styles_inside and path.is_file():
            check_replaceable(path, FIELDS, self._names)

    def _count(self, polygons: int, size: int) -> None:
        """Refuse a Shapefile before it is too large to be one."""
        self._bytes += shapefile_bytes(polygons, size)
        if self._format.driver == "ESRI Shapefile" and self._bytes > SHAPEFILE_LIMIT:
            raise OutputError(
                f"{self._staging.target.name} would exceed the 2 GB that a Shapefile can hold: "
                "choose .gpkg (GeoPackage) or a larger minimum area."
            )

    def _finish(self) -> None:
        """Write the final file and its style."""
        target = self._staging.path
        self._polygons.flush()
        self._check_existing()  # again: others may have written to it during the run
        if self._adds:
            copy_geopackage(self._staging.target, target)
        with quiet_gdal():
            export(self._polygons.path, target, self._layer, self._format, self._crs)
        shutil.rmtree(self._polygons.path.parent)
        classes, language = self._legend
        qml = vector_qml(classes, language)
        sld = vector_sld(classes, language, layer=self._layer)
        if self._format.styles_inside:
            add_style(target, self._layer, qml, sld)
            if self.metadata:
                add_metadata(target, self._layer, self.metadata)
        else:
            target.with_suffix(".qml").write_text(qml, encoding="utf-8")
            target.with_suffix(".sld").write_text(sld, encoding="utf-8")

    def _guard(self) -> OutputGuard:
        return OutputGuard(self._staging, OGR_ERRORS)
