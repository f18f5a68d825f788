"""Accuracy figures from a confusion matrix."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class ClassScore:
    """How well one class is mapped; shares are 0-1, NaN where nothing can be divided.

    Attributes:
        class_id: Id of the class.
        reference: Pixels that are the class.
        predicted: Pixels that the map calls so, among those with a reference.
        hits: Pixels that both call so.
    """

    class_id: int
    reference: int
    predicted: int
    hits: int

    @property
    def precision(self) -> float:
        """Share of the mapped pixels that are right: user's accuracy."""
        return _share(self.hits, self.predicted)

    @property
    def recall(self) -> float:
        """Share of the true pixels that are mapped: producer's accuracy."""
        return _share(self.hits, self.reference)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return _share(2 * self.hits, self.predicted + self.reference)

    @property
    def iou(self) -> float:
        """Intersection over union."""
        return _share(self.hits, self.predicted + self.reference - self.hits)


def class_scores(matrix: np.ndarray) -> list[ClassScore]:
    """Scores of every class that the reference or the map has, by id.

    Args:
        matrix: (K, K + 1) from :func:`confusion_matrix`.
    """
    square = matrix[:, :-1]
    truth, predicted, hits = matrix.sum(axis=1), square.sum(axis=0), np.diag(square)
    return [
        ClassScore(int(c), int(truth[c]), int(predicted[c]), int(hits[c]))
        for c in np.flatnonzero(truth + predicted)
    ]


def scores(matrix: np.ndarray) -> dict:
    """Compute the figures of a confusion matrix.

    Args:
        matrix: (K, K + 1) from :func:`confusion_matrix`.

    Returns:
        ``iou``, ``precision`` (user's accuracy), ``recall`` (producer's accuracy), ``f1`` by
        class id, for classes with reference pixels; ``miou``: mean of the IoUs; ``fwiou``:
        their mean weighted by reference pixels; ``oa``: overall accuracy; ``kappa``: Cohen's;
        ``pixels``: reference pixels by class id. All shares 0-1, NaN where nothing is known.
    """
    present = [score for score in class_scores(matrix) if score.reference]
    total = sum(score.reference for score in present)
    observed = _share(sum(score.hits for score in present), total)
    chance = _share(sum(score.reference * score.predicted for score in present), total**2)
    iou = {score.class_id: score.iou for score in present}
    return {
        "iou": iou,
        "miou": float(np.mean(list(iou.values()))) if iou else float("nan"),
        "fwiou": _share(sum(score.reference * score.iou for score in present), total),
        "oa": observed,
        "kappa": _share(observed - chance, 1 - chance) if present else float("nan"),
        "precision": {score.class_id: score.precision for score in present},
        "recall": {score.class_id: score.recall for score in present},
        "f1": {score.class_id: score.f1 for score in present},
        "pixels": {score.class_id: score.reference for score in present},
    }


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
