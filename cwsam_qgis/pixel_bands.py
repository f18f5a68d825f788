"""How the bands of a provider become arrays: numbers, a colour table, or ready-made colours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable, Protocol

import numpy as np
from qgis.core import Qgis

from ..engine.errors import RasterError
from ..engine.types import NO_MEASUREMENT
from .i18n import translator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qgis.core import QgsRasterBlock, QgsRasterDataProvider

    Block = Callable[[int], QgsRasterBlock]

tr = translator("pixel_bands")

_RGB = ("red", "green", "blue")
_DTYPES = {
    "Byte": "uint8",
    "Int8": "int8",
    "UInt16": "uint16",
    "Int16": "int16",
    "UInt32": "uint32",
    "Int32": "int32",
    "Float32": "float32",
    "Float64": "float64",
}


class Bands(Protocol):
    """What is known of the bands, and how to read them.

    Attributes:
        dtypes: numpy names of the types, one a band.
        nodata: Nodata value or None, one a band.
        colours: Colour interpretation in lower case, one a band.
    """

    dtypes: tuple[str, ...]
    nodata: tuple[float | None, ...]
    colours: tuple[str, ...]

    def read(self, block: Block, bands: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Read bands, counted from 1: ``(pixels, valid)``, (C, h, w) and (h, w) bool."""


def choose_bands(provider: QgsRasterDataProvider, name: str) -> Bands:
    """Choose how to read a provider's bands.

    Raises:
        RasterError: The layer has no bands, or holds complex numbers.
    """
    if provider.bandCount() < 1:
        raise RasterError(tr("Layer '{name}' has no bands: choose another.").format(name=name))
    kind = _type_name(provider, 1)
    if kind.startswith("ARGB32"):
        return ColourBands(premultiplied=kind.endswith("Premultiplied"))
    for band in range(1, provider.bandCount() + 1):
        if _type_name(provider, band) not in _DTYPES:
            raise RasterError(
                tr("Layer '{name}' holds complex numbers: turn them into amplitudes first.").format(
                    name=name
                )
            )
    if provider.colorInterpretationName(1).lower() == "palette" and provider.colorTable(1):
        return PaletteBands(_palette(provider))
    return _number_bands(provider)


def default_bands(colours: Sequence[str]) -> tuple[int, int, int]:
    """The three bands that look most like a photograph, counted from 1.

    Red, green and blue by colour interpretation; else the first three that are not alpha;
    the first one three times where there are fewer.
    """
    if all(colour in colours for colour in _RGB):
        red, green, blue = (colours.index(colour) + 1 for colour in _RGB)
        return red, green, blue
    data = [number for number, colour in enumerate(colours, 1) if colour != "alpha"] or [1]
    return (data[0], data[1], data[2]) if len(data) >= 3 else (data[0],) * 3


def _type_name(provider: QgsRasterDataProvider, band: int) -> str:
    kind = provider.dataType(band)
    names = (*_DTYPES, "ARGB32", "ARGB32_Premultiplied")
    return next((n for n in names if getattr(Qgis.DataType, n, None) == kind), "complex")


@dataclass
class NumberBands:
    """Bands of plain numbers, with nodata values, ranges the user hides, and alpha."""

    dtypes: tuple[str, ...]
    nodata: tuple[float | None, ...]
    colours: tuple[str, ...]
    hidden: tuple[tuple[tuple[float, float], ...], ...] = field(default=())

    def read(self, block: Block, bands: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`Bands`."""
        planes = {band: self._plane(block(band), band) for band in set(bands)}
        kind = np.result_type(*(plane.dtype for plane in planes.values()))
        pixels = np.stack([planes[band].astype(kind, copy=False) for band in bands])
        valid = self._visible(planes)
        for number, colour in enumerate(self.colours, start=1):
            if colour == "alpha":
                valid &= self._plane(block(number), number) > 0
        return pixels, valid

    def _plane(self, block: QgsRasterBlock, band: int) -> np.ndarray:
        values = np.frombuffer(bytes(block.data()), self.dtypes[band - 1])
        return values.reshape(block.height(), block.width())

    def _visible(self, planes: dict[int, np.ndarray]) -> np.ndarray:
        """Where values show, (h, w) bool.

        The nodata values 0 and the type's maximum, which ordinary dark or bright pixels
        have in single bands too, hide a pixel only when all bands hold theirs.
        """
        shape = next(iter(planes.values())).shape
        valid, all_hidden = np.ones(shape, bool), np.ones(shape, bool)
        for band, plane in planes.items():
            if plane.dtype.kind == "f":
                valid &= np.abs(plane) < NO_MEASUREMENT
            for low, high in self.hidden[band - 1] if self.hidden else ():
                valid &= (plane < low) | (plane > high)
            value = self.nodata[band - 1]
            if value is None:
                all_hidden[:] = False
                continue
            is_hidden = _equals(plane, value)
            all_hidden &= is_hidden
            if not _is_ordinary(value, plane.dtype):
                valid &= ~is_hidden
        return valid & ~all_hidden


@dataclass
class PaletteBands:
    """One band of indices, shown as red, green and blue of a colour table.

    Attributes:
        table: (n, 4) uint8 red, green, blue, alpha.
    """

    table: np.ndarray
    dtypes: tuple[str, ...] = ("uint8",) * 3
    nodata: tuple[float | None, ...] = (None,) * 3
    colours: tuple[str, ...] = _RGB

    def read(self, block: Block, bands: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`Bands`."""
        read = block(1)
        kind = np.dtype(next(v for k, v in _DTYPES.items() if _is(read.dataType(), k)))
        numbers = np.frombuffer(bytes(read.data()), kind).reshape(read.height(), read.width())
        valid = (numbers >= 0) & (numbers < len(self.table))
        if read.hasNoDataValue():
            valid &= numbers != read.noDataValue()
        colours = self.table[np.where(valid, numbers, 0).astype(np.intp)]
        valid &= colours[..., 3] > 0
        return _channels(colours, bands), valid


@dataclass
class ColourBands:
    """Ready-made colours with alpha, as servers draw them.

    Attributes:
        premultiplied: Whether colours were multiplied by alpha.
    """

    premultiplied: bool
    dtypes: tuple[str, ...] = ("uint8",) * 3
    nodata: tuple[float | None, ...] = (None,) * 3
    colours: tuple[str, ...] = _RGB

    def read(self, block: Block, bands: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`Bands`."""
        read = block(1)
        argb = np.frombuffer(bytes(read.data()), np.uint32).reshape(read.height(), read.width())
        colours = np.stack([argb >> shift & 255 for shift in (16, 8, 0)], axis=-1)
        alpha = argb >> 24
        if self.premultiplied:
            colours = np.minimum(255, colours * 255 // np.maximum(alpha, 1)[..., None])
        return _channels(colours.astype(np.uint8), bands), alpha > 0


def _channels(colours: np.ndarray, bands: Sequence[int]) -> np.ndarray:
    """Bands, counted from 1, of (h, w, n) colours, as (C, h, w)."""
    return np.ascontiguousarray(np.moveaxis(colours[..., [b - 1 for b in bands]], -1, 0))


def _number_bands(provider: QgsRasterDataProvider) -> NumberBands:
    bands = range(1, provider.bandCount() + 1)
    return NumberBands(
        tuple(_DTYPES[_type_name(provider, b)] for b in bands),
        tuple(_nodata(provider, b) for b in bands),
        tuple(provider.colorInterpretationName(b).lower() for b in bands),
        tuple(tuple((r.min(), r.max()) for r in provider.userNoDataValues(b)) for b in bands),
    )


def _nodata(provider: QgsRasterDataProvider, band: int) -> float | None:
    """The file's nodata value, unless the user switched it off."""
    if provider.sourceHasNoDataValue(band) and provider.useSourceNoDataValue(band):
        return provider.sourceNoDataValue(band)
    return None


def _palette(provider: QgsRasterDataProvider) -> np.ndarray:
    entries = [(int(item.value), item.color) for item in provider.colorTable(1)]
    entries = [(number, colour) for number, colour in entries if 0 <= number < 1 << 16]
    table = np.zeros((max((n for n, _ in entries), default=0) + 1, 4), np.uint8)
    for number, colour in entries:
        table[number] = (colour.red(), colour.green(), colour.blue(), colour.alpha())
    return table


def _is(kind: object, name: str) -> bool:
    return getattr(Qgis.DataType, name, None) == kind


def _equals(plane: np.ndarray, value: float) -> np.ndarray:
    """Where a plane holds its nodata value, (h, w) bool; a value outside its type nowhere."""
    if plane.dtype.kind == "f":
        with np.errstate(over="ignore"):
            wanted = plane.dtype.type(value)
        return np.isnan(plane) if np.isnan(wanted) else plane == wanted
    limits = np.iinfo(plane.dtype)
    if not (np.isfinite(value) and limits.min <= value <= limits.max and value == int(value)):
        return np.zeros(plane.shape, bool)
    return plane == plane.dtype.type(int(value))


def _is_ordinary(value: float, dtype: np.dtype) -> bool:
    """Whether single bands of ordinary pixels may hold this nodata value: 0 or full white."""
    return value == 0 or (dtype.kind in "iu" and value == np.iinfo(dtype).max)
