"""Scores of a model on labelled scenes, through the same pipeline that users run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

import numpy as np

from ..engine.array_source import ArraySource
from ..engine.pipeline import SegmentOptions, StageClock, class_strips
from ..engine.ports import Progress
from ..engine.types import NODATA_CLASS, RunSummary
from .metrics import confusion_matrix, merge_classes, scores
from .schedule import only_classes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..engine.predictor import Predictor
    from .dataset import Scene


def classify(scene: Scene, predictor: Predictor, options: SegmentOptions) -> np.ndarray:
    """Class map (h, w) uint8 of a scene, blended from overlapping tiles."""
    source = ArraySource(scene.image.numpy(), name=scene.name)
    strips = class_strips(source, predictor, options, Progress(), StageClock(), RunSummary())
    return np.concatenate([strip.classes for strip in strips])


def confusion_by_source(
    scenes: list[Scene],
    predictor: Predictor,
    options: SegmentOptions | None = None,
    report: Callable[[int, int], None] = lambda done, total: None,
    classes: Sequence[int] | None = None,
) -> dict[str, np.ndarray]:
    """Confusion matrices (255, 256) of the scenes, added up by source.

    Args:
        scenes: What is classified.
        predictor: The model.
        options: How the scenes are tiled.
        report: Told how many scenes are done, of how many.
        classes: Class ids whose labels count; None for all.
    """
    options = options or SegmentOptions()
    matrices: dict[str, np.ndarray] = {}
    for number, scene in enumerate(scenes, 1):
        predicted = classify(scene, predictor, options)
        labels = scene.labels.numpy()
        truth = labels if classes is None else only_classes(labels, classes)
        matrix = confusion_matrix(truth, predicted, NODATA_CLASS)
        matrices[scene.source] = matrices.get(scene.source, 0) + matrix
        report(number, len(scenes))
    return matrices


def dense_scores(matrix: np.ndarray) -> dict:
    """Scores of densely labelled scenes, isolated buildings counted as dense built-up area."""
    return scores(merge_classes(matrix, {10: 9}))


def card_scores(matrices: dict[str, np.ndarray], dense_source: str) -> dict[str, float]:
    """The figures of a model card.

    Args:
        matrices: From :func:`confusion_by_source`.
        dense_source: The source whose labels are complete.
    """
    figures: dict[str, float] = {}
    if dense_source in matrices:
        dense = dense_scores(matrices[dense_source])
        figures = {
            "dense scenes, mIoU": dense["miou"],
            "dense scenes, overall accuracy": dense["oa"],
        }
        for class_id, value in dense["iou"].items():
            figures[f"dense scenes, IoU of {class_id}"] = value
    for source, matrix in matrices.items():
        if source == dense_source:
            continue
        for class_id, hits in enumerate(np.diag(matrix[:, :-1])):
            if matrix[class_id].sum():
                figures[f"{source}, recall of {class_id}"] = float(hits / matrix[class_id].sum())
    return figures
