"""Losses of semantic segmentation with unlabelled pixels; the same over one process or many.

Each loss is a function of sums over pixels. ``add`` sums those over all processes of a run, so
that the loss is that of the whole batch however many processes share it.
"""

from __future__ import annotations

from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ..engine.layers.moe import moe_layers

Add = Callable[[Tensor], Tensor]
"""Sums a tensor over the processes of a run, differentiably."""


def own_sum(value: Tensor) -> Tensor:
    """The sum over the processes of a run that has but one."""
    return value


def segmentation_loss(
    logits: Tensor,
    target: Tensor,
    class_weights: Tensor | None,
    iou_weight: float,
    label_smoothing: float = 0.0,
    ignore_index: int = 255,
    add: Add = own_sum,
) -> Tensor:
    """Cross-entropy plus soft Jaccard loss.

    Args:
        logits: (B, K, h, w).
        target: (B, h, w) int64, 0 … K-1 or ``ignore_index``.
        class_weights: (K,) or None.
        iou_weight: Weight of the Jaccard part.
        label_smoothing: Share of the target spread over all classes.
        ignore_index: Marks pixels that say nothing.
        add: Sums over the processes of a run.

    Returns:
        () loss; 0 with a gradient of 0 when no pixel is labelled.
    """
    logits = logits.float()
    known = target != ignore_index
    weights = torch.ones_like(logits[0, :, 0, 0]) if class_weights is None else class_weights
    entropy = F.cross_entropy(
        logits,
        target,
        weights,
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
        reduction="sum",
    )
    inside = torch.where(known, target, 0)
    scale = (weights.to(logits.device)[inside] * known).sum()
    sums = add(torch.cat([torch.stack([entropy, scale]), jaccard_sums(logits, inside, known)]))
    entropy, scale, rest = sums[0], sums[1], sums[2:]
    return entropy / scale.clamp_min(1e-6) + iou_weight * jaccard_loss(rest)


def jaccard_sums(logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """What the soft Jaccard loss takes from the pixels.

    Args:
        logits: (B, K, h, w).
        target: (B, h, w) int64 in 0 … K-1, also where nothing is known.
        known: (B, h, w) bool; the pixels that count.

    Returns:
        (3K,): by class, the probability of the truth, the pixels, the probability.
    """
    k = logits.shape[1]
    probability = logits.softmax(1) * known[:, None]
    of_truth = probability.gather(1, target[:, None]).flatten()
    zeros = torch.zeros(k, device=logits.device)
    hits = zeros.scatter_add(0, target.flatten(), of_truth)
    truth = zeros.scatter_add(0, target.flatten(), known.flatten().float())
    return torch.cat([hits, truth, probability.sum((0, 2, 3))])


def jaccard_loss(sums: Tensor) -> Tensor:
    """One minus the mean soft intersection over union of the classes in the target.

    Args:
        sums: (3K,) from :func:`jaccard_sums`.

    Returns:
        () loss; 0 when no class is there.

    Source: Rahman and Wang 2016, "Optimizing Intersection-Over-Union in Deep Neural Networks".
    """
    hits, truth, claimed = sums.chunk(3)
    present = (truth > 0).float()
    missed = (1 - hits / (truth + claimed - hits).clamp_min(1e-6)) * present
    return missed.sum() / present.sum().clamp_min(1)


def unknown_loss(
    logits: Tensor,
    target: Tensor,
    limits: dict[int, float],
    ignore_index: int = 255,
    add: Add = own_sum,
) -> Tensor:
    """Penalise classes that claim more of the unlabelled pixels than they can have.

    Where only one class is labelled, nothing tells the network what is *not* of that class. A
    limit on the expected share does so without calling any pixel a negative.

    Args:
        logits: (B, K, h, w).
        target: (B, h, w) int64; the pixels at ``ignore_index`` are the unlabelled ones.
        limits: By channel, the largest share 0-1 that costs nothing.
        ignore_index: Marks pixels that say nothing.
        add: Sums over the processes of a run.

    Returns:
        () sum over the channels of the share beyond the limit.

    Source: Mann and McCallum 2010, "Generalized Expectation Criteria for Semi-Supervised Learning
    with Weakly Labeled Data".
    """
    if not limits:
        return logits.new_zeros(())
    unknown = (target == ignore_index)[:, None].float()
    claimed = (logits.float().softmax(1) * unknown).sum((0, 2, 3))
    sums = add(torch.cat([claimed, unknown.sum()[None]]))
    share = sums[list(limits)] / sums[-1].clamp_min(1)
    allowed = torch.tensor(list(limits.values()), device=share.device)
    return (share - allowed).clamp_min(0).sum()


def balance_loss(model: torch.nn.Module, add: Add = own_sum) -> Tensor:
    """Mean load-balancing loss of all mixtures that ran in training mode; () or 0.

    Args:
        model: The network, after a forward pass in training mode.
        add: Sums over the processes of a run.

    Source: Fedus et al. 2022, "Switch Transformers", eq. 4, over the k kept experts.
    """
    routings = [m.routing for m in moe_layers(model) if m.routing is not None]
    if not routings:
        return torch.zeros(())
    parts = [torch.cat([r.usage, r.probability]) for r in routings]
    sums = add(torch.cat([*parts, parts[0].new_ones(1)]))
    losses, processes, first = [], sums[-1], 0
    for routing in routings:
        e = len(routing.usage)
        usage, probability = sums[first : first + 2 * e].view(2, e) / processes
        losses.append(e * (usage * probability).sum())
        first += 2 * e
    return torch.stack(losses).mean()
