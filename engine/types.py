"""Plain values that travel between the rooms: windows, geotransforms, strips, polygons."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

NODATA_CLASS = 255
"""Class id of pixels without data or without label; nodata value of every class raster."""

NO_MEASUREMENT = 1e38
"""No pixel value is as large; -3.4e38 is many a program's nodata, often without a tag."""


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels.

    Attributes:
        col: Left edge in pixels from the raster's left.
        row: Upper edge in pixels from the raster's first row.
        width: Columns.
        height: Rows.
    """

    col: int
    row: int
    width: int
    height: int


@dataclass(frozen=True)
class GeoTransform:
    """Affine map from pixel corners to map coordinates.

    ``x = a * col + b * row + c`` and ``y = d * col + e * row + f``, in CRS units;
    (col, row) = (0, 0) is the outer corner of the first pixel. The order of the
    coefficients is that of the ``affine`` package.
    """

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    @property
    def pixel_area(self) -> float:
        """Area of one pixel in squared CRS units, always positive."""
        return abs(self.a * self.e - self.b * self.d)

    @property
    def flips(self) -> bool:
        """Whether a ring that is clockwise in (col, row) stays clockwise on the map.

        True for south-up and mirrored rasters; False for ordinary north-up ones,
        whose row axis points down while the map's y axis points up.
        """
        return self.a * self.e - self.b * self.d > 0

    def apply(self, col, row):
        """Map pixel corner coordinates (scalars or arrays) to ``(x, y)`` in CRS units."""
        return self.a * col + self.b * row + self.c, self.d * col + self.e * row + self.f

    def invert(self, x, y):
        """Pixel corner coordinates ``(col, row)`` of places in CRS units (scalars or arrays)."""
        determinant = self.a * self.e - self.b * self.d
        x, y = x - self.c, y - self.f
        return (self.e * x - self.b * y) / determinant, (self.a * y - self.d * x) / determinant


PIXEL_GRID = GeoTransform(1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
"""Coordinates of a raster without georeference: x = column, y = -row, as QGIS shows it."""


@dataclass(frozen=True)
class Crs:
    """What the engine has to know of a coordinate reference system.

    Attributes:
        wkt: The whole definition as WKT.
        name: A short name for people, such as ``EPSG:31370``.
        kind: ``geographic`` (degrees), ``projected`` or ``web_mercator``.
        metres_per_unit: Length of one CRS unit in metres; of one degree of arc on the
            equator when geographic.
        semi_major_m: Semi-major axis of the ellipsoid in metres.
        inverse_flattening: 1/f of the ellipsoid; 0 for a sphere.
    """

    wkt: str
    name: str
    kind: str
    metres_per_unit: float = 1.0
    semi_major_m: float = 6378137.0
    inverse_flattening: float = 298.257223563


@dataclass(frozen=True)
class RasterInfo:
    """What is known of a raster before a pixel is read.

    Attributes:
        name: Shown to people: file or layer name.
        width: Columns.
        height: Rows.
        dtypes: numpy names of the bands' data types, one a band.
        nodata: Nodata value of each band or None.
        colours: Colour interpretation of each band in lower case (``red``, ``alpha``, ``gray``…).
        transform: Pixel corners to CRS units, or None when not georeferenced.
        crs: Coordinate reference system or None.
    """

    name: str
    width: int
    height: int
    dtypes: tuple[str, ...]
    nodata: tuple[float | None, ...]
    colours: tuple[str, ...]
    transform: GeoTransform | None = None
    crs: Crs | None = None

    @property
    def gsd_m(self) -> float | None:
        """Ground sample distance at the raster's centre: side of a pixel in metres.

        The geometric mean of the pixel's two sides; None without georeference and CRS.
        """
        if self.transform is None or self.crs is None:
            return None
        unit = self.crs.metres_per_unit
        _, y = self.transform.apply(self.width / 2, self.height / 2)
        shrink = 1.0
        if self.crs.kind == "geographic":
            shrink = max(math.cos(math.radians(y)), 1e-6)
        elif self.crs.kind == "web_mercator":
            shrink = 1.0 / math.cosh(y / self.crs.semi_major_m) ** 2
        return math.sqrt(self.transform.pixel_area * shrink) * unit

    @property
    def grid(self) -> GeoTransform:
        """The geotransform, or the pixel grid where there is none."""
        return self.transform if self.transform is not None else PIXEL_GRID


@dataclass
class ClassStrip:
    """Full-width rows of the class map, handed on from top to bottom.

    Attributes:
        row: First raster row of the strip.
        classes: (h, width) uint8, class ids; 255 = no data.
        confidence: (h, width) uint8, probability of the class in percent 0-100; 255 = no data.
        runner_up: (h, width) uint8, second most probable class; 255 = none.
    """

    row: int
    classes: np.ndarray
    confidence: np.ndarray
    runner_up: np.ndarray


@dataclass
class PolygonBatch:
    """Finished polygons, column by column; all columns have length n.

    Attributes:
        wkb: Little-endian WKB Polygon each, in CRS units, exterior ring counter-clockwise.
        class_id: (n,) uint8.
        confidence: (n,) float32, mean probability of the class over its pixels, 0-1; NaN
            where it is not known.
        runner_up: (n,) uint8, most frequent second class; 255 = none.
        area_m2: (n,) float64, square metres; NaN when the raster has no CRS.
        pixels: (n,) int64, number of pixels.
    """

    wkb: Sequence[bytes]
    class_id: np.ndarray
    confidence: np.ndarray
    runner_up: np.ndarray
    area_m2: np.ndarray
    pixels: np.ndarray

    def __len__(self) -> int:
        return len(self.wkb)


@dataclass
class ClassArea:
    """Totals of one class in a result.

    Attributes:
        polygons: Number of polygons.
        pixels: Number of pixels.
        area_m2: Square metres; NaN when the raster has no CRS.
        confidence_sum: Sum over pixels of the confidence, 0-1 each.
    """

    polygons: int = 0
    pixels: int = 0
    area_m2: float = 0.0
    confidence_sum: float = 0.0


@dataclass
class RunSummary:
    """What a run has done.

    Attributes:
        areas: Totals by class id.
        seconds: Wall time by stage: ``read``, ``model``, ``blend``, ``vectorize``, ``write``.
        notices: Sentences that the user should read.
        tiles: Tiles that went through the network.
        pixels: Pixels of the raster.
    """

    areas: dict[int, ClassArea] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    tiles: int = 0
    pixels: int = 0
