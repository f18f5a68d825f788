"""Pixels of any raster layer that QGIS can show, through a clone of its data provider."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
from qgis.core import QgsRasterBlockFeedback, QgsRectangle

from ..engine.errors import RasterError
from .blank_tiles import flat_squares
from .compat import clone_provider
from .footprint import footprint_of
from .i18n import translator
from .layer_grid import describe_layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qgis.core import QgsRasterDataProvider, QgsRasterLayer

    from ..engine.types import RasterInfo, Window
    from .area_mask import AreaMask
    from .footprint import Footprint, WarpedFootprint
    from .pixel_bands import Bands

tr = translator("layer_source")


class LayerSource:
    """A :class:`~cwsam.engine.ports.RasterSource` over a raster layer.

    Made in the thread of the layer, which is the main one for layers of the project; from then
    on nothing of the layer is touched, so that it may be removed while a worker reads. It holds
    files open until it is closed.

    Attributes:
        crs: The layer's ``QgsCoordinateReferenceSystem``.
        layer_id: The layer's id in the project.
        uri: What the provider opens: a path, for files.
        online: Whether the layer has no pixel grid of its own, as WMS and XYZ layers.
        notices: Sentences on the layer that the user should read.
        mask: Polygons outside of which no pixel is valid; None for the whole rectangle.
        whole: Whether all of the layer is read.
    """

    def __init__(
        self,
        layer: QgsRasterLayer,
        extent: QgsRectangle | None = None,
        pixel_size: float = 0.0,
        mask: AreaMask | None = None,
    ) -> None:
        """Take over what a run needs of a layer.

        Args:
            layer: A valid raster layer.
            extent: Part to read, in the layer's CRS, grown to whole pixels; None for all.
            pixel_size: Side of a pixel in CRS units, for layers without a grid of their own.
            mask: Polygons outside of which no pixel is valid.

        Raises:
            RasterError: The layer is broken, or the extent does not fit it.
        """
        grid = describe_layer(layer, extent, pixel_size)
        self._provider: QgsRasterDataProvider | None = clone_provider(layer.dataProvider())
        if hasattr(self._provider, "enableProviderResampling"):
            self._provider.enableProviderResampling(False)
        self._feedback = QgsRasterBlockFeedback()
        self._lock = threading.Lock()
        self._seen = self._blank = self._flat = 0  # pixels
        self._turned = layer.providerType() == "gdal"  # perhaps; looked up at the first read
        self._footprint: Footprint | WarpedFootprint | None = None
        self.crs, self.layer_id, self.uri = layer.crs(), layer.id(), layer.source()
        self.online, self.mask = grid.online, mask
        self.whole = extent is None and mask is None
        self.notices = list(grid.notices)
        self._bands: Bands = grid.bands
        self._info = grid.info

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
        """Share of the pixels read so far that held no picture, 0-1; the mask does not count."""
        return self._blank / max(1, self._seen)

    @property
    def flat_share(self) -> float:
        """Share of the pixels read so far that lie in squares of one colour, 0-1; online only."""
        return self._flat / max(1, self._seen)

    @property
    def failure(self) -> str:
        """What a server last said when a picture did not arrive; empty where it said nothing."""
        told = self._feedback.errors() or [""]
        return str(told[-1]).strip().rstrip(".")

    def cancel(self) -> None:
        """Stop a read that waits for the network; may be called from another thread."""
        self._feedback.cancel()

    def close(self) -> None:
        """Close the files; nothing is read any more, but what is known of the layer stays."""
        with self._lock:
            self._provider = self._footprint = None
        if self.mask is not None:
            self.mask.close()

    def read(self, window: Window, bands: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`~cwsam.engine.ports.RasterSource`."""
        grid = self._info.grid
        left, top = grid.apply(window.col, window.row)
        right, bottom = grid.apply(window.col + window.width, window.row + window.height)
        box = QgsRectangle(left, bottom, right, top)
        inside = self._inside(box, window.width, window.height)
        if inside is not None and not inside.any():  # nothing to fetch
            dtype = np.result_type(*(self._info.dtypes[band - 1] for band in bands))
            return np.zeros((len(bands), *inside.shape), dtype), inside
        pixels, valid = self._read(bands, box, window.width, window.height)
        if self.online:
            blank, flat = flat_squares(pixels)
            self._flat += int((flat & ~blank & valid).sum())
            valid &= ~blank
        self._seen += valid.size
        self._blank += valid.size - int(valid.sum())
        return pixels, valid if inside is None else valid & inside

    def read_decimated(self, max_side: int, bands: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """See :class:`~cwsam.engine.ports.RasterSource`."""
        info = self._info
        scale = min(1.0, max_side / max(info.width, info.height))
        width, height = (max(1, int(n * scale)) for n in (info.width, info.height))
        pixels, valid = self._read(bands, self.extent, width, height)
        inside = self._inside(self.extent, width, height)
        return pixels, valid if inside is None else valid & inside

    def _inside(self, box: QgsRectangle, width: int, height: int) -> np.ndarray | None:
        """Which pixels lie inside the mask, (h, w) bool; None where there is no mask."""
        return None if self.mask is None else self.mask.covers(box, width, height)

    def _read(self, bands: Sequence[int], box: QgsRectangle, width: int, height: int):
        def block(number: int):
            told = len(self._feedback.errors())
            read = self._provider.block(number, box, width, height, self._feedback)
            if read.isEmpty() or (read.width(), read.height()) != (width, height):
                raise RasterError(self._unreadable())
            # A file's block that failed comes filled with zeros; a server's tiles may lack.
            failed = not read.isValid() or len(self._feedback.errors()) > told
            if failed and not self.online and not self._feedback.isCanceled():
                raise RasterError(self._damaged())
            return read

        with self._lock:
            if self._turned and self._footprint is None:
                self._footprint = footprint_of(self.uri, self._provider)
                self._turned = self._footprint is not None
            pixels, valid = self._bands.read(block, bands)
        if self._footprint is not None:
            valid &= self._footprint.covers(box, width, height)
        return pixels, valid

    def _damaged(self) -> str:
        text = tr("'{name}' is damaged or cut off ({cause}): copy or download it again.")
        return text.format(name=self._info.name, cause=self.failure or tr("no reason given"))

    def _unreadable(self) -> str:
        if self.online:
            text = tr("The server of '{name}' did not answer ({cause}): try again later.")
        else:
            text = tr("'{name}' cannot be read ({cause}): is its file still there?")
        return text.format(name=self._info.name, cause=self.failure or tr("no reason given"))
