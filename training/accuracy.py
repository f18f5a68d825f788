"""Accuracy and areas with confidence intervals, estimated from a stratified sample.

Notation: h stratum, i class on the map, j class of the reference, N_h pixels of a stratum,
n_h sample points in it, W_h = N_h / sum(N).

Sources: Olofsson et al. 2014, Remote Sensing of Environment 148, 42-57, for strata that are
the map's classes; Stehman 2014, International Journal of Remote Sensing 35, 4923-4939, for
strata that are not (classes merged after the sample was drawn, another map's sample), of which
the former is a special case. Finite-population corrections are left out as in the former.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

Z95 = 1.96
"""Standard errors to either side that hold the true value in 95 of 100 samples."""

FEW_POINTS = 30
"""Below this many points in a stratum an interval is a rough one."""


@dataclass(frozen=True)
class Estimate:
    """An estimated share.

    Attributes:
        value: 0-1; NaN where no point says anything.
        error: Its standard error.
    """

    value: float
    error: float

    @property
    def margin(self) -> float:
        """Half the width of the 95 % confidence interval."""
        return Z95 * self.error


@dataclass(frozen=True)
class Sample:
    """Sample points counted by stratum and class.

    Attributes:
        counts: (H, K, K) int64: stratum, class of the reference, class on the map.
        sizes: (H,) pixels of each stratum, or any measure of area.
        strata: (H,) class id that each stratum had when the sample was drawn.
        classes: (K,) class ids.
    """

    counts: np.ndarray
    sizes: np.ndarray
    strata: tuple[int, ...]
    classes: tuple[int, ...]

    @property
    def points(self) -> int:
        """Number of points."""
        return int(self.counts.sum())


@dataclass(frozen=True)
class AccuracyEstimate:
    """What a stratified sample says of a map.

    Attributes:
        classes: (K,) class ids; the tables below have them as keys.
        proportions: (K, K) estimated share of the area: reference by map, adds up to 1.
        overall: Overall accuracy.
        users: User's accuracy (precision).
        producers: Producer's accuracy (recall).
        f1: Their harmonic mean.
        iou: Intersection over union.
        area: Share of the area that is truly the class.
        mapped: Share of the area that the map calls so.
        points: Points by reference class.
        total: Sum of the sizes of the strata that have points.
        unsampled: Share of the area in strata without a point, about which nothing is said.
        single: Strata with one point, whose spread is taken at its largest.
        few: Strata with fewer than :data:`FEW_POINTS`.
    """

    classes: tuple[int, ...]
    proportions: np.ndarray
    overall: Estimate
    users: dict[int, Estimate]
    producers: dict[int, Estimate]
    f1: dict[int, Estimate]
    iou: dict[int, Estimate]
    area: dict[int, Estimate]
    mapped: dict[int, float]
    points: dict[int, int]
    total: float
    unsampled: float = 0.0
    single: tuple[int, ...] = ()
    few: tuple[int, ...] = field(default=())


def estimate_accuracy(sample: Sample) -> AccuracyEstimate:
    """Estimate accuracy and areas.

    Args:
        sample: Points by stratum; strata without points are left out.

    Raises:
        ValueError: There is no point at all.
    """
    per_stratum = sample.counts.sum(axis=(1, 2))
    used = per_stratum > 0
    if not used.any():
        raise ValueError("an estimate needs at least one point")
    cells = _Cells(sample.counts[used], np.asarray(sample.sizes, float)[used])
    k = len(sample.classes)
    hit = np.eye(k)
    truth = [_indicator(k, row=j) for j in range(k)]
    mapped = [_indicator(k, column=i) for i in range(k)]
    both = [truth[c] * mapped[c] for c in range(k)]

    def by_class(numerators, denominators) -> dict[int, Estimate]:
        pairs = zip(sample.classes, numerators, denominators)
        return {c: cells.ratio(y, x) for c, y, x in pairs}

    named = list(zip(sample.strata, per_stratum))
    return AccuracyEstimate(
        classes=sample.classes,
        proportions=cells.proportions,
        overall=cells.ratio(hit, np.ones((k, k))),
        users=by_class(both, mapped),
        producers=by_class(both, truth),
        f1=by_class([2 * b for b in both], [t + m for t, m in zip(truth, mapped)]),
        iou=by_class(both, [np.maximum(t, m) for t, m in zip(truth, mapped)]),
        area=by_class(truth, [np.ones((k, k))] * k),
        mapped={c: float(cells.proportions[:, i].sum()) for i, c in enumerate(sample.classes)},
        points={c: int(sample.counts[:, i].sum()) for i, c in enumerate(sample.classes)},
        total=float(np.asarray(sample.sizes, float)[used].sum()),
        unsampled=float(np.asarray(sample.sizes, float)[~used].sum() / np.sum(sample.sizes)),
        single=tuple(s for s, n in named if n == 1),
        few=tuple(s for s, n in named if 1 < n < FEW_POINTS),
    )


def _indicator(k: int, row: int | None = None, column: int | None = None) -> np.ndarray:
    """(k, k) with ones in one row or one column."""
    ones = np.zeros((k, k))
    ones[slice(None) if row is None else row, slice(None) if column is None else column] = 1.0
    return ones


class _Cells:
    """Sums over the cells of the strata's error matrices."""

    def __init__(self, counts: np.ndarray, sizes: np.ndarray) -> None:
        self._counts = counts.reshape(len(counts), -1).astype(float)
        self._sizes = sizes
        self._points = self._counts.sum(axis=1)
        shares = counts / self._points[:, None, None]
        self.proportions = np.tensordot(sizes / sizes.sum(), shares, axes=1)

    def ratio(self, y: np.ndarray, x: np.ndarray) -> Estimate:
        """Estimate total(y) / total(x), where y and x say what a point of a cell counts.

        Stehman 2014, equations 27 and 28, with the residual e = y - R x in place of the
        two variances and the covariance.
        """
        y, x = y.ravel(), x.ravel()
        denominator = float(self._sizes @ (self._counts @ x / self._points))
        if denominator == 0:
            return Estimate(float("nan"), float("nan"))
        value = float(self._sizes @ (self._counts @ y / self._points)) / denominator
        variance = float(self._sizes**2 @ (self._spread(y - value * x) / self._points))
        return Estimate(value, variance**0.5 / denominator)

    def _spread(self, e: np.ndarray) -> np.ndarray:
        """Sample variance of e in each stratum; the largest possible where one point is all."""
        n = self._points
        mean = self._counts @ e / n
        squares = np.maximum(self._counts @ e**2 - n * mean**2, 0.0)
        return np.where(n > 1, squares / np.maximum(n - 1, 1), (e.max() - e.min()) ** 2 / 4)
