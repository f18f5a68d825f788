"""Trains the expert for colours, and settles how much it has to say."""

from __future__ import annotations

import math
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F

from ...engine.layers.colour_expert import ColourExpert, blend, local_statistics
from ...engine.types import NODATA_CLASS
from ..metrics import confusion_matrix, scores
from .learner import Stopped
from .plates import normalised

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor

    from .learner import Learner
    from .plates import Plate

PIXELS, RATE = 2048, 3e-3
TIME = 0.04
"""Share of a run's time that one training may take."""

NOISE, DROPOUT = 0.1, 0.1
"""What keeps it from learning single pixels by heart: noise in deviations of a feature, dropout."""

BALANCE = 0.25
"""Rare classes are drawn more often, by this power of their rarity."""

SHARES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


def train_colours(learner: Learner, plates: Sequence[Plate]) -> ColourExpert | None:
    """Train an expert on the labelled cells of plates.

    Args:
        learner: Whose classes, device and settings count.
        plates: What to learn from.

    Returns:
        The expert, with no weight in the blend; None when the labels show fewer than two classes.

    Raises:
        Stopped: The user cancelled.
    """
    features, targets, places = labelled_cells(learner, plates)
    _, place, visits = places.unique(return_inverse=True, return_counts=True)
    once = visits.float().reciprocal()[place]  # plates overlap; labels count as they were drawn
    counts = torch.bincount(targets, once, minlength=len(learner.labelled))
    if (counts > 0).sum() < 2:
        return None
    chances = once * counts.clamp(min=1).pow(-BALANCE)[targets]
    started, config = time.monotonic(), learner.config
    steps = min(config.colour_steps, 4 * config.steps)
    with torch.random.fork_rng(devices=[]), one_thread():
        torch.manual_seed(config.seed)
        expert = ColourExpert(learner.labelled)
        expert.mean.data = features.mean(0)
        expert.deviation.data = features.std(0).clamp(min=1e-3)
        expert.to(learner.device)
        layers = [*expert.weights, *expert.biases]
        optimizer = torch.optim.AdamW(layers, RATE, weight_decay=0.01)
        draws = torch.multinomial(chances, steps * PIXELS, replacement=True).view(steps, PIXELS)
        for at, drawn in enumerate(draws):
            used = (time.monotonic() - started) / (TIME * config.seconds)
            done = max(at / steps, used)
            if learner.cancelled():
                raise Stopped
            if done >= 1:
                break
            optimizer.param_groups[0]["lr"] = RATE * 0.5 * (1 + math.cos(math.pi * done))
            noise = NOISE * torch.randn(PIXELS, features.shape[1]) * expert.deviation.data.cpu()
            logits = expert.classify((features[drawn] + noise).to(learner.device), DROPOUT)
            loss = F.cross_entropy(logits, targets[drawn].to(learner.device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return expert.requires_grad_(False)


@contextmanager
def one_thread() -> Iterator[None]:
    """Calculate in one thread: for matrices as small as these, more only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def cell_of(plate: Plate) -> int:
    """Pixels a cell of the network's result."""
    return plate.image.shape[-1] // plate.base.shape[-1]


def labelled_cells(learner: Learner, plates: Sequence[Plate]) -> tuple[Tensor, Tensor, Tensor]:
    """What the expert learns from.

    Args:
        learner: Whose classes and normalisation count.
        plates: With labels.

    Returns:
        For the N labelled cells of the plates: (N, 21) local statistics, (N,) index of the label,
        (N,) a number for the place on the ground.
    """
    lookup = torch.full((256,), -1)
    lookup[learner.labelled] = torch.arange(len(learner.labelled))
    features, targets, places = [], [], []
    for plate in plates:
        cell = cell_of(plate)
        labels = lookup[plate.labels[cell // 2 :: cell, cell // 2 :: cell].long()]
        known = labels >= 0
        found = local_statistics(normalised(learner.model, plate.image[None]), cell)[0]
        features.append(found.movedim(0, -1)[known])
        targets.append(labels[known])
        rows, cols = known.nonzero(as_tuple=True)
        row, col = plate.window.row // cell + rows, plate.window.col // cell + cols
        places.append((plate.raster << 48) + (row << 24) + col)
    return torch.cat(features), torch.cat(targets), torch.cat(places)


@torch.inference_mode()
def settle_share(learner: Learner, expert: ColourExpert) -> float:
    """The weight with which the blend does best on the validation plates.

    Args:
        learner: With the network's best state; its model has no expert yet.
        expert: Has not seen the validation plates.

    Returns:
        One of :data:`SHARES`, the smallest of equals.
    """
    rows = [learner.classes.index(c) for c in expert.class_ids]
    matrices = np.zeros((len(SHARES), NODATA_CLASS, NODATA_CLASS + 1), np.int64)
    for plate in learner.validation:
        images = normalised(learner.model, plate.image[None].to(learner.device))
        chances = learner.model(images, learner.classes)[0].float().softmax(1)
        own = expert.opinion(images, cell_of(plate))
        for number, share in enumerate(SHARES):
            mixed = blend(chances, own, rows, share).clamp(min=1e-12).log()
            found = learner.class_map(mixed.cpu(), learner.classes, plate).numpy()
            matrices[number] += confusion_matrix(plate.labels.numpy(), found, NODATA_CLASS)
    return SHARES[int(np.argmax([scores(matrix)["miou"] for matrix in matrices]))]
