"""The tab *Result*: areas of the classes, a filter by confidence, export, run again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsApplication, QgsMapLayer, QgsProject, QgsVectorLayer
from qgis.gui import QgsMapLayerComboBox
from qgis.PyQt.QtCore import Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from ...engine.errors import CwsamError
from ..class_areas import EDITED, AreasTask, from_json, is_result, to_csv
from ..class_areas import PROPERTY as AREAS
from ..compat import polygon_layers_only
from ..confidence_filter import threshold_of, with_threshold
from ..error_details import failure_details
from ..export_task import ExportTask
from ..i18n import engine_text, translator
from ..run_record import PROPERTY as RUN
from ..run_record import RunRequest
from ..settings import recall, remember
from ..vector_formats import FORMATS
from .area_table import AreaTable
from .bar_chart import BarChart
from .columns import scrolling_column
from .layer_watch import COMMITS, EDITS, LayerWatch
from .messages import DetailsDialog

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..class_areas import AreaRow
    from ..watched_task import WatchedTask
    from .messages import Messages

tr = translator("results_panel")

_EDIT_DELAY = 300  # ms: a polygon comes with several signals
_FILTER_DELAY = 200  # ms: the map is drawn again after the slider has come to rest
_NAMES = {".gpkg": "GeoPackage", ".shp": "Shapefile", ".geojson": "GeoJSON", ".fgb": "FlatGeobuf"}


class ResultsPanel(QWidget):
    """What is known of one result layer, and what can be done with it."""

    rerun_wanted = pyqtSignal(object)
    """The user asks for an earlier run's settings: a :class:`~..run_record.RunRequest`."""

    def __init__(self, messages: Messages, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._messages = messages
        self._tasks: list[WatchedTask] = []
        self._make_widgets()
        self._lay_out()
        self.layer_box.layerChanged.connect(self._show)
        self.slider.valueChanged.connect(self._slid)
        self._timer.timeout.connect(self._filter)
        self.copy_button.clicked.connect(self.table.copy)
        self.csv_button.clicked.connect(self._save_csv)
        self.export_button.clicked.connect(self._export)
        self.record_button.clicked.connect(self._show_record)
        self.rerun_button.clicked.connect(self._rerun)
        self._edits.heard.connect(self._edited)
        self._commits.heard.connect(self._committed)
        self._fields.heard.connect(self._refuse_others)
        self._areas_timer.timeout.connect(self._show_areas)
        QgsProject.instance().layersAdded.connect(self._refuse_others)
        self._refuse_others()
        self._show(self.layer_box.currentLayer())

    def set_layers(self, layers: list[QgsMapLayer]) -> None:
        """Show the first result among some layers."""
        for layer in layers:
            if isinstance(layer, QgsVectorLayer) and is_result(layer):
                self.layer_box.setLayer(layer)
                return

    def shut_down(self) -> None:
        """Stop what runs; the plugin goes away."""
        QgsProject.instance().layersAdded.disconnect(self._refuse_others)
        self._timer.stop()
        self._areas_timer.stop()
        self._edits.follow()
        self._commits.follow()
        self._fields.follow()
        for task in self._tasks:
            task.ended.disconnect()
            task.cancel()
            task.waitForFinished(30000)
        self._tasks = []

    def layer(self) -> QgsVectorLayer | None:
        """The layer that is shown; None when there is none."""
        return self.layer_box.currentLayer()

    def _make_widgets(self) -> None:
        self.layer_box = QgsMapLayerComboBox()
        self.layer_box.setFilters(polygon_layers_only())
        self.layer_box.setToolTip(tr("A land-cover layer of this project"))
        self.empty = QLabel(tr("No land-cover layer yet: segment an image first."))
        self.empty.setWordWrap(True)
        self.table, self.chart = AreaTable(), BarChart()
        self.copy_button = _button(tr("&Copy"), tr("Copy the table, ready for a spreadsheet"))
        self.csv_button = _button(tr("Save CS&V…"), tr("Save the table as a text file"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setPageStep(5)
        self.slider.setToolTip(tr("Hide polygons that the network is less sure of"))
        self.threshold = QLabel()
        self.export_button = _button(tr("E&xport…"), tr("Save the shown polygons in any format"))
        self.record_button = _button(tr("&Record"), tr("Which model and settings made this layer"))
        self.rerun_button = _button(
            tr("R&e-run…"), tr("Fill the Segment tab with the settings of this run")
        )
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_FILTER_DELAY)
        self._areas_timer = QTimer(self)
        self._areas_timer.setSingleShot(True)
        self._areas_timer.setInterval(_EDIT_DELAY)
        self._areas_task: AreasTask | None = None
        self._edits = LayerWatch((*EDITS, "subsetStringChanged"), self)
        self._commits = LayerWatch(COMMITS, self)
        self._fields = LayerWatch(("updatedFields",), self)

    def _lay_out(self) -> None:
        self.areas = QGroupBox(tr("Areas"))
        column = QVBoxLayout(self.areas)
        column.addWidget(self.table)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.copy_button)
        row.addWidget(self.csv_button)
        column.addLayout(row)
        column.addWidget(self.chart)
        self.filter_box = QGroupBox(tr("Least confidence shown"))
        row = QHBoxLayout(self.filter_box)
        row.addWidget(self.slider, 1)
        row.addWidget(self.threshold)
        self.threshold.setMinimumWidth(self.fontMetrics().horizontalAdvance("100 %"))
        top = QWidget()
        form = QFormLayout(top)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("&Layer"), self.layer_box)
        footer = QVBoxLayout()
        row = QHBoxLayout()
        row.addWidget(self.record_button)
        row.addStretch(1)
        row.addWidget(self.rerun_button)
        row.addWidget(self.export_button)
        footer.addLayout(row)
        scrolling_column(self, top, self.empty, self.filter_box, self.areas, footer=footer)

    def _refuse_others(self, _layers: object = None) -> None:
        """List only layers that have our fields."""
        layers = QgsProject.instance().mapLayers().values()
        vectors = [layer for layer in layers if isinstance(layer, QgsVectorLayer)]
        self.layer_box.setExceptedLayerList([one for one in vectors if not is_result(one)])
        self._commits.follow(*(one for one in vectors if is_result(one)))
        self._fields.follow(*vectors)

    def _show(self, layer: QgsVectorLayer | None) -> None:
        """Show another layer."""
        usable = layer is not None and layer.isValid()
        self._edits.follow(layer if usable else None)
        self.empty.setVisible(not usable)
        for widget in (self.areas, self.filter_box):
            widget.setVisible(usable)
        for widget in (self.export_button, self.record_button):
            widget.setEnabled(usable)
        self.rerun_button.setEnabled(usable and bool(layer.customProperty(RUN, "")))
        if not usable:
            return
        self._show_slider()
        self._show_areas()

    def _show_slider(self) -> None:
        """Let the slider stand where the layer's filter has it."""
        self.slider.blockSignals(True)
        self.slider.setValue(round(100 * threshold_of(self.layer().subsetString())))
        self.slider.blockSignals(False)
        self._show_threshold()

    def _edited(self, layer: QgsVectorLayer) -> None:
        """Features or the filter of the layer have changed."""
        if layer is self.layer():
            self._areas_timer.start()

    def _committed(self, layer: QgsVectorLayer) -> None:
        """Edits of a result, shown or not, are being saved."""
        layer.setCustomProperty(EDITED, True)
        self._edited(layer)

    def _show_areas(self) -> None:
        """Show the areas of what the layer shows: of its run, or added up anew."""
        layer = self.layer()
        if layer is None or not layer.isValid() or not is_result(layer):
            return  # its fields may have been deleted a moment ago
        filtered = bool(layer.subsetString())
        self.areas.setTitle(tr("Areas of the polygons shown") if filtered else tr("Areas"))
        edited = layer.isModified() or bool(layer.customProperty(EDITED, False))
        rows = None if edited or filtered else from_json(layer.customProperty(AREAS, ""))
        if self._areas_task is not None:
            self._areas_task.cancel()
        self._areas_task = None
        if rows is None:
            self._areas_task = task = AreasTask(layer, edited)
            self._start(task, lambda: self._summed(task))
        else:
            self._show_rows(rows)

    def _summed(self, task: AreasTask) -> None:
        """Show what was added up, unless something newer was asked for."""
        if task is not self._areas_task:
            return
        self._areas_task = None
        self._show_rows(task.outcome.rows)
        if task.outcome.error and not task.outcome.cancelled:
            self._messages.failure(task.outcome.error, failure_details(task.outcome.details))

    def _show_rows(self, rows: list[AreaRow]) -> None:
        self.table.set_rows(rows)
        self.chart.set_rows(rows)

    def _show_threshold(self) -> None:
        value = self.slider.value()
        self.threshold.setText(f"{value} %" if value else tr("all"))

    def _slid(self, _value: int) -> None:
        self._show_threshold()
        self._timer.start()

    def _filter(self) -> None:
        """Hide polygons below the slider's value."""
        layer = self.layer()
        if layer is None:
            return
        wanted = with_threshold(layer.subsetString(), self.slider.value() / 100)
        if wanted != layer.subsetString() and not layer.setSubsetString(wanted):
            self._messages.failure(
                tr("'{name}' cannot be filtered now: end its edit session first.").format(
                    name=layer.name()
                )
            )
            self._show_slider()
        layer.triggerRepaint()

    def _save_csv(self) -> None:
        text, _ = QFileDialog.getSaveFileName(
            self, tr("Save the table"), self._start_path(".csv"), "CSV (*.csv)"
        )
        if not text:
            return
        path = Path(text).with_suffix(".csv")
        try:
            path.write_text(to_csv(self.table.rows), encoding="utf-8-sig")  # spreadsheets ask
        except OSError as error:
            message = tr("{path} cannot be written ({cause}): choose another place.")
            self._messages.failure(message.format(path=path, cause=error.strerror))
            return
        remember("export_folder", str(path.parent))

    def _export(self) -> None:
        filters = ";;".join(f"{_NAMES[suffix]} (*{suffix})" for suffix in FORMATS)
        text, chosen = QFileDialog.getSaveFileName(
            self, tr("Export the polygons"), self._start_path(".gpkg"), filters
        )
        if text:
            path = Path(text)
            if path.suffix.lower() not in FORMATS:
                path = path.with_name(path.name + chosen.rpartition("*")[2].rstrip(")"))
            self.export_to(path)

    def export_to(self, path: Path) -> None:
        """Write the shown polygons into a file, in the background."""
        try:
            task = ExportTask(self.layer(), path)
        except CwsamError as error:
            self._messages.failure(engine_text(str(error)))
            return
        remember("export_folder", str(path.parent))
        self._start(task, lambda: self._exported(task))

    def _exported(self, task: ExportTask) -> None:
        if task.outcome.error:
            self._messages.failure(task.outcome.error, failure_details(task.outcome.details))
        else:
            self._messages.success(tr("Written: {path}").format(path=task.path))

    def _show_record(self) -> None:
        layer = self.layer()
        DetailsDialog(layer.name(), "\n".join(layer.metadata().history()), self).open()

    def _rerun(self) -> None:
        try:
            request = RunRequest.from_json(self.layer().customProperty(RUN, ""))
        except CwsamError as error:
            self._messages.failure(str(error))
            return
        self.rerun_wanted.emit(request)

    def _start(self, task: WatchedTask, then: Callable[[], None]) -> None:
        """Run a task in the background and call ``then`` at its end."""
        self._tasks.append(task)
        task.ended.connect(lambda: self._tasks.remove(task))
        task.ended.connect(then)
        QgsApplication.taskManager().addTask(task)

    def _start_path(self, suffix: str) -> str:
        layer = self.layer()
        name = "".join(c if c.isalnum() or c in "-_" else "_" for c in layer.name())
        return str(Path(str(recall("export_folder", ""))) / f"{name}{suffix}")


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    return button
