"""Compares a map with a reference: strip by strip, or at sample points."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ..engine.errors import TrainingDataError
from ..engine.types import NODATA_CLASS
from .accuracy import AccuracyEstimate, Sample, estimate_accuracy
from .accuracy_texts import say
from .metrics import confusion_matrix, merge_classes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SAME_PIXELS = 0.01  # maps of one grid differ by so much where the one or the other has gaps
_TOLD_SHARE = 0.001  # of the reference: from there on missing classes are worth a sentence


@dataclass(frozen=True)
class CompareOptions:
    """How a map is judged.

    Attributes:
        merges: Class id to the id it is counted as.
        ignore_unclassified: Leave reference pixels out where the map has no class; else they
            count as missed.
        language: ``en`` or ``zh``, of names and sentences.
    """

    merges: Mapping[int, int]
    ignore_unclassified: bool = False
    language: str = "en"


@dataclass(frozen=True)
class MapAccuracy:
    """What a comparison has found.

    Attributes:
        prediction: Name of the map.
        reference: Name of the reference.
        matrix: (255, 256) pixels or points: rows reference, columns map, the last "no class".
        unit_area: Square metres of a pixel; None without a CRS.
        estimate: What the sample says of the whole map; None when the reference is an area.
        merges: Class id to the id it was counted as.
        notices: Sentences that the user should read.
        language: ``en`` or ``zh``.
    """

    prediction: str
    reference: str
    matrix: np.ndarray
    unit_area: float | None
    estimate: AccuracyEstimate | None
    merges: Mapping[int, int]
    notices: tuple[str, ...] = ()
    language: str = "en"

    @property
    def total(self) -> int:
        """Pixels or points that were compared."""
        return int(self.matrix.sum())


@dataclass(frozen=True)
class Named:
    """Names for reports.

    Attributes:
        prediction: Of the map.
        reference: Of the reference.
        unit_area: Square metres of a pixel of the map; None without a CRS.
        notices: Sentences gathered while reading.
    """

    prediction: str
    reference: str
    unit_area: float | None = None
    notices: tuple[str, ...] = ()


def compare_strips(
    strips: Iterable[tuple[np.ndarray, np.ndarray]], options: CompareOptions, named: Named
) -> MapAccuracy:
    """Count every pixel that has a reference.

    Args:
        strips: Pairs of (h, w) uint8: class ids of the map and of the reference, 255 = none.
        options: How to judge.
        named: For the report.

    Raises:
        TrainingDataError: No pixel has both a class on the map and a reference.
    """
    matrix = np.zeros((NODATA_CLASS, NODATA_CLASS + 1), np.int64)
    for mapped, truth in strips:
        matrix += confusion_matrix(truth, mapped, NODATA_CLASS)
    notices = [*named.notices, *_unclassified(matrix, options)]
    if options.ignore_unclassified:
        matrix[:, NODATA_CLASS] = 0
    if not matrix[:, :NODATA_CLASS].sum():
        raise TrainingDataError(
            say(
                options.language,
                "No pixel of '{map}' has a reference in '{reference}': do they cover the same "
                "ground, and is the field right?",
                map=named.prediction,
                reference=named.reference,
            )
        )
    return _finished(matrix, None, options, named, notices)


@dataclass(frozen=True)
class PointTable:
    """Sample points on a map.

    Attributes:
        truth: (n,) uint8 class of the reference; 255 = not labelled yet.
        mapped: (n,) uint8 class on the map at the point; 255 = none.
        strata: (n,) uint8 class of the map that the sample was drawn from; None where that is
            not recorded, and the strata are the map's classes.
        sizes: Pixels by stratum; of the map's classes where ``strata`` is None.
        areas: Square metres by stratum when the sample was drawn; None where that is not known.
        map_sizes: Pixels of the map's classes, to tell whether ``sizes`` counts such pixels.
    """

    truth: np.ndarray
    mapped: np.ndarray
    strata: np.ndarray | None
    sizes: Mapping[int, int]
    areas: Mapping[int, float] | None = None
    map_sizes: Mapping[int, int] | None = None

    @property
    def on_pixels_of_the_map(self) -> bool:
        """Whether the strata were, as far as one can tell, counted in pixels of this map."""
        if self.strata is None or self.map_sizes is None:
            return True
        drawn, there = sum(self.sizes.values()), sum(self.map_sizes.values())
        return abs(drawn - there) <= _SAME_PIXELS * there


def compare_points(table: PointTable, options: CompareOptions, named: Named) -> MapAccuracy:
    """Estimate the accuracy of a whole map from points.

    Raises:
        TrainingDataError: No point has both a class on the map and a reference.
    """
    labelled = table.truth != NODATA_CLASS
    used = labelled & (table.mapped != NODATA_CLASS)
    strata = table.mapped if table.strata is None else table.strata
    used &= np.isin(strata, list(table.sizes))
    notices = [*named.notices, *_point_notices(labelled, used, table, options.language)]
    if not used.any():
        raise TrainingDataError(_nothing_used(labelled, table, options.language, named))
    lookup = np.arange(256)
    for source, target in options.merges.items():
        lookup[source] = target
    truth, mapped = lookup[table.truth[used]], lookup[table.mapped[used]]
    stratum_ids = sorted(table.sizes)
    classes = sorted({*truth.tolist(), *mapped.tolist(), *(int(lookup[s]) for s in stratum_ids)})
    counts = np.zeros((len(stratum_ids), len(classes), len(classes)), np.int64)
    places = (
        np.searchsorted(stratum_ids, strata[used]),
        np.searchsorted(classes, truth),
        np.searchsorted(classes, mapped),
    )
    np.add.at(counts, places, 1)
    named, measures, told = _measured(table, named, options.language)
    sizes = np.array([measures[s] for s in stratum_ids], float)
    estimate = estimate_accuracy(Sample(counts, sizes, tuple(stratum_ids), tuple(classes)))
    matrix = confusion_matrix(table.truth[used], table.mapped[used], NODATA_CLASS)
    notices += [*told, *_estimate_notices(estimate, options.language)]
    return _finished(matrix, estimate, options, named, notices)


def _measured(
    table: PointTable, named: Named, language: str
) -> tuple[Named, Mapping[int, float], list[str]]:
    """The name with the square metres of a unit, units by stratum, and sentences on them."""
    if table.areas is not None:
        return replace(named, unit_area=1.0), table.areas, []
    if named.unit_area is None or table.on_pixels_of_the_map:
        return named, table.sizes, []
    text = (
        "The points were drawn on other pixels than this map's and do not record how large those "
        "were: areas are given as shares; evaluate the map that the points were drawn from."
    )
    return replace(named, unit_area=None), table.sizes, [say(language, text)]


def _nothing_used(labelled: np.ndarray, table: PointTable, language: str, named: Named) -> str:
    """Why no point can be used."""
    text = (
        "No labelled point of '{reference}' says from which class of a map it was drawn: restore "
        "the fields 'map_class' and 'map_pixels', or delete both to take the points as drawn at "
        "random."
        if (labelled & (table.mapped != NODATA_CLASS)).any()
        else "No point of '{reference}' lies on '{map}' and has a reference class: label the "
        "points first, and check the field."
    )
    return say(language, text, map=named.prediction, reference=named.reference)


def _finished(
    matrix: np.ndarray,
    estimate: AccuracyEstimate | None,
    options: CompareOptions,
    named: Named,
    notices: list[str],
) -> MapAccuracy:
    for source in options.merges:
        if not matrix[source].any() and not matrix[:, source].any():
            text = "Neither map nor reference has class {merged}: merging it changes nothing."
            notices.append(say(options.language, text, merged=source))
    return MapAccuracy(
        named.prediction,
        named.reference,
        merge_classes(matrix, dict(options.merges)),
        named.unit_area,
        estimate,
        dict(options.merges),
        tuple(notices),
        options.language,
    )


def _unclassified(matrix: np.ndarray, options: CompareOptions) -> list[str]:
    """Tell of reference pixels without a class on the map."""
    missing, total = int(matrix[:, NODATA_CLASS].sum()), int(matrix.sum())
    if missing < _TOLD_SHARE * total or not missing:
        return []
    text = (
        "{share} of the reference has no class on the map and is left out."
        if options.ignore_unclassified
        else "{share} of the reference has no class on the map and counts as missed."
    )
    return [say(options.language, text, share=f"{missing / total:.1%}")]


def _point_notices(
    labelled: np.ndarray, used: np.ndarray, table: PointTable, language: str
) -> list[str]:
    notices = []
    if not labelled.all():
        text = "{count} of {total} points have no reference class yet and are left out."
        count = int((~labelled).sum())
        notices.append(say(language, text, count=count, total=len(labelled)))
    on_map = table.mapped != NODATA_CLASS
    outside, foreign = (int((labelled & one).sum()) for one in (~on_map, on_map & ~used))
    if outside:
        text = "{count} labelled points lie where the map has no class and are left out."
        notices.append(say(language, text, count=outside))
    if foreign:
        text = (
            "{count} labelled points do not say from which class they were drawn and are left out: "
            "points that were added by hand are no part of a random sample."
        )
        notices.append(say(language, text, count=foreign))
    if table.strata is None:
        text = (
            "The points do not say from which strata they were drawn: they are taken as drawn at "
            "random within the classes of the map."
        )
        notices.append(say(language, text))
    return notices


def _estimate_notices(estimate: AccuracyEstimate, language: str) -> list[str]:
    notices = []
    if estimate.unsampled:
        text = "{share} of the map lies in classes without a point; nothing is said about them."
        notices.append(say(language, text, share=f"{estimate.unsampled:.1%}"))
    if estimate.single or estimate.few:
        text = "{count} class(es) have fewer than 30 points: such intervals are rough."
        notices.append(say(language, text, count=len(estimate.single) + len(estimate.few)))
    return notices
