"""A piece of work on files, done in the background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from .compat import task_flags
from .watched_task import Told, WatchedTask


@dataclass
class FolderOutcome(Told):
    """How the work ended.

    Attributes:
        result: What it returned; None when it failed.
    """

    result: object = None


class FolderTask(WatchedTask):
    """Moves, looks into or deletes files in the background."""

    outcome: FolderOutcome

    def __init__(self, title: str, work: Callable[[], object]) -> None:
        """Take over ``work``, which touches no QObject."""
        super().__init__(title, task_flags(), FolderOutcome())
        self._work = work

    def work(self) -> None:
        """Do it."""
        self.outcome.result = self._work()
