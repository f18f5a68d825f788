"""Turns the values of foreign maps and attribute tables into class ids."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..engine.classes import find_class
from ..engine.errors import ConfigError, RasterError, UnknownNameError
from ..engine.types import NODATA_CLASS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SKIP = "skip"
"""What a table of names says for values that are left out."""


class ClassValues:
    """Looks values up: numbers are class ids, texts are ids or names of classes.

    Attributes:
        table: Lower-case value to class, for values that mean something else.
    """

    def __init__(self, table: Mapping[str, str] | None = None, option: str = "") -> None:
        """Take a table of foreign values.

        Args:
            table: Value to an id or name of a class, or to ``skip``; case does not matter.
            option: Option of the command line that the table comes from, for messages.

        Raises:
            UnknownNameError: The table names a class that does not exist.
        """
        self.table = {k.strip().lower(): class_id_of(v) for k, v in (table or {}).items()}
        self._option = option
        self._known: dict[object, int] = {}

    def id_of(self, value: object) -> int:
        """Class id of one value; 255 where it is empty or left out.

        Raises:
            UnknownNameError: It names no class.
        """
        if value not in self._known:
            self._known[value] = self._look_up(value)
        return self._known[value]

    def ids_of(self, values: Iterable[object]) -> np.ndarray:
        """Class ids of many values, (n,) uint8."""
        return np.array([self.id_of(value) for value in values], np.uint8)

    def foreign(self, values: Iterable[object]) -> list[str]:
        """Those of the values, as texts and sorted, that name no class."""
        return sorted({_plain(value) for value in values if self._is_foreign(value)})

    def of_pixels(self, pixels: np.ndarray, valid: np.ndarray, name: str) -> np.ndarray:
        """Class ids of the pixels of a class raster.

        Args:
            pixels: (h, w) of any real type.
            valid: (h, w) bool.
            name: Of the raster, for messages.

        Returns:
            (h, w) uint8; 255 = no class.

        Raises:
            RasterError: Pixels hold fractions.
            UnknownNameError: A value is no class id and the table does not have it.
        """
        if pixels.dtype == np.uint8:
            present = np.flatnonzero(np.bincount(pixels[valid], minlength=256))
            lookup = np.full(256, NODATA_CLASS, np.uint8)
            lookup[present] = self.ids_of(int(v) for v in present)
            return np.where(valid, lookup[pixels], NODATA_CLASS).astype(np.uint8)
        result = np.full(pixels.shape, NODATA_CLASS, np.uint8)
        present, places = np.unique(pixels[valid], return_inverse=True)
        refuse_fractions(present, name)
        result[valid] = self.ids_of(int(v) for v in present)[places.ravel()]
        return result

    def _is_foreign(self, value: object) -> bool:
        try:
            self.id_of(value)
        except UnknownNameError:
            return True
        return False

    def _look_up(self, value: object) -> int:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return NODATA_CLASS
        text = _plain(value)
        if text.lower() in self.table:
            return self.table[text.lower()]
        if not text or text == str(NODATA_CLASS):
            return NODATA_CLASS
        try:
            return class_id_of(text)
        except UnknownNameError as error:
            if self._option:
                raise UnknownNameError(
                    f"'{text}' is no class id or name; say which class it is with "
                    f"{self._option} '{text}=CLASS', or leave it out with "
                    f"{self._option} '{text}={SKIP}'."
                ) from error
            raise UnknownNameError(
                f"'{text}' is no class id or name; say which class it is, or leave it out, with "
                f"'{text}=CLASS' or '{text}={SKIP}' in the table of values."
            ) from error


def refuse_fractions(values: np.ndarray, name: str) -> None:
    """Refuse pixels that are no whole numbers.

    Args:
        values: Finite numbers of any type and shape.
        name: Of the raster, for messages.

    Raises:
        RasterError: Pixels hold fractions.
    """
    if values.dtype.kind != "f":
        return
    fractions = values[values % 1 != 0]
    if fractions.size:
        raise RasterError(
            f"{name} holds fractions such as {fractions[0]:g}, not classes: give a class raster."
        )


def parse_table(pairs: Iterable[str]) -> dict[str, str]:
    """Read ``VALUE=CLASS`` pairs.

    Raises:
        ConfigError: A pair has no equals sign, or a value is given two classes.
    """
    table: dict[str, str] = {}
    for pair in pairs:
        value, sign, target = pair.rpartition("=")
        if not (sign and value.strip() and target.strip()):
            raise ConfigError(f"'{pair}' is no pair: write VALUE=CLASS, such as 10=9.")
        _settle(table, value.strip(), target.strip())
    return table


def parse_merges(pairs: Iterable[str]) -> dict[int, int]:
    """Read ``CLASS=CLASS`` pairs: the first is counted as the second.

    Raises:
        ConfigError: A pair has no equals sign, a class is merged into one that is merged, or into
            two.
        UnknownNameError: There is no class of that name.
    """
    merges: dict[int, int] = {}
    for source, target in parse_table(pairs).items():
        _settle(merges, class_id_of(source), class_id_of(target))
    for source, target in merges.items():
        if target in merges or target == NODATA_CLASS or source == NODATA_CLASS:
            raise ConfigError(
                f"Class {source} cannot join class {target}, which is merged or none itself: "
                "name the last class of the chain."
            )
    return merges


def _settle(table: dict, value: object, target: object) -> None:
    """Enter what a value means.

    Raises:
        ConfigError: It means something else already.
    """
    if table.setdefault(value, target) != target:
        raise ConfigError(f"'{value}' is given twice, as {table[value]} and as {target}: name one.")


def _plain(value: object) -> str:
    """A value as text; 3.0 is 3."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def class_id_of(text: str) -> int:
    """Class id that an id, a name or ``skip`` means; 255 for the last.

    Raises:
        UnknownNameError: There is no class of that name.
    """
    text = text.strip()
    if text.lower() == SKIP:
        return NODATA_CLASS
    # Fine-tuned models know classes beyond the scheme, which have an id only.
    if text.isdecimal() and int(text) < NODATA_CLASS:
        return int(text)
    return find_class(text).id
