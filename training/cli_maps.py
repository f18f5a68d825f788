"""Maps and references from files: opened, brought onto one grid, counted, drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable, Union

import numpy as np

from ..engine.errors import ConfigError, TrainingDataError
from ..engine.io.class_raster import ClassRaster
from ..engine.io.map_grid import MapGrid, grid_over
from ..engine.io.vector_on_grid import (
    ClassPolygons,
    VectorLayer,
    open_vector,
    points_on_grid,
    read_layer,
)
from ..engine.types import NODATA_CLASS
from .accuracy_texts import class_title
from .map_accuracy import PointTable
from .sample_points import MAP_CLASS, MAP_NAME, MAP_PIXELS, NOTE, NUMBER, REF_CLASS
from .sampling import PointDraw, SamplePoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .class_values import ClassValues

OpenMap = Union[ClassRaster, ClassPolygons]
Tell = Callable[[int], object]
"""Is told how many rows were done."""

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

    def strips(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Class ids (h, w) uint8 of map and reference, from top to bottom."""
        for strip in self.map.grid.strips():
            yield self.map.read(strip), self.reference.read(strip)

    def close(self) -> None:
        """Close the files."""
        self.map.close()
        if self.reference is not None:
            self.reference.close()


def open_pair(prediction: MapSource, reference: MapSource, resolution: float | None) -> Pair:
    """Open a map and what it is compared with.

    The grid is the map's; that of a raster reference where the map is a vector layer; one over
    the map's extent where neither is a raster.

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
    source: MapSource, resolution: float | None, grid: MapGrid | None = None
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
    notices: tuple[str, ...] = ()
    if grid is None or resolution is not None:
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


def read_points(pair: Pair, tell: Tell) -> PointTable:
    """Read sample points, and the map at them and as a whole.

    Raises:
        CwsamError: The points or the map cannot be read.
    """
    layer, grid = pair.points, pair.map.grid
    recorded = {MAP_CLASS, MAP_PIXELS} <= set(layer.fields)
    fields = [pair.field, *((MAP_CLASS, MAP_PIXELS) if recorded else ())]
    columns, geometries = read_layer(layer, fields)
    truth = pair.values.ids_of(columns[pair.field].tolist())
    places = points_on_grid(geometries, layer, grid)
    mapped, sizes = _map_at(pair.map, places, tell)
    if not recorded:
        return PointTable(truth, mapped, None, sizes)
    strata = _strata(columns[MAP_CLASS])
    known = strata != NODATA_CLASS
    pixels = np.nan_to_num(np.asarray(columns[MAP_PIXELS], float))
    sizes = {int(s): int(pixels[known & (strata == s)].max()) for s in np.unique(strata[known])}
    return PointTable(truth, mapped, strata, sizes)


def count_classes(drawn: OpenMap, tell: Tell) -> dict[int, int]:
    """Pixels of a map by class id.

    Raises:
        TrainingDataError: The map is empty.
    """
    counts = np.zeros(256, np.int64)
    for strip in drawn.grid.strips():
        counts += np.bincount(drawn.read(strip).ravel(), minlength=256)
        tell(int(strip.height))
    counts[NODATA_CLASS] = 0
    if not counts.any():
        raise TrainingDataError(f"{drawn.name} has no classes: check the field and the values.")
    return {int(c): int(counts[c]) for c in np.flatnonzero(counts)}


def draw_points(
    drawn: OpenMap, sizes: Mapping[int, int], shares: Mapping[int, int], seed: int, tell: Tell
) -> list[SamplePoint]:
    """Draw a stratified sample of a map whose classes are counted."""
    draw = PointDraw(sizes, shares, seed)
    for strip in drawn.grid.strips():
        draw.feed(int(strip.row_off), drawn.read(strip))
        tell(int(strip.height))
    return draw.points()


def sample_columns(
    grid: MapGrid, points: list[SamplePoint], sizes: Mapping[int, int], language: str
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Coordinates (n, 2) of the pixels' centres and the attributes of sample points."""
    rows = np.array([p.row + 0.5 for p in points])
    cols = np.array([p.col + 0.5 for p in points])
    classes = np.array([p.class_id for p in points], np.int32)
    empty = np.ones(len(points), bool)
    columns = {
        NUMBER: np.arange(1, len(points) + 1, dtype=np.int32),
        MAP_CLASS: classes,
        MAP_NAME: np.array([class_title(c, language) for c in classes.tolist()], object),
        MAP_PIXELS: np.array([sizes[c] for c in classes.tolist()], np.int64),
        REF_CLASS: np.ma.masked_array(np.zeros(len(points), np.int32), empty),
        NOTE: np.array([None] * len(points), object),
    }
    return np.column_stack(grid.affine * (cols, rows)), columns


def _map_at(drawn: OpenMap, places: np.ndarray, tell: Tell) -> tuple[np.ndarray, dict[int, int]]:
    """Class of the map at pixels (n, 2), 255 outside, and its pixels by class id."""
    mapped = np.full(len(places), NODATA_CLASS, np.uint8)
    counts = np.zeros(256, np.int64)
    for strip in drawn.grid.strips():
        classes = drawn.read(strip)
        counts += np.bincount(classes.ravel(), minlength=256)
        rows = places[:, 0] - int(strip.row_off)
        here = (rows >= 0) & (rows < len(classes)) & (places[:, 0] >= 0)
        mapped[here] = classes[rows[here], places[here, 1]]
        tell(len(classes))
    counts[NODATA_CLASS] = 0
    return mapped, {int(c): int(counts[c]) for c in np.flatnonzero(counts)}


def _strata(values: np.ndarray) -> np.ndarray:
    """Recorded strata as (n,) uint8; 255 where one is missing."""
    numbers = np.asarray(values, float)
    known = (numbers >= 0) & (numbers < NODATA_CLASS)
    return np.where(known, np.nan_to_num(numbers), NODATA_CLASS).astype(np.uint8)


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
