"""Loss and validation IoU of a fine-tuning under way, painted with Qt."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import QPointF, QRectF, QSize, Qt
from qgis.PyQt.QtGui import QColor, QPainter, QPen
from qgis.PyQt.QtWidgets import QSizePolicy, QWidget

from ..i18n import translator
from .text_colour import TextColour

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qgis.PyQt.QtGui import QPaintEvent

    from ...training.finetune.outcome import FinetuneStatus

tr = translator("learning_curve")

_IOU, _LOSS = QColor("#2f9e44"), QColor("#d9822b")
_GAP = 6  # pixels
_FEW = 12  # points that are drawn as dots too

Points = list  # of (step, value)


class LearningCurve(QWidget):
    """Two small charts side by side: IoU on validation ground, and the loss.

    Attributes:
        iou: Steps and validation mIoU so far.
        loss: Steps and running loss so far.
        base: mIoU of the base model; NaN before it is known.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = TextColour(self)
        self.iou: Points = []
        self.loss: Points = []
        self.base = math.nan
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Course of the training"))
        self.setToolTip(
            tr(
                "Left: mean IoU on ground held back for validation, with the base model's as a "
                "dashed line; more is better. Right: the loss on the ground that is learnt from; "
                "less is better."
            )
        )

    def clear(self) -> None:
        """Forget everything."""
        self.iou, self.loss, self.base = [], [], math.nan
        self.update()

    def add(self, status: FinetuneStatus) -> None:
        """Take over what a run tells."""
        self.iou = [(p.step, p.miou) for p in status.history]
        self.base = status.base_miou
        if not math.isnan(status.loss) and (not self.loss or self.loss[-1][0] < status.step):
            self.loss.append((status.step, status.loss))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """High enough to read."""
        return QSize(240, 7 * self.fontMetrics().height())

    minimumSizeHint = sizeHint  # noqa: N815 - Qt's name

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Draw both charts."""
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        half = (self.width() - _GAP) / 2
        boxes = [QRectF(n * (half + _GAP), 0, half, self.height()) for n in range(2)]
        self._chart(painter, boxes[0], tr("Validation IoU"), self.iou, _IOU, self.base)
        self._chart(painter, boxes[1], tr("Loss"), self.loss, _LOSS, math.nan)

    def _chart(
        self, painter: QPainter, box: QRectF, title: str, points: Points, ink: QColor, base: float
    ) -> None:
        metrics, text = self.fontMetrics(), self._text.now()
        line = metrics.height()
        painter.setPen(text)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        head = QRectF(box.left(), box.top(), box.width(), line)
        painter.drawText(head, left, title)
        values = [value for _, value in points if not math.isnan(value)]
        if values:
            bold = QPen(ink.lighter(110) if text.lightness() > 128 else ink.darker(115))
            painter.setPen(bold)
            painter.drawText(head, right, f"{values[-1]:.3f}")
        axis = metrics.horizontalAdvance("0.00 ")
        plot = QRectF(box.left() + axis, box.top() + line + 3, box.width() - axis - 3,
                      box.height() - 2 * line - 6)  # fmt: skip
        low, high = _range([*values, *([] if math.isnan(base) else [base])])
        faint = QColor(text)
        faint.setAlpha(60)
        painter.setPen(QPen(faint, 1))
        painter.drawRect(plot)
        painter.setPen(text)
        for value, y in ((high, plot.top()), (low, plot.bottom())):
            place = QRectF(box.left(), y - line / 2, axis - 3, line)
            painter.drawText(place, right, f"{value:.2f}")
        if not points:
            return
        last = max(1, points[-1][0])
        foot = QRectF(plot.left(), plot.bottom() + 1, plot.width(), line)
        painter.drawText(foot, right, tr("step {count}").format(count=last))

        def at(step: float, value: float) -> QPointF:
            share = (value - low) / (high - low)
            return QPointF(plot.left() + plot.width() * step / last,
                           plot.bottom() - plot.height() * share)  # fmt: skip

        if not math.isnan(base):
            painter.setPen(QPen(text, 1, Qt.PenStyle.DashLine))
            painter.drawLine(at(0, base), at(last, base))
        _draw(painter, [at(step, v) for step, v in points if not math.isnan(v)], ink)


def _draw(painter: QPainter, places: Sequence[QPointF], ink: QColor) -> None:
    painter.setPen(QPen(ink, 2))
    for one, other in zip(places, places[1:]):
        painter.drawLine(one, other)
    if len(places) <= _FEW:
        painter.setBrush(ink)
        for place in places:
            painter.drawEllipse(place, 2.5, 2.5)
        painter.setBrush(Qt.BrushStyle.NoBrush)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Ends of an axis around values, never equal."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    room = max(0.02, 0.1 * (high - low))
    return max(0.0, low - room), high + room
