"""Accuracy figures from a confusion matrix."""

from __future__ import annotations

import numpy as np


def confusion_matrix(truth: np.ndarray, predicted: np.ndarray, num_classes: int) -> np.ndarray:
    """Count pixels by true and predicted class.

    Args:
        truth: Class ids of any shape; ids of ``num_classes`` and above (255) are left out.
        predicted: Class ids of the same shape; ids beyond the classes count as wrong.
        num_classes: K.

    Returns:
        (K, K + 1) int64: rows true, columns predicted; the last column is "no class".
    """
    known = truth < num_classes
    rows = truth[known].astype(np.int64)
    columns = np.minimum(predicted[known].astype(np.int64), num_classes)
    counts = np.bincount(
        rows * (num_classes + 1) + columns, minlength=num_classes * (num_classes + 1)
    )
    return counts.reshape(num_classes, num_classes + 1)


def merge_classes(matrix: np.ndarray, merges: dict[int, int]) -> np.ndarray:
    """Add the rows and columns of merged classes to those of the class they join.

    Args:
        matrix: (K, K + 1) from :func:`confusion_matrix`.
        merges: Class id to the id it joins.
    """
    merged = matrix.copy()
    for source, target in merges.items():
        merged[target] += merged[source]
        merged[source] = 0
        merged[:, target] += merged[:, source]
        merged[:, source] = 0
    return merged


def scores(matrix: np.ndarray) -> dict:
    """Compute the figures of a confusion matrix.

    Args:
        matrix: (K, K + 1) from :func:`confusion_matrix`.

    Returns:
        ``iou``: IoU by class id, for classes with reference pixels; ``miou``: their mean;
        ``oa``: overall accuracy; ``pixels``: reference pixels by class id. All shares 0-1.
    """
    square = matrix[:, :-1]
    hits = np.diag(square).astype(float)
    truth = matrix.sum(axis=1)
    union = truth + square.sum(axis=0) - hits
    present = np.flatnonzero(truth)
    iou = {int(c): float(hits[c] / union[c]) for c in present}
    return {
        "iou": iou,
        "miou": float(np.mean(list(iou.values()))) if iou else float("nan"),
        "oa": float(hits.sum() / truth.sum()) if truth.sum() else float("nan"),
        "pixels": {int(c): int(truth[c]) for c in present},
    }
