"""Strips of the blended map equal blending the whole raster at once."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from cwsam.engine.tiling import blend
from cwsam.engine.tiling.blend import StripBlender, blend_window
from cwsam.engine.tiling.grid import tile_grid
from cwsam.engine.tiling.upsample import rank_upsampled
from hypothesis import given, settings
from hypothesis import strategies as st

IDS = (3, 7, 11)


def whole_at_once(grid, cell, overlap, tiles):
    """Reference: all tiles into one array, then one upsampling."""
    window = torch.from_numpy(blend_window(grid.tile // cell, overlap // cell))
    height, width = ((edges[-1] + grid.tile) // cell for edges in (grid.rows, grid.cols))
    sums, weights = torch.zeros(len(IDS), height, width), torch.zeros(height, width)
    for (row, col), probability in tiles.items():
        part = (
            slice(row // cell, (row + grid.tile) // cell),
            slice(col // cell, (col + grid.tile) // cell),
        )
        sums[(slice(None), *part)] += probability * window[:, None] * window
        weights[part] += window[:, None] * window
    up = F.interpolate((sums / weights)[None], scale_factor=cell, mode="bilinear")[0]
    return up[:, : grid.height, : grid.width]


@settings(deadline=None, max_examples=60)
@given(
    width=st.integers(1, 70),
    height=st.integers(1, 90),
    cell=st.sampled_from([1, 2, 4]),
    overlap=st.integers(0, 8),
    limit=st.sampled_from([1, 40, 1 << 15]),
    block=st.sampled_from([1, 3, 512]),
    seed=st.integers(0, 99),
)
def test_strips_join_to_the_whole(width, height, cell, overlap, limit, block, seed):
    rng = np.random.default_rng(seed)
    grid = tile_grid(width, height, 16, overlap, cell)
    cells = 16 // cell
    tiles = {
        (row, col): torch.from_numpy(rng.random((len(IDS), cells, cells))).float().softmax(0)
        for row in grid.rows
        for col in grid.cols
    }
    valid = rng.random((height, width)) > 0.1
    blender = StripBlender(grid, cell, overlap, IDS, block)
    strips, old = [], blend.PLANE_CELLS
    blend.PLANE_CELLS = limit
    try:
        for index, row in enumerate(grid.rows):
            for col in grid.cols:
                window = grid.window(row, col)
                blender.mark_valid(col, valid[row : row + window.height, col : col + window.width])
                blender.add(col, tiles[row, col])
            strips.append(blender.finish_row())
            if index == seed % 3 and row != grid.rows[-1]:  # as after an interruption
                state = {name: array.copy() for name, array in blender.state().items()}
                blender = StripBlender(grid, cell, overlap, IDS, block)
                blender.restore(state)
    finally:
        blend.PLANE_CELLS = old
    assert [s.row for s in strips] == list(np.cumsum([0, *(len(s.classes) for s in strips[:-1])]))
    expected = whole_at_once(grid, cell, overlap, tiles)
    classes, confidence, runner_up = (
        np.concatenate([getattr(s, name) for s in strips])
        for name in ("classes", "confidence", "runner_up")
    )
    assert classes.shape == (height, width)
    for plane in (classes, confidence, runner_up):
        assert (plane[~valid] == 255).all()
    ordered, index = expected.sort(0, descending=True)
    clear = (
        valid
        & ((ordered[0] - ordered[1]) > 1e-5).numpy()
        & ((ordered[1] - ordered[2]) > 1e-5).numpy()
    )
    ids = np.array(IDS)
    assert (classes[clear] == ids[index[0].numpy()][clear]).all()
    assert (runner_up[clear] == ids[index[1].numpy()][clear]).all()
    assert np.abs(confidence[valid] - 100 * ordered[0].numpy()[valid]).max(initial=0) <= 0.51


@pytest.mark.parametrize(("length", "overlap"), [(1, 0), (2, 1), (64, 8), (64, 64)])
def test_window_is_positive_and_symmetric(length, overlap):
    window = blend_window(length, overlap)
    assert (window > 0).all()
    np.testing.assert_allclose(window, window[::-1], rtol=1e-5, atol=1e-8)


def test_one_class_has_no_runner_up():
    grid = tile_grid(8, 8, 8, 0, 2)
    blender = StripBlender(grid, 2, 0, (24,))
    blender.mark_valid(0, np.ones((8, 8), bool))
    blender.add(0, torch.ones(1, 4, 4))
    strip = blender.finish_row()
    assert (strip.classes == 24).all()
    assert (strip.runner_up == 255).all()


def test_of_equal_classes_the_first_wins_and_the_next_follows():
    cells = np.zeros((4, 3, 3), np.float32)
    cells[1] = cells[3] = 0.5
    best, percent, second = rank_upsampled(cells, 2)
    assert (best == 1).all()
    assert (second == 3).all()
    assert (percent == 50).all()


@pytest.mark.parametrize(("threads", "limit"), [(1, 1 << 15), (3, 1), (3, 20)])
def test_threads_and_blocks_change_nothing(threads, limit, monkeypatch):
    rng = np.random.default_rng(5)
    grid = tile_grid(30, 64, 64, 0, 4)
    tile = torch.from_numpy(rng.random((3, 16, 16))).float().softmax(0)

    def strip():
        blender = StripBlender(grid, 4, 0, IDS)
        blender.mark_valid(0, np.ones((64, 30), bool))
        blender.add(0, tile)
        return blender.finish_row()

    whole, before = strip(), torch.get_num_threads()
    monkeypatch.setattr(blend, "PLANE_CELLS", limit)
    torch.set_num_threads(threads)
    try:
        pieces = strip()
    finally:
        torch.set_num_threads(before)
    for name in ("classes", "confidence", "runner_up"):
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))
