"""The tab *Evaluate*: a map against a reference, and the sample to make one."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsApplication, QgsMapLayer, QgsProcessingUtils, QgsProject
from qgis.gui import QgsScrollArea
from qgis.PyQt.QtCore import QTimer, QUrl
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...engine.classes import find_class
from ...engine.errors import CwsamError, UnknownNameError
from ...training.class_values import SKIP
from ..accuracy_job import (
    AccuracyJob,
    ForeignValuesError,
    SampleJob,
    Side,
    write_csv,
    write_report,
)
from ..accuracy_task import AccuracyTask
from ..error_details import failure_details
from ..i18n import engine_text, translator
from ..layer_legend import layer_legend
from ..results import temporary_file
from ..sample_layer import add_sample
from ..settings import recall, remember
from .accuracy_table import AccuracyTable
from .columns import scrolling_column
from .mapping_table import MOST_ROWS, MappingTable
from .merge_box import MergeBox
from .sample_box import SampleBox
from .side_box import SideBox

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ...engine.classes import LandCoverClass
    from ...engine.ports import Progress
    from ...training.map_accuracy import MapAccuracy
    from .messages import Messages

tr = translator("evaluate_panel")

_WAIT = 30000  # ms, for a run to end when the plugin goes


class EvaluatePanel(QWidget):
    """Map, reference, figures.

    Attributes:
        found: The latest evaluation; None before the first.
        report: Its HTML report.
        task: What runs; None when nothing does.
    """

    def __init__(self, messages: Messages, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._messages = messages
        self.found: MapAccuracy | None = None
        self.report: Path | None = None
        self.task: AccuracyTask | None = None
        self._shown: QWidget = self
        self._closed = False
        self._make_widgets()
        self._lay_out()
        self.button.clicked.connect(self.evaluate)
        self.cancel_button.clicked.connect(self._cancel)
        self.sample.button.clicked.connect(self.draw)
        self.report_button.clicked.connect(self._open_report)
        self.copy_button.clicked.connect(self.table.copy)
        self.csv_button.clicked.connect(self._save_csv)
        for side in (self.map, self.reference):
            side.changed.connect(self._show_state)
            side.changed.connect(self._offer_classes)
            side.changed.connect(self._forget_values)
        if self.map.layer() is self.reference.layer():
            self.reference.layer_box.setLayer(None)  # both lists begin with the same one
        QgsProject.instance().layersRemoved.connect(self._layers_removed)
        QgsProject.instance().cleared.connect(self._project_closed)
        self._show_state()

    def set_layers(self, layers: list[QgsMapLayer]) -> None:
        """Take the first layer as the map, where it can be one."""
        for layer in layers[:1]:
            self.map.layer_box.setLayer(layer)

    def shut_down(self) -> None:
        """Stop what runs; the plugin goes away."""
        QgsProject.instance().layersRemoved.disconnect(self._layers_removed)
        QgsProject.instance().cleared.disconnect(self._project_closed)
        task, self.task = self.task, None
        if task is not None:
            task.ended.disconnect()
            task.progressed.disconnect()
            task.cancel()
            task.waitForFinished(_WAIT)

    def evaluate(self) -> None:
        """Compare the two layers in the background, or say why that cannot be."""
        try:
            job = AccuracyJob(
                self._side(self.map),
                self._side(self.reference),
                self.merges.text(),
                self.ignore.isChecked(),
            )
        except CwsamError as error:
            self._hide_outcome()
            self._messages.failure(engine_text(str(error)))
            return
        folder = Path(QgsProcessingUtils.tempFolder())
        path = temporary_file(folder, job.name, "_accuracy.html")

        def work(progress: Progress) -> MapAccuracy:
            found = job.run(progress)
            write_report(found, path)
            return found

        title = tr("Evaluate {name}").format(name=job.name)
        self._start(title, work, partial(self._evaluated, path), self._hide_outcome)

    def draw(self) -> None:
        """Draw the sample in the background, or say why that cannot be."""
        try:
            job = SampleJob(self._side(self.map), self.sample.options())
            goes_on, path = self.sample.agreed_path()
        except CwsamError as error:
            self._messages.failure(engine_text(str(error)))
            return
        if not goes_on:
            return
        title = tr("Draw a sample of {name}").format(name=job.name)
        self._start(title, job.run, partial(self._drawn, job, path))

    def _project_closed(self) -> None:
        """Nothing of this project belongs into the next one."""
        self._hide_outcome()
        self._closed = self.task is not None
        if self.task is not None:
            self._cancel()

    def _layers_removed(self, _ids: object) -> None:
        for side in (self.map, self.reference):
            side.project_changed()

    def _side(self, box: SideBox) -> Side:
        return Side(box.layer(), box.field(), meanings=self.values.table())

    def _make_widgets(self) -> None:
        self.top = QGroupBox(tr("Compare"))
        form = QFormLayout(self.top)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        areas = ("RasterLayer", "PolygonLayer")
        tip = tr("Class raster or land-cover polygons")
        self.map = SideBox(form, tr("&Map"), tip, *areas)
        tip = tr("Class raster, labelled polygons, or labelled sample points; in any CRS")
        self.reference = SideBox(form, tr("&Reference"), tip, *areas, "PointLayer")
        self.ignore = QCheckBox(tr("&Leave out where the map has no class"))
        self.ignore.setToolTip(tr("Otherwise the reference counts as missed there"))
        self.hint = QLabel(tr("Map and reference are the same layer: choose two."))
        self.hint.setWordWrap(True)
        form.addRow(self.hint)
        form.addRow(self.ignore)
        self.foreign = QGroupBox(tr("Values that name no class"))
        self.values = MappingTable(labels=False)
        QVBoxLayout(self.foreign).addWidget(self.values)
        self.foreign.hide()
        self.merges, self.sample = MergeBox(), SampleBox()
        self.table = AccuracyTable()
        self.compared, self.figures, self.notices = QLabel(), QLabel(), QLabel()
        for label in (self.compared, self.figures, self.notices):
            label.setWordWrap(True)
        self.report_button = _button(tr("&Open report"), tr("In the browser, to read and print"))
        self.copy_button = _button(tr("&Copy"), tr("Copy the table, ready for a spreadsheet"))
        self.csv_button = _button(tr("Save CS&V…"), tr("Save the figures as text files"))
        self.button = _button(tr("E&valuate"), tr("Compare the two layers in the background"))
        self.button.setObjectName("cwsamEvaluate")
        self.button.setDefault(True)
        self.cancel_button = _button(tr("&Cancel"), tr("Stop; nothing is written"))
        self.cancel_button.hide()
        self.progress = QProgressBar()
        self.progress.hide()

    def _lay_out(self) -> None:
        self.outcome = QGroupBox(tr("Accuracy"))
        column = QVBoxLayout(self.outcome)
        for widget in (self.compared, self.figures, self.table, self.notices):
            column.addWidget(widget)
        row = QHBoxLayout()
        row.addWidget(self.report_button)
        row.addStretch(1)
        row.addWidget(self.copy_button)
        row.addWidget(self.csv_button)
        column.addLayout(row)
        self.outcome.hide()
        footer = QVBoxLayout()
        footer.addWidget(self.progress)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.cancel_button)
        row.addWidget(self.button)
        footer.addLayout(row)
        parts = (self.top, self.foreign, self.merges, self.sample, self.outcome)
        scrolling_column(self, *parts, footer=footer)

    def _show_state(self) -> None:
        """What can be clicked now."""
        idle, map_chosen = self.task is None, self.map.layer() is not None
        same = map_chosen and self.map.layer() is self.reference.layer()
        ready = map_chosen and self.reference.layer() is not None and not same
        self.button.setEnabled(idle and ready)
        self.hint.setVisible(same)
        self.sample.button.setEnabled(idle and map_chosen)
        self.button.setVisible(idle)
        for widget in (self.cancel_button, self.progress):
            widget.setVisible(not idle)

    def _legend(self) -> list[LandCoverClass]:
        """The classes of the two layers, each once."""
        layers = [side.layer() for side in (self.map, self.reference)]
        entries = (entry for layer in layers if layer for entry in layer_legend(layer))
        return list({entry.id: entry for entry in entries}.values())

    def _offer_classes(self) -> None:
        """Let classes be merged that only the two layers know."""
        self.merges.offer(self._legend())

    def _forget_values(self) -> None:
        """Other layers have other values."""
        self.values.clear_values()
        self.foreign.hide()

    def _ask_meanings(self, error: ForeignValuesError) -> None:
        """Let the user say which class each value is, those asked for before included."""
        legend, chosen = self._legend(), self.values.table()
        values = sorted({*chosen, *error.values[:MOST_ROWS]})
        proposals = {value: _class_called(value, legend) for value in values}
        self.values.show_values(values, proposals, legend)
        self.foreign.show()
        text = tr("{count} value(s) name no class: choose one for each, then go on.")
        self._messages.failure(text.format(count=len(error.values)))
        self._scroll_to(self.foreign)

    def _hide_outcome(self) -> None:
        """Figures of another evaluation say nothing of the one that failed."""
        self.outcome.hide()

    def _start(
        self,
        title: str,
        work: Callable[[Progress], object],
        then: Callable[..., None],
        failed: Callable[[], None] = lambda: None,
    ) -> None:
        """Work in the background; then show its result, or see to the failure."""
        assert self.task is None, "one run at a time"

        def listen(progress: Progress) -> object:
            try:
                return work(progress)
            except ForeignValuesError as error:
                return error

        self.task = AccuracyTask(title, listen)
        self.progress.setValue(0)
        self.task.progressed.connect(lambda percent: self.progress.setValue(int(percent)))
        self.task.ended.connect(partial(self._ended, then, failed))
        QgsApplication.taskManager().addTask(self.task)
        self.cancel_button.setEnabled(True)
        self._show_state()

    def _cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self.task.cancel()

    def _ended(self, then: Callable[..., None], failed: Callable[[], None]) -> None:
        task, self.task = self.task, None
        closed, self._closed = self._closed, False
        self._show_state()
        if closed:
            self._messages.info(tr("The project was closed, so the run was stopped."))
        elif isinstance(task.outcome.result, ForeignValuesError):
            failed()
            self._ask_meanings(task.outcome.result)
        elif task.outcome.cancelled:
            self._messages.info(task.outcome.error)
        elif task.outcome.error:
            failed()
            self._messages.failure(task.outcome.error, failure_details(task.outcome.details))
        else:
            then(task.outcome.result)

    def _evaluated(self, path: Path, found: MapAccuracy) -> None:
        """Show the figures."""
        from ...training.accuracy_tables import class_table, main_figures

        self.found, self.report = found, path
        self.figures.setText(_figure_table(main_figures(found)))
        self.table.show_table(class_table(found))
        self.notices.setText("\n".join(found.notices))
        self.notices.setVisible(bool(found.notices))
        self.compared.setText(
            tr("{map} against {reference}").format(map=found.prediction, reference=found.reference)
        )
        self.outcome.show()
        self.sample.setCollapsed(True)
        self._scroll_to(self.outcome)

    def _scroll_to(self, widget: QWidget) -> None:
        self._shown = widget
        QTimer.singleShot(0, self._scroll)  # by then it has its place

    def _scroll(self) -> None:
        self.findChild(QgsScrollArea).ensureWidgetVisible(self._shown, 0, 0)

    def _drawn(self, job: SampleJob, path: Path | None, sample: object) -> None:
        """Add the points to the project, and take them as the reference."""
        try:
            layer = add_sample(job, sample, path)
        except CwsamError as error:
            self._messages.failure(engine_text(str(error)))
            return
        if path is not None:
            remember("output_folder", str(path.parent))
        self.reference.layer_box.setLayer(layer)
        text = tr("{count} points to label: choose the class of each in the field ref_class.")
        self._messages.success(text.format(count=len(sample.points)), "\n".join(job.notices))

    def _open_report(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.report)))

    def _save_csv(self) -> None:
        folder = Path(str(recall("export_folder", "")) or QgsProject.instance().homePath())
        start = folder / f"{self.report.stem}.csv"
        text, _ = QFileDialog.getSaveFileName(
            self, tr("Save the figures"), str(start), "CSV (*.csv)"
        )
        if text:
            self.save_csv(Path(text).with_suffix(".csv"))

    def save_csv(self, path: Path) -> None:
        """Write the figures of the latest evaluation."""
        try:
            write_csv(self.found, path)
        except CwsamError as error:
            self._messages.failure(engine_text(str(error)))
            return
        remember("export_folder", str(path.parent))
        self._messages.success(tr("Written: {path}").format(path=path))


def _class_called(value: str, legend: Sequence[LandCoverClass]) -> str:
    """What a value is taken for at first: a class beyond the scheme of that name, or none."""
    try:
        return str(find_class(value, legend).id)
    except UnknownNameError:
        return SKIP


def _figure_table(figures: Sequence[tuple[str, str, str]]) -> str:
    """Names and values, with what is to be said beside them, as rich text; one in a row."""
    rows = (
        f"<tr><td style='padding-right: 16px'>{name}</td><td><b>{value}</b> {more}</td></tr>"
        for name, value, more in figures
    )
    return f"<table>{''.join(rows)}</table>"


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    return button
