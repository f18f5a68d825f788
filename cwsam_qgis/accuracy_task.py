"""Runs an evaluation or a draw in the background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from qgis.PyQt.QtCore import pyqtSignal

from ..engine.ports import Progress
from .compat import quiet_task_flags
from .watched_task import Told, WatchedTask


@dataclass
class AccuracyOutcome(Told):
    """How the work ended.

    Attributes:
        result: What it returned; None when it failed.
    """

    result: object = None


class AccuracyTask(WatchedTask):
    """Does one piece of work that tells its progress."""

    outcome: AccuracyOutcome

    progressed = pyqtSignal(float)
    """Share done, 0-100."""

    def __init__(self, title: str, work: Callable[[Progress], object]) -> None:
        """Take over the work, which touches nothing of the project.

        Args:
            title: Shown by QGIS's task manager.
            work: Is given the progress to report to.
        """
        super().__init__(title, quiet_task_flags(), AccuracyOutcome())
        self._work: Callable[[Progress], object] | None = work

    def work(self) -> None:
        """Do it."""
        self.outcome.result = self._work(Progress(self._report, self.isCanceled))

    def close(self) -> None:
        """Let go of the layers, which must not outlive QGIS."""
        self._work = None

    def _report(self, done: float, total: float, message: str) -> None:
        del message
        percent = 100 * done / max(total, 1)
        self.setProgress(percent)
        self.progressed.emit(percent)
