"""Areas, confidences and runners-up of the polygons."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from cwsam.engine.types import PIXEL_GRID, Crs, GeoTransform
from hypothesis import given, settings
from hypothesis import strategies as st

WGS84 = Crs(wkt="", name="EPSG:4326", kind="geographic", metres_per_unit=111319.49)
MERCATOR = Crs(wkt="", name="EPSG:3857", kind="web_mercator")
EARTH_M2 = 5.10065621724e14
"""Area of the WGS 84 ellipsoid (NIMA TR8350.2, 1997, table 3.3 and its formulas)."""


def cell_area(south, north, degrees_wide):
    """Area of an ellipsoidal rectangle by quadrature of M N cos(latitude)."""
    a, f = 6378137.0, 1 / 298.257223563
    square = f * (2 - f)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    half = np.radians(north - south) / 2
    latitude = np.radians((north + south) / 2) + nodes * half
    bend = 1 - square * np.sin(latitude) ** 2
    strips = a * a * (1 - square) / bend**2 * np.cos(latitude)
    return float((weights * strips).sum() * half * np.radians(degrees_wide))


def test_the_whole_ellipsoid(vectorize):
    grid = GeoTransform(90.0, 0.0, -180.0, 0.0, -90.0, 90.0)
    batch = vectorize(np.zeros((2, 4), np.uint8), grid=grid, crs=WGS84)
    assert batch.area_m2[0] == pytest.approx(EARTH_M2, rel=1e-11)


@pytest.mark.parametrize("south", [-90, -34, -1, 0, 50, 89])
def test_a_cell_of_one_degree(vectorize, south):
    grid = GeoTransform(1.0, 0.0, 4.0, 0.0, -1.0, south + 1.0)
    batch = vectorize(np.zeros((1, 1), np.uint8), grid=grid, crs=WGS84)
    assert batch.area_m2[0] == pytest.approx(cell_area(south, south + 1, 1), rel=1e-10)


def test_a_hole_counts_with_its_own_polygon_only(vectorize):
    classes = np.zeros((30, 30), np.uint8)
    classes[10:20, 10:20] = 1
    grid = GeoTransform(0.001, 0.0, 4.0, 0.0, -0.001, 51.0)
    batch = vectorize(classes, grid=grid, crs=WGS84)
    assert batch.area_m2.sum() == pytest.approx(cell_area(50.97, 51, 0.03), rel=1e-8)
    assert batch.area_m2[1] == pytest.approx(cell_area(50.98, 50.99, 0.01), rel=1e-8)


def test_slanted_and_south_up_rasters_have_areas_too(vectorize):
    straight = GeoTransform(0.0008, 0.0, 4.0, 0.0, -0.0008, 51.0)
    turned = GeoTransform(0.00064, -0.00048, 4.0, -0.00048, -0.00064, 51.0)
    south_up = GeoTransform(0.0008, 0.0, 4.0, 0.0, 0.0008, 51.0)
    classes = np.zeros((1, 1), np.uint8)
    first, *others = (
        vectorize(classes, grid=grid, crs=WGS84).area_m2[0] for grid in (straight, turned, south_up)
    )
    assert others == pytest.approx([first, first], rel=1e-4)


def test_web_mercator_is_unprojected(vectorize):
    metres = 6378137.0 * np.radians(1)
    top = 6378137.0 * np.arctanh(np.sin(np.radians(51)))
    height = top - 6378137.0 * np.arctanh(np.sin(np.radians(50)))
    grid = GeoTransform(metres, 0.0, 0.0, 0.0, -height, top)
    batch = vectorize(np.zeros((1, 1), np.uint8), grid=grid, crs=MERCATOR)
    assert batch.area_m2[0] == pytest.approx(cell_area(50, 51, 1), rel=1e-9)


def test_a_sphere_has_no_eccentricity(vectorize):
    sphere = Crs("", "sphere", "geographic", semi_major_m=6371000.0, inverse_flattening=0)
    grid = GeoTransform(90.0, 0.0, -180.0, 0.0, -90.0, 90.0)
    batch = vectorize(np.zeros((2, 4), np.uint8), grid=grid, crs=sphere)
    assert batch.area_m2[0] == pytest.approx(4 * np.pi * 6371000.0**2)


def test_projected_areas_are_those_of_the_geometry(vectorize, geometries):
    classes = np.random.default_rng(5).integers(0, 3, (40, 40)).astype(np.uint8)
    feet = Crs("", "feet", "projected", metres_per_unit=0.3048)
    grid = GeoTransform(3.0, -1.0, 100.0, -1.0, -3.0, 900.0)
    batch = vectorize(classes, grid=grid, crs=feet, tolerance_px=1.0)
    expected = shapely.area(geometries(batch)) * 0.3048**2
    np.testing.assert_allclose(batch.area_m2, expected, rtol=1e-9)


def test_no_crs_no_area(vectorize):
    assert np.isnan(vectorize(np.zeros((2, 2), np.uint8)).area_m2).all()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), chunk=st.integers(1, 90), classes=st.integers(1, 4))
def test_means_and_counts_are_those_of_the_pixels(vectorize, geometries, seed, chunk, classes):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 16, 2))
    drawn = rng.choice([*range(classes), 255], shape).astype(np.uint8)
    percent = rng.choice([0, 37, 100, 255], shape).astype(np.uint8)
    second = rng.choice([0, 1, 2, 3, 255], shape).astype(np.uint8)
    batch = vectorize(drawn, confidence=percent, runner_up=second, chunk_pixels=chunk)
    rows, columns = np.indices(shape)
    for k, polygon in enumerate(geometries(batch)):
        inside = shapely.contains_xy(polygon, columns + 0.5, -rows - 0.5)
        assert batch.pixels[k] == inside.sum()
        assert (drawn[inside] == batch.class_id[k]).all()
        known = percent[inside & (percent != 255)]
        expected = known.mean() / 100 if len(known) else np.nan
        assert batch.confidence[k] == pytest.approx(expected, abs=1e-6, nan_ok=True)
        others = second[inside & (second != 255) & (second != batch.class_id[k])]
        counts = np.bincount(others, minlength=5)
        assert batch.runner_up[k] == (counts.argmax() if counts.any() else 255)


def test_handed_over_patches_do_not_speak_for_the_receiver(vectorize):
    classes = np.array([[1, 1, 3, 1, 1]], np.uint8)
    percent = np.array([[80, 80, 10, 60, 60]], np.uint8)
    second = np.array([[2, 2, 7, 2, 5]], np.uint8)
    batch = vectorize(classes, confidence=percent, runner_up=second, min_area_px=2)
    assert batch.pixels.tolist() == [5]
    assert batch.confidence[0] == pytest.approx(0.7)
    assert batch.runner_up[0] == 2


def test_wkb_is_little_endian_with_a_closed_ring(vectorize):
    (wkb,) = vectorize(np.zeros((1, 1), np.uint8), grid=PIXEL_GRID).wkb
    assert wkb[:9] == b"\x01\x03\x00\x00\x00\x01\x00\x00\x00"
    points = np.frombuffer(wkb[13:], "<f8").reshape(-1, 2)
    assert wkb[9:13] == len(points).to_bytes(4, "little")
    assert points.tolist() == [[0, 0], [0, -1], [1, -1], [1, 0], [0, 0]]
