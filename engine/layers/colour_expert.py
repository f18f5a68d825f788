"""An expert that knows a few classes by their colours and textures alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOWS = (5, 15, 31)
"""Sides in pixels of the windows whose mean and deviation count."""

LEAST = 1e-6
"""What probabilities are raised to before their logarithm is taken."""

FEATURES = 3 * (1 + 2 * len(WINDOWS))
HIDDEN = 64


def local_statistics(images: Tensor, cell: int) -> Tensor:
    """Colour, and mean and standard deviation of the colours around.

    Args:
        images: (B, 3, H, W) float32.
        cell: Pixels a cell of the result.

    Returns:
        (B, 21, H / cell, W / cell): red, green, blue, then three means and three deviations for
        each of :data:`WINDOWS`; averages over cells. Beyond the border the image is repeated.
    """
    parts = [F.avg_pool2d(images, cell)]
    for side in WINDOWS:
        mean, square = (_box(values, side) for values in (images, images * images))
        deviation = (square - mean * mean).clamp(min=1e-8).sqrt()
        parts += [F.avg_pool2d(mean, cell), F.avg_pool2d(deviation, cell)]
    return torch.cat(parts, 1)


def _box(values: Tensor, side: int) -> Tensor:
    """Mean over square windows, one direction after the other."""
    half = side // 2
    padded = F.pad(values, (half, half, half, half), mode="replicate")
    return F.avg_pool2d(F.avg_pool2d(padded, (1, side), 1), (side, 1), 1)


def blend(chances: Tensor, own: Tensor, rows: Sequence[int], share: Tensor | float) -> Tensor:
    """Let the expert have a say in which of its classes a cell shows.

    Whether it shows one of them at all stays as the network has it, so that all else is kept.

    Args:
        chances: (B, K, h, w) probabilities of the network.
        own: (B, L, h, w) probabilities of the expert.
        rows: Index among the K classes of each of its L.
        share: Weight of the expert, 0-1.

    Returns:
        (B, K, h, w) probabilities: within the L classes a logarithmic opinion pool (Genest and
        Zidek, 1986), the normalised product of powers, in which either can rule a class out.
    """
    theirs = chances[:, rows]
    total = theirs.sum(1, keepdim=True)
    network = (theirs / total.clamp(min=LEAST)).clamp(min=LEAST).log()
    pooled = (1 - share) * network + share * own.clamp(min=LEAST).log()
    mixed = chances.clone()
    mixed[:, rows] = total * pooled.softmax(1)
    return mixed


class ColourExpert(nn.Module):
    """A small perceptron on local statistics, blended into the network's probabilities.

    Few labels suffice to learn a colour, which a network that looks for shapes would rather not
    rely on. Its layers are plain parameters: they stay in float32 whatever becomes of others.
    """

    def __init__(self, class_ids: Sequence[int]) -> None:
        """Begin without any weight in the blend.

        Args:
            class_ids: The L classes that it tells apart.
        """
        super().__init__()
        self.class_ids = tuple(class_ids)
        sizes = (FEATURES, HIDDEN, HIDDEN, len(self.class_ids))
        self.weights = nn.ParameterList(
            nn.init.kaiming_normal_(torch.empty(n, m)) for m, n in zip(sizes, sizes[1:])
        )
        self.biases = nn.ParameterList(torch.zeros(n) for n in sizes[1:])
        self.mean, self.deviation = (nn.Parameter(torch.full((FEATURES,), v)) for v in (0.0, 1.0))
        self.share = nn.Parameter(torch.zeros(()))

    def classify(self, features: Tensor, dropout: float = 0.0) -> Tensor:
        """Logits (N, L) of features (N, 21), standardised here."""
        values = (features - self.mean) / self.deviation
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            if number:
                values = F.dropout(F.gelu(values), dropout, dropout > 0)
            values = F.linear(values, weight, bias)
        return values

    def opinion(self, images: Tensor, cell: int) -> Tensor:
        """Probabilities (B, L, H / cell, W / cell) of normalised images (B, 3, H, W)."""
        features = local_statistics(images.float(), cell).movedim(1, -1)
        return self.classify(features).float().softmax(-1).movedim(-1, 1)

    def forward(self, images: Tensor, logits: Tensor, classes: Sequence[int] | None) -> Tensor:
        """Blend the expert's opinion into a network's.

        Args:
            images: (B, 3, H, W) normalised.
            logits: (B, K, h, w) of the network.
            classes: Its K class ids; None for 0 … K-1.

        Returns:
            (B, K, h, w) logarithms of probabilities.
        """
        ids = list(range(logits.shape[1]) if classes is None else classes)
        chances = logits.float().softmax(1)
        here = [n for n, class_id in enumerate(self.class_ids) if class_id in ids]
        if here:
            own = self.opinion(images, images.shape[-1] // logits.shape[-1])[:, here]
            own = own / own.sum(1, keepdim=True).clamp(min=1e-6)
            rows = [ids.index(self.class_ids[n]) for n in here]
            chances = blend(chances, own, rows, self.share.float())
        return chances.clamp(min=1e-12).log()
