"""Tells whether labels suffice, class by class, as a traffic light; no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...engine.classes import CLASSES, LandCoverClass, class_name
from .split import block_sides, places
from .survey import Survey, check_sizes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .labels import LabelledRaster

ENOUGH, FEW, TOO_FEW = "enough", "few", "too_few"
"""Green, yellow and red."""

WANTED_POLYGONS = 10
"""From so many polygons on a class is green."""

LEAST_POLYGONS = 3
LEAST_PIXELS = 256


@dataclass(frozen=True)
class ClassStatistics:
    """The labels of one class.

    Attributes:
        class_id: Class id.
        name: English name.
        polygons: Labelled polygons that touch their raster.
        pixels: Labelled pixels.
        places: Blocks of ground (a quarter of a chip wide) that show the class.
        light: ``enough``, ``few`` (training runs, expect less) or ``too_few`` (it is refused).
        needed: More polygons that it takes to be no longer ``too_few``.
        sentence: What to do, or an empty text when there is enough.
    """

    class_id: int
    name: str
    polygons: int
    pixels: int
    places: int
    light: str
    needed: int
    sentence: str


@dataclass(frozen=True)
class LabelCheck:
    """What is to be said of a set of labels.

    Attributes:
        classes: One entry a labelled class, by class id.
        notices: Sentences that the user should read.
    """

    classes: tuple[ClassStatistics, ...]
    notices: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether fine-tuning can run with all classes."""
        return bool(self.classes) and all(c.light != TOO_FEW for c in self.classes)

    @property
    def usable(self) -> tuple[int, ...]:
        """Ids of the classes that have enough labels to train and validate on."""
        return tuple(c.class_id for c in self.classes if c.light != TOO_FEW)


def check_labels(
    rasters: Sequence[LabelledRaster],
    side: int,
    legend: Sequence[LandCoverClass] = CLASSES,
) -> LabelCheck:
    """Count the labels and judge them.

    Args:
        rasters: The labelled rasters.
        side: Side of a chip in pixels, :meth:`.config.FinetuneConfig.chip_side`.
        legend: Names of the classes, new ones included.

    Raises:
        TrainingDataError: There is nothing to judge.
        RasterError: Labels cannot be read.
    """
    check_sizes(rasters)
    return judge(Survey(rasters, side), legend)


def judge(survey: Survey, legend: Sequence[LandCoverClass]) -> LabelCheck:
    """Judge labels that are read already; see :func:`check_labels`."""
    pixels, shown = survey.pixels(), places(survey)
    side = block_sides(survey.side)[-1]
    polygons, outside = np.zeros(256, int), 0
    for raster in survey.rasters:
        info = raster.source.info
        for polygon in raster.polygons:
            inside = polygon.window(info.width, info.height) is not None
            polygons[polygon.class_id] += inside
            outside += not inside
    gsd = next((r.source.info.gsd_m for r in survey.rasters if r.source.info.gsd_m), None)
    distance = f"{2 * side * gsd:.0f} m" if gsd else f"{2 * side} pixels"
    labelled = np.flatnonzero(polygons)
    poor = (shown[labelled] < 2) | (pixels[labelled] < LEAST_PIXELS)
    disputed = _disputed(survey) if poor.any() else np.zeros(256, np.int64)
    classes = tuple(
        _statistics(
            *(int(c), class_name(int(c), legend), polygons[c], pixels[c], shown[c], distance),
            disputed[c],
        )
        for c in labelled
    )
    notices = []
    if outside:
        notices.append(f"{outside} polygon(s) lie outside their image and are not used.")
    if len(classes) == 1:
        notices.append(
            "Only one class is labelled: label what surrounds it too, above all what it is "
            "mistaken for, or the model can only guess where it ends."
        )
    if survey.cut:
        notices.append("There are more labels than minutes of training can use: a part is used.")
    return LabelCheck(classes, tuple(notices))


def _disputed(survey: Survey) -> np.ndarray:
    """Pixels by class id, (256,) int64, that polygons of another class claim as well."""
    total = np.zeros(256, np.int64)
    for block in survey.windows:
        count = survey.rasters[block.raster].disputed
        total += count(block.window) if count is not None else 0
    return total


def _statistics(
    class_id: int,
    name: str,
    polygons: int,
    pixels: int,
    shown: int,
    distance: str,
    disputed: int,
) -> ClassStatistics:
    needed = 0
    light, sentence = ENOUGH, ""
    if shown < 2 or pixels < LEAST_PIXELS:
        light = TOO_FEW
        needed = max(1, LEAST_POLYGONS - int(polygons))
        sentence = (
            f"'{name}' has too few labels ({polygons} polygon(s), {pixels} pixels): label at "
            f"least {needed} more, {distance} or more away from the others."
        )
        if disputed > pixels:
            sentence = (
                f"'{name}' has too few labels: polygons of another class cover {disputed} of its "
                f"pixels, which count as unknown, and {pixels} are left. Correct the polygons "
                "that overlap."
            )
    elif polygons < WANTED_POLYGONS and shown < 2 * WANTED_POLYGONS:
        light = FEW
        sentence = (
            f"'{name}' has few labels ({polygons} polygon(s)): {WANTED_POLYGONS - polygons} more "
            "would make the result better and its score surer."
        )
    return ClassStatistics(
        class_id, name, int(polygons), int(pixels), int(shown), light, needed, sentence
    )
