"""The dock's content: choose, look at the estimate, run."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from qgis.PyQt.QtCore import QTimer
from qgis.PyQt.QtWidgets import (
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...engine.errors import CheckpointError, CwsamError
from ..environment import device_sentence, has_torch, install_command, missing_sentence
from ..i18n import translator
from ..job import SegmentJob, Settings, count_tiles, scale_notices
from ..settings import speed
from .advanced_box import AdvancedBox
from .input_box import InputBox
from .model_box import ModelBox
from .output_box import OutputBox
from .run_control import RunControl
from .scroll import scrolling_column

if TYPE_CHECKING:
    from qgis.core import QgsRasterLayer
    from qgis.gui import QgsMapCanvas

    from .messages import Messages

tr = translator("segment_panel")

_ESTIMATE_DELAY = 150  # ms: a moving map asks for many
_FIRST_GUESS = 3.0  # percent done before the time left is told


class SegmentPanel(QWidget):
    """Everything for one run, from layer to button."""

    def __init__(
        self, canvas: QgsMapCanvas, messages: Messages, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._messages = messages
        self.input, self.model = InputBox(canvas), ModelBox()
        self.output, self.advanced = OutputBox(), AdvancedBox()
        self.run_control = RunControl(messages, self)
        self._begun = 0.0
        self._make_footer()
        self._lay_out()
        self._connect()
        self._model_changed()
        self._show_device()
        self._estimate()

    def set_layers(self, layers: list[QgsRasterLayer]) -> None:
        """Choose the layers to segment."""
        self.input.set_layers(layers)

    def run(self) -> None:
        """Start a run with the chosen settings, or say why that cannot be."""
        if not has_torch():
            self._messages.failure(missing_sentence(), install_command())
            return
        try:
            facts = self.model.facts()
            if facts is None:
                raise CheckpointError(tr("There is no model: choose a model file."))
            sources = self.input.sources()
            outputs = self.output.outputs([source.info.name for source in sources])
            settings = [self._settings(), *(self.advanced.settings() for _ in sources[1:])]
            jobs = [SegmentJob(*job) for job in zip(sources, settings, outputs)]
        except CwsamError as error:
            self._messages.failure(str(error))
            return
        self.advanced.remember()
        self.output.remember()
        self.run_control.start(jobs, facts.path)

    def shut_down(self) -> None:
        """Stop what runs; the plugin goes away."""
        self._timer.stop()
        self.run_control.shut_down()

    def _settings(self) -> Settings:
        return replace(self.advanced.settings(), bands=self.input.band_numbers())

    def _make_footer(self) -> None:
        self.estimate = QLabel()
        self.estimate.setWordWrap(True)
        self.estimate.setToolTip(tr("Size of the work; the time follows from your latest run"))
        self.progress = QProgressBar()
        self.progress.setTextVisible(True)
        self.progress.hide()
        self.button = QPushButton(tr("&Segment"))
        self.button.setObjectName("cwsamRun")
        self.button.setDefault(True)
        self.button.setToolTip(tr("Compute the land cover in the background"))
        self.cancel_button = QPushButton(tr("&Cancel"))
        self.cancel_button.setObjectName("cwsamCancel")
        self.cancel_button.setToolTip(tr("Stop after the current tiles; nothing is written"))
        self.cancel_button.hide()
        self.device = QLabel()
        self.device.setWordWrap(True)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_ESTIMATE_DELAY)

    def _lay_out(self) -> None:
        footer = QVBoxLayout()
        footer.addWidget(self.estimate)
        row = QHBoxLayout()
        row.addWidget(self.progress, 1)
        row.addStretch(0)
        row.addWidget(self.cancel_button)
        row.addWidget(self.button)
        footer.addLayout(row)
        scrolling_column(
            self,
            _group(tr("Image"), self.input),
            _group(tr("Model"), self.model, self.device),
            _group(tr("Result"), self.output),
            self.advanced,
            footer=footer,
        )

    def _connect(self) -> None:
        self.button.clicked.connect(self.run)
        self.cancel_button.clicked.connect(self._cancel)
        self.model.changed.connect(self._model_changed)
        self.model.refused.connect(self._messages.failure)
        for box in (self.input, self.output, self.advanced):
            box.changed.connect(self._timer.start)
        self._timer.timeout.connect(self._estimate)
        self.run_control.started.connect(self._started)
        self.run_control.progressed.connect(self._progressed)
        self.run_control.ended.connect(self._ended)

    def _model_changed(self) -> None:
        self.advanced.set_model(self.model.facts())
        self._timer.start()

    def _estimate(self) -> None:
        """Say how much a run will have to do; without a measured speed no time is given."""
        facts = self.model.facts()
        ready = facts is not None and bool(self.input.layers())
        text = tr("Add a raster layer to the project to begin.")
        if facts is None:
            text = tr("Choose a model to begin.")
        elif ready:
            try:
                text = self._estimate_text(facts)
            except CwsamError as error:
                text, ready = str(error), False
        self.estimate.setText(text)
        self.button.setEnabled(ready and self.run_control.task is None)

    def _estimate_text(self, facts) -> str:
        settings = self._settings()
        sources = self.input.sources()
        infos = [source.info for source in sources]
        pixels = sum(info.width * info.height for info in infos)
        tiles = sum(count_tiles(info, settings, facts) for info in infos)
        size = tr("{pixels} megapixels").format(pixels=f"{pixels / 1e6:,.2f}")
        if len(infos) == 1:
            size = f"{infos[0].width:,} × {infos[0].height:,} px"
        text = tr("{size}, {tiles} tiles").format(size=size, tiles=f"{tiles:,}")
        known = speed(facts.path)
        if known is not None:
            text += tr(", about {time}").format(time=duration(pixels / known))
        notices = [n for source in sources for n in source.notices]
        notices += [n for info in infos for n in scale_notices(info, facts)]
        return "\n".join([text, *notices])

    def _show_device(self) -> None:
        self.device.setText(device_sentence() if has_torch() else missing_sentence())

    def _cancel(self) -> None:
        self.cancel_button.setEnabled(False)
        self.progress.setFormat(tr("Stopping…"))
        self.run_control.cancel()

    def _started(self) -> None:
        self._begun = 0.0
        self.progress.setRange(0, 0)
        self.progress.setFormat("")
        self.progress.show()
        self.cancel_button.setEnabled(True)
        self.cancel_button.show()
        self.button.hide()
        self.cancel_button.setFocus()

    def _progressed(self, percent: float, message: str) -> None:
        if not self.cancel_button.isEnabled():
            return
        self.progress.setRange(0, 100 if percent > 0 else 0)
        self.progress.setValue(int(percent))
        self.progress.setFormat(f"{message} %p %{self._time_left(percent)}")

    def _time_left(self, percent: float) -> str:
        """The rest of the run at its pace so far; empty while that says little."""
        if percent > 0 and not self._begun:
            self._begun = time.monotonic()  # the model is loaded: the tiles begin
        passed = time.monotonic() - self._begun
        if percent < _FIRST_GUESS or passed < 1:
            return ""
        return tr(", {time} left").format(time=duration(passed * (100 - percent) / percent))

    def _ended(self) -> None:
        self.progress.hide()
        self.cancel_button.hide()
        self.button.show()
        self._show_device()
        self._estimate()


def duration(seconds: float) -> str:
    """A rough time for people: seconds, minutes or hours."""
    if seconds < 90:
        return tr("{count} s").format(count=max(1, round(seconds)))
    if seconds < 5400:
        return tr("{count} min").format(count=round(seconds / 60))
    return tr("{count} h").format(count=f"{seconds / 3600:.1f}")


def _group(title: str, *widgets: QWidget) -> QGroupBox:
    group = QGroupBox(title)
    column = QVBoxLayout(group)
    column.setSpacing(6)
    for widget in widgets:
        column.addWidget(widget)
    return group
