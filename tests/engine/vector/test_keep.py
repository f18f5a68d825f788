"""Some classes kept: the polygons that all classes would have had."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

MAPS = arrays.arrays(
    np.uint8,
    arrays.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14),
    elements=st.sampled_from([0, 1, 2, 255]),
    fill=st.nothing(),
)


@settings(max_examples=80, deadline=None)
@given(classes=MAPS, kept=st.sets(st.integers(0, 3)), limit=st.integers(0, 9))
def test_kept_polygons_are_those_of_a_map_of_all_classes(vectorize, classes, kept, limit):
    how = {"min_area_px": limit, "tolerance_px": 1.0, "smooth": 1}
    whole = vectorize(classes, **how)
    some = vectorize(classes, keep=tuple(kept), **how)
    stays = np.isin(whole.class_id, list(kept)) & (whole.pixels >= limit)
    assert some.wkb == [wkb for wkb, one in zip(whole.wkb, stays) if one]
    for name in ("class_id", "runner_up", "pixels", "area_m2", "confidence"):
        np.testing.assert_array_equal(getattr(some, name), getattr(whole, name)[stays])


def test_no_patch_of_a_kept_class_is_below_the_limit(vectorize):
    """Neither one amid a class that goes, nor one amid pixels without data, nor in a hole."""
    classes = np.full((12, 30), 8, np.uint8)
    classes[2:4, 2:4] = 5  # amid a class that is not kept
    classes[1:11, 8:18] = 5
    classes[4:6, 11:13] = 24  # a hole in a class that is kept
    classes[:, 20:] = 255
    classes[5:7, 24:26] = 5  # amid pixels without data
    batch = vectorize(classes, keep=(5, 24), min_area_px=9)
    assert batch.class_id.tolist() == [5]
    assert batch.pixels.tolist() == [100]


def test_borders_to_classes_that_go_are_simplified(vectorize, geometries):
    stairs = np.where(np.add.outer(np.arange(20), np.arange(20)) < 20, 5, 8).astype(np.uint8)
    (exact,) = geometries(vectorize(stairs, keep=(5,)))
    (plain,) = geometries(vectorize(stairs, keep=(5,), tolerance_px=1.5))
    assert len(exact.exterior.coords) > 30
    assert len(plain.exterior.coords) < 8
    assert plain.area == pytest.approx(exact.area, rel=0.06)
