"""Simplified, smoothed and sieved polygons still partition the valid area."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from cwsam.engine.errors import Cancelled, ConfigError
from cwsam.engine.ports import Progress
from cwsam.engine.types import PIXEL_GRID, ClassStrip, GeoTransform
from cwsam.engine.vector.assemble import Vectorizer, VectorOptions
from hypothesis import given, settings
from hypothesis import strategies as st

GRIDS = (
    PIXEL_GRID,
    GeoTransform(0.5, 0.0, 500000.0, 0.0, 0.5, 6600000.0),
    GeoTransform(0.75, -0.5, 1e5, -0.5, -0.75, 2e5),
)


@st.composite
def noisy_maps(draw):
    """Maps of blobs with salt, some with gaps in the data."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    height, width = draw(st.integers(1, 36)), draw(st.integers(1, 36))
    count, block = draw(st.integers(1, 6)), draw(st.sampled_from([1, 2, 3, 7]))
    coarse = rng.integers(0, count, (height // block + 1, width // block + 1))
    classes = np.kron(coarse, np.ones((block, block), int))[:height, :width]
    salt = rng.random(classes.shape) < draw(st.sampled_from([0.0, 0.05, 0.3]))
    classes = np.where(salt, rng.integers(0, count, classes.shape), classes)
    hidden = rng.random(classes.shape) < draw(st.sampled_from([0.0, 0.0, 0.03, 0.3]))
    return np.where(hidden, 255, classes).astype(np.uint8)


def check_partition(polygons, classes, grid):
    assert shapely.is_valid(polygons).all()
    valid = np.count_nonzero(classes != 255) * grid.pixel_area
    np.testing.assert_allclose(shapely.area(polygons).sum(), valid, rtol=1e-8)
    assert not len(polygons) or shapely.coverage_is_valid(polygons)


@settings(max_examples=250, deadline=None)
@given(
    classes=noisy_maps(),
    grid=st.sampled_from(GRIDS),
    tolerance=st.sampled_from([0.0, 0.5, 0.75, 1.0, 1.5, 2.5, 6.0, 100.0]),
    smooth=st.sampled_from([0, 0, 1, 2, 3]),
    min_area=st.sampled_from([0.0, 0.0, 2.0, 9.0, 2000.0]),
    merge_into=st.sampled_from(["border", "runner_up"]),
)
def test_polygons_partition_the_valid_area(
    vectorize, geometries, classes, grid, tolerance, smooth, min_area, merge_into
):
    runner_up = np.roll(classes, 3, axis=1)
    batch = vectorize(
        classes,
        grid=grid,
        runner_up=runner_up,
        tolerance_px=tolerance,
        smooth=smooth,
        min_area_px=min_area,
        merge_into=merge_into,
    )
    polygons = geometries(batch)
    check_partition(polygons, classes, grid)
    assert batch.pixels.sum() == np.count_nonzero(classes != 255)
    for polygon in polygons:
        assert polygon.exterior.is_ccw
    if not min_area and not tolerance:
        return
    islands = geometries(vectorize(np.where(classes == 255, classes, 0)))
    exact = vectorize(classes, min_area_px=min_area, merge_into=merge_into, runner_up=runner_up)
    assert exact.class_id.tolist() == batch.class_id.tolist()
    assert exact.pixels.tolist() == batch.pixels.tolist()
    check_sieved(exact, geometries(exact), islands, min_area)


def check_sieved(batch, polygons, islands, min_area):
    """Only patches between no data are small, and equal classes do not share a side."""
    for small in polygons[batch.pixels < min_area]:
        assert any(shapely.equals(small, islands))
    one, other = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    pairs = (one < other) & (batch.class_id[one] == batch.class_id[other])
    shared = shapely.intersection(polygons[one[pairs]], polygons[other[pairs]])
    assert (shapely.length(shared) == 0).all()


@settings(max_examples=40, deadline=None)
@given(classes=noisy_maps(), tolerance=st.sampled_from([1.0, 2.5]))
def test_simplification_drops_vertices_and_no_polygon(vectorize, geometries, classes, tolerance):
    exact = geometries(vectorize(classes))
    simple = geometries(vectorize(classes, tolerance_px=tolerance))
    assert len(exact) == len(simple)
    assert shapely.get_num_coordinates(simple).sum() <= shapely.get_num_coordinates(exact).sum()


def test_a_slanted_border_becomes_one_segment(vectorize, geometries):
    rows, columns = np.indices((40, 40))
    classes = (columns > rows).astype(np.uint8)
    for polygon in geometries(vectorize(classes, tolerance_px=1.5)):
        assert shapely.get_num_coordinates(polygon) <= 6


def test_an_island_in_a_cut_off_bay_stays_in_its_region(vectorize, geometries):
    classes = np.zeros((9, 30), np.uint8)
    classes[5:] = 1
    classes[3:5, 10:14] = 1
    classes[4, 11] = 2  # inside the headland that a tolerance of 5 px cuts off
    batch = vectorize(classes, tolerance_px=5)
    check_partition(geometries(batch), classes, PIXEL_GRID)
    land = geometries(batch)[batch.class_id.tolist().index(1)]
    assert len(land.interiors) == 1


def test_smoothing_cuts_corners(vectorize, geometries):
    classes = np.zeros((20, 20), np.uint8)
    classes[5:15, 5:15] = 1
    batch = vectorize(classes, smooth=2)
    square = geometries(batch)[1]
    assert 80 < square.area < 100
    assert shapely.get_num_coordinates(square) > 12


def test_the_smallest_patch_goes_to_the_longest_border(vectorize):
    classes = np.array([[1, 1, 1, 2], [1, 3, 3, 2], [1, 1, 1, 2]], np.uint8)
    batch = vectorize(classes, min_area_px=3)
    assert batch.class_id.tolist() == [1, 2]
    assert batch.pixels.tolist() == [9, 3]


def test_the_runner_up_may_choose_the_neighbour(vectorize):
    classes = np.array([[1, 1, 1, 2], [1, 3, 3, 2], [1, 1, 1, 2]], np.uint8)
    runner_up = np.full_like(classes, 2)
    batch = vectorize(classes, min_area_px=3, merge_into="runner_up", runner_up=runner_up)
    assert batch.class_id.tolist() == [1, 2]
    assert batch.pixels.tolist() == [7, 5]


def test_parts_that_meet_through_a_merger_become_one(vectorize):
    classes = np.array([[1, 1, 3, 1, 1]], np.uint8)
    batch = vectorize(classes, min_area_px=2)
    assert batch.class_id.tolist() == [1]
    assert batch.pixels.tolist() == [5]


def test_a_patch_between_no_data_stays(vectorize):
    classes = np.array([[1, 255, 2, 2]], np.uint8)
    assert vectorize(classes, min_area_px=9).pixels.tolist() == [1, 2]


def test_cancelling_stops_the_run():
    strip = ClassStrip(0, *(np.zeros((4, 4), np.uint8) for _ in range(3)))
    for patience in range(6):
        vectorizer = Vectorizer(4, 4, PIXEL_GRID, None)
        vectorizer.add(strip)
        asked = iter([False] * patience + [True] * 9)
        progress = Progress(cancelled=lambda asked=asked: next(asked))
        with pytest.raises(Cancelled):
            list(vectorizer.polygons(progress))


def test_progress_ends_with_the_last_polygon():
    said = []
    vectorizer = Vectorizer(4, 1, PIXEL_GRID, None)
    vectorizer.add(ClassStrip(0, *(np.arange(4, dtype=np.uint8)[None] for _ in range(3))))
    progress = Progress(report=lambda done, total, message: said.append((done, total)))
    assert [len(b) for b in vectorizer.polygons(progress, batch_size=3)] == [3, 1]
    assert said[-1] == (4, 4)


@pytest.mark.parametrize(
    "options", [{"tolerance_px": -1}, {"min_area_px": -1}, {"smooth": 9}, {"merge_into": "x"}]
)
def test_unusable_options_are_refused(options):
    with pytest.raises(ConfigError):
        VectorOptions(**options)
