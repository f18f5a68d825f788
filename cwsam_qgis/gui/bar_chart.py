"""A bar chart of the classes' shares, painted with Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPen
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from ..i18n import class_label, translator
from .text_colour import TextColour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qgis.PyQt.QtGui import QPaintEvent

    from ..class_areas import AreaRow

tr = translator("bar_chart")

_GAP = 3  # pixels between bars
_MOST = 12  # bars; the rest shares the last one
_LEAST_BAR = 2  # pixels


class BarChart(QWidget):
    """One horizontal bar a class, longest first, with name and percent."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = TextColour(self)
        self._bars: list[tuple[str, QColor, float]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Shares of the classes"))

    def set_rows(self, rows: Sequence[AreaRow]) -> None:
        """Show other classes, largest share first."""
        shown = list(rows[:_MOST]) if len(rows) > _MOST + 1 else list(rows)
        self._bars = [(class_label(r.entry), QColor(r.entry.colour), r.share) for r in shown]
        rest = sum(row.share for row in rows[len(shown) :])
        if rest > 0:
            text = tr("{count} more classes").format(count=len(rows) - len(shown))
            self._bars.append((text, QColor(Qt.GlobalColor.gray), rest))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """High enough for all bars."""
        return QSize(240, len(self._bars) * self._step() + _GAP)

    minimumSizeHint = sizeHint  # noqa: N815 - Qt's name

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw the bars."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = self.fontMetrics()
        names = max((metrics.horizontalAdvance(name) for name, _, _ in self._bars), default=0)
        names = min(names, int(self.width() * 0.45))
        numbers = metrics.horizontalAdvance("100.0 %")
        room = max(10, self.width() - names - numbers - 4 * _GAP)
        longest = max((share for _, _, share in self._bars), default=1.0)
        text = self._text.now()
        for number, (name, colour, share) in enumerate(self._bars):
            top, height = _GAP + number * self._step(), self._step() - _GAP
            painter.setPen(text)
            label = metrics.elidedText(name, Qt.TextElideMode.ElideRight, names)
            left = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.drawText(QRectF(0, top, names, height), left, label)
            bar = max(_LEAST_BAR, room * share / longest)
            painter.setPen(QPen(colour.darker(130), 1))
            painter.setBrush(colour)
            painter.drawRect(QRectF(names + _GAP + 0.5, top + 1.5, bar, height - 3))
            painter.setPen(text)
            place = QRectF(names + bar + 3 * _GAP, top, numbers, height)
            painter.drawText(place, left, f"{100 * share:.1f} %")

    def _step(self) -> int:
        return self.fontMetrics().height() + 4 + _GAP
