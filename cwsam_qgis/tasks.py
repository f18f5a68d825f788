"""Runs jobs in the background; takes all it needs in its constructor, on the main thread."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Callable

from qgis.core import QgsProject
from qgis.PyQt.QtCore import pyqtSignal

from ..engine.classes import CLASSES
from ..engine.errors import Cancelled
from ..engine.memory import resident_bytes
from ..engine.ports import Progress
from .compat import task_flags
from .edit_watch import EditWatch
from .i18n import engine_text, translator
from .job import run_job
from .network import load_network
from .strip_preview import StripPreview
from .watched_task import Catch, Told, WatchedTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..engine.classes import LandCoverClass
    from ..engine.types import RunSummary
    from .job import SegmentJob
    from .network import ModelChoice, Network

tr = translator("tasks")


@dataclass
class JobResult(Told):
    """How one job ended.

    Attributes:
        summary: What was done; None when it failed.
        seconds: Wall time without loading the model.
        polygon_bytes: Size of the polygons' file.
        resumed: Whether an interrupted run went on, so that the time says little.
    """

    summary: RunSummary | None = None
    seconds: float = 0.0
    polygon_bytes: int = 0
    resumed: bool = False


@dataclass
class Outcome(Told):
    """How a run ended, filled in by the worker and read on the main thread.

    Attributes:
        results: How the jobs ended, in their order; those that were not reached are missing.
        device: Why this device was used.
        sha256: Hash of the weights, hexadecimal.
        legend: The classes of the model.
        memory: Bytes that the run took at its peak, beside what QGIS held before.
        cold: Whether the run was the first to load torch, so that these tell of all it takes.
    """

    results: list[JobResult] = field(default_factory=list)
    device: str = ""
    sha256: str = ""
    legend: tuple[LandCoverClass, ...] = CLASSES
    memory: int = 0
    cold: bool = False


class SegmentTask(WatchedTask):
    """Segments one layer or several, with the model loaded once.

    A layer that fails does not keep the others from being segmented.

    Attributes:
        jobs: What is run.
        choice: With which model.
    """

    outcome: Outcome

    progressed = pyqtSignal(float, str)
    """Share done, 0-100, and what is being done."""

    strip_ready = pyqtSignal(int, int, int, object)
    """Number of the job, first row, rows and pixels; see ``strip_preview``."""

    def __init__(self, jobs: Sequence[SegmentJob], choice: ModelChoice) -> None:
        """Take over what is run.

        Args:
            jobs: Layers with settings and outputs.
            choice: Model, device, precision.
        """
        self.names = ", ".join(job.source.info.name for job in jobs)
        title = tr("Segment {names}").format(names=self.names)
        super().__init__(title, task_flags(), Outcome())
        self.jobs, self.choice = tuple(jobs), choice
        self._context = QgsProject.instance().transformContext()
        self._edits, self._before = EditWatch(), 0

    def cancel(self) -> None:
        """Ask the run to stop; reads that wait for the network stop at once."""
        for job in self.jobs:
            job.source.cancel()
        super().cancel()

    def close(self) -> None:
        """Close the layers' files and follow the project no more."""
        self._edits.close()
        for job in self.jobs:
            job.source.close()

    def work(self) -> None:
        """Load the model and run the jobs."""
        self._tell(0.0, tr("Loading the model"))
        self._before, self.outcome.cold = resident_bytes(), "torch" not in sys.modules
        network = load_network(self.choice)
        self.outcome.device = engine_text(network.predictor.plan.reason)
        self.outcome.sha256, self.outcome.legend = network.sha256, network.facts.card.legend
        for number, job in enumerate(self.jobs):
            if self.isCanceled():
                raise Cancelled(tr("Stopped; nothing was written."))
            result = JobResult()
            with Catch(result, stops=False):  # a stop ends the whole run
                self._run_one(number, job, network, result)
            if result.error and self.isCanceled():  # a read that was broken off
                raise Cancelled(tr("Stopped; nothing was written."))
            self.outcome.results.append(result)

    def _run_one(self, number: int, job: SegmentJob, network: Network, result: JobResult) -> None:
        started = time.monotonic()
        reporter = _Reporter(self._tell, number, len(self.jobs))
        progress = Progress(reporter, self.isCanceled)
        show = partial(self.strip_ready.emit, number)
        preview = StripPreview(job.source.info, show, self.outcome.legend)
        with closing(job.source):
            result.summary = run_job(job, network, self._context, progress, [preview], self._edits)
        result.seconds, result.resumed = time.monotonic() - started, reporter.resumed
        if job.outputs.polygons is not None:
            result.polygon_bytes = job.outputs.polygons.stat().st_size

    def _tell(self, percent: float, message: str) -> None:
        if self._before:
            held = resident_bytes() - self._before
            self.outcome.memory = max(self.outcome.memory, held)
        self.setProgress(percent)
        self.progressed.emit(percent, message)


@dataclass
class _Reporter:
    """Turns a job's own units into percent of the whole run; tiles count for nine tenths."""

    tell: Callable[[float, str], None]
    number: int
    count: int
    resumed: bool = False

    def __call__(self, done: float, total: float, message: str) -> None:
        if message == "Resuming":
            self.resumed = True
            return  # takes no time, and does not count tiles
        share = done / max(total, 1)
        share = 0.9 * share if message == "Segmenting" else 0.9 + 0.1 * share
        self.tell(100 * (self.number + min(share, 1.0)) / self.count, engine_text(message))
