"""Label polygons from a vector file, placed on a raster's pixels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rasterio.features
from rasterio.crs import CRS
from rasterio.errors import CRSError
from rasterio.warp import transform

from ..errors import TrainingDataError
from .ogr import OGR_ERRORS, read_features, read_info
from .quiet import quiet_gdal
from .wkb_reader import polygon_rings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..types import RasterInfo, Window

Polygon = list  # of rings, each (n, 2) float64 x and y; the outer one first


@dataclass(frozen=True)
class LabelFeature:
    """One feature of a label layer.

    Attributes:
        value: Text of its class field; empty when it has none.
        polygons: In pixels of the raster, (column, row) from its upper left corner.
        bounds: Left, upper, right, lower edge in pixels.
        key: Hash of value and outline.
    """

    value: str
    polygons: tuple[Polygon, ...]
    bounds: tuple[float, float, float, float]
    key: str


@dataclass
class LabelLayer:
    """A label layer on the pixels of one raster.

    Attributes:
        name: File name, for people.
        features: The usable features.
        notices: Sentences that the user should read.
    """

    name: str
    features: list[LabelFeature]
    notices: list[str] = field(default_factory=list)

    @property
    def values(self) -> list[str]:
        """The class field's values, one a feature."""
        return [feature.value for feature in self.features]

    def masks(
        self, window: Window, classes: Sequence[tuple[int, Sequence[int]]]
    ) -> Iterable[tuple[int, np.ndarray]]:
        """Rasterise features.

        Args:
            window: Pixels of the raster.
            classes: Class ids, each with the indices of its features.

        Yields:
            Class id and (h, w) bool: pixels whose centre lies in one of its features.
        """
        right, bottom = window.col + window.width, window.row + window.height
        for class_id, indices in classes:
            shapes = []
            for index in indices:
                feature = self.features[index]
                left, top, far, low = feature.bounds
                if left < right and far > window.col and top < bottom and low > window.row:
                    shapes += [_shape(polygon, window) for polygon in feature.polygons]
            if shapes:
                mask = rasterio.features.rasterize(
                    shapes, (window.height, window.width), dtype=np.uint8
                )
                yield class_id, mask.astype(bool)


def read_label_layer(
    path: str | Path, class_field: str, info: RasterInfo, layer: str | None = None
) -> LabelLayer:
    """Read a label layer and place it on a raster; another CRS is reprojected.

    Args:
        path: A vector file.
        class_field: Field with the class id or name.
        info: The raster.
        layer: Name of the layer in the file; the first one if None.

    Raises:
        TrainingDataError: The file, the layer or the field cannot be used.
    """
    path = Path(path)
    crs, blobs, values = _read_file(path, class_field, layer)
    project, notices = _projection(crs, info, path.name)
    features, broken, other = [], 0, 0
    for blob, value in zip(blobs, values):
        polygons = polygon_rings(blob)
        placed = [project(polygon) for polygon in polygons if _sound(polygon)]
        placed = [p for p in placed if np.isfinite(p[0]).all()]
        if placed:
            features.append(_feature(_text(value), placed))
        elif polygons:
            broken += 1
        else:
            other += 1
    if broken:
        notices.append(f"{broken} broken polygon(s) of {path.name} are left out.")
    if other:
        notices.append(f"{other} feature(s) of {path.name} are no polygons and are left out.")
    if not features:
        raise TrainingDataError(
            f"{path.name} holds no polygon; choose a polygon layer with labels."
        )
    return LabelLayer(path.name, features, notices)


def _read_file(path: Path, class_field: str, layer: str | None) -> tuple:
    if not path.exists():
        raise TrainingDataError(f"{path} does not exist; check the path of the labels.")
    try:
        with quiet_gdal():
            info = read_info(path, layer=layer)
            fields = list(info["fields"])
            if class_field not in fields:
                raise TrainingDataError(
                    f"{path.name} has no field '{class_field}'; --class-field is one of "
                    f"{', '.join(fields) or 'none: add one'}."
                )
            meta, _, geometry, columns = read_features(
                path, layer=layer, columns=[class_field], force_2d=True
            )
    except OGR_ERRORS as error:
        raise TrainingDataError(
            f"{path} cannot be read as a vector layer ({error}); choose a GeoPackage, Shapefile "
            "or GeoJSON."
        ) from error
    return meta["crs"], geometry, columns[0]


def _projection(crs: str | None, info: RasterInfo, name: str) -> tuple:
    """A function from map coordinates to pixels, and notices."""
    notices = []
    source = target = None
    if crs is not None and info.crs is not None:
        try:
            source, target = CRS.from_user_input(crs), CRS.from_wkt(info.crs.wkt)
        except CRSError as error:
            raise TrainingDataError(
                f"The coordinate reference system of {name} is not known ({error}); set another."
            ) from error
    elif (crs is None) != (info.crs is None):
        lacking = name if crs is None else info.name
        notices.append(
            f"{lacking} has no coordinate reference system: that of the other is taken for it."
        )
    same = source is None or source == target

    def project(polygon: Polygon) -> Polygon:
        rings = []
        for ring in polygon:
            x, y = ring[:, 0], ring[:, 1]
            if not same:
                x, y = (np.asarray(v) for v in transform(source, target, x, y))
            rings.append(np.stack(info.grid.invert(x, y), 1))
        return rings

    if not same:
        notices.append(f"The labels of {name} are reprojected to the image's reference system.")
    return project, notices


def _sound(polygon: Polygon) -> bool:
    return bool(polygon) and len(polygon[0]) >= 4 and bool(np.isfinite(polygon[0]).all())


def _text(value: object) -> str:
    """A field's value as text; numbers without a decimal point, missing ones empty."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _feature(value: str, polygons: list[Polygon]) -> LabelFeature:
    points = np.concatenate([polygon[0] for polygon in polygons])
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    digest = hashlib.sha256(value.encode())
    for polygon in polygons:
        for ring in polygon:
            digest.update(np.round(ring, 3).tobytes())
    bounds = (float(left), float(top), float(right), float(bottom))
    return LabelFeature(value, tuple(polygons), bounds, digest.hexdigest())


def _shape(polygon: Polygon, window: Window) -> dict:
    """A polygon as rasterio wants it, in pixels of the window."""
    offset = np.array([window.col, window.row])
    return {"type": "Polygon", "coordinates": [(ring - offset).tolist() for ring in polygon]}
