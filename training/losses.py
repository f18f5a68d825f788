"""Losses of semantic segmentation with unlabelled pixels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ..engine.layers.moe import moe_layers


def segmentation_loss(
    logits: Tensor,
    target: Tensor,
    class_weights: Tensor | None,
    iou_weight: float,
    label_smoothing: float = 0.0,
    ignore_index: int = 255,
) -> Tensor:
    """Cross-entropy plus soft Jaccard loss.

    Args:
        logits: (B, K, h, w).
        target: (B, h, w) int64, 0 … K-1 or ``ignore_index``.
        class_weights: (K,) or None.
        iou_weight: Weight of the Jaccard part.
        label_smoothing: Share of the target spread over all classes.
        ignore_index: Marks pixels that say nothing.

    Returns:
        () loss; 0 with a gradient of 0 when no pixel is labelled.
    """
    logits = logits.float()
    if not (target != ignore_index).any():
        return logits.sum() * 0.0
    entropy = F.cross_entropy(
        logits, target, class_weights, ignore_index=ignore_index, label_smoothing=label_smoothing
    )
    return entropy + iou_weight * soft_jaccard_loss(logits, target, ignore_index)


def soft_jaccard_loss(logits: Tensor, target: Tensor, ignore_index: int = 255) -> Tensor:
    """One minus the mean soft intersection over union of the classes in the target.

    Args:
        logits: (B, K, h, w).
        target: (B, h, w) int64.
        ignore_index: Marks pixels that say nothing.

    Source: Rahman and Wang 2016, "Optimizing Intersection-Over-Union in Deep Neural Networks".
    """
    known = target != ignore_index
    probability = logits.softmax(1).movedim(1, -1)[known]
    truth = F.one_hot(target[known], logits.shape[1]).to(probability.dtype)
    intersection = (probability * truth).sum(0)
    union = (probability + truth).sum(0) - intersection
    present = truth.sum(0) > 0
    return 1 - (intersection[present] / union[present]).mean()


def balance_loss(model: torch.nn.Module) -> Tensor:
    """Mean load-balancing loss of all mixtures that ran in training mode; () or 0."""
    losses = [m.routing.balance_loss for m in moe_layers(model) if m.routing is not None]
    return torch.stack(losses).mean() if losses else torch.zeros(())
