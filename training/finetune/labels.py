"""Labels of one raster as the core sees them, and the classes that they name; no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable

import numpy as np

from ...engine.classes import CLASSES, LandCoverClass, find_class, new_class
from ...engine.errors import TrainingDataError, UnknownNameError
from ...engine.tiling.normalize import Stretch
from ...engine.types import NODATA_CLASS, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ...engine.ports import RasterSource

SKIP = "skip"
"""What a table of names says for labels that are to be left out."""

NEW = "new"
"""What it says for a new class: ``new``, or ``new:`` and its name."""

MAX_CLASSES = 200
"""Class ids end here: a class raster has one byte a pixel, and 255 means no data."""

ReadLabels = Callable[[Window], np.ndarray]
"""Reads the labels of a window of a raster: (h, w) uint8 class ids, 255 = unknown."""


@dataclass(frozen=True)
class LabelPolygon:
    """One labelled polygon, where it lies on its raster.

    Attributes:
        class_id: Its class.
        bounds: Left, upper, right and lower edge in pixels of the raster, from the raster's
            upper left corner; may reach beyond the raster.
        key: Hash or any text that changes when the polygon does; for resuming.
    """

    class_id: int
    bounds: tuple[float, float, float, float]
    key: str = ""

    def window(self, width: int, height: int) -> Window | None:
        """The pixels of a raster that it can touch; None when it lies outside."""
        left, top = (max(0, int(np.floor(v))) for v in self.bounds[:2])
        right, bottom = (
            min(side, int(np.ceil(v))) for v, side in zip(self.bounds[2:], (width, height))
        )
        if right <= left or bottom <= top:
            return None
        return Window(left, top, right - left, bottom - top)


@dataclass(frozen=True)
class LabelledRaster:
    """A raster with labels on part of it.

    Attributes:
        source: The pixels.
        labels: Reads labels; pixels that two classes claim are 255 (see :func:`burn`).
        polygons: All polygons that ``labels`` is made from.
        bands: Three band numbers from 1, shown to the network as red, green and blue.
        stretch: How pixel values become the network's, as when segmenting.
        disputed: Counts the pixels of a window that more than one class claims, as :func:`burn`
            does; None where nobody knows.
    """

    source: RasterSource
    labels: ReadLabels
    polygons: tuple[LabelPolygon, ...]
    bands: tuple[int, int, int] = (1, 2, 3)
    stretch: Stretch = field(default_factory=Stretch)
    disputed: Callable[[Window], np.ndarray] | None = None


@dataclass(frozen=True)
class LabelScheme:
    """What the values of a label layer's class field mean.

    Attributes:
        ids: Class id of each value; None for values that are left out.
        new_classes: Classes that the model gains, in the order of their ids.
        notices: Sentences that the user should read.
    """

    ids: dict[str, int | None]
    new_classes: tuple[LandCoverClass, ...] = ()
    notices: tuple[str, ...] = ()


def burn(shape: tuple[int, int], masks: Iterable[tuple[int, np.ndarray]]) -> tuple[np.ndarray, int]:
    """Combine masks of classes into labels.

    Args:
        shape: (h, w).
        masks: Class id and (h, w) bool, one mask a class.

    Returns:
        ``(labels, disputed)``: (h, w) uint8, 255 where no class or more than one claims the
        pixel, and (256,) int64, by class id the pixels that another class claims as well.
    """
    labels = np.full(shape, NODATA_CLASS, np.uint8)
    claims, own = np.zeros(shape, np.uint8), list(masks)
    for class_id, mask in own:
        labels[mask] = class_id
        claims += mask
    labels[claims > 1] = NODATA_CLASS
    disputed = np.zeros(256, np.int64)
    for class_id, mask in own:
        disputed[class_id] += np.count_nonzero(mask & (claims > 1))
    return labels, disputed


def read_scheme(
    values: Iterable[str],
    table: Mapping[str, str] | None = None,
    known: Sequence[LandCoverClass] = CLASSES,
    add_unknown: bool = False,
) -> LabelScheme:
    """Find out which class each value of a label layer's class field means.

    A value is a class id, an English name or a Chinese name; the table translates others.

    Args:
        values: The field's values as text; empty ones are left out with a notice.
        table: What a value means: an id or name of a class, ``new`` or ``new:NAME`` for a
            class that the scheme lacks, ``skip`` to leave it out. Case does not matter.
        known: The base model's classes, :attr:`~cwsam.engine.models.card.ModelCard.legend`.
        add_unknown: Make a new class of every value that names none.

    Raises:
        UnknownNameError: A value means nothing; says how to map it.
        TrainingDataError: No value is left.
    """
    wanted = {str(k).strip().lower(): str(v).strip() for k, v in (table or {}).items()}
    ids: dict[str, int | None] = {}
    classes, notices = list(known), []
    for value in sorted({str(v) for v in values}):
        target = wanted.get(value.strip().lower(), value.strip())
        if not target or target.lower() == SKIP:
            ids[value] = None
            if not target:
                notices.append("Polygons without a class are left out.")
            continue
        ids[value] = _meant(value, target, classes, add_unknown)
    if not any(v is not None for v in ids.values()):
        raise TrainingDataError(
            "No polygon has a class that may be used; check the class field and the table of names."
        )
    return LabelScheme(ids, tuple(classes[len(known) :]), tuple(notices))


def _meant(value: str, target: str, classes: list[LandCoverClass], add_unknown: bool) -> int:
    """Class id that a value means; appends to ``classes`` when it names a new one."""
    head, _, name = target.partition(":")
    is_new = head.strip().lower() == NEW
    name = name.strip() or value.strip()
    try:
        return find_class(name if is_new else target, classes).id
    except UnknownNameError as error:
        if not (is_new or add_unknown):
            raise UnknownNameError(
                f"{str(error).rstrip('.')} Say what '{value}' means: map '{value}=CLASS', "
                f"'{value}=new' for a new class, or '{value}=skip' to leave it out."
            ) from None
    if len(classes) >= MAX_CLASSES:
        raise TrainingDataError(
            f"The labels name more than {MAX_CLASSES} classes; choose a field with fewer values."
        )
    classes.append(new_class(len(classes), name if is_new else target))
    return classes[-1].id
