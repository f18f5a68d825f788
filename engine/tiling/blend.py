"""Blends overlapping tiles in row strips at the decoder's resolution."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Callable

import numpy as np
import torch

from ..types import NODATA_CLASS, ClassStrip
from .upsample import PLANE_CELLS, rank_upsampled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from .grid import TileGrid

BLOCK_CELLS = 512
"""Columns of cells, beside a tile's own, whose sums are held in full height."""


def blend_window(length: int, overlap: int) -> np.ndarray:
    """Weights along one axis of a tile: a raised cosine over the overlap at both ends.

    Args:
        length: Cells of a tile.
        overlap: Cells over which the weight rises.

    Returns:
        (length,) float32, all greater than 0.
    """
    ramp = max(1, min(overlap, length // 2))
    position = np.minimum(np.arange(length) + 0.5, length - 0.5 - np.arange(length))
    weight = np.sin(math.pi / 2 * np.minimum(position / ramp, 1.0)) ** 2
    return np.maximum(weight, 1e-4).astype(np.float32)


class StripBlender:
    """Adds tiles row by row, from left to right, and hands out finished strips of the class map.

    Only a block of columns is summed in the full height of a tile. Columns that no later tile
    of the row touches are classified at once, but for their last rows, which wait for the next
    row of tiles: those alone are held for the whole width. Nothing grows with the raster's
    height. Notation: K classes, s pixels a decoder cell.
    """

    def __init__(
        self,
        grid: TileGrid,
        cell: int,
        overlap: int,
        class_ids: Sequence[int],
        block: int = BLOCK_CELLS,
    ) -> None:
        """Prepare for a raster.

        Args:
            grid: Tiles; rows of tiles come from top to bottom.
            cell: s.
            overlap: Overlap of tiles in pixels.
            class_ids: Class id of each of the K channels.
            block: Columns of cells held in full height, beside a tile's own.
        """
        self.grid, self.cell = grid, cell
        self.class_ids = np.array(class_ids, np.uint8)
        cells, channels = grid.tile // cell, len(class_ids)
        self.window = blend_window(cells, overlap // cell)
        self.weight_cols = self._weight_sum(grid.cols)
        self.weight_rows = self._weight_sum(grid.rows)
        self.columns = len(self.weight_cols)
        steps = [(lower - upper) // cell for upper, lower in zip(grid.rows, grid.rows[1:])]
        self.sums = np.zeros((channels, cells, min(self.columns, block + cells)), np.float32)
        # Rows of cells that wait for the next row of tiles, and the last finished row.
        kept = cells - min(steps, default=cells)
        self.waiting = np.zeros((channels, kept, self.columns), np.float32)
        self.tail = np.zeros((channels, 1, self.columns), np.float32)
        # One cell more than a tile: the last half cell of a strip waits for the next one.
        self.valid = np.zeros((cell + grid.tile, grid.width), bool)
        self.kept = 0  # rows of `waiting` in use
        self.next_row = 0
        self._start_row(0)

    def _weight_sum(self, edges: Sequence[int]) -> np.ndarray:
        """Sum of the weights along one axis; the two-dimensional window is a product."""
        cells = len(self.window)
        total = np.zeros(edges[-1] // self.cell + cells, np.float32)
        for edge in edges:
            total[edge // self.cell : edge // self.cell + cells] += self.window
        return total

    def _start_row(self, index: int) -> None:
        """Turn to a row of tiles, at its left end."""
        rows, s = self.grid.rows, self.cell
        self.index = index
        self.is_last = index == len(rows) - 1
        self.done = (self.grid.tile if self.is_last else rows[index + 1] - rows[index]) // s
        self.origin = 0  # column of cells at the left of `sums`
        self.next_col = 0  # first pixel column that is not classified yet
        self.left: np.ndarray | None = None  # last finished column, context of the next block
        complete = rows[index] + self.done * s - (0 if self.is_last else s // 2)
        self.end = min(self.grid.height, complete)
        self.planes = np.empty((3, self.end - self.next_row, self.grid.width), np.uint8)
        self.sums.fill(0)
        self.sums[:, : self.kept] = self.waiting[:, : self.kept, : self.sums.shape[2]]
        self.kept_above, self.kept = self.kept, self.sums.shape[1] - self.done

    def add(self, col: int, probabilities: Tensor) -> None:
        """Add one tile of the current row of tiles; tiles come from left to right.

        Args:
            col: Left edge of the tile in pixels.
            probabilities: (K, tile / s, tile / s) float32.
        """
        first = col // self.cell
        while first + len(self.window) > self.origin + self.sums.shape[2]:
            self._finish_columns(min(first, self.origin + self.sums.shape[2]))
        part = self.sums[:, :, first - self.origin :][:, :, : len(self.window)]
        part += probabilities.numpy() * (self.window[:, None] * self.window)

    def mark_valid(self, col: int, valid: np.ndarray) -> None:
        """Note which pixels of a tile of the current row hold data, before it is added.

        Args:
            col: Left edge of the tile in pixels.
            valid: (h, w) bool, the tile's part inside the raster.
        """
        h, w = valid.shape
        self.valid[self.cell : self.cell + h, col : col + w] = valid

    def finish_row(self) -> ClassStrip:
        """Close a row of tiles and hand out the raster rows that no later tile touches."""
        while self.origin < self.columns:
            self._finish_columns(min(self.columns, self.origin + self.sums.shape[2]))
        strip = ClassStrip(self.next_row, *self.planes)
        self.next_row = self.end
        if not self.is_last:
            pixels = self.done * self.cell
            self.valid[: len(self.valid) - pixels] = self.valid[pixels:]
            self.valid[len(self.valid) - pixels :] = False
            self._start_row(self.index + 1)
        return strip

    def state(self) -> dict[str, np.ndarray]:
        """All that the rows of tiles so far leave for the next ones; see :meth:`restore`."""
        return {
            "row": np.array([self.index, self.next_row]),
            "waiting": self.waiting[:, : self.kept_above],
            "tail": self.tail,
            "valid": np.packbits(self.valid, axis=1),
        }

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue where another blender of the same raster was after finishing a row."""
        index, self.next_row = map(int, state["row"])
        self.kept = state["waiting"].shape[1]
        self.waiting[:, : self.kept] = state["waiting"]
        self.tail[:] = state["tail"]
        self.valid[:] = np.unpackbits(state["valid"], axis=1, count=self.grid.width)
        self._start_row(index)

    def _finish_columns(self, stop: int) -> None:
        """Classify the columns of cells from the origin to ``stop``, which are complete."""
        start, n = self.origin, stop - self.origin
        top = self.grid.rows[self.index] // self.cell
        weight = self.weight_rows[top : top + self.done, None] * self.weight_cols[start:stop]
        finished = self.sums[:, : self.done, :n] / weight
        above = self.tail[:, :, start:stop] if self.index else finished[:, :1]
        cells = np.concatenate([above, finished, finished[:, -1:]], 1)
        left = cells[:, :, :1] if self.left is None else self.left
        cells = np.concatenate([left, cells, cells[:, :, -1:]], 2)
        self._classify_block(cells, stop)
        self.left = cells[:, :, -1:].copy()
        if not self.is_last:
            self.tail[:, :, start:stop] = finished[:, -1:]
            self.waiting[:, : self.kept, start:stop] = self.sums[:, self.done :, :n]
        self._shift(n)

    def _shift(self, n: int) -> None:
        """Move the block of sums ``n`` columns to the right."""
        width = self.sums.shape[2]
        self.sums[:, :, : width - n] = self.sums[:, :, n:]
        self.sums[:, :, width - n :] = 0
        self.origin += n
        fresh = self.waiting[:, : self.kept_above, self.origin + width - n : self.origin + width]
        self.sums[:, : self.kept_above, width - n : width - n + fresh.shape[2]] = fresh

    def _classify_block(self, cells: np.ndarray, stop: int) -> None:
        """Classify the pixels of a block of cells that have their whole context.

        Args:
            cells: (K, h + 2, n + 2), a margin of one cell on each side; where it reaches beyond
                the raster, or no pixel asks for it, the outermost cells once more.
            stop: Column of cells behind the block.
        """
        s = self.cell
        complete = stop * s - (0 if stop == self.columns else s // 2)
        end_col = min(self.grid.width, complete)
        if self.next_row >= self.end or self.next_col >= end_col:
            return
        # Pixels are counted from the centre of the first cell on.
        top = self.grid.rows[self.index] - s + s // 2
        left = (self.origin - 1) * s + s // 2
        rows = range((self.next_row - top) // s, (self.end - 1 - top) // s + 1)
        cols = slice((self.next_col - left) // s, (end_col - 1 - left) // s + 2)
        skip = self.next_col - left - cols.start * s
        inside = slice(skip, skip + end_col - self.next_col)
        step = max(1, PLANE_CELLS // (cols.stop - cols.start))

        def classify(a: int) -> None:
            ranks = rank_upsampled(cells[:, a : min(a + step, rows.stop) + 1, cols], s)
            first = top + a * s
            begin, end = max(first, self.next_row), min(first + ranks.shape[1], self.end)
            self._store(begin, end_col, ranks[:, begin - first : end - first, inside])

        for_each(classify, rows[::step])
        self.next_col = end_col

    def _store(self, row: int, end_col: int, ranks: np.ndarray) -> None:
        """Keep classes, confidence and runner-up of the pixels from ``row`` and the next column on.

        Args:
            row: Raster row of the first pixels.
            end_col: Column behind the last pixels.
            ranks: (3, h, w) uint8: best channel, percentage, second channel.
        """
        best, percent, second = ranks
        cols, above = slice(self.next_col, end_col), self.grid.rows[self.index] - self.cell
        valid = self.valid[row - above : row - above + len(best), cols]
        runner_up = self.class_ids[second] if len(self.class_ids) > 1 else NODATA_CLASS
        target = self.planes[:, row - self.next_row :][:, : len(best), cols]
        for plane, values in zip(target, (self.class_ids[best], percent, runner_up)):
            plane[...] = np.where(valid, values, np.uint8(NODATA_CLASS))


def for_each(work: Callable[[int], None], items: Sequence[int]) -> None:
    """Do pieces of work side by side in as many threads as torch uses."""
    threads = min(torch.get_num_threads(), len(items))
    if threads < 2:
        for item in items:
            work(item)
        return
    with ThreadPoolExecutor(threads, "cwsam-blend") as pool:
        list(pool.map(work, items))  # raises what a thread raised
