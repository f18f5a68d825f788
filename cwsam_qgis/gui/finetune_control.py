"""Starts, stops and finishes fine-tunings and looks at labels; on the main thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal

from ..error_details import failure_details
from ..finetune_task import FinetuneTask, LabelTask
from ..i18n import engine_text, translator

if TYPE_CHECKING:
    from qgis.core import QgsTask

    from ...training.finetune.outcome import FinetuneResult
    from ..finetune_job import FinetuneJob
    from ..finetune_preview import Preview
    from ..watched_task import Told
    from .messages import Messages

tr = translator("finetune_control")

_WAIT = 30000  # ms, for a run to end when the plugin goes


class FinetuneControl(QObject):
    """Runs one fine-tuning or comparison at a time, and one look at the labels beside it.

    Attributes:
        task: The fine-tuning or comparison that runs now, or None.
        label_task: The look at the labels that runs now, or None.
    """

    started = pyqtSignal()
    """A fine-tuning or a comparison has begun."""

    told = pyqtSignal(object)
    """What a running fine-tuning tells."""

    progressed = pyqtSignal(float)
    """Share of a comparison that is done, 0-100."""

    ended = pyqtSignal()
    """The fine-tuning or comparison is over."""

    made = pyqtSignal(object, object)
    """A fine-tuning has made something: its wish and its result."""

    stopped = pyqtSignal(object)
    """A fine-tuning was stopped and can go on: its wish."""

    judged = pyqtSignal(object)
    """What is to be said of the labels."""

    def __init__(self, messages: Messages, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._messages = messages
        self._closed = self._gone = False
        self._preview: Preview | None = None
        self.task: QgsTask | None = None
        self.label_task: LabelTask | None = None
        QgsProject.instance().cleared.connect(self._project_closed)

    def start(self, job: FinetuneJob) -> None:
        """Fine-tune in the background."""
        task = FinetuneTask(job)
        task.told.connect(self.told)
        task.ended.connect(self._finish)
        self._begin(task)

    def compare(self, preview: Preview) -> None:
        """Make the maps before and after in the background."""
        self._preview = preview
        preview.task.progressed.connect(self.progressed)
        preview.task.ended.connect(self._show_preview)
        self._begin(preview.task)

    def look(self, task: LabelTask) -> None:
        """Look at labels; an older look is stopped."""
        self.forget_look()
        self.label_task = task
        task.ended.connect(self._judged)
        QgsApplication.taskManager().addTask(task)

    def forget_look(self) -> None:
        """Stop looking at labels."""
        task, self.label_task = self.label_task, None
        if task is not None:
            task.ended.disconnect(self._judged)
            task.cancel()

    def cancel(self) -> None:
        """Ask what runs to stop."""
        if self.task is not None:
            self.task.cancel()

    def shut_down(self) -> None:
        """Stop everything and wait for its end; the plugin goes away."""
        self._gone = True
        QgsProject.instance().cleared.disconnect(self._project_closed)
        label_task = self.label_task
        self.forget_look()
        task, self.task = self.task, None
        if task is not None:
            task.ended.disconnect()
            task.cancel()
            if task.waitForFinished(_WAIT):
                task.close()
        if label_task is not None:
            label_task.waitForFinished(_WAIT)

    def _begin(self, task: QgsTask) -> None:
        self._closed = False
        self.task = task
        QgsApplication.taskManager().addTask(task)
        self.started.emit()

    def _project_closed(self) -> None:
        self._closed = self.task is not None
        self.forget_look()
        self.cancel()

    def _judged(self) -> None:
        task, self.label_task = self.label_task, None
        if not task.judgement.cancelled:
            self.judged.emit(task.judgement)

    def _finish(self) -> None:
        """Tell of a finished fine-tuning."""
        task, self.task = self.task, None
        outcome, wish, closed = task.outcome, task.job.wish, self._closed
        self.ended.emit()
        if outcome.result is not None:
            self.made.emit(wish, outcome.result)
        elif outcome.cancelled:
            self.stopped.emit(wish)
        # QGIS tells of the task's end next; what we have to say shall stand above that.
        QTimer.singleShot(0, lambda: self._tell(outcome, outcome.result, closed))

    def _show_preview(self) -> None:
        """Show the maps before and after, or say why there are none."""
        preview, self._preview, self.task = self._preview, None, None
        outcome, closed = preview.task.outcome, self._closed
        if not (outcome.error or closed):
            preview.show()
        self.ended.emit()
        QTimer.singleShot(0, lambda: self._tell(outcome, None, closed))

    def _tell(self, told: Told, result: FinetuneResult | None, closed: bool) -> None:
        """Say how a run ended, unless the plugin has gone meanwhile."""
        if self._gone:
            return
        if closed and result is None:
            self._messages.info(tr("The project was closed, so the run was stopped."))
        elif told.cancelled:
            self._messages.info(told.error)
        elif told.error:
            self._messages.failure(told.error, failure_details(told.details))
        elif result is not None:
            before, after = (f"{score.miou:.2f}" for score in (result.before, result.after))
            text = tr("'{name}' is made: mean IoU {before} before, {after} after.")
            text = text.format(name=result.adapter.stem, before=before, after=after)
            details = "\n".join([*map(engine_text, result.notices), str(result.adapter)])
            if result.improved and before != after:
                self._messages.success(text, details)
            else:
                doubt = tr("It is no better than the base model: label more places.")
                self._messages.doubt(f"{text} {doubt}", details)
