"""Runs jobs in the background; takes all it needs in its constructor, on the main thread."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qgis.core import QgsProject, QgsTask
from qgis.PyQt.QtCore import pyqtSignal

from ..engine.errors import Cancelled, CwsamError
from ..engine.ports import Progress
from .compat import task_flags
from .i18n import engine_text, translator
from .job import load_network, run_job

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..engine.types import RunSummary
    from .job import SegmentJob

tr = translator("tasks")


@dataclass
class Outcome:
    """How a run ended, filled in by the worker and read on the main thread.

    Attributes:
        summaries: What was done, one a finished job.
        seconds: Wall time of each finished job without loading the model.
        device: Why this device was used.
        sha256: Hash of the weights, hexadecimal.
        error: One sentence for the user; empty when all went well.
        details: More for a bug report.
        cancelled: Whether the user stopped it.
    """

    summaries: list[RunSummary] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    device: str = ""
    sha256: str = ""
    error: str = ""
    details: str = ""
    cancelled: bool = False


class _Catch:
    """A block whose exception becomes a sentence; a worker thread must not raise into Qt."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> bool:
        if kind is None or not issubclass(kind, Exception):
            return False
        outcome = self._outcome
        outcome.cancelled = issubclass(kind, Cancelled)
        outcome.details = "".join(traceback.format_exception(kind, error, trace))
        if issubclass(kind, CwsamError):
            outcome.error = engine_text(str(error))
        elif issubclass(kind, MemoryError) or "out of memory" in str(error).lower():
            outcome.error = tr("The memory is full: choose a smaller tile under Advanced.")
        else:
            text = tr(
                "The run failed unexpectedly ({cause}): please report the text under Details."
            )
            outcome.error = text.format(cause=str(error).strip() or kind.__name__)
        return True


class SegmentTask(QgsTask):
    """Segments one layer or several, with the model loaded once.

    Attributes:
        jobs: What is run.
        outcome: How it ended; complete when :attr:`ended` is emitted.
    """

    ended = pyqtSignal()
    """Emitted once on the main thread, however the run ended."""

    progressed = pyqtSignal(float, str)
    """Share done, 0-100, and what is being done."""

    def __init__(self, jobs: Sequence[SegmentJob], model: Path) -> None:
        """Take over what is run.

        Args:
            jobs: Layers with settings and outputs.
            model: Weights file.
        """
        names = ", ".join(job.source.info.name for job in jobs)
        super().__init__(tr("Segment {names}").format(names=names), task_flags())
        self.jobs, self.outcome = tuple(jobs), Outcome()
        self._model = model
        self._context = QgsProject.instance().transformContext()

    def cancel(self) -> None:
        """Ask the run to stop; reads that wait for the network stop at once."""
        for job in self.jobs:
            job.source.cancel()
        super().cancel()

    def run(self) -> bool:
        """Do the work, in a worker thread."""
        with _Catch(self.outcome):
            self._run()
        return not self.outcome.error

    def finished(self, result: bool) -> None:
        """Tell the main thread; a task that was stopped before it started ends here too."""
        if not result and not self.outcome.error:
            self.outcome.cancelled = True
            self.outcome.error = tr("Stopped; nothing was written.")
        self.ended.emit()

    def _run(self) -> None:
        self._tell(0.0, tr("Loading the model"))
        network = load_network(self._model)
        self.outcome.device = engine_text(network.predictor.plan.reason)
        self.outcome.sha256 = network.sha256
        for number, job in enumerate(self.jobs):
            if self.isCanceled():
                raise Cancelled(tr("Stopped; nothing was written."))
            started = time.monotonic()
            progress = Progress(_Reporter(self._tell, number, len(self.jobs)), self.isCanceled)
            summary = run_job(job, network, self._context, progress)
            self.outcome.summaries.append(summary)
            self.outcome.seconds.append(time.monotonic() - started)

    def _tell(self, percent: float, message: str) -> None:
        self.setProgress(percent)
        self.progressed.emit(percent, message)


@dataclass(frozen=True)
class _Reporter:
    """Turns a job's own units into percent of the whole run; tiles count for nine tenths."""

    tell: object
    number: int
    count: int

    def __call__(self, done: float, total: float, message: str) -> None:
        share = done / max(total, 1)
        share = 0.9 * share if message == "Segmenting" else 0.9 + 0.1 * share
        self.tell(100 * (self.number + min(share, 1.0)) / self.count, engine_text(message))
