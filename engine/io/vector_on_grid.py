"""Vector layers on any pixel grid: polygons strip by strip, sample points at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import numpy as np
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.features import rasterize
from rasterio.warp import transform, transform_bounds

from ..errors import TrainingDataError
from ..types import NODATA_CLASS
from .geotransform import to_affine
from .ogr import OGR_ERRORS, list_layers, read_features, read_info
from .quiet import gdal_options
from .wkb_reader import point_coordinates, polygon_rings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..pixel_grid import PixelGrid
    from ..types import Window

IdsOf = Callable[["Sequence[object]"], np.ndarray]
"""Class ids (n,) uint8 of attribute values."""


@dataclass(frozen=True)
class VectorLayer:
    """What is known of a vector layer before its features are read.

    Attributes:
        path: The file.
        layer: Name of the layer; None for the first.
        crs: rasterio's; None when unknown.
        bounds: Left, bottom, right, top in its CRS.
        kind: ``polygon``, ``point`` or ``other``.
        fields: Names of its attributes.
    """

    path: str
    layer: str | None
    crs: CRS | None
    bounds: tuple[float, float, float, float]
    kind: str
    fields: tuple[str, ...]

    @property
    def name(self) -> str:
        """File name, and layer where it is not the first."""
        file = Path(self.path).name
        return f"{file} ({self.layer})" if self.layer else file


def layer_names(path: Path) -> list[str]:
    """Names of the layers of a vector file; none where it is no such file or missing."""
    try:
        return [str(name) for name, _ in list_layers(path)] if path.exists() else []
    except OGR_ERRORS:
        return []


def open_vector(path: str | Path, layer: str | None = None) -> VectorLayer | None:
    """Describe a vector file; None when it is none, such as a raster.

    Raises:
        TrainingDataError: The layer does not exist.
    """
    try:
        info = read_info(str(path), layer=layer or 0, force_total_bounds=True)
    except OGR_ERRORS as error:
        if layer is not None and Path(str(path)).exists():
            raise TrainingDataError(
                f"{Path(str(path)).name} has no layer '{layer}': ogrinfo lists its layers."
            ) from error
        return None
    kind = str(info["geometry_type"] or "")
    sort = "polygon" if "Polygon" in kind else "point" if "Point" in kind else "other"
    bounds = info["total_bounds"] or (float("nan"),) * 4
    if kind in ("Unknown", "GeometryCollection") or not kind:
        sort = "polygon"  # mixed layers: their polygons count
    return VectorLayer(
        str(path), layer, _crs(info["crs"]), tuple(bounds), sort, tuple(info["fields"])
    )


class ClassPolygons:
    """Polygons with a class; where they overlap the later one counts.

    Attributes:
        name: Name of the layer.
        grid: The pixels they are drawn on.
    """

    def __init__(self, layer: VectorLayer, field: str, ids_of: IdsOf, grid: PixelGrid) -> None:
        """Prepare to draw a layer.

        Args:
            layer: From :func:`open_vector`.
            field: Attribute that holds the class.
            ids_of: Makes class ids of its values.
            grid: The pixels.
        """
        self.name, self.grid = layer.name, grid
        self._layer, self._field, self._ids_of = layer, field, ids_of

    def read(self, strip: Window) -> np.ndarray:
        """Class ids (h, w) uint8 of a strip of the grid; 255 = none. Pixel centres count.

        Raises:
            TrainingDataError: The file is damaged.
        """
        shape = (strip.height, strip.width)
        bounds = self.grid.bounds(strip)
        if _differ(self.grid.crs, self._layer.crs):
            bounds = transform_bounds(self.grid.crs, self._layer.crs, *bounds, densify_pts=41)
        columns, geometries = read_layer(self._layer, (self._field,), bounds)
        shapes = []
        for class_id, data in zip(self._ids_of(columns[self._field]), geometries):
            parts = polygon_rings(data)
            if parts and class_id != NODATA_CLASS:
                shapes.append((self._shape(parts), int(class_id)))
        if not shapes:
            return np.full(shape, NODATA_CLASS, np.uint8)
        affine = to_affine(self.grid.strip_transform(strip))
        with gdal_options():
            return rasterize(shapes, shape, fill=NODATA_CLASS, transform=affine, dtype="uint8")

    def close(self) -> None:
        """Nothing stays open between strips."""

    def _shape(self, parts: list[list[np.ndarray]]) -> dict:
        """A polygon in the grid's CRS, as GeoJSON."""
        placed = [[_moved(ring, self._layer.crs, self.grid.crs) for ring in p] for p in parts]
        rings = [[ring.tolist() for ring in part] for part in placed]
        return {"type": "MultiPolygon", "coordinates": rings}


def read_layer(
    layer: VectorLayer,
    fields: Sequence[str],
    bounds: tuple[float, float, float, float] | None = None,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Read attributes and geometries.

    Args:
        layer: From :func:`open_vector`.
        fields: Attributes to read.
        bounds: Left, bottom, right, top in the layer's CRS; all features where None.

    Returns:
        ``(columns, geometries)``: (n,) values by field, and (n,) well-known binary.

    Raises:
        TrainingDataError: The file is damaged.
    """
    try:
        meta, _, geometries, columns = read_features(
            layer.path, layer=layer.layer or 0, columns=list(fields), force_2d=True, bbox=bounds
        )
    except OGR_ERRORS as error:
        raise TrainingDataError(f"{layer.name} is damaged: copy or export it again.") from error
    return dict(zip(meta["fields"].tolist(), columns)), geometries


def bounds_in(layer: VectorLayer, crs: CRS | None) -> tuple[float, float, float, float]:
    """Left, bottom, right, top of a layer in a CRS; in its own where one of them is unknown."""
    if not _differ(layer.crs, crs):
        return layer.bounds
    return transform_bounds(layer.crs, crs, *layer.bounds, densify_pts=41)


def points_on_grid(geometries: np.ndarray, layer: VectorLayer, grid: PixelGrid) -> np.ndarray:
    """Rows and columns of the pixels that points lie in, (n, 2) int64; -1 outside."""
    return grid.places(_moved(point_coordinates(geometries), layer.crs, grid.crs))


def _moved(xy: np.ndarray, source: CRS | None, target: CRS | None) -> np.ndarray:
    """Coordinates (n, 2) in another CRS; the same where either is unknown."""
    if not _differ(source, target) or not len(xy):
        return xy
    known = np.isfinite(xy).all(axis=1)
    moved = np.full(xy.shape, np.nan)
    moved[known] = np.column_stack(transform(source, target, *xy[known].T.tolist())[:2])
    return moved


def _differ(one: CRS | None, other: CRS | None) -> bool:
    return one is not None and other is not None and one != other


def _crs(text: str | None) -> CRS | None:
    try:
        return CRS.from_user_input(text) if text else None
    except CRSError:
        return None
