"""Names and colours of the classes of a class raster, as far as its file tells them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ..classes import CLASSES, LandCoverClass, new_class
from ..types import NODATA_CLASS
from .quiet import quiet_gdal
from .raster_file import open_dataset

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAG = re.compile(r"class(_zh)?_(\d{1,3})")
_LONGEST_NAME = 100
_LARGEST_PAM = 1 << 22
"""Bytes of a side file that is read for names; histograms and statistics are smaller."""


def read_legend(path: str | Path) -> tuple[tuple[LandCoverClass, ...], frozenset[int]]:
    """Classes that the values 0 to 254 of a raster stand for.

    Names come from the band's tags ``class_N``, which runs write, else from GDAL's category
    names in ``.aux.xml``; colours from the colour table. What the file leaves open is as in the
    scheme, and beyond it ``class N`` in a colour of its own.

    Args:
        path: Anything GDAL opens.

    Returns:
        ``(classes, named)``: 255 classes by id, and the ids whose names the file tells or the
        scheme knows.

    Raises:
        RasterError: It cannot be opened.
    """
    with quiet_gdal(), open_dataset(path) as data:
        tags = data.tags(1)
        try:
            colours = data.colormap(1)
        except ValueError:  # there is none
            colours = {}
    english, chinese = _category_names(Path(f"{path}.aux.xml")), {}
    for key, text in tags.items():
        match = _TAG.fullmatch(key)
        if match:
            (chinese if match.group(1) else english)[int(match.group(2))] = text
    english, chinese = _cleaned(english), _cleaned(chinese)
    classes = tuple(
        _coloured(_named(number, english.get(number), chinese.get(number)), colours)
        for number in range(NODATA_CLASS)
    )
    return classes, frozenset(english) | frozenset(range(len(CLASSES)))


def _category_names(side_file: Path) -> dict[int, str]:
    """Category names of band 1 in a side file of GDAL; none where it cannot be read."""
    try:
        if side_file.stat().st_size > _LARGEST_PAM:
            return {}
        data = side_file.read_bytes()
        if b"<!DOCTYPE" in data or b"\0" in data:  # entities, or an encoding that may hide them
            return {}
        root = ET.fromstring(data)  # noqa: S314 - small and without entities
    except (OSError, ET.ParseError):
        return {}
    for band in root.iter("PAMRasterBand"):
        if band.get("band") == "1":
            return {n: c.text or "" for n, c in enumerate(band.iterfind("CategoryNames/Category"))}
    return {}


def _cleaned(names: Mapping[int, str]) -> dict[int, str]:
    """Names in one line of letters that every format can hold; empty ones left out."""
    plain = {
        n: " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LONGEST_NAME]
        for n, text in names.items()
        if n < NODATA_CLASS
    }
    return {n: text for n, text in plain.items() if text}


def _named(number: int, english: str | None, chinese: str | None) -> LandCoverClass:
    known = CLASSES[number] if number < len(CLASSES) else None
    if english is None:
        return known or new_class(number, f"class {number}", chinese or "")
    if known is not None and english == known.name:
        return known
    own = replace(known, name=english) if known is not None else new_class(number, english)
    return replace(own, name_zh=chinese or english)


def _coloured(entry: LandCoverClass, colours: Mapping[int, tuple[int, ...]]) -> LandCoverClass:
    """The class in its colour of the table; black stands for entries that nobody has set."""
    red, green, blue, alpha = colours.get(entry.id, (0, 0, 0, 0))
    if not alpha or not (red or green or blue):
        return entry
    return replace(entry, colour=f"#{red:02x}{green:02x}{blue:02x}")
