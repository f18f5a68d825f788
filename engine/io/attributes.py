"""The attribute table of the polygon layer: names, order and values of its fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..classes import LandCoverClass
    from ..types import PolygonBatch

FIELDS = ("class_id", "class_name", "class_name_zh", "confidence", "runner_up", "area_m2")
"""Fields of the polygon layer, in order."""

SHORT_FIELDS = ("class_id", "class_name", "class_zh", "confidence", "runner_up", "area_m2")
"""The same in the ten letters that a Shapefile allows."""


@dataclass(frozen=True)
class ClassNames:
    """Names of the classes, indexed by class id.

    Attributes:
        english: (256,) object: str, None where there is no such class.
        chinese: (256,) object: str, None where there is no such class.
    """

    english: np.ndarray
    chinese: np.ndarray

    @classmethod
    def of(cls, classes: Sequence[LandCoverClass]) -> ClassNames:
        """Lookup tables for a list of classes."""
        english, chinese = np.full(256, None, object), np.full(256, None, object)
        for entry in classes:
            english[entry.id], chinese[entry.id] = entry.name, entry.name_zh
        return cls(english, chinese)


def field_values(batch: PolygonBatch, names: ClassNames) -> list[np.ndarray]:
    """Values of :data:`FIELDS` for a batch, (n,) each.

    Class id int32, names str, confidence float64 0-1 with 4 decimals, runner-up the English
    class name or None, area in square metres; NaN is written as null.
    """
    class_id = np.asarray(batch.class_id)
    return [
        class_id.astype(np.int32),
        names.english[class_id],
        names.chinese[class_id],
        np.round(np.asarray(batch.confidence, np.float64), 4),
        names.english[np.asarray(batch.runner_up)],
        np.asarray(batch.area_m2, np.float64),
    ]
