"""Sample sizes, allocations and the draw."""

import numpy as np
import pytest
from cwsam.engine.errors import ConfigError
from cwsam.training.sampling import PointDraw, allocate, sample_size
from hypothesis import given
from hypothesis import strategies as st

FOREST = {0: 200_000, 1: 150_000, 2: 3_200_000, 3: 6_450_000}


def test_olofsson_sample_size():
    # Section 5.1.1: expected user's accuracies 0.70, 0.60, 0.90, 0.95 and S = 0.01 give 641.
    assert sample_size(FOREST, 0.01, {0: 0.7, 1: 0.6, 2: 0.9, 3: 0.95}) == 641


def test_a_small_map_needs_no_more_than_its_pixels():
    assert sample_size({0: 60, 1: 40}, 0.001) <= 100


def test_olofsson_allocations():
    # Table 5: equal 160 each, proportional 13, 10, 205, 413, and 75 for each rare class.
    assert allocate(FOREST, 640, "equal") == dict.fromkeys(FOREST, 160)
    assert allocate(FOREST, 641, "proportional") == {0: 13, 1: 10, 2: 205, 3: 413}
    assert allocate(FOREST, 641, minimum=75) == {0: 75, 1: 75, 2: 163, 3: 328}


def test_small_classes_give_all_they_have():
    assert allocate({1: 30, 2: 1_000_000}, 200) == {1: 30, 2: 170}
    assert allocate({1: 30, 2: 1_000_000}, 200, "equal") == {1: 30, 2: 170}


@given(
    st.dictionaries(st.integers(0, 32), st.integers(1, 10**7), min_size=1, max_size=12),
    st.integers(1, 3000),
    st.sampled_from(["recommended", "proportional", "equal"]),
)
def test_allocations_add_up(sizes, points, method):
    floor = {"recommended": 50, "proportional": 2, "equal": 1}[method]
    least = sum(min(floor, n) for n in sizes.values())
    if points < least:
        with pytest.raises(ConfigError, match=f"at least {least}"):
            allocate(sizes, points, method)
        return
    shares = allocate(sizes, points, method)
    assert sum(shares.values()) == min(points, sum(sizes.values()))
    assert all(1 <= shares[c] <= sizes[c] for c in sizes)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: allocate(FOREST, 100), "at least 200 or a lower minimum"),
        (lambda: allocate(FOREST, 3, "equal"), "at least 4"),
        (lambda: sample_size(FOREST, 0), "standard error"),
        (lambda: sample_size(FOREST, 0.01, {0: 70}), "from 0 to 1"),
    ],
)
def test_mistakes_are_sentences(call, words):
    with pytest.raises(ConfigError, match=words):
        call()


def draw(classes, allocation, seed=0, strip=7):
    sizes = dict(enumerate(np.bincount(classes.ravel(), minlength=256)))
    drawn = PointDraw(sizes, allocation, seed)
    for row in range(0, len(classes), strip):
        drawn.feed(row, classes[row : row + strip])
    return drawn.points()


def test_points_lie_on_their_class_without_repeats():
    classes = np.random.default_rng(0).choice([1, 5, 255], (50, 40)).astype(np.uint8)
    points = draw(classes, {1: 30, 5: 12})
    assert len({(p.row, p.col) for p in points}) == 42
    assert all(classes[p.row, p.col] == p.class_id for p in points)
    assert sum(p.class_id == 5 for p in points) == 12
    assert points == draw(classes, {1: 30, 5: 12}, strip=50), "strips do not matter"
    assert points != draw(classes, {1: 30, 5: 12}, seed=1)
    first = [p.class_id for p in points[:20]]
    assert {1, 5} == set(first), "the order tells nothing of the class"


def test_every_pixel_is_equally_likely():
    classes = np.zeros((5, 4), np.uint8)
    hits = np.zeros((5, 4))
    for seed in range(1500):
        for point in draw(classes, {0: 2}, seed):
            hits[point.row, point.col] += 1
    # 150 expected each; 5 standard deviations of a binomial count.
    assert abs(hits - 150).max() < 5 * np.sqrt(150 * 0.9)
