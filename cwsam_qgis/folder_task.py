"""A piece of work on files, done in the background."""

from __future__ import annotations

from typing import Callable

from qgis.core import QgsTask
from qgis.PyQt.QtCore import pyqtSignal

from ..engine.errors import CwsamError
from .compat import task_flags
from .i18n import engine_text


class FolderTask(QgsTask):
    """Moves and deletes files in the background.

    Attributes:
        error: Why it failed; empty when it did not.
        result: What the work returned.
    """

    done = pyqtSignal()
    """Emitted once on the main thread, however it ended."""

    def __init__(self, title: str, work: Callable[[], object]) -> None:
        """Take over ``work``, which touches no QObject."""
        super().__init__(title, task_flags())
        self._work = work
        self.error, self.result = "", None

    def run(self) -> bool:
        """Do the work, in a worker thread."""
        try:
            self.result = self._work()
        except (CwsamError, OSError) as error:
            self.error = engine_text(str(error))
        return not self.error

    def finished(self, result: bool) -> None:
        """Tell the main thread."""
        del result
        self.done.emit()
