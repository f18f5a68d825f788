"""Pixels of any raster layer that QGIS can show, through a clone of its data provider."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from qgis.core import QgsRasterBlockFeedback, QgsRectangle

from ..engine.errors import RasterError
from ..engine.types import PIXEL_GRID, GeoTransform, RasterInfo
from .footprint import rotated_footprint
from .georeference import describe_crs, is_finite
from .i18n import translator
from .pixel_bands import Bands, choose_bands

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from qgis.core import QgsRasterDataProvider, QgsRasterLayer

    from ..engine.types import Window
    from .footprint import Footprint

tr = translator("layer_source")

MAX_ONLINE_PIXELS = 400_000_000
"""Pixels of the largest map made of a layer without a pixel grid of its own."""

_SNAP = 1e-4  # of a pixel: an edge this close to a pixel border lies on it


class LayerSource:
    """A :class:`~cwsam.engine.ports.RasterSource` over a raster layer.

    Made on the main thread; from then on nothing of the project is touched, so that the
    layer may be removed while a worker reads.

    Attributes:
        crs: The layer's ``QgsCoordinateReferenceSystem``.
        layer_id: The layer's id in the project.
        uri: What the provider opens: a path, for files.
        online: Whether the layer has no pixel grid of its own, as WMS and XYZ layers.
        notices: Sentences on the layer that the user should read.
    """

    def __init__(
        self, layer: QgsRasterLayer, extent: QgsRectangle | None = None, pixel_size: float = 0.0
    ) -> None:
        """Take over what a run needs of a layer.

        Args:
            layer: A valid raster layer.
            extent: Part to read, in the layer's CRS, grown to whole pixels; None for all.
            pixel_size: Side of a pixel in CRS units, for layers without a grid of their own.

        Raises:
            RasterError: The layer is broken, or the extent does not fit it.
        """
        if not layer.isValid() or layer.dataProvider() is None:
            raise RasterError(
                tr("Layer '{name}' is broken: repair its data source.").format(name=layer.name())
            )
        self._provider: QgsRasterDataProvider = layer.dataProvider().clone()
        if hasattr(self._provider, "enableProviderResampling"):
            self._provider.enableProviderResampling(False)
        self._feedback = QgsRasterBlockFeedback()
        self._lock = threading.Lock()
        self._blank = [0, 0]
        self._rotated = layer.providerType() == "gdal"  # perhaps; looked up at the first read
        self._footprint: Footprint | None = None
        self.crs, self.layer_id, self.uri = layer.crs(), layer.id(), layer.source()
        self.online = not has_pixel_grid(layer)
        self.notices: list[str] = []
        self._bands: Bands = choose_bands(self._provider, layer.name())
        self._info = self._describe(layer.name(), extent, pixel_size)

    @property
    def info(self) -> RasterInfo:
        """Size, bands, georeference of the part that is read."""
        return self._info

    @property
    def extent(self) -> QgsRectangle:
        """The part that is read, in the layer's CRS."""
        grid, info = self._info.grid, self._info
        right, bottom = grid.apply(info.width, info.height)
        return QgsRectangle(grid.c, bottom, right, grid.f)

    @property
    def blank_share(self) -> float:
        """Share of the pixels read so far that held no data, 0-1."""
        return self._blank[0] / max(1, self._blank[1])

    def cancel(self) -> None:
        """Stop a read that waits for the network; may be called from another thread."""
        self._feedback.cancel()

    def read(self, window: Window, bands: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`~cwsam.engine.ports.RasterSource`."""
        grid = self._info.grid
        left, top = grid.apply(window.col, window.row)
        right, bottom = grid.apply(window.col + window.width, window.row + window.height)
        box = QgsRectangle(left, bottom, right, top)
        pixels, valid = self._read(bands, box, window.width, window.height)
        self._blank[0] += valid.size - int(valid.sum())
        self._blank[1] += valid.size
        return pixels, valid

    def read_decimated(self, max_side: int, bands: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`~cwsam.engine.ports.RasterSource`."""
        info = self._info
        scale = min(1.0, max_side / max(info.width, info.height))
        width, height = (max(1, int(n * scale)) for n in (info.width, info.height))
        return self._read(bands, self.extent, width, height)

    def _read(self, bands: Sequence[int], box: QgsRectangle, width: int, height: int):
        def block(number: int):
            read = self._provider.block(number, box, width, height, self._feedback)
            if read.isEmpty() or (read.width(), read.height()) != (width, height):
                raise RasterError(self._unreadable())
            return read

        with self._lock:
            if self._rotated and self._footprint is None:
                self._footprint = rotated_footprint(self.uri)
                self._rotated = self._footprint is not None
            pixels, valid = self._bands.read(block, bands)
        if self._footprint is not None:
            valid &= self._footprint.covers(box, width, height)
        return pixels, valid

    def _unreadable(self) -> str:
        told = self._feedback.errors() or [""]
        cause = str(told[-1]).strip().rstrip(".")
        if self.online:
            text = tr("The server of '{name}' did not answer ({cause}): try again later.")
        else:
            text = tr("'{name}' cannot be read ({cause}): is its file still there?")
        return text.format(name=self._info.name, cause=cause or tr("no reason given"))

    def _describe(self, name: str, extent: QgsRectangle | None, pixel_size: float) -> RasterInfo:
        """Settle the pixel grid and name the bands."""
        crs = describe_crs(self.crs)
        place = self._online_grid if self.online else self._own_grid
        grid, width, height = place(name, extent, pixel_size)
        transform = None if crs is None and _near(grid, PIXEL_GRID) else grid
        if crs is None:
            self.notices.append(
                tr(
                    "'{name}' has no coordinate reference system: areas stay unknown; set one in "
                    "the layer's properties."
                ).format(name=name)
            )
        bands = self._bands
        return RasterInfo(
            name, width, height, bands.dtypes, bands.nodata, bands.colours, transform, crs
        )

    def _own_grid(self, name: str, extent: QgsRectangle | None, pixel_size: float):
        del pixel_size
        whole, columns, rows = (
            self._provider.extent(),
            self._provider.xSize(),
            self._provider.ySize(),
        )
        a, e = whole.width() / columns, whole.height() / rows
        if extent is None:
            return GeoTransform(a, 0, whole.xMinimum(), 0, -e, whole.yMaximum()), columns, rows
        self._check_extent(name, extent)
        first_col = max(0, math.floor((extent.xMinimum() - whole.xMinimum()) / a + _SNAP))
        first_row = max(0, math.floor((whole.yMaximum() - extent.yMaximum()) / e + _SNAP))
        last_col = min(columns, math.ceil((extent.xMaximum() - whole.xMinimum()) / a - _SNAP))
        last_row = min(rows, math.ceil((whole.yMaximum() - extent.yMinimum()) / e - _SNAP))
        if last_col <= first_col or last_row <= first_row:
            raise RasterError(_outside(name))
        left, top = whole.xMinimum() + first_col * a, whole.yMaximum() - first_row * e
        grid = GeoTransform(a, 0, left, 0, -e, top)
        return grid, last_col - first_col, last_row - first_row

    def _online_grid(self, name: str, extent: QgsRectangle | None, pixel_size: float):
        whole = self._provider.extent()
        part = whole if extent is None else extent
        self._check_extent(name, part)
        if not whole.isEmpty() and is_finite(whole):
            part = part.intersect(whole)
        if part.isEmpty():
            raise RasterError(_outside(name))
        if not (math.isfinite(pixel_size) and pixel_size > 0):
            raise RasterError(
                tr("'{name}' has no pixel size of its own: give one.").format(name=name)
            )
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

    @staticmethod
    def _check_extent(name: str, extent: QgsRectangle) -> None:
        if not is_finite(extent):
            raise RasterError(
                tr("The extent for '{name}' is empty or infinite: choose another.").format(
                    name=name
                )
            )


def has_pixel_grid(layer: QgsRasterLayer) -> bool:
    """Whether a layer has pixels of its own, unlike a map that a server draws at any scale."""
    provider = layer.dataProvider()
    return provider is not None and provider.xSize() > 0 and provider.ySize() > 0


def _outside(name: str) -> str:
    return tr("The chosen extent lies outside of '{name}': choose another.").format(name=name)


def _near(one: GeoTransform, other: GeoTransform) -> bool:
    pairs = zip((one.a, one.c, one.e, one.f), (other.a, other.c, other.e, other.f))
    return all(abs(x - y) < 1e-9 for x, y in pairs)
