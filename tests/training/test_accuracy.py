"""Stratified estimates against the worked examples of their papers."""

import numpy as np
import pytest
from cwsam.training.accuracy import Sample, estimate_accuracy

# Olofsson et al. 2014, table 8: rows map, columns reference; deforestation, forest gain,
# stable forest, stable non-forest. Map areas in pixels of 30 m, section 5.1.
OLOFSSON = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
PIXELS = np.array([200_000, 150_000, 3_200_000, 6_450_000])
HECTARES = 0.09


def strata_are_classes(by_map):
    """Counts (H, K, K) of a sample whose strata are the map's classes, from map by reference."""
    counts = np.zeros((len(by_map),) * 3, np.int64)
    for i, row in enumerate(by_map):
        counts[i, :, i] = row
    return counts


@pytest.fixture
def olofsson():
    classes = (0, 1, 2, 3)
    return estimate_accuracy(Sample(strata_are_classes(OLOFSSON), PIXELS, classes, classes))


def values(table):
    return [e.value for e in table.values()]


def margins(table):
    return [e.margin for e in table.values()]


def test_olofsson_accuracies(olofsson):
    # Section 5.2: user's 0.88 ± 0.07, 0.73 ± 0.10, 0.93 ± 0.04, 0.96 ± 0.02;
    # producer's 0.75 ± 0.21, 0.85 ± 0.25, 0.93 ± 0.03, 0.96 ± 0.02; overall 0.95 ± 0.02.
    assert values(olofsson.users) == pytest.approx([0.88, 0.73, 0.93, 0.96], abs=0.005)
    assert margins(olofsson.users) == pytest.approx([0.07, 0.10, 0.04, 0.02], abs=0.005)
    assert values(olofsson.producers) == pytest.approx([0.75, 0.85, 0.93, 0.96], abs=0.005)
    assert margins(olofsson.producers) == pytest.approx([0.21, 0.25, 0.03, 0.02], abs=0.005)
    assert olofsson.overall.value == pytest.approx(0.947, abs=0.0005)
    assert olofsson.overall.margin == pytest.approx(0.0185, abs=0.0005)


def test_olofsson_areas(olofsson):
    # 235,086 pixels ± 68,418, which are 21,158 ha ± 6158; the map itself says 18,000 ha.
    pixels = PIXELS.sum()
    deforested = olofsson.area[0]
    assert deforested.value * pixels == pytest.approx(235_086, abs=1)
    assert deforested.margin * pixels == pytest.approx(68_418, abs=1)
    hectares = [pixels * HECTARES * e.value for e in olofsson.area.values()]
    assert hectares == pytest.approx([21_158, 11_686, 285_770, 581_386], abs=1)
    widths = [pixels * HECTARES * e.margin for e in olofsson.area.values()]
    assert widths == pytest.approx([6_158, 3_756, 15_510, 16_282], abs=1)
    assert olofsson.mapped[0] * pixels * HECTARES == pytest.approx(18_000)
    assert olofsson.proportions.sum() == pytest.approx(1)
    assert olofsson.unsampled == 0
    assert (olofsson.single, olofsson.few) == ((), ())


def test_stehman_strata_that_are_not_the_map_classes():
    # Stehman 2014, section 3.2: 40 points in strata A-D of 40,000, 30,000, 20,000, 10,000.
    strata = "A" * 10 + "B" * 10 + "C" * 10 + "D" * 10
    mapped = "A" * 7 + "B" * 3 + "A" + "B" * 11 + "C" * 6 + "B" * 2 + "D" * 10
    truth = "AAAAACBABC" + "A" + "BBBBB" + "AABB" + "CCCCC" + "DD" + "BBA" + "DDDDDDD" + "CCB"
    counts = np.zeros((4, 4, 4), np.int64)
    for s, m, r in zip(strata, mapped, truth):
        counts[ord(s) - 65, ord(r) - 65, ord(m) - 65] += 1
    sizes = np.array([40_000, 30_000, 20_000, 10_000])
    result = estimate_accuracy(Sample(counts, sizes, (0, 1, 2, 3), (0, 1, 2, 3)))
    assert result.area[0].value == pytest.approx(0.35, abs=5e-4)
    assert result.area[2].value == pytest.approx(0.20, abs=5e-4)
    assert result.overall.value == pytest.approx(0.63, abs=5e-4)
    assert result.users[1].value == pytest.approx(0.574, abs=5e-4)
    assert result.producers[1].value == pytest.approx(0.794, abs=5e-4)
    assert result.proportions[2, 1] == pytest.approx(0.08, abs=5e-4)
    # The paper's finite-population correction changes the fourth digit only.
    assert result.area[0].error == pytest.approx(0.082, abs=6e-4)
    assert result.area[2].error == pytest.approx(0.064, abs=6e-4)
    assert result.overall.error == pytest.approx(0.085, abs=6e-4)
    assert result.users[1].error == pytest.approx(0.125, abs=6e-4)
    assert result.producers[1].error == pytest.approx(0.116, abs=1e-3)


def test_intervals_hold_the_truth_nineteen_times_in_twenty():
    random = np.random.default_rng(1)
    confusion = np.array([[0.9, 0.1], [0.3, 0.7]])  # reference by map, of a map stratum
    sizes = np.array([80_000, 20_000])
    true_area = (sizes / sizes.sum()) @ confusion[:, 1]
    inside = 0
    for _ in range(400):
        rows = np.stack([random.multinomial(100, p) for p in confusion])
        found = estimate_accuracy(Sample(strata_are_classes(rows), sizes, (0, 1), (0, 1)))
        inside += abs(found.area[1].value - true_area) <= found.area[1].margin
    assert 0.92 < inside / 400 < 0.98


def test_strata_without_points_are_told():
    counts = strata_are_classes([[9, 1, 0], [0, 1, 0], [0, 0, 0]])
    found = estimate_accuracy(Sample(counts, np.array([600, 300, 100]), (5, 8, 24), (5, 8, 24)))
    assert found.unsampled == pytest.approx(0.1)
    assert (found.single, found.few) == ((8,), (5,))
    assert np.isnan(found.users[24].value)
    assert found.overall.value == pytest.approx((600 * 0.9 + 300) / 900)
    # One point cannot show a spread: the largest possible one widens the interval.
    assert found.overall.error > 300 / 900 * 0.49


def test_no_point_is_no_estimate():
    with pytest.raises(ValueError, match="at least one"):
        estimate_accuracy(Sample(np.zeros((1, 1, 1), int), np.array([5]), (1,), (1,)))
