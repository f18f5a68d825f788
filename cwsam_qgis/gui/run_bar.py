"""The foot of the panel: estimate, progress with the time left, queue, buttons."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qgis.PyQt.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
)

from ..i18n import translator

if TYPE_CHECKING:
    from .run_control import RunControl

tr = translator("run_bar")

_FIRST_GUESS = 3.0  # percent done before the time left is told


class RunBar(QVBoxLayout):
    """What is shown of the runs, and the two buttons that begin and end them.

    Attributes:
        button: Starts a run, or adds it to the queue.
        cancel_button: Stops the one under way.
        estimate: What the next run will take.
        progress: Of the run under way.
        queue_label: The runs that wait.
    """

    def __init__(self, control: RunControl) -> None:
        super().__init__()
        self._control, self._begun = control, 0.0
        self._make_widgets()
        self._lay_out()
        self.cancel_button.clicked.connect(self._cancel)
        self.queue_clear.clicked.connect(control.clear_queue)
        control.started.connect(self._started)
        control.progressed.connect(self._progressed)
        control.queued.connect(self._show_queue)
        control.ended.connect(self._ended)

    def _make_widgets(self) -> None:
        self.estimate = QLabel()
        self.estimate.setWordWrap(True)
        self.estimate.setToolTip(
            tr("Size of the work; time, memory and disk follow from what your latest run took")
        )
        self.progress = QProgressBar()
        self.progress.setTextVisible(True)
        self.progress.hide()
        self.button = QPushButton(tr("&Segment"))
        self.button.setObjectName("cwsamRun")
        self.button.setDefault(True)
        self.button.setToolTip(tr("Compute the land cover in the background"))
        self.cancel_button = QPushButton(tr("&Cancel"))
        self.cancel_button.setObjectName("cwsamCancel")
        self.cancel_button.setToolTip(
            tr("Stop in the middle of a tile; the same run goes on from there later")
        )
        self.cancel_button.hide()
        self.queue_label = QLabel()
        self.queue_label.setWordWrap(True)
        self.queue_clear = QToolButton()
        self.queue_clear.setText("×")
        self.queue_clear.setAutoRaise(True)
        self.queue_clear.setToolTip(tr("Forget the runs that have not begun"))

    def _lay_out(self) -> None:
        self.addWidget(self.estimate)
        self.addWidget(self.progress)
        row = QHBoxLayout()
        row.addWidget(self.queue_label, 1)
        row.addWidget(self.queue_clear)
        self.addLayout(row)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.cancel_button)
        row.addWidget(self.button)
        self.addLayout(row)
        self._show_queue()

    def _cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self.progress.setFormat(tr("Stopping…"))
        self._control.cancel()

    def _started(self) -> None:
        self._begun = 0.0
        self.progress.setRange(0, 0)
        self.progress.setFormat("")
        self.progress.show()
        self.cancel_button.setEnabled(True)
        self.cancel_button.show()
        self.button.setText(tr("Add to &queue"))
        self.button.setToolTip(tr("Run this as well, after the one under way"))

    def _progressed(self, percent: float, message: str) -> None:
        if not self.cancel_button.isEnabled():
            return
        self.progress.setRange(0, 100 if percent > 0 else 0)
        self.progress.setValue(int(percent))
        self.progress.setFormat(f"{message} %p %{self._time_left(percent)}")

    def _time_left(self, percent: float) -> str:
        """The rest of the run at its pace so far; empty while that says little."""
        if percent > 0 and not self._begun:
            self._begun = time.monotonic()  # the model is loaded: the tiles begin
        passed = time.monotonic() - self._begun
        if percent < _FIRST_GUESS or passed < 1:
            return ""
        return tr(", {time} left").format(time=duration(passed * (100 - percent) / percent))

    def _show_queue(self) -> None:
        names = "; ".join(task.names for task in self._control.waiting)
        self.queue_label.setText(tr("Waiting: {names}").format(names=names))
        self.queue_label.setVisible(bool(names))
        self.queue_clear.setVisible(bool(names))

    def _ended(self) -> None:
        if self._control.task is not None:
            return  # the next of the queue has begun
        self.progress.hide()
        self.cancel_button.hide()
        self.button.setText(tr("&Segment"))
        self.button.setToolTip(tr("Compute the land cover in the background"))


def duration(seconds: float) -> str:
    """A rough time for people: seconds, minutes or hours."""
    if seconds < 90:
        return tr("{count} s").format(count=max(1, round(seconds)))
    if seconds < 5400:
        return tr("{count} min").format(count=round(seconds / 60))
    return tr("{count} h").format(count=f"{seconds / 3600:.1f}")


def size_text(size: float) -> str:
    """Bytes for people."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"
