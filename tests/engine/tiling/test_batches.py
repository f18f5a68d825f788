"""Tiles come in batches of one size."""

import numpy as np
import pytest
from cwsam.engine.array_source import ArraySource
from cwsam.engine.tiling.batches import tile_batches
from cwsam.engine.tiling.grid import tile_grid
from cwsam.engine.tiling.normalize import Stretch, choose_radiometry


@pytest.mark.parametrize(
    ("width", "most", "sizes"), [(72, 8, [5, 4]), (72, 9, [9]), (72, 4, [3, 3, 3]), (8, 4, [1])]
)
def test_batches_of_a_row_are_even(width, most, sizes):
    source = ArraySource(np.zeros((3, 8, width), np.uint8))
    grid = tile_grid(width, 8, 8, 0, 4)
    radiometry = choose_radiometry(source, (1, 2, 3), Stretch())
    statistics = ((0.5,) * 3, (0.2,) * 3)
    batches = list(tile_batches(source, grid, (1, 2, 3), radiometry, statistics, most))
    assert [len(batch.tiles) for batch in batches] == sizes
    assert [batch.ends_row for batch in batches] == [False] * (len(sizes) - 1) + [True]
    cols = [tile.col for batch in batches for tile in batch.tiles]
    assert cols == list(grid.cols)
