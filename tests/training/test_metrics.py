"""Figures of a confusion matrix, against counts by hand."""

import numpy as np
import pytest
from cwsam.training.metrics import confusion_matrix, merge_classes, scores


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
