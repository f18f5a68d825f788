"""The pixel grid of a raster layer, or of a part of it; nothing is opened or read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..engine.errors import RasterError
from ..engine.types import PIXEL_GRID, GeoTransform, RasterInfo
from .georeference import describe_crs, is_finite
from .i18n import translator
from .pixel_bands import Bands, choose_bands

if TYPE_CHECKING:
    from qgis.core import QgsRasterDataProvider, QgsRasterLayer, QgsRectangle

tr = translator("layer_grid")

MAX_ONLINE_PIXELS = 400_000_000
"""Pixels of the largest map made of a layer without a pixel grid of its own."""

_SNAP = 1e-4  # of a pixel: an edge this close to a pixel border lies on it


@dataclass(frozen=True)
class LayerGrid:
    """What is known of a layer, or a part of it, before a pixel is read.

    Attributes:
        info: Size, bands, georeference.
        bands: How the bands become arrays.
        online: Whether the layer has no pixel grid of its own, as WMS and XYZ layers.
        notices: Sentences on the layer that the user should read.
    """

    info: RasterInfo
    bands: Bands
    online: bool
    notices: tuple[str, ...] = ()


def describe_layer(
    layer: QgsRasterLayer, extent: QgsRectangle | None = None, pixel_size: float = 0.0
) -> LayerGrid:
    """Settle the pixel grid of a layer; on the main thread.

    Args:
        layer: A raster layer.
        extent: Part to read, in the layer's CRS, grown to whole pixels; None for all.
        pixel_size: Side of a pixel in CRS units, for layers without a grid of their own.

    Raises:
        RasterError: The layer is broken, or the extent does not fit it.
    """
    name, provider = layer.name(), layer.dataProvider()
    if not layer.isValid() or provider is None:
        raise RasterError(tr("Layer '{name}' is broken: repair its data source.").format(name=name))
    online = not has_pixel_grid(layer)
    bands = choose_bands(provider, name)
    place = _online_grid if online else _own_grid
    grid, width, height = place(provider, name, extent, pixel_size)
    crs = describe_crs(layer.crs())
    notices = ()
    if crs is None:
        text = tr(
            "'{name}' has no coordinate reference system: areas stay unknown; set one in "
            "the layer's properties."
        )
        notices = (text.format(name=name),)
    transform = None if crs is None and _near(grid, PIXEL_GRID) else grid
    info = RasterInfo(
        name, width, height, bands.dtypes, bands.nodata, bands.colours, transform, crs
    )
    return LayerGrid(info, bands, online, notices)


def has_pixel_grid(layer: QgsRasterLayer) -> bool:
    """Whether a layer has pixels of its own, unlike a map that a server draws at any scale."""
    provider = layer.dataProvider()
    return provider is not None and provider.xSize() > 0 and provider.ySize() > 0


def _own_grid(
    provider: QgsRasterDataProvider, name: str, extent: QgsRectangle | None, pixel_size: float
) -> tuple[GeoTransform, int, int]:
    """The part of the layer's own grid; returns grid, columns and rows."""
    del pixel_size
    whole, columns, rows = provider.extent(), provider.xSize(), provider.ySize()
    a, e = whole.width() / columns, whole.height() / rows
    if extent is None:
        return GeoTransform(a, 0, whole.xMinimum(), 0, -e, whole.yMaximum()), columns, rows
    _check_extent(name, extent)
    first_col = max(0, math.floor((extent.xMinimum() - whole.xMinimum()) / a + _SNAP))
    first_row = max(0, math.floor((whole.yMaximum() - extent.yMaximum()) / e + _SNAP))
    last_col = min(columns, math.ceil((extent.xMaximum() - whole.xMinimum()) / a - _SNAP))
    last_row = min(rows, math.ceil((whole.yMaximum() - extent.yMinimum()) / e - _SNAP))
    if last_col <= first_col or last_row <= first_row:
        raise RasterError(_outside(name))
    left, top = whole.xMinimum() + first_col * a, whole.yMaximum() - first_row * e
    grid = GeoTransform(a, 0, left, 0, -e, top)
    return grid, last_col - first_col, last_row - first_row


def _online_grid(
    provider: QgsRasterDataProvider, name: str, extent: QgsRectangle | None, pixel_size: float
) -> tuple[GeoTransform, int, int]:
    """A grid of the asked-for resolution; returns grid, columns and rows."""
    whole = provider.extent()
    part = whole if extent is None else extent
    _check_extent(name, part)
    if not whole.isEmpty() and is_finite(whole):
        part = part.intersect(whole)
    if part.isEmpty():
        raise RasterError(_outside(name))
    if not (math.isfinite(pixel_size) and pixel_size > 0):
        raise RasterError(tr("'{name}' has no pixel size of its own: give one.").format(name=name))
    width, height = (
        max(1, math.ceil(side / pixel_size - _SNAP)) for side in (part.width(), part.height())
    )
    if width * height > MAX_ONLINE_PIXELS:
        raise RasterError(
            tr(
                "{width} × {height} pixels of '{name}' are too many to fetch: choose a "
                "smaller extent or larger pixels."
            ).format(name=name, width=width, height=height)
        )
    grid = GeoTransform(pixel_size, 0, part.xMinimum(), 0, -pixel_size, part.yMaximum())
    return grid, width, height


def _check_extent(name: str, extent: QgsRectangle) -> None:
    if not is_finite(extent):
        raise RasterError(
            tr("The extent for '{name}' is empty or infinite: choose another.").format(name=name)
        )


def _outside(name: str) -> str:
    return tr("The chosen extent lies outside of '{name}': choose another.").format(name=name)


def _near(one: GeoTransform, other: GeoTransform) -> bool:
    pairs = zip((one.a, one.c, one.e, one.f), (other.a, other.c, other.e, other.f))
    return all(abs(x - y) < 1e-9 for x, y in pairs)
