"""Figures of a confusion matrix, against counts by hand."""

import numpy as np
import pytest
from cwsam.training.metrics import class_scores, confusion_matrix, merge_classes, scores


def test_matrix_and_scores_by_hand():
    truth = np.array([[0, 0, 1, 1], [2, 2, 255, 255]])
    predicted = np.array([[0, 1, 1, 1], [2, 255, 0, 1]])
    matrix = confusion_matrix(truth, predicted, 3)
    np.testing.assert_array_equal(matrix, [[1, 1, 0, 0], [0, 2, 0, 0], [0, 0, 1, 1]])
    figures = scores(matrix)
    assert figures["iou"] == pytest.approx({0: 1 / 2, 1: 2 / 3, 2: 1 / 2})
    assert figures["miou"] == pytest.approx((1 / 2 + 2 / 3 + 1 / 2) / 3)
    assert figures["oa"] == pytest.approx(4 / 6)


def test_merging_counts_confusion_inside_as_right():
    matrix = confusion_matrix(np.array([1, 1, 2, 2, 0]), np.array([2, 1, 1, 2, 1]), 3)
    merged = merge_classes(matrix, {2: 1})
    np.testing.assert_array_equal(merged, [[0, 1, 0, 0], [0, 4, 0, 0], [0, 0, 0, 0]])
    assert matrix[1, 2] == 1, "the original stays"


def test_classes_without_reference_do_not_count():
    figures = scores(confusion_matrix(np.array([0, 0]), np.array([0, 1]), 3))
    assert set(figures["iou"]) == {0}


def test_the_usual_figures_by_their_definitions():
    # Rows true; the last column counts pixels without a class on the map.
    matrix = np.array([[65, 4, 22, 5], [6, 81, 5, 3], [0, 11, 85, 0]])
    total, hits = matrix.sum(), 65 + 81 + 85
    figures = scores(matrix)
    assert figures["precision"] == pytest.approx({0: 65 / 71, 1: 81 / 96, 2: 85 / 112})
    assert figures["recall"] == pytest.approx({0: 65 / 96, 1: 81 / 95, 2: 85 / 96})
    assert figures["f1"][0] == pytest.approx(2 * (65 / 71) * (65 / 96) / (65 / 71 + 65 / 96))
    assert figures["oa"] == pytest.approx(hits / total)
    chance = (96 * 71 + 95 * 96 + 96 * 112) / total**2
    assert figures["kappa"] == pytest.approx((hits / total - chance) / (1 - chance))
    weights = np.array([96, 95, 96]) / total
    assert figures["fwiou"] == pytest.approx(weights @ list(figures["iou"].values()))


def test_class_scores_show_classes_that_only_the_map_has():
    (first, second) = class_scores(confusion_matrix(np.array([0, 0]), np.array([0, 1]), 3))
    assert (first.class_id, second.class_id) == (0, 1)
    assert (second.reference, second.predicted, second.iou) == (0, 1, 0)
    assert np.isnan(second.recall)
    assert np.isnan(scores(np.zeros((2, 3), int))["kappa"])
