"""Reads tiles in batches, normalised and padded, in this thread or ahead in another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..ports import RasterSource
    from .grid import TileGrid
    from .normalize import Radiometry


@dataclass
class Tile:
    """One tile on its way.

    Attributes:
        col: Left edge in pixels.
        image: (C, tile, tile) float32, the model's input; None where no pixel is valid.
        valid: (h, w) bool, the part inside the raster.
    """

    col: int
    image: np.ndarray | None
    valid: np.ndarray


@dataclass
class TileBatch:
    """Neighbouring tiles of one row of tiles.

    Attributes:
        row: Number of the row of tiles, from 0.
        first: Number of the first tile in its row, from 0.
        tiles: From left to right.
        ends_row: Whether the row's last tile is among them.
    """

    row: int
    first: int
    tiles: list[Tile]
    ends_row: bool


def tile_batches(
    source: RasterSource,
    grid: TileGrid,
    bands: Sequence[int],
    radiometry: Radiometry,
    statistics: tuple[Sequence[float], Sequence[float]],
    size: int,
    first_row: int = 0,
) -> Iterator[TileBatch]:
    """Read all tiles, row by row; a batch never spans two rows.

    Args:
        source: The raster.
        grid: The tiles.
        bands: Band numbers from 1.
        radiometry: The raster's stretch.
        statistics: Mean and standard deviation of the model's channels.
        size: Most tiles of a batch.
        first_row: Number of the row of tiles to begin with.
    """
    # Batches of a row are of one size, give or take one: a last tile alone would take longer.
    size = -(-len(grid.cols) // -(-len(grid.cols) // size))
    for number in range(first_row, len(grid.rows)):
        for first in range(0, len(grid.cols), size):
            tiles = []
            for col in grid.cols[first : first + size]:
                pixels, valid = source.read(grid.window(grid.rows[number], col), bands)
                image = None
                if valid.any():
                    image = radiometry.normalise(pixels, valid, *statistics)
                    image = pad_by_mirror(image, grid.tile)
                tiles.append(Tile(col, image, valid))
            yield TileBatch(number, first, tiles, first + size >= len(grid.cols))


def read_ahead(batches: Iterator[TileBatch]) -> Iterator[TileBatch]:
    """The same batches, each read in a thread while the one before is worked on."""
    batch = next(batches, None)  # nothing runs beside the first one
    with ThreadPoolExecutor(1, "cwsam-read") as pool:
        while batch is not None:
            coming = pool.submit(next, batches, None)
            yield batch
            batch = coming.result()


def pad_by_mirror(image: np.ndarray, tile: int) -> np.ndarray:
    """Fill a tile that reaches beyond the raster with the raster's mirror image.

    Args:
        image: (C, h, w), h and w at most ``tile``.
        tile: Wanted side.

    Returns:
        (C, tile, tile).
    """
    _, h, w = image.shape
    if (h, w) == (tile, tile):
        return image
    return np.pad(image, ((0, 0), (0, tile - h), (0, tile - w)), mode="symmetric")
