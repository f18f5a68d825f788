"""Pixels of a raster file through rasterio, with one valid mask for all kinds of "no data"."""

from __future__ import annotations

import math
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import rasterio
import rasterio.windows
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import RasterioError, RasterioIOError
from rasterio.vrt import WarpedVRT

from ..errors import RasterError
from ..types import NO_MEASUREMENT, RasterInfo
from .crs import describe_crs
from .geotransform import from_affine
from .quiet import gdal_options, quiet_gdal
from .resample import resampled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rasterio.io import DatasetReader

    from ..types import Window

_RGB = ("red", "green", "blue")


def open_raster(
    path: str | Path, expand_palette: bool = True, gsd_m: float | None = None
) -> RasterioSource:
    """Open a raster file for reading.

    Args:
        path: Anything GDAL opens: a file, a VRT, a ``/vsi…`` path.
        expand_palette: Show a raster with a colour table as red, green and blue. Label
            rasters want False: their palette numbers are the data.
        gsd_m: Ground sample distance to resample to while reading, in metres: averages of the
            pixels where that is coarser, bilinear where it is finer. None leaves the pixels.

    Raises:
        RasterError: The file is missing, no image, damaged, without bands, or complex, or it
            has no scale to resample by.
    """
    with quiet_gdal():
        dataset = open_dataset(path)
        try:
            check_bands(dataset, path)
            _check_place(dataset, path)
            source = RasterioSource(dataset, _short(path), expand_palette)
            if gsd_m is not None:
                source.resample(gsd_m)
            return source
        except (RasterError, RasterioError):
            dataset.close()
            raise


def default_bands(info: RasterInfo) -> tuple[int, ...]:
    """Choose the three bands that look most like a photograph.

    Returns:
        Band numbers from 1: red, green, blue by colour interpretation; else the first three
        bands that are not alpha; the first one three times where there are fewer.
    """
    if all(colour in info.colours for colour in _RGB):
        return tuple(info.colours.index(colour) + 1 for colour in _RGB)
    data = [i + 1 for i, colour in enumerate(info.colours) if colour != "alpha"] or [1]
    return tuple(data[:3]) if len(data) >= 3 else (data[0],) * 3


class RasterioSource:
    """A :class:`~cwsam.engine.ports.RasterSource` over an open rasterio dataset.

    A pixel is invalid where an alpha band is 0, a mask hides it, or a value is NaN, infinite or
    beyond what is ever measured (1e38). A nodata value hides a pixel when any band holds it; but
    the nodata values 0 and the type's maximum, which ordinary dark or bright pixels have in
    single bands too, hide one only when all bands that are read hold theirs.

    Attributes:
        notices: Sentences on the raster's form that the user should read.
    """

    def __init__(self, dataset: DatasetReader, name: str, expand_palette: bool = True):
        self.notices: list[str] = []
        self._name = name
        self._file = dataset
        self._lock = threading.Lock()
        self._data = self._below = self._warped(dataset)
        self._palette = _palette(self._data) if expand_palette else None
        self._info = self._describe()

    @property
    def info(self) -> RasterInfo:
        """Size, bands, georeference."""
        return self._info

    def __enter__(self) -> RasterioSource:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; further reads fail."""
        if self._data is not self._file:
            self._data.close()
        if self._below is not self._file:
            self._below.close()
        self._file.close()

    def resample(self, gsd_m: float) -> None:
        """Show the raster with pixels of another size on the ground; its extent stays.

        Args:
            gsd_m: Side of a pixel at the raster's centre in metres.

        Raises:
            RasterError: The raster has no scale on the ground.
        """
        own = self._info.gsd_m
        if own is None:
            raise RasterError(
                f"{self._name} has no scale on the ground, so --gsd cannot be met: "
                "give it a CRS and a geotransform with gdal_translate, or leave --gsd out."
            )
        self._data = resampled(self._data, own / gsd_m)
        self._info = self._describe()
        self.notices.append(
            f"{self._name} is resampled from {own:.3g} to {gsd_m:g} m a pixel while it is read."
        )

    def read(self, window: Window, bands: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Read pixels at full resolution.

        Args:
            window: Pixels to read, inside the raster.
            bands: Band numbers, counted from 1; repeats are allowed.

        Returns:
            ``(pixels, valid)``: (C, h, w) in the raster's own dtype (the common one, where
            bands differ) and (h, w) bool.

        Raises:
            RasterError: The pixels cannot be read.
        """
        assert 0 <= window.col <= self._info.width - window.width, "the window lies inside"
        assert 0 <= window.row <= self._info.height - window.height, "the window lies inside"
        box = rasterio.windows.Window(window.col, window.row, window.width, window.height)
        return self._read(bands, box, (window.height, window.width))

    def read_decimated(self, max_side: int, bands: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Read the whole raster reduced so that no side exceeds ``max_side`` pixels.

        Returns:
            ``(pixels, valid)`` as in :meth:`read`, from overviews where the file has them,
            nearest neighbour from there on; a smaller raster comes as it is.
        """
        scale = min(1.0, max_side / max(self._info.width, self._info.height))
        shape = tuple(max(1, int(n * scale)) for n in (self._info.height, self._info.width))
        return self._read(bands, None, shape)

    def _read(self, bands: Sequence[int], box, shape: tuple[int, int]):
        try:
            with self._lock, gdal_options():
                if self._palette is not None:
                    return self._read_palette(bands, box, shape)
                return self._read_bands(bands, box, shape)
        except RasterioError as error:
            raise RasterError(
                f"{self._name} is damaged or cut off ({_cause(error)}): copy or download it again."
            ) from error

    def _read_bands(self, bands: Sequence[int], box, shape: tuple[int, int]):
        wanted = sorted(set(bands))
        types = [self._data.dtypes[band - 1] for band in wanted]
        if len(set(types)) == 1:
            pixels = self._data.read(wanted, window=box, out_shape=(len(wanted), *shape))
        else:  # rasterio reads bands of one type only
            pixels = np.empty((len(wanted), *shape), np.result_type(*types))
            for plane, band in zip(pixels, wanted):
                plane[...] = self._data.read(band, window=box, out_shape=shape)
        valid = _visible(pixels, [self._data.nodatavals[band - 1] for band in wanted])
        self._apply_masks(valid, wanted, box)
        if tuple(bands) != tuple(wanted):
            pixels = pixels[[wanted.index(band) for band in bands]]
        return pixels, valid

    def _read_palette(self, bands: Sequence[int], box, shape: tuple[int, int]):
        numbers, valid = self._read_bands((1,), box, shape)
        colours = self._palette[np.minimum(numbers[0], len(self._palette) - 1)]
        valid &= colours[..., 3] > 0
        return np.ascontiguousarray(np.moveaxis(colours[..., [b - 1 for b in bands]], -1, 0)), valid

    def _apply_masks(self, valid: np.ndarray, bands: Sequence[int], box) -> None:
        """Clear ``valid`` (h, w) where alpha bands or mask bands are 0."""
        for number, colour in enumerate(self._data.colorinterp, start=1):
            if colour == ColorInterp.alpha:
                valid &= self._data.read(number, window=box, out_shape=valid.shape) > 0
        masked = [b for b in bands if _has_own_mask(self._data.mask_flag_enums[b - 1])]
        shared = bool(masked) and MaskFlags.per_dataset in self._data.mask_flag_enums[masked[0] - 1]
        for band in masked[:1] if shared else masked:
            valid &= self._data.read_masks(band, window=box, out_shape=valid.shape) > 0

    def _warped(self, dataset: DatasetReader):
        """The dataset, or a warped view of it where only ground control points place it."""
        points, crs = dataset.gcps
        if not points or from_affine(dataset.transform) is not None:
            return dataset
        if crs is None:
            self.notices.append(
                f"{self._name} has ground control points without a coordinate reference system; "
                "run gdalwarp with -s_srs to place it on the map."
            )
            return dataset
        self.notices.append(
            f"{self._name} is placed by ground control points only: it is warped to {crs} "
            "while it is read; gdalwarp does so once for all."
        )
        hides = dataset.nodatavals[0] is None and ColorInterp.alpha not in dataset.colorinterp
        return WarpedVRT(dataset, src_crs=crs, crs=crs, add_alpha=hides)

    def _describe(self) -> RasterInfo:
        data = self._data
        transform, crs = self._place()
        palette = self._palette is not None
        return RasterInfo(
            name=self._name,
            width=data.width,
            height=data.height,
            dtypes=("uint8",) * 3 if palette else tuple(data.dtypes),
            nodata=(None,) * 3 if palette else tuple(data.nodatavals),
            colours=_RGB if palette else tuple(c.name for c in data.colorinterp),
            transform=transform,
            crs=crs,
        )

    def _place(self):
        """Geotransform and CRS, each None where the file does not say."""
        crs = describe_crs(self._data.crs)
        transform = from_affine(self._data.transform)
        if transform is not None:
            if crs is None:
                self.notices.append(
                    f"{self._name} names no coordinate reference system: areas stay unknown; "
                    "set one with gdal_edit.py -a_srs."
                )
            return transform, crs
        if crs is None:
            self.notices.append(
                f"{self._name} has no georeference: coordinates are pixels (x = column, y = -row)."
            )
        else:
            self.notices.append(
                f"{self._name} has no georeference although it names {crs.name}: coordinates are "
                "pixels (x = column, y = -row)."
            )
        return None, None


def open_dataset(path: str | Path) -> DatasetReader:
    """Open with rasterio; the caller closes it.

    Raises:
        RasterError: Says which of missing, folder and not-an-image it is.
    """
    text = str(path)
    try:
        return rasterio.open(text)
    except (RasterioIOError, UnicodeError) as error:
        remote = text.startswith("/vsi") or "://" in text
        if not remote and not Path(text).exists():
            raise RasterError(f"{text} does not exist: check the path.") from error
        if not remote and Path(text).is_dir():
            raise RasterError(f"{text} is a folder: give an image file in it.") from error
        raise RasterError(
            f"{_short(path)} is not an image that GDAL can open, or it is damaged: "
            "convert it to GeoTIFF or copy it again."
        ) from error


def check_bands(dataset: DatasetReader, path: str | Path) -> None:
    """Refuse rasters without bands and rasters of complex numbers.

    Raises:
        RasterError: It is one of them.
    """
    if dataset.count == 0:
        inner = dataset.subdatasets
        hint = f"open one of its {len(inner)} parts, such as {inner[0]}" if inner else "check it"
        raise RasterError(f"{_short(path)} has no bands of its own: {hint}.")
    if any("complex" in str(dtype) for dtype in dataset.dtypes):
        raise RasterError(
            f"{_short(path)} holds complex numbers: turn them into amplitudes first, "
            "for instance with gdal_calc.py --calc='abs(A)'."
        )


def _check_place(dataset: DatasetReader, path: str | Path) -> None:
    """Refuse geotransforms that put all pixels on one point or line, or nowhere."""
    grid = dataset.transform
    area = grid.a * grid.e - grid.b * grid.d
    if not (math.isfinite(area + grid.c + grid.f) and area):
        raise RasterError(
            f"{_short(path)} has pixels without a size on the map: correct its geotransform with "
            "gdal_edit.py -a_ullr, or remove it with gdal_edit.py -unsetgt."
        )


def _short(path: str | Path) -> str:
    return Path(str(path)).name or str(path)


def _cause(error: BaseException) -> str:
    """The innermost GDAL message without its trailing dot."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip().rstrip(".").splitlines()[0] if str(error).strip() else "read failed"


def _has_own_mask(flags: Sequence[MaskFlags]) -> bool:
    """Whether a band's mask comes from a mask band rather than nodata, alpha or nothing."""
    return not {MaskFlags.nodata, MaskFlags.alpha, MaskFlags.all_valid} & set(flags)


def _visible(pixels: np.ndarray, nodata: Sequence[float | None]) -> np.ndarray:
    """Where values show, (h, w) bool; ``pixels`` is (C, h, w), ``nodata`` one value a band."""
    shape = pixels.shape[1:]
    valid = np.ones(shape, bool)
    all_hidden = np.ones(shape, bool) if None not in nodata else None
    for band, value in zip(pixels, nodata):
        if band.dtype.kind == "f":
            valid &= np.abs(band) < NO_MEASUREMENT
        if value is None:
            continue
        hidden = _equals(band, value)
        if not _is_ordinary(value, band.dtype):
            valid &= ~hidden
        if all_hidden is not None:
            all_hidden &= hidden
    return valid if all_hidden is None else valid & ~all_hidden


def _equals(band: np.ndarray, value: float) -> np.ndarray:
    """Where a band holds its nodata value, (h, w) bool; a value outside its type nowhere."""
    if band.dtype.kind == "f":
        with np.errstate(over="ignore"):
            wanted = band.dtype.type(value)
        return np.isnan(band) if np.isnan(wanted) else band == wanted
    limits = np.iinfo(band.dtype)
    if not (np.isfinite(value) and limits.min <= value <= limits.max and value == int(value)):
        return np.zeros(band.shape, bool)
    return band == band.dtype.type(int(value))


def _is_ordinary(value: float, dtype: np.dtype) -> bool:
    """Whether single bands of ordinary pixels may hold this nodata value: 0 or full white."""
    return value == 0 or (dtype.kind in "iu" and value == np.iinfo(dtype).max)


def _palette(dataset: DatasetReader) -> np.ndarray | None:
    """Colour table as (n, 4) uint8 red, green, blue, alpha; None without one."""
    if dataset.colorinterp[0] != ColorInterp.palette or dataset.dtypes[0] not in (
        "uint8",
        "uint16",
    ):
        return None
    try:
        table = dataset.colormap(1)
    except ValueError:
        return None
    colours = np.zeros((max(table) + 1, 4), np.uint8)
    for number, colour in table.items():
        colours[number] = colour
    return colours
