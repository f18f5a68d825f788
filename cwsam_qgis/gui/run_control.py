"""Starts, queues, stops and finishes runs; on the main thread."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ...engine.errors import CheckpointError
from ..class_areas import rows_of_summary
from ..error_details import failure_details
from ..estimates import Measured, remember_measured, strip_bytes
from ..i18n import class_label, engine_text, translator
from ..model_list import read_facts
from ..pending import PendingRun
from ..results import add_results
from ..tasks import SegmentTask
from ..watched_task import Catch
from .preview_item import PreviewItem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from qgis.gui import QgsMapCanvas

    from ..job import SegmentJob
    from ..network import ModelChoice
    from .messages import Messages

tr = translator("run_control")

_CORNER_RATIO = 10  # as in estimates
_WAIT = 30000  # ms, for a run to end when the plugin goes


class RunControl(QObject):
    """Runs tasks one after the other through QGIS's task manager and tells of their end.

    Attributes:
        task: What runs now, or None.
        waiting: Tasks that wait for it to end.
    """

    started = pyqtSignal()
    """A run has begun."""

    progressed = pyqtSignal(float, str)
    """Share done, 0-100, and what is being done."""

    queued = pyqtSignal()
    """The list of waiting runs has changed."""

    ended = pyqtSignal()
    """The run is over; its layers, if any, are in the project."""

    areas_wanted = pyqtSignal(str)
    """The user asks for the areas of a finished layer; its id."""

    def __init__(
        self, canvas: QgsMapCanvas, messages: Messages, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._canvas, self._messages = canvas, messages
        self._closed = False
        self._preview: PreviewItem | None = None
        self._previewed = -1  # number of the job that the preview shows
        self._notes: list[PendingRun] = []
        self._untold: list[tuple[SegmentTask, bool, str]] = []
        self._speaker = QTimer(self)
        self._speaker.setSingleShot(True)
        self._speaker.timeout.connect(self._tell_all)
        self.task: SegmentTask | None = None
        self.waiting: list[SegmentTask] = []
        QgsProject.instance().cleared.connect(self._project_closed)

    def start(self, jobs: Sequence[SegmentJob], choice: ModelChoice) -> None:
        """Run jobs in the background, at once or after those that run already."""
        self.waiting.append(SegmentTask(jobs, choice))
        if self.task is None:
            self._next()
        else:
            self.queued.emit()

    def files_under_way(self) -> set[Path]:
        """Files that the runs that have not ended will write."""
        tasks = [*self.waiting, *([self.task] if self.task is not None else [])]
        return {path for task in tasks for job in task.jobs for path in job.outputs.files()}

    def cancel(self) -> None:
        """Ask the run to stop; the next one in the queue then begins."""
        if self.task is not None:
            self.task.cancel()

    def clear_queue(self) -> None:
        """Forget the runs that have not begun."""
        self._drop_waiting()
        self.queued.emit()

    def shut_down(self) -> None:
        """Stop a run and wait for its end; the plugin goes away."""
        QgsProject.instance().cleared.disconnect(self._project_closed)
        task, self.task = self.task, None
        self._speaker.stop()
        self._drop_waiting()
        self._tidy()
        if task is not None:
            task.ended.disconnect(self._finish)
            task.progressed.disconnect(self.progressed)
            task.strip_ready.disconnect(self._show_strip)
            task.cancel()
            if task.waitForFinished(_WAIT):
                task.close()

    def _drop_waiting(self) -> None:
        for task in self.waiting:
            task.close()
        self.waiting.clear()

    def _next(self) -> None:
        """Begin with the first of the waiting runs."""
        self._closed = False
        self.task = self.waiting.pop(0)
        self._notes = [PendingRun(job.request) for job in self.task.jobs if job.request]
        self.task.progressed.connect(self.progressed)
        self.task.strip_ready.connect(self._show_strip)
        self.task.ended.connect(self._finish)
        QgsApplication.taskManager().addTask(self.task)
        self.started.emit()
        self.queued.emit()

    def _project_closed(self) -> None:
        self._closed = self.task is not None
        self.clear_queue()
        self.cancel()

    def _show_strip(self, number: int, first: int, count: int, pixels: bytes) -> None:
        """Draw a finished strip on the map."""
        if self.task is None or self._closed:
            return
        if number != self._previewed:
            self._remove_preview()
            self._preview = PreviewItem(self._canvas, self.task.jobs[number].source)
            self._previewed = number
        self._preview.add_rows(first, count, pixels)

    def _remove_preview(self) -> None:
        if self._preview is not None:
            self._canvas.scene().removeItem(self._preview)
        self._preview, self._previewed = None, -1

    def _tidy(self) -> None:
        """Take away what stands for a run under way."""
        self._remove_preview()
        for note in self._notes:
            note.end()
        self._notes = []

    def _finish(self) -> None:
        """Show what a finished task has made, or why it made nothing."""
        task, self.task = self.task, None
        self._tidy()
        shown: list[str] = []
        with Catch(task.outcome):  # whatever comes, the queue goes on
            for job, result in zip(task.jobs, task.outcome.results):
                if result.summary is not None and not self._closed:
                    shown.append(add_results(job, result.summary, task.outcome)[0].id())
            self._remember(task)
        # QGIS tells of the task's end next; what we have to say shall stand above that.
        self._untold.append((task, self._closed, shown[0] if shown else ""))
        self._speaker.start(0)
        if self.waiting:
            self._next()
        self.ended.emit()

    @staticmethod
    def _remember(task: SegmentTask) -> None:
        """Keep what the run took, for the next estimate."""
        done = [(j, r) for j, r in zip(task.jobs, task.outcome.results) if r.summary is not None]
        pixels = sum(result.summary.pixels for _, result in done)
        seconds = sum(result.seconds for _, result in done)
        if not pixels or seconds <= 0 or any(result.resumed for _, result in done):
            return
        try:
            facts = read_facts(task.choice.facts_file)
        except CheckpointError:  # the model's file is gone meanwhile, a stick pulled out
            return
        if pixels < max((j.settings.tile or facts.config.image_size) ** 2 for j, _ in done):
            return  # less than a tile: what it took was not for its pixels
        size = sum(result.polygon_bytes for _, result in done)
        strips = max(strip_bytes(job.source.info, job.settings, facts) for job, _ in done)
        biggest = max(result.polygon_bytes for _, result in done)
        memory = max(0, task.outcome.memory - strips - _CORNER_RATIO * biggest)
        memory = memory if task.outcome.cold else 0
        remember_measured(task.choice, Measured(pixels / seconds, memory, size / pixels))

    def _tell_all(self) -> None:
        while self._untold:
            self._tell(*self._untold.pop(0))

    def _tell(self, task: SegmentTask, closed: bool, polygons: str) -> None:
        """Say how a run ended."""
        outcome = task.outcome
        failed = [r for r in outcome.results if r.error]
        if closed:
            self._messages.info(tr("The project was closed, so the run was stopped."))
        elif outcome.cancelled:
            self._messages.info(
                tr("Stopped. The same run goes on where it was when it is started again.")
            )
        elif outcome.error:
            self._messages.failure(outcome.error, failure_details(outcome.details))
        elif failed and len(task.jobs) == 1:
            self._messages.failure(failed[0].error, failure_details(failed[0].details))
        else:
            self._tell_results(task, polygons)

    def _tell_results(self, task: SegmentTask, polygons: str) -> None:
        """Say what was made of each layer, and of which nothing."""
        good, bad, seconds, count = [], [], 0.0, 0
        for job, result in zip(task.jobs, task.outcome.results):
            name = job.source.info.name
            if result.summary is None:
                bad.append(f"{name}: {result.error}")
                continue
            seconds += result.seconds
            made = sum(total.polygons for total in result.summary.areas.values())
            count += made
            (good if made else bad).append(name if made else _why_empty(job))
        details = _details(task)
        if bad and len(task.jobs) == 1:
            self._messages.failure(bad[0], details)
            return
        if bad:
            text = tr("{done} of {all} layers are done; {failures}").format(
                done=len(good), all=len(task.jobs), failures=" ".join(bad)
            )
            self._messages.failure(text, details)
            return
        text = tr("{count} polygons in {seconds} s: {names}.")
        if count == 1:
            text = tr("1 polygon in {seconds} s: {names}.")
        text = text.format(count=f"{count:,}", seconds=f"{seconds:.1f}", names=", ".join(good))
        action = (tr("Areas"), partial(self.areas_wanted.emit, polygons)) if polygons else None
        self._messages.success(text, details, action)


def _why_empty(job: SegmentJob) -> str:
    """Why a layer has given no polygon, and what helps."""
    text = tr("'{name}' gives no polygon: look for other classes, or smaller patches.")
    if math.isclose(job.source.blank_share, 1.0):
        text = tr("'{name}' has no pixel to see there, only no data: choose another extent.")
    return text.format(name=job.source.info.name)


def _details(task: SegmentTask) -> str:
    """What was made of each layer, with the notices."""
    lines = []
    for job, result in zip(task.jobs, task.outcome.results):
        lines.append(job.source.info.name)
        if result.summary is None:
            lines.append(f"  {result.error}")
            continue
        for row in rows_of_summary(result.summary, task.outcome.legend):
            lines.append(f"  {100 * row.share:5.1f} %  {class_label(row.entry)}")
        lines += [f"  {engine_text(notice)}" for notice in result.summary.notices]
    return "\n".join([*lines, "", task.outcome.device])
