"""Keeps what the base model knows about ground that nobody labelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence


TINY = 1e-30
"""Keeps logarithms finite; small enough that the gradient of a wrong answer never dies."""


def transition(
    classes: Sequence[int],
    base_ids: Sequence[int],
    labelled: Sequence[int],
    confusion: Tensor,
    bound: float,
) -> Tensor:
    """How the base model names the true classes, as far as the labels show it.

    A class without labels is what the base model says. A labelled one is partly what the base
    model was seen to call it on labelled ground, so that the labels may overrule the base model
    on unlabelled ground too, up to a bounded price.

    Notation: C classes of the new model, K of the base model, L labelled.

    Args:
        classes: C class ids.
        base_ids: K class ids, a part of ``classes``.
        labelled: L class ids, a part of ``classes``.
        confusion: (L, K) from :func:`~.plates.confusion_of_base`.
        bound: 0 never, 1 wherever labels contradict the base model.

    Returns:
        (C, K) float32: weight of the base model's class k when the truth is class c.

    Source: the forward correction of Patrini et al. 2017, "Making Deep Neural Networks Robust
    to Label Noise", with the base model as the noisy labeller.
    """
    table = torch.zeros(len(classes), len(base_ids))
    for column, class_id in enumerate(base_ids):
        table[classes.index(class_id), column] = 1.0
    for row, class_id in enumerate(labelled):
        c = classes.index(class_id)
        table[c] = torch.maximum(table[c], bound * confusion[row])
    return table


def trust(base_ids: Sequence[int], labelled: Sequence[int], confusion: Tensor) -> float:
    """How far the base model's opinion on unlabelled ground is worth keeping, 0-1.

    Args:
        base_ids: K class ids of the base model.
        labelled: L class ids.
        confusion: (L, K) from :func:`~.plates.confusion_of_base`.

    Returns:
        The mean probability that it gives to the right class on labelled ground, over the
        labelled classes that it knows; 1 when it knows none of them, for want of evidence.
    """
    known = [(row, base_ids.index(c)) for row, c in enumerate(labelled) if c in base_ids]
    if not known:
        return 1.0
    return float(torch.stack([confusion[row, column] for row, column in known]).mean())


def keeping_loss(logits: Tensor, base: Tensor, unlabelled: Tensor, table: Tensor) -> Tensor:
    """Cross-entropy between the base model's opinion and what the new model makes of it.

    Args:
        logits: (B, C, h, w) of the new model.
        base: (B, K, h, w) probabilities of the base model.
        unlabelled: (B, h, w) bool, cells without any label.
        table: (C, K) from :func:`transition`.

    Returns:
        () mean over the unlabelled cells; 0 with a gradient of 0 when there is none. What the
        base model is unsure of anyway is subtracted, so that 0 means no change.
    """
    if not unlabelled.any():
        return logits.sum() * 0.0
    chances = logits.float().softmax(1).movedim(1, -1)[unlabelled] @ table
    opinion = base.movedim(1, -1)[unlabelled].float()
    cross = -(opinion * chances.clamp(min=TINY).log()).sum(1)
    own = -(opinion * opinion.clamp(min=TINY).log()).sum(1)
    return (cross - own).mean()
