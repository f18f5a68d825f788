"""Tiles cover every pixel, overlap as asked, and stay on the decoder's cells."""

import numpy as np
import pytest
from cwsam.engine.errors import ConfigError
from cwsam.engine.tiling.grid import tile_grid
from hypothesis import given
from hypothesis import strategies as st


@given(
    width=st.integers(1, 700),
    height=st.integers(1, 700),
    cells=st.integers(1, 12),
    cell=st.sampled_from([1, 2, 4, 8, 16]),
    share=st.floats(0, 0.5),
)
def test_windows_cover_every_pixel(width, height, cells, cell, share):
    tile = cells * cell
    overlap = int(tile * share)
    grid = tile_grid(width, height, tile, overlap, cell)
    seen = np.zeros((height, width), int)
    for row in grid.rows:
        for col in grid.cols:
            window = grid.window(row, col)
            assert window.width >= 1
            assert window.height >= 1
            seen[row : row + window.height, col : col + window.width] += 1
    assert seen.min() >= 1
    assert len(grid) == len(grid.rows) * len(grid.cols)
    for edges in (grid.rows, grid.cols):
        assert all(edge % cell == 0 for edge in edges)
        assert list(edges) == sorted(set(edges))
        assert all(b - a <= max(cell, tile - overlap) for a, b in zip(edges, edges[1:]))


def test_small_raster_is_one_tile():
    assert len(tile_grid(3, 200, 256, 32, 8)) == 1


@pytest.mark.parametrize(("tile", "overlap"), [(100, 8), (0, 0), (256, 200), (256, -4)])
def test_misfits_name_the_remedy(tile, overlap):
    with pytest.raises(ConfigError, match=r"^The (tile|overlap) must"):
        tile_grid(500, 500, tile, overlap, 8)
