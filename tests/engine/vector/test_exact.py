"""Without tolerance the polygons are the class map."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio.features
import shapely
from affine import Affine
from cwsam.engine.types import GeoTransform
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

SHAPES = arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14)
MAPS = st.integers(1, 4).flatmap(
    lambda count: arrays.arrays(
        np.uint8, SHAPES, elements=st.sampled_from([*range(count), 255]), fill=st.nothing()
    )
)
GRIDS = st.sampled_from(
    [
        GeoTransform(1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
        GeoTransform(0.5, 0.0, 500000.0, 0.0, 0.5, 6600000.0),
        GeoTransform(-2.0, 0.0, 10.0, 0.0, -2.0, 20.0),
        GeoTransform(0.75, -0.5, 1e5, -0.5, -0.75, 2e5),
        GeoTransform(0.75, 0.5, 1e5, -0.5, 0.75, 2e5),
    ]
)
CUTS = st.lists(st.integers(1, 13), max_size=6, unique=True)


def gdal_polygons(classes, grid):
    """What GDAL makes of the map: list of (geometry, class)."""
    affine = Affine(grid.a, grid.b, grid.c, grid.d, grid.e, grid.f)
    shapes = rasterio.features.shapes(
        classes, mask=classes != 255, connectivity=4, transform=affine
    )
    return [(shapely.geometry.shape(shape), int(value)) for shape, value in shapes]


@settings(max_examples=120, deadline=None)
@given(classes=MAPS, grid=GRIDS, chunk=st.integers(1, 60))
def test_polygons_are_those_of_gdal(vectorize, geometries, classes, grid, chunk):
    batch = vectorize(classes, grid=grid, chunk_pixels=chunk)
    ours = geometries(batch)
    theirs = gdal_polygons(classes, grid)
    assert len(ours) == len(theirs)
    tree = shapely.STRtree(ours)
    seen = set()
    for polygon, value in theirs:
        inside = shapely.point_on_surface(polygon)
        (match,) = [k for k in tree.query(inside) if shapely.contains(ours[k], inside)]
        assert shapely.equals_exact(ours[match].normalize(), polygon.normalize(), 1e-6) or (
            ours[match].symmetric_difference(polygon).area < 1e-6 * grid.pixel_area
        )
        assert batch.class_id[match] == value
        seen.add(match)
    assert len(seen) == len(ours)


@settings(max_examples=80, deadline=None)
@given(classes=MAPS, grid=GRIDS)
def test_rings_are_simple_and_turn_the_right_way(vectorize, geometries, classes, grid):
    ours = geometries(vectorize(classes, grid=grid))
    assert shapely.is_valid(ours).all()
    assert not len(ours) or shapely.coverage_is_valid(ours)
    for polygon in ours:
        assert polygon.exterior.is_ccw
        assert not any(hole.is_ccw for hole in polygon.interiors)


@settings(max_examples=60, deadline=None)
@given(classes=MAPS)
def test_rasterised_polygons_are_the_map(vectorize, geometries, classes):
    grid = GeoTransform(1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    batch = vectorize(classes, grid=grid)
    drawn = np.full_like(classes, 255)
    if len(batch):
        shapes = zip(geometries(batch), batch.class_id.astype(int))
        drawn = rasterio.features.rasterize(
            shapes, out_shape=classes.shape, fill=255, dtype="uint8"
        )
    np.testing.assert_array_equal(drawn, classes)


@settings(max_examples=60, deadline=None)
@given(classes=MAPS, cuts=CUTS, chunk=st.integers(1, 60), tolerance=st.sampled_from([0.0, 1.5]))
def test_strips_join_to_the_same_polygons(vectorize, classes, cuts, chunk, tolerance):
    cuts = [cut for cut in cuts if cut < len(classes)]
    whole = vectorize(classes, chunk_pixels=1 << 18, tolerance_px=tolerance)
    strips = vectorize(classes, cuts=cuts, chunk_pixels=chunk, tolerance_px=tolerance, batch_size=3)
    assert whole.wkb == strips.wkb
    for name in ("class_id", "confidence", "pixels"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(strips, name))


def draw(*rows):
    return np.array([[255 if c == "." else int(c) for c in row] for row in rows], np.uint8)


@pytest.mark.parametrize(
    ("classes", "polygons", "holes"),
    [
        (draw("1"), 1, 0),
        (draw("."), 0, 0),
        (draw("...", "..."), 0, 0),
        (draw("11211"), 3, 0),
        (draw("1", "2", "2"), 2, 0),
        (draw("12", "21"), 4, 0),
        (draw("111", "1.1", "111"), 1, 1),
        (draw("1111111", "1222221", "1211121", "1212121", "1211121", "1222221", "1111111"), 4, 3),
        (draw("111", "121", "113"), 3, 1),  # the hole touches the outer border
        (draw("1111", "1211", "1131", "1111"), 3, 2),  # two holes touch
        (draw("11111", "12121", "11211", "12121", "11111"), 6, 5),
        (draw("1111", "1221", "1212", "1111"), 3, 1),
    ],
)
def test_hand_made(vectorize, geometries, classes, polygons, holes):
    batch = vectorize(classes)
    ours = geometries(batch)
    assert len(ours) == polygons
    assert shapely.is_valid(ours).all()
    assert sum(len(polygon.interiors) for polygon in ours) == holes
    assert shapely.area(ours).tolist() == batch.pixels.tolist()
