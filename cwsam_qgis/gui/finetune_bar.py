"""The foot of the tab *Fine-tune*: progress with the time left, buttons."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QHBoxLayout, QMenu, QProgressBar, QPushButton, QVBoxLayout

from ..i18n import translator
from .run_bar import duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ...training.finetune.outcome import FinetuneStatus
    from .finetune_control import FinetuneControl

tr = translator("finetune_bar")


class FinetuneBar(QVBoxLayout):
    """What is shown of a run, and the buttons that begin, end and continue it.

    Attributes:
        button: Starts a run.
        resume_button: Goes on with one that was stopped; of several, its menu names all.
        cancel_button: Stops the one under way.
        progress: Of the one under way.
    """

    resume_wanted = pyqtSignal(object)
    """The user wants a stopped run to go on: the adapter's file."""

    def __init__(self, control: FinetuneControl) -> None:
        super().__init__()
        self._control, self._ready = control, False
        self._stopped: tuple[Path, ...] = ()
        self._stopped_menu = QMenu()
        self.progress = QProgressBar()
        self.progress.setTextVisible(True)
        self.button = QPushButton(tr("&Fine-tune"))
        self.button.setObjectName("cwsamFinetune")
        self.button.setToolTip(tr("Learn from the labels in the background"))
        self.resume_button = QPushButton(tr("&Resume"))
        self.resume_button.setToolTip(tr("Go on where the stopped run was"))
        self.cancel_button = QPushButton(tr("&Cancel"))
        self.cancel_button.setToolTip(tr("Stop; what was learnt is kept, so that it can go on"))
        self.addWidget(self.progress)
        row = QHBoxLayout()
        row.addStretch(1)
        for button in (self.cancel_button, self.resume_button, self.button):
            row.addWidget(button)
        self.addLayout(row)
        self.cancel_button.clicked.connect(self._cancel)
        self.resume_button.clicked.connect(lambda: self.resume_wanted.emit(self._stopped[0]))
        control.started.connect(self._started)
        control.told.connect(self._told)
        control.progressed.connect(self._progressed)
        control.ended.connect(self._show)
        self._show()

    def set_ready(self, ready: bool, stopped: Sequence[Path]) -> None:
        """Tell whether a run can begin, and the adapters of stopped ones, the latest first."""
        self._ready, self._stopped = ready, tuple(stopped)
        self._stopped_menu.clear()
        for path in self._stopped:
            action = self._stopped_menu.addAction(path.stem)
            action.setToolTip(str(path))
            action.triggered.connect(partial(self._resume, path))
        self._stopped_menu.setToolTipsVisible(True)
        self.resume_button.setMenu(self._stopped_menu if len(self._stopped) > 1 else None)
        self._show()

    def _resume(self, path: Path, _checked: bool = False) -> None:
        self.resume_wanted.emit(path)

    def _show(self) -> None:
        running = self._control.task is not None
        self.progress.setVisible(running)
        self.cancel_button.setVisible(running)
        self.button.setEnabled(self._ready and not running)
        self.resume_button.setVisible(bool(self._stopped) and not running)
        self.resume_button.setEnabled(self._ready)

    def _started(self) -> None:
        self.progress.setRange(0, 0)
        self.progress.setFormat("")
        self.cancel_button.setEnabled(True)
        self._show()

    def _cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self.progress.setFormat(tr("Stopping…"))
        self._control.cancel()

    def _told(self, status: FinetuneStatus) -> None:
        if not self.cancel_button.isEnabled():
            return
        phases = {
            "labels": tr("Reading the labels"),
            "base": tr("Asking the base model"),
            "training": tr("Step {step}"),
            "refit": tr("Step {step}, on all labels"),
            "writing": tr("Writing"),
        }
        text = phases[status.phase].format(step=status.step)
        if status.seconds_left == status.seconds_left and status.seconds_left > 1:
            text += tr(", {time} left").format(time=duration(status.seconds_left))
        self.progress.setRange(0, 100)
        self.progress.setValue(int(100 * status.done))
        self.progress.setFormat(f"{text} (%p %)")

    def _progressed(self, percent: float) -> None:
        if self.cancel_button.isEnabled():
            self.progress.setRange(0, 100)
            self.progress.setValue(int(percent))
            self.progress.setFormat(tr("Comparing") + " (%p %)")
