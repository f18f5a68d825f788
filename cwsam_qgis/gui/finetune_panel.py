"""The tab *Fine-tune*: labels, what they mean, a run, and what has become better."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsApplication, QgsRasterLayer, QgsVectorLayer
from qgis.gui import QgsFileWidget, QgsScrollArea
from qgis.PyQt.QtCore import QTimer, QUrl, pyqtSignal
from qgis.PyQt.QtGui import QDesktopServices
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGroupBox,
    QLabel,
    QWidget,
)

from ...engine.errors import CheckpointError, CwsamError, OutputError
from ...training.finetune.config import FinetuneConfig
from ..compat import layer_geometry
from ..environment import has_torch
from ..finetune_job import COMPANIONS, FinetuneJob, Wish, stopped_runs
from ..finetune_preview import Preview
from ..finetune_task import LabelTask
from ..i18n import engine_text, translator
from ..model_list import SUFFIX, known_models, read_facts
from ..options import read_options
from ..output_path import existing, next_free, read_path
from ..results import file_stem
from ..settings import recall, remember, remember_adapter, remembered_models
from .columns import scrolling_column, titled
from .finetune_bar import FinetuneBar
from .finetune_control import FinetuneControl
from .finetune_result import FinetuneResultBox
from .label_box import LabelBox
from .mapping_table import MappingTable
from .replace_question import Answer, ask_to_replace

if TYPE_CHECKING:
    from qgis.gui import QgsMapCanvas

    from ...training.finetune.outcome import FinetuneResult
    from ..finetune_task import Judgement
    from .messages import Messages

tr = translator("finetune_panel")

_LOOK_DELAY = 300  # ms: a new layer comes with several changes
_MOST_SENTENCES = 3


class FinetunePanel(QWidget):
    """Everything for one fine-tuning, from labels to adapter."""

    adapter_wanted = pyqtSignal(object, object)
    """The user wants to segment with an adapter: the model's file and the adapter's."""

    def __init__(
        self, canvas: QgsMapCanvas, messages: Messages, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._canvas, self._messages = canvas, messages
        self._judgement: Judgement | None = None
        self._made: tuple[Wish, FinetuneResult] | None = None
        self.control = FinetuneControl(messages, self)
        self.input, self.mapping = LabelBox(canvas), MappingTable()
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.result = FinetuneResultBox()
        self.bar = FinetuneBar(self.control)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_LOOK_DELAY)
        self._make_settings()
        self.result_group = titled(tr("Course and result"), self.result)
        self.result_group.hide()
        scrolling_column(
            self,
            titled(tr("Image and labels"), self.input),
            titled(tr("Classes"), self.mapping, self.note),
            self.settings_group,
            self.result_group,
            footer=self.bar,
        )
        self._connect()
        self.refresh()

    def set_layers(self, layers: list) -> None:
        """Choose the first raster and the first polygon layer."""
        for layer in layers:
            if isinstance(layer, QgsRasterLayer):
                self.input.image_box.setLayer(layer)
            elif isinstance(layer, QgsVectorLayer) and layer_geometry(layer) == "polygon":
                self.input.labels_box.setLayer(layer)

    def refresh(self) -> None:
        """Look again for models."""
        wanted = self.model.currentData() or str(recall("model", ""))
        self.model.clear()
        for path in known_models(remembered_models()):
            self.model.addItem(path.stem, str(path))
        self.model.setCurrentIndex(max(0, self.model.findData(wanted)))
        self._timer.start()

    def run(self, resume: bool = False) -> None:
        """Start a run, or say why that cannot be."""
        if not has_torch():
            self._messages.torch_missing()
            return
        try:
            wish = replace(self.wish(), resume=resume)
            if not self.output.filePath().strip():
                wish.adapter.parent.mkdir(parents=True, exist_ok=True)
            job = FinetuneJob(self.input.layers(), wish)
            if not resume:
                agreed = self._agreed(wish)
                if agreed is None:
                    job.layers.close()
                    return
                job = FinetuneJob(job.layers, agreed)
        except CwsamError as error:
            self._messages.failure(engine_text(str(error)))
            return
        remember("finetune_minutes", self.minutes.value())
        self.result.begin()
        self.result_group.show()
        self.control.start(job)
        QTimer.singleShot(0, self._show_course)

    def _agreed(self, wish: Wish) -> Wish | None:
        """The wish with the user's consent where its files exist; None without it."""
        answer = ask_to_replace(existing(_files(wish.adapter)), self)
        if answer is Answer.NEW_NAME:
            path = next_free(wish.adapter, lambda one: any(map(os.path.exists, _files(one))))
            self.output.setFilePath(str(path))
            wish = replace(wish, adapter=path)
        return None if answer is Answer.CANCEL else wish

    def _resume(self, adapter: Path) -> None:
        """Go on with a stopped run; its file is the one that is asked for from now on."""
        self.output.setFilePath(str(adapter))
        self.run(resume=True)

    def wish(self) -> Wish:
        """What is asked for.

        Raises:
            CheckpointError: There is no model.
        """
        if self.model.currentData() is None:
            raise CheckpointError(tr("There is no model: add one under Raster ▸ CWSAM ▸ Models…."))
        config = FinetuneConfig(
            seconds=60 * self.minutes.value(),
            skip_sparse=self.skip_sparse.isChecked(),
            only_labelled=self.only_labelled.isChecked(),
            device=read_options().device,
        )
        return Wish(
            Path(self.model.currentData()),
            self.adapter_path(),
            self.mapping.table(),
            True,
            self.input.bands.numbers(),
            config,
            keep_state=True,
        )

    def adapter_path(self) -> Path:
        """The file that is asked for, or the first free one in the profile.

        Raises:
            OutputError: The name cannot be used.
        """
        text = self.output.filePath().strip()
        if text:
            path = read_path(text, SUFFIX)
            return path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
        image = self.input.image()
        stem = file_stem(image.name()) if image else "adapter"
        return next_free(_own_folder() / f"{stem}{SUFFIX}", os.path.exists)

    def shut_down(self) -> None:
        """Stop what runs; the plugin goes away."""
        self._timer.stop()
        self.input.let_go()
        self.control.shut_down()

    def _make_settings(self) -> None:
        self.model = QComboBox()
        self.model.setToolTip(tr("The model that the adapter is made for; it is not changed"))
        self.output = QgsFileWidget()
        self.output.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
        self.output.setFilter(tr("CWSAM models") + f" (*{SUFFIX})")
        self.output.lineEdit().setPlaceholderText(tr("[In the profile, named after the image]"))
        self.output.setToolTip(tr("The adapter's file; its card and report lie beside it"))
        self.minutes = QDoubleSpinBox()
        self.minutes.setRange(0.1, 600)
        self.minutes.setDecimals(1)
        self.minutes.setSuffix(" " + tr("min"))
        self.minutes.setValue(float(recall("finetune_minutes", FinetuneConfig.seconds / 60)))
        self.minutes.setToolTip(tr("It ends earlier when nothing gets better any more"))
        self.skip_sparse = QCheckBox(tr("Leave classes with too few labels out"))
        self.skip_sparse.setToolTip(tr("Otherwise a class with a red light keeps the run back"))
        self.only_labelled = QCheckBox(tr("Map the labelled classes alone"))
        self.only_labelled.setToolTip(
            tr(
                "Every place becomes one of your classes, as with a random forest; otherwise the "
                "model keeps its own classes beside them"
            )
        )
        self.settings_group = QGroupBox(tr("Fine-tuning"))
        form = QFormLayout(self.settings_group)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("Base &model"), self.model)
        form.addRow(tr("Sa&ve to"), self.output)
        form.addRow(tr("&Time"), self.minutes)
        form.addRow(self.skip_sparse)
        form.addRow(self.only_labelled)

    def _connect(self) -> None:
        self.bar.button.clicked.connect(lambda: self.run())
        self.bar.resume_wanted.connect(self._resume)
        self.input.changed.connect(self._other_labels)
        self.input.edited.connect(self._timer.start)
        self.input.refused.connect(self._messages.failure)
        self.mapping.changed.connect(self._timer.start)
        self.model.currentIndexChanged.connect(lambda _: self._timer.start())
        self.skip_sparse.toggled.connect(lambda _: self._show_ready())
        self.output.fileChanged.connect(lambda _: self._show_ready())
        self._timer.timeout.connect(self._look)
        self.control.judged.connect(self._show_judgement)
        self.control.told.connect(self.result.curve.add)
        self.control.made.connect(self._show_made)
        self.control.stopped.connect(lambda _: self._show_ready())
        self.control.ended.connect(self._show_ready)
        self.result.use_wanted.connect(self._use)
        self.result.report_wanted.connect(self._open_report)
        self.result.preview_wanted.connect(self._compare)

    def _other_labels(self) -> None:
        self._judgement = None
        self.mapping.clear_values()
        self._show_ready()
        self._timer.start()

    def _look(self) -> None:
        """Look at the labels in the background."""
        if self.model.currentData() is None or self.input.image() is None:
            self._say(tr("Add an image and a model to begin."))
            return
        if self.input.labels() is None:
            self._say(tr("Create a label layer, or add one to the project."))
            return
        try:
            layers = self.input.layers()
            self.input.legend = read_facts(Path(self.model.currentData())).card.legend
        except CwsamError as error:
            self._say(engine_text(str(error)))
            return
        table = self.mapping.table()
        self.control.look(LabelTask(layers, table, Path(self.model.currentData())))

    def _say(self, text: str) -> None:
        self._judgement = None
        self.note.setText(text)
        self._show_ready()

    def _show_judgement(self, found: Judgement) -> None:
        """Show what was found of the labels."""
        self._judgement = found
        self.mapping.show_judgement(found, self.input.legend)
        sentences = [*([found.error] if found.error else []), *found.notices]
        if found.check is not None:
            poor = [c.sentence for c in found.check.classes if c.light == "too_few"]
            sentences += [*poor, *found.check.notices]
        shown = [engine_text(sentence) for sentence in sentences]
        self.note.setText("\n".join(shown[:_MOST_SENTENCES]))
        self.note.setToolTip("\n".join(shown))
        self._show_ready()

    def _show_ready(self) -> None:
        """Let the buttons tell whether a run can begin."""
        check = self._judgement.check if self._judgement is not None else None
        enough = check is not None and bool(check.usable)
        enough = enough and (check.ok or self.skip_sparse.isChecked())
        self.note.setVisible(bool(self.note.text()))
        folders = {_own_folder()}
        with suppress(OutputError):  # said when the run is asked for
            folders.add(self.adapter_path().parent)
        self.bar.set_ready(enough, stopped_runs(folders))

    def _show_made(self, wish: Wish, found: FinetuneResult) -> None:
        self._made = (wish, found)
        remember_adapter(found.adapter)
        self.result.show_result(found)
        QTimer.singleShot(0, self._show_course)

    def _show_course(self) -> None:
        """Scroll down to the curves, which have just appeared."""
        self.findChild(QgsScrollArea).ensureWidgetVisible(self.result_group)

    def _use(self) -> None:
        wish, found = self._made
        self.adapter_wanted.emit(wish.model, found.adapter)

    def _open_report(self) -> None:
        wish, _ = self._made
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(wish.report)))

    def _compare(self) -> None:
        """Make both maps of what is visible."""
        wish, found = self._made
        image = self.input.image()
        if self.control.task is not None:
            return
        try:
            if image is None:
                raise CheckpointError(tr("There is no image: add a raster layer to the project."))
            self.control.compare(Preview(self._canvas, image, wish, found))
        except CwsamError as error:
            self._messages.failure(engine_text(str(error)))


def _own_folder() -> Path:
    """Where adapters go that are given no other place."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "cwsam" / "adapters"


def _files(adapter: Path) -> list[Path]:
    """An adapter and what lies beside it."""
    return [adapter, *(adapter.with_suffix(suffix) for suffix in COMPANIONS)]
