"""Work in the background whose mistakes become sentences; nothing heavy is imported here."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Callable

from qgis.core import QgsTask
from qgis.PyQt.QtCore import pyqtSignal

from ..engine.errors import Cancelled, CwsamError
from .i18n import engine_text, translator

tr = translator("watched_task")


@dataclass
class Told:
    """What is to be said of work that has ended, filled in by the worker.

    Attributes:
        error: One sentence for the user; empty when all went well.
        details: More for a bug report.
        cancelled: Whether the user stopped it.
    """

    error: str = ""
    details: str = ""
    cancelled: bool = False


class Catch:
    """A block whose exception becomes a sentence; a worker thread must not raise into Qt."""

    def __init__(self, told: Told, stops: bool = True) -> None:
        """Begin.

        Args:
            told: Filled in when something goes wrong.
            stops: Whether a stop by the user ends here, too; else it is passed on.
        """
        self._told, self._stops = told, stops

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> bool:
        if kind is None or not issubclass(kind, Exception):
            return False
        told = self._told
        if issubclass(kind, Cancelled):
            if not self._stops:
                return False
            told.cancelled = True
        told.details = "".join(traceback.format_exception(kind, error, trace))
        told.error = sentence(error)
        return True


def sentence(error: Exception) -> str:
    """What went wrong, for the user."""
    if isinstance(error, CwsamError):
        return engine_text(str(error))
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return tr("The memory is full: choose a smaller tile under Advanced.")
    text = tr("The run failed unexpectedly ({cause}): please report the text under Details.")
    return text.format(cause=str(error).strip() or type(error).__name__)


class WatchedTask(QgsTask):
    """Work in the background of which the window hears how it ended.

    Attributes:
        outcome: How it ended; complete when :attr:`ended` is emitted.
    """

    work: Callable[[], None]
    """What is done, in a worker thread; an exception ends it with a sentence."""

    ended = pyqtSignal()
    """Emitted once on the main thread, however it ended."""

    def __init__(self, title: str, flags: object, outcome: Told) -> None:
        """Prepare the task.

        Args:
            title: Shown by QGIS's task manager.
            flags: See :mod:`.compat`.
            outcome: Filled in by the work.
        """
        super().__init__(title, flags)
        self.outcome = outcome

    def run(self) -> bool:
        """Work, in a worker thread."""
        with Catch(self.outcome):
            self.work()
        return not (self.outcome.error or self.outcome.cancelled)

    def finished(self, result: bool) -> None:
        """Tell the main thread; a task that was stopped before it started ends here too."""
        self.close()
        if not result and not self.outcome.error:
            self.outcome.cancelled = True
            self.outcome.error = tr("Stopped; nothing was written.")
        self.ended.emit()

    def close(self) -> None:
        """Let go of what the work has taken over; also for tasks that never begin."""
