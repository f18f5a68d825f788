"""Two hundred odd and broken rasters: what users' folders hold, each with what must come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import numpy as np
from tests.data.rasters import LAMBERT, NORTH_UP, ROTATED, SOUTH_UP, gcps_of, write_raster

HEIGHT, WIDTH = 36, 44
HOLE = (slice(4, 14), slice(20, 33))
"""Rows and columns that hold no data where a raster has a hole."""

TYPES = ("uint8", "uint16", "int16", "uint32", "int32", "float32", "float64")


@dataclass(frozen=True)
class Odd:
    """One raster of the corpus.

    Attributes:
        name: Its file name without suffix.
        write: Makes the file in a folder and returns its path.
        scale: Factor on the values 0-255 that the fixed stretch has to undo.
        hole: Whether :data:`HOLE` has no data.
        size: (rows, columns).
    """

    name: str
    write: Callable[[Path], Path] = field(repr=False)
    scale: float = 1.0
    hole: bool = False
    size: tuple[int, int] = (HEIGHT, WIDTH)


def plane(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """(h, w) float64 patches of 20, 120 or 220, far from the borders between classes."""
    rng = np.random.default_rng(5)
    coarse = rng.choice([20.0, 120.0, 220.0], size=(-(-height // 6), -(-width // 5)))
    return np.kron(coarse, np.ones((6, 5)))[:height, :width]


def _typed(dtype: str, bands: int, hole: str, **options: object) -> Odd:
    """A raster of one type and band count whose hole, if any, is made one way."""
    scale = {"uint8": 1.0, "float32": 0.01, "float64": 3e4}.get(dtype, 50.0)

    def write(folder: Path) -> Path:
        pixels = np.repeat((plane() * scale)[None], bands, 0)
        nodata, mask = None, None
        if hole == "nodata":
            nodata = 7.0
            pixels[(slice(None), *HOLE)] = nodata
        elif hole == "nan":
            pixels[(slice(None), *HOLE)] = np.nan
        elif hole == "mask":
            mask = np.full((HEIGHT, WIDTH), 255, np.uint8)
            mask[HOLE] = 0
        path = folder / "odd.tif"
        return write_raster(path, pixels.astype(dtype), nodata=nodata, mask=mask, **options)

    text = "_".join(str(value) for value in options.values())
    return Odd(f"{dtype}_{bands}_{hole}_{text}", write, scale, hole != "none")


def odd_types() -> list[Odd]:
    """Every type, band count, way of having no data, and layout."""
    tiled = {"tiled": True, "blockxsize": 16, "blockysize": 16}
    layouts = ({"compress": "deflate"}, tiled)
    found = []
    for dtype in TYPES:
        holes = ("none", "nodata", "mask", *(("nan",) if dtype.startswith("float") else ()))
        found += [
            _typed(dtype, bands, hole, **layout)
            for bands in (1, 2, 3, 5)
            for hole in holes
            for layout in layouts
        ]
    return found


def odd_places() -> list[Odd]:
    """Sizes and georeferences."""

    def sized(height: int, width: int) -> Odd:
        def write(folder: Path) -> Path:
            pixels = np.repeat(plane(height, width)[None], 3, 0).astype("uint8")
            return write_raster(folder / "odd.tif", pixels)

        return Odd(f"size_{height}_{width}", write, size=(height, width))

    def placed(name: str, **options: object) -> Odd:
        def write(folder: Path) -> Path:
            pixels = np.repeat(plane()[None], 3, 0).astype("uint8")
            return write_raster(folder / "odd.tif", pixels, **options)

        return Odd(name, write)

    sizes = ((1, 1), (1, 60), (60, 1), (2, 3), (15, 16), (16, 16), (17, 16), (33, 70))
    return [
        *(sized(*size) for size in sizes),
        placed("south_up", transform=SOUTH_UP),
        placed("rotated", transform=ROTATED),
        placed("no_crs", crs=None),
        placed("no_place", crs=None, transform=None),
        placed("crs_without_place", transform=None),
        placed("feet", crs="EPSG:2263"),
        placed("degrees", crs="EPSG:4326"),
        placed("gcps", gcps=gcps_of(NORTH_UP, HEIGHT, WIDTH), crs=LAMBERT),
    ]


def odd_files() -> list[Odd]:
    """File formats and ways to say what a pixel means."""

    def driver(name: str, suffix: str, bands: int = 3, **options: object) -> Odd:
        def write(folder: Path) -> Path:
            pixels = np.repeat(plane()[None], bands, 0).astype("uint8")
            bare = {} if suffix in (".tif", ".img", ".bil") else {"crs": None, "transform": None}
            path = folder / f"odd{suffix}"
            return write_raster(path, pixels, driver=name, **bare, **options)

        return Odd(f"{name}_{'_'.join(map(str, options.values()))}", write)

    def alpha(dtype: str) -> Odd:
        top = float(np.iinfo(dtype).max)
        scale = top / 255

        def write(folder: Path) -> Path:
            pixels = np.repeat(plane()[None] * scale, 4, 0)
            pixels[3] = top
            pixels[(slice(None), *HOLE)] = 0
            colours = ("red", "green", "blue", "alpha")
            return write_raster(folder / "odd.tif", pixels.astype(dtype), colours=colours)

        return Odd(f"alpha_{dtype}", write, scale, True)

    def palette(folder: Path) -> Path:
        levels = {20: (20,) * 4, 120: (120,) * 4, 220: (220,) * 4}
        numbers = np.searchsorted([20, 120, 220], plane()) + 1
        numbers[HOLE] = 0
        colours = dict(enumerate([(0, 0, 0, 0), *((*c[:3], 255) for c in levels.values())]))
        return write_raster(
            folder / "odd.tif", numbers[None].astype("uint8"), palette=colours, nodata=0
        )

    def untagged(folder: Path) -> Path:
        pixels = np.repeat(plane()[None], 3, 0)
        pixels[(slice(None), *HOLE)] = -3.4028234663852886e38
        return write_raster(folder / "odd.tif", pixels.astype("float32"))

    def infinite(folder: Path) -> Path:
        pixels = np.repeat(plane()[None], 3, 0)
        pixels[(slice(None), *HOLE)] = np.inf
        return write_raster(folder / "odd.tif", pixels.astype("float64"), nodata=-9999)

    return [
        driver("COG", ".tif", compress="deflate"),
        driver("HFA", ".img"),
        driver("ENVI", ".bil", interleave="bil"),
        driver("BMP", ".bmp"),
        driver("PNG", ".png"),
        driver("GTiff", ".tif", interleave="band", compress="zstd"),
        driver("GTiff", ".tif", bigtiff="yes"),
        alpha("uint8"),
        alpha("uint16"),
        Odd("palette", palette, hole=True),
        Odd("float_lowest_untagged", untagged, hole=True),
        Odd("infinite", infinite, hole=True),
        *(Odd(f"vrt_{kind}", _vrt(kind), hole=kind == "hole") for kind in ("mosaic", "hole")),
    ]


def _vrt(kind: str) -> Callable[[Path], Path]:
    """A virtual mosaic of two halves, or of one raster that leaves a hole out."""

    def write(folder: Path) -> Path:
        pixels = np.repeat(plane()[None], 3, 0).astype("uint8")
        (folder / "parts").mkdir()
        write_raster(folder / "parts" / "whole.tif", pixels)
        rows, cols = HOLE
        mosaic = [(0, 0, WIDTH, 20), (0, 20, WIDTH, HEIGHT - 20)]
        around = [
            (0, 0, WIDTH, rows.start),
            (0, rows.start, cols.start, rows.stop - rows.start),
            (cols.stop, rows.start, WIDTH - cols.stop, rows.stop - rows.start),
            (0, rows.stop, WIDTH, HEIGHT - rows.stop),
        ]
        boxes = mosaic if kind == "mosaic" else around
        (folder / "odd.vrt").write_text(_vrt_text(boxes, kind == "hole"))
        return folder / "odd.vrt"

    return write


def _vrt_text(boxes: list[tuple[int, int, int, int]], hides: bool) -> str:
    bands = ""
    for number in (1, 2, 3):
        bands += f'<VRTRasterBand dataType="Byte" band="{number}">'
        bands += "<NoDataValue>0</NoDataValue>" if hides else ""
        for box in boxes:
            place = 'xOff="{}" yOff="{}" xSize="{}" ySize="{}"'.format(*box)
            bands += (
                '<SimpleSource><SourceFilename relativeToVRT="1">parts/whole.tif</SourceFilename>'
                f"<SourceBand>{number}</SourceBand><SrcRect {place}/><DstRect {place}/>"
                "</SimpleSource>"
            )
        bands += "</VRTRasterBand>"
    return f'<VRTDataset rasterXSize="{WIDTH}" rasterYSize="{HEIGHT}">{bands}</VRTDataset>'


def write_intact(folder: Path, driver: str) -> Path:
    """A whole raster in one of the formats that :func:`cuts` cuts off."""
    pixels = np.repeat(plane(120, 160)[None], 3, 0).astype("uint8")
    pixels[:, ::7] += 3  # so that no block is all of one value and compresses to nothing
    if driver == "PNG":
        return write_raster(folder / "whole.png", pixels, crs=None, transform=None, driver="PNG")
    options = {} if driver == "plain" else {"compress": driver}
    return write_raster(folder / "whole.tif", pixels, **options)


def cuts() -> list[tuple[str, float]]:
    """Formats and the share of the file that is left, for files that are cut off."""
    shares = (0.0, 0.001, 0.05, 0.2, 0.4, 0.5, 0.7, 0.9, 0.97)
    return [(driver, share) for driver in ("plain", "deflate", "lzw", "PNG") for share in shares]
