"""Runs an evaluation or a draw in the background."""

from __future__ import annotations

import traceback
from typing import Callable

from qgis.core import QgsTask
from qgis.PyQt.QtCore import pyqtSignal

from ..engine.errors import Cancelled
from ..engine.ports import Progress
from .compat import quiet_task_flags
from .i18n import translator
from .tasks import sentence

tr = translator("accuracy_task")


class AccuracyTask(QgsTask):
    """Does one piece of work that tells its progress.

    Attributes:
        result: What the work returned; None when it failed.
        error: One sentence for the user; empty when all went well.
        details: More for a bug report.
        cancelled: Whether the user stopped it.
    """

    ended = pyqtSignal()
    """Emitted once on the main thread, however it ended."""

    progressed = pyqtSignal(float)
    """Share done, 0-100."""

    def __init__(self, title: str, work: Callable[[Progress], object]) -> None:
        """Take over the work, which touches nothing of the project.

        Args:
            title: Shown by QGIS's task manager.
            work: Is given the progress to report to.
        """
        super().__init__(title, quiet_task_flags())
        self._work: Callable[[Progress], object] | None = work
        self.result: object = None
        self.error, self.details, self.cancelled = "", "", False

    def run(self) -> bool:
        """Do the work, in a worker thread."""
        with _Catch(self):
            self.result = self._work(Progress(self._report, self.isCanceled))
        return not self.error

    def finished(self, result: bool) -> None:
        """Tell the main thread; a task that was stopped before it started ends here too."""
        if not result and not self.error:
            self.cancelled, self.error = True, tr("Stopped; nothing was written.")
        self._work = None  # layers held by it must not outlive QGIS
        self.ended.emit()

    def _report(self, done: float, total: float, message: str) -> None:
        del message
        percent = 100 * done / max(total, 1)
        self.setProgress(percent)
        self.progressed.emit(percent)


class _Catch:
    """A block whose exception becomes a sentence; a worker thread must not raise into Qt."""

    def __init__(self, task: AccuracyTask) -> None:
        self._task = task

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> bool:
        if kind is None or not issubclass(kind, Exception):
            return False
        self._task.cancelled = issubclass(kind, Cancelled)
        self._task.error = sentence(error)
        self._task.details = "".join(traceback.format_exception(kind, error, trace))
        return True
