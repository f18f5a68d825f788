"""Starts, stops and finishes runs; one at a time, on the main thread."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...engine.classes import CLASSES
from ..environment import diagnostics, has_torch, install_command
from ..i18n import class_label, engine_text, translator
from ..results import add_results, class_table
from ..settings import remember_speed
from ..tasks import SegmentTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..job import SegmentJob
    from ..tasks import Outcome
    from .messages import Messages

tr = translator("run_control")


class RunControl(QObject):
    """Runs tasks through QGIS's task manager and tells of their end."""

    started = pyqtSignal()
    """A run has begun."""

    progressed = pyqtSignal(float, str)
    """Share done, 0-100, and what is being done."""

    ended = pyqtSignal()
    """The run is over; its layers, if any, are in the project."""

    def __init__(self, messages: Messages, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._messages = messages
        self._model = Path()
        self._closed = False
        self.task: SegmentTask | None = None
        QgsProject.instance().cleared.connect(self._project_closed)

    def start(self, jobs: Sequence[SegmentJob], model: Path) -> None:
        """Run jobs in the background; only while nothing else runs."""
        assert self.task is None, "one run at a time"
        self._model, self._closed = model, False
        self.task = SegmentTask(jobs, model)
        self.task.progressed.connect(self.progressed)
        self.task.ended.connect(self._finish)
        QgsApplication.taskManager().addTask(self.task)
        self.started.emit()

    def cancel(self) -> None:
        """Ask the run to stop."""
        if self.task is not None:
            self.task.cancel()

    def shut_down(self) -> None:
        """Stop a run and wait for its end; the plugin goes away."""
        QgsProject.instance().cleared.disconnect(self._project_closed)
        task, self.task = self.task, None
        if task is not None:
            task.ended.disconnect(self._finish)
            task.progressed.disconnect(self.progressed)
            task.cancel()
            task.waitForFinished(30000)

    def _project_closed(self) -> None:
        self._closed = self.task is not None
        self.cancel()

    def _finish(self) -> None:
        """Show what a finished task has made, or why it made nothing."""
        task, self.task = self.task, None
        outcome = task.outcome
        for job, summary in zip(task.jobs, outcome.summaries):
            if not self._closed:
                add_results(job, summary, outcome)
        pixels = sum(summary.pixels for summary in outcome.summaries)
        if pixels and sum(outcome.seconds) > 0:
            remember_speed(self._model, pixels / sum(outcome.seconds))
        # QGIS tells of the task's end next; what we have to say shall stand above that.
        QTimer.singleShot(0, partial(self._tell, task.jobs, outcome, self._closed))
        self.ended.emit()

    def _tell(self, jobs: Sequence[SegmentJob], outcome: Outcome, closed: bool) -> None:
        """Say how a run ended."""
        if closed:
            self._messages.info(tr("The project was closed, so the run was stopped."))
        elif outcome.cancelled:
            self._messages.info(outcome.error)
        elif outcome.error:
            self._messages.failure(outcome.error, failure_details(outcome.details))
        else:
            self._tell_success(jobs, outcome)

    def _tell_success(self, jobs: Sequence[SegmentJob], outcome: Outcome) -> None:
        seconds = sum(outcome.seconds)
        count = sum(t.polygons for s in outcome.summaries for t in s.areas.values())
        text = tr("{count} polygons in {seconds} s: {names}.").format(
            count=count,
            seconds=f"{seconds:.1f}",
            names=", ".join(job.source.info.name for job in jobs),
        )
        lines = []
        for job, summary in zip(jobs, outcome.summaries):
            lines.append(job.source.info.name)
            for class_id, share in class_table(summary):
                lines.append(f"  {100 * share:5.1f} %  {class_label(CLASSES[class_id])}")
            lines += [f"  {engine_text(notice)}" for notice in summary.notices]
        self._messages.success(text, "\n".join([*lines, "", outcome.device]))


def failure_details(details: str) -> str:
    """Text for a bug report without the names of the user's folders."""
    home = str(Path.home())
    clean = details.replace(home, "~")
    clean = re.sub(r'File "[^"]*?([^"/\\]+/[^"/\\]+)"', r'File "…/\1"', clean)
    head = diagnostics()
    if not has_torch():
        head = f"{install_command()}\n\n{head}"
    return f"{head}\n\n{clean}".strip()
