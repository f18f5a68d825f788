"""Fine-tunes, looks at labels and compares maps in the background."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qgis.core import QgsProject, QgsTask
from qgis.PyQt.QtCore import pyqtSignal

from ..engine.ports import Progress
from .compat import quiet_task_flags, task_flags
from .finetune_job import check_layers, scheme_of
from .i18n import translator
from .job import run_job
from .model_list import read_facts
from .network import load_network
from .watched_task import Catch, Told, WatchedTask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ..training.finetune.check import LabelCheck
    from ..training.finetune.labels import LabelScheme
    from ..training.finetune.outcome import FinetuneResult, FinetuneStatus
    from .finetune_job import FinetuneJob, LabelledLayers
    from .job import SegmentJob
    from .network import ModelChoice

tr = translator("finetune_task")


@dataclass
class FinetuneOutcome(Told):
    """How a fine-tuning ended.

    Attributes:
        result: What was made; None when nothing was.
    """

    result: FinetuneResult | None = None


class FinetuneTask(WatchedTask):
    """Runs a :class:`~.finetune_job.FinetuneJob`.

    Attributes:
        job: What is run.
    """

    outcome: FinetuneOutcome

    told = pyqtSignal(object)
    """A :class:`~cwsam.training.finetune.outcome.FinetuneStatus` after every step."""

    def __init__(self, job: FinetuneJob) -> None:
        """Take over the job."""
        name = job.layers.source.info.name
        title = tr("Fine-tune on {name}").format(name=name)
        super().__init__(title, task_flags(), FinetuneOutcome())
        self.job = job

    def cancel(self) -> None:
        """Ask the run to stop; reads that wait for the network stop at once."""
        self.job.layers.source.cancel()
        super().cancel()

    def close(self) -> None:
        """Close the image's file."""
        self.job.layers.close()

    def run(self) -> bool:
        """Fine-tune, in a worker thread."""
        super().run()
        if self.outcome.error and self.isCanceled():  # perhaps a read that was broken off
            self.outcome.cancelled = True
        return not self.outcome.error

    def work(self) -> None:
        """Fine-tune and write the adapter."""
        self.outcome.result = self.job.run(self._tell, self.isCanceled)

    def _tell(self, status: FinetuneStatus) -> None:
        self.setProgress(100 * status.done)
        self.told.emit(status)


@dataclass
class Judgement(Told):
    """What is to be said of labels; the error says why they cannot be used.

    Attributes:
        counts: Polygons by value of the class field.
        scheme: What the values mean; None when the labels cannot be used.
        check: How many labels each class has; likewise.
        notices: Sentences on the layers.
    """

    counts: Counter[str] = field(default_factory=Counter)
    scheme: LabelScheme | None = None
    check: LabelCheck | None = None
    notices: tuple[str, ...] = ()


class LabelTask(QgsTask):
    """Reads labels, finds out what they mean, and counts them.

    Attributes:
        judgement: What was found; complete when :attr:`ended` is emitted.
    """

    ended = pyqtSignal()
    """Emitted once on the main thread, however it ended."""

    def __init__(self, layers: LabelledLayers, table: Mapping[str, str], model: Path) -> None:
        """Take over layers and settings.

        Args:
            layers: Image and labels.
            table: What values mean; others that name no class count as new classes.
            model: Weights file of the base model.
        """
        super().__init__(tr("Look at the labels"), quiet_task_flags())
        self._layers, self._table, self._model = layers, dict(table), model
        self.judgement = Judgement()

    def cancel(self) -> None:
        """Ask it to stop."""
        self._layers.source.cancel()
        super().cancel()

    def run(self) -> bool:
        """Look, in a worker thread."""
        with Catch(self.judgement):
            self._look()
        return not self.judgement.error

    def finished(self, result: bool) -> None:
        """Tell the main thread."""
        del result
        self._layers.close()
        self.ended.emit()

    def _look(self) -> None:
        found = self.judgement
        labels = self._layers.reader.read(self.isCanceled)
        found.counts = labels.counts()
        found.notices = (*self._layers.source.notices, *labels.notices)
        legend = read_facts(self._model).card.legend
        found.scheme = scheme_of(labels, self._table, legend, add_unknown=True)
        found.notices += found.scheme.notices
        found.check = check_layers(self._layers, labels, found.scheme, self._model)


class PreviewTask(WatchedTask):
    """Segments one piece of an image with several networks."""

    progressed = pyqtSignal(float)
    """Share done, 0-100."""

    def __init__(self, jobs: Sequence[SegmentJob], choices: Sequence[ModelChoice]) -> None:
        """Take over as many jobs as networks."""
        super().__init__(tr("Compare before and after"), task_flags(), Told())
        self._pairs = tuple(zip(jobs, choices))
        self._context = QgsProject.instance().transformContext()

    def cancel(self) -> None:
        """Ask it to stop."""
        for job, _ in self._pairs:
            job.source.cancel()
        super().cancel()

    def close(self) -> None:
        """Close the image's file."""
        for job, _ in self._pairs:
            job.source.close()

    def work(self) -> None:
        """Segment."""
        for number, (job, choice) in enumerate(self._pairs):
            self._segment(number, job, choice)

    def _segment(self, number: int, job: SegmentJob, choice: ModelChoice) -> None:
        def report(done: float, total: float, message: str) -> None:
            del message
            percent = 100 * (number + min(1.0, done / max(total, 1))) / len(self._pairs)
            self.setProgress(percent)
            self.progressed.emit(percent)

        with closing(job.source):
            run_job(job, load_network(choice), self._context, Progress(report, self.isCanceled))
