"""Three rows of a form that choose the bands for red, green and blue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.gui import QgsRasterBandComboBox
from qgis.PyQt.QtCore import QObject, pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QFormLayout

from ...engine.errors import RasterError
from ..i18n import translator
from ..pixel_bands import choose_bands, default_bands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qgis.core import QgsRasterLayer

tr = translator("band_rows")

_LETTERS = 6


class BandRows(QObject):
    """The bands of a raster layer that the network sees.

    Attributes:
        boxes: For red, green, blue; disabled where the layer is a ready-made picture.
    """

    changed = pyqtSignal()
    """Another band is chosen."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.boxes = [QgsRasterBandComboBox() for _ in range(3)]
        for box, name in zip(self.boxes, (tr("Red band"), tr("Green band"), tr("Blue band"))):
            box.setToolTip(tr("{band}, as the network sees it").format(band=name))
            box.setAccessibleName(name)
            box.setMinimumContentsLength(_LETTERS)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.bandChanged.connect(lambda _: self.changed.emit())

    def add_to(self, form: QFormLayout) -> None:
        """Add the rows to a form."""
        for box, text in zip(self.boxes, (tr("&Red"), tr("&Green"), tr("&Blue"))):
            form.addRow(text, box)

    def numbers(self) -> tuple[int, int, int] | None:
        """Bands for red, green, blue from 1; None where the layer is a ready-made picture."""
        if not self.boxes[0].isEnabled():
            return None
        red, green, blue = (max(1, box.currentBand()) for box in self.boxes)
        return red, green, blue

    def choose(self, bands: Sequence[int]) -> None:
        """Choose bands by their numbers."""
        for box, band in zip(self.boxes, bands):
            box.setBand(band)

    def follow(self, layer: QgsRasterLayer | None) -> None:
        """Offer another layer's bands, chosen by their colours."""
        usable = layer is not None and layer.isValid()
        for box in self.boxes:
            box.setLayer(layer if usable else None)
        own = usable and self._choose_by_colour(layer)
        for box in self.boxes:
            box.setEnabled(own)

    def _choose_by_colour(self, layer: QgsRasterLayer) -> bool:
        """Whether the layer's bands can be chosen; it may be a ready-made picture."""
        try:
            known = choose_bands(layer.dataProvider(), layer.name())
        except RasterError:
            return True  # which one does not fit is said when the run is asked for
        self.choose(default_bands(known.colours))
        return len(known.dtypes) == layer.dataProvider().bandCount()
