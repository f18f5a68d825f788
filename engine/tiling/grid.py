"""Overlapping tiles over a raster, aligned to the decoder's cells."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ConfigError
from ..types import Window


@dataclass(frozen=True)
class TileGrid:
    """Square tiles that together cover a raster; the last ones may reach beyond its edges.

    Attributes:
        width: Raster columns.
        height: Raster rows.
        tile: Side of a tile in pixels.
        cols: Left edge of each column of tiles in pixels, ascending from 0.
        rows: Upper edge of each row of tiles in pixels, ascending from 0.
    """

    width: int
    height: int
    tile: int
    cols: tuple[int, ...]
    rows: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.cols) * len(self.rows)

    def window(self, row: int, col: int) -> Window:
        """The part of a tile that lies inside the raster; ``row`` and ``col`` are tile edges."""
        return Window(col, row, min(self.tile, self.width - col), min(self.tile, self.height - row))


def tile_grid(width: int, height: int, tile: int, overlap: int, cell: int) -> TileGrid:
    """Lay tiles over a raster.

    Args:
        width: Raster columns.
        height: Raster rows.
        tile: Side of a tile in pixels, a multiple of ``cell``.
        overlap: Least overlap of neighbouring tiles in pixels.
        cell: All edges are multiples of it: the pixels of one decoder cell.

    Raises:
        ConfigError: Tile and overlap do not fit together.
    """
    if tile < cell or tile % cell:
        raise ConfigError(
            f"The tile must be a multiple of {cell} pixels for this model, not {tile}."
        )
    if not 0 <= overlap <= tile // 2:
        raise ConfigError(f"The overlap must lie between 0 and half the tile ({tile // 2} pixels).")
    stride = max(cell, (tile - overlap) // cell * cell)
    return TileGrid(
        width, height, tile, _starts(width, tile, stride, cell), _starts(height, tile, stride, cell)
    )


def _starts(length: int, tile: int, stride: int, cell: int) -> tuple[int, ...]:
    """Edges along one axis, evenly spread; the last tile ends just behind the raster."""
    last, step = max(0, -(-(length - tile) // cell)), stride // cell
    count = -(-last // step)
    return (*(number * last // count * cell for number in range(count)), last * cell)
