"""Maps and references from files: opened, brought onto one grid, counted, drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Union

import numpy as np

from ..engine.errors import ConfigError, OutputError, TrainingDataError
from ..engine.io.class_raster import ClassRaster
from ..engine.io.crs import describe_crs
from ..engine.io.vector_on_grid import (
    ClassPolygons,
    VectorLayer,
    bounds_in,
    layer_names,
    open_vector,
    points_on_grid,
    read_layer,
)
from ..engine.pixel_grid import PixelGrid, grid_over
from .map_strips import DrawnSample, ReferencePoints
from .sample_points import (
    MAP_CLASS,
    MAP_NAME,
    MAP_PIXELS,
    NOTE,
    NUMBER,
    PIXEL_M2,
    RECORDED,
    REF_CLASS,
)

if TYPE_CHECKING:
    from pathlib import Path

    from .class_values import ClassValues

OpenMap = Union[ClassRaster, ClassPolygons]

_CLASS_FIELDS = ("class_id", "class_name", "class")
_REFERENCE_FIELDS = (REF_CLASS, "reference", *_CLASS_FIELDS)


@dataclass(frozen=True)
class MapSource:
    """What the user names.

    Attributes:
        path: A raster or vector file.
        layer: Layer of a vector file; None for the first.
        field: Its class attribute; None to choose by name.
        values: What pixel values or attributes mean.
    """

    path: str
    layer: str | None
    field: str | None
    values: ClassValues


@dataclass
class Pair:
    """A map and its reference on one grid.

    Attributes:
        map: The map.
        reference: The reference where it is an area.
        points: The layer where the reference is a sample.
        field: Class attribute of the points.
        values: What the points' attributes mean.
        notices: Sentences gathered while opening.
    """

    map: OpenMap
    reference: OpenMap | None
    points: VectorLayer | None
    field: str
    values: ClassValues
    notices: tuple[str, ...]

    @property
    def reference_name(self) -> str:
        """Name of the reference."""
        return (self.points or self.reference).name

    @property
    def unit_area(self) -> float | None:
        """Square metres of a pixel; None without a CRS."""
        return unit_area(self.map.grid)

    def close(self) -> None:
        """Close the files."""
        self.map.close()
        if self.reference is not None:
            self.reference.close()


def open_pair(prediction: MapSource, reference: MapSource, resolution: float | None) -> Pair:
    """Open a map and what it is compared with.

    The grid is the map's; where the map is a vector layer, that of a raster reference as far as
    the map's extent reaches; one over the map's extent where neither is a raster.

    Raises:
        CwsamError: One of them cannot be used.
    """
    layer = open_vector(reference.path, reference.layer)
    raster = None
    if layer is None:
        raster = ClassRaster(reference.path, reference.values.of_pixels)
    elif layer.kind == "other":
        raise TrainingDataError(f"{layer.name} holds lines: give polygons or points.")
    opened, notices = open_single(prediction, resolution, None if raster is None else raster.grid)
    if raster is not None:
        raster.put_on(opened.grid)
        return Pair(opened, raster, None, "", reference.values, notices)
    if layer.kind == "point":
        field = _field(layer, reference.field, _REFERENCE_FIELDS, "--field")
        return Pair(opened, None, layer, field, reference.values, notices)
    field = _field(layer, reference.field, _CLASS_FIELDS, "--field")
    polygons = ClassPolygons(layer, field, reference.values.ids_of, opened.grid)
    return Pair(opened, polygons, None, field, reference.values, notices)


def open_single(
    source: MapSource, resolution: float | None, grid: PixelGrid | None = None
) -> tuple[OpenMap, tuple[str, ...]]:
    """Open a map.

    Args:
        source: What the user names.
        resolution: Pixel side for a vector map in units of its CRS.
        grid: For a vector map where the reference has one.

    Returns:
        The map, and sentences on it.

    Raises:
        CwsamError: It cannot be used.
    """
    layer = open_vector(source.path, source.layer)
    if layer is None:
        return ClassRaster(source.path, source.values.of_pixels), ()
    if layer.kind != "polygon":
        raise TrainingDataError(f"{layer.name} is no map: give a class raster or polygons.")
    if not all(map(math.isfinite, layer.bounds)):
        raise TrainingDataError(f"{layer.name} has no polygons; give another map.")
    notices: tuple[str, ...] = ()
    if grid is not None and resolution is None:
        grid = grid.within(bounds_in(layer, grid.crs))
    else:
        try:
            grid = grid_over(layer.bounds, layer.crs, resolution)
        except ValueError as error:
            raise TrainingDataError(
                f"{layer.name} cannot be drawn as pixels ({error}): check its extent or choose "
                "another resolution."
            ) from error
        if resolution is None:
            side = grid.transform.a
            notices = (f"{layer.name} is compared in pixels of {side:.4g} units of its CRS.",)
    field = _field(layer, source.field, _CLASS_FIELDS, "--prediction-field")
    return ClassPolygons(layer, field, source.values.ids_of, grid), notices


def unit_area(grid: PixelGrid) -> float | None:
    """Square metres of a pixel; None without a CRS."""
    return grid.unit_area(describe_crs(grid.crs))


def read_points(pair: Pair) -> ReferencePoints:
    """Read sample points and find their pixels on the map.

    Raises:
        CwsamError: The points cannot be read.
    """
    layer = pair.points
    recorded = [name for name in RECORDED if name in layer.fields]
    columns, geometries = read_layer(layer, [pair.field, *recorded])
    truth = pair.values.ids_of(columns[pair.field].tolist())
    places = points_on_grid(geometries, layer, pair.map.grid)
    return ReferencePoints(truth, places, {name: columns[name] for name in recorded})


def refuse_labelled(path: Path) -> None:
    """Refuse to replace points that somebody has labelled.

    Raises:
        OutputError: The file holds such points.
    """
    for name in layer_names(path):
        layer = open_vector(path, name)
        if layer is None or REF_CLASS not in layer.fields:
            continue
        values = read_layer(layer, [REF_CLASS])[0][REF_CLASS].tolist()
        count = sum(value not in (None, "") and value == value for value in values)
        if count:
            raise OutputError(
                f"{path} holds {count} labelled points, which would be lost: choose another name, "
                "or remove the file first."
            )


def all_columns(sample: DrawnSample, language: str) -> dict[str, np.ndarray]:
    """Attributes of a point layer, those to be filled in included."""
    known = sample.columns(language)
    count = len(sample.points)
    types = {NUMBER: np.int32, MAP_CLASS: np.int32, MAP_NAME: object, MAP_PIXELS: np.int64}
    columns = {name: np.array(values, types.get(name, float)) for name, values in known.items()}
    columns[PIXEL_M2] = np.ma.masked_invalid(columns[PIXEL_M2])
    columns[REF_CLASS] = np.ma.masked_array(np.zeros(count, np.int32), np.ones(count, bool))
    columns[NOTE] = np.array([None] * count, object)
    return columns


def _field(layer: VectorLayer, asked: str | None, usual: tuple[str, ...], option: str) -> str:
    """The class attribute of a layer.

    Raises:
        ConfigError: There is none of that name, or none of the usual ones.
    """
    if asked is not None and asked in layer.fields:
        return asked
    listed = ", ".join(layer.fields) or "none"
    if asked is not None:
        raise ConfigError(f"{layer.name} has no field '{asked}'; its fields are: {listed}.")
    for name in usual:
        if name in layer.fields:
            return name
    raise ConfigError(
        f"Say with {option} which field of {layer.name} holds the class; its fields are: {listed}."
    )
