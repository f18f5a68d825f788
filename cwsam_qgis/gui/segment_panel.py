"""The tab *Segment*: choose, look at the estimate, run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsProcessingUtils, QgsProject, QgsRasterLayer
from qgis.PyQt.QtCore import QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QLabel, QWidget

from ...engine.errors import CheckpointError, CwsamError
from ...engine.memory import available_bytes, resident_bytes
from ..environment import device_sentence, has_torch, missing_sentence
from ..estimates import RunEstimate, estimate_run
from ..i18n import engine_text, translator
from ..job import Outputs, SegmentJob, image_notices
from ..network import ModelChoice
from ..pending import take_interrupted
from ..run_record import RunRequest
from .advanced_box import AdvancedBox
from .columns import scrolling_column, titled
from .input_box import InputBox
from .model_box import ModelBox
from .output_box import OutputBox
from .own_layers import is_own
from .run_bar import RunBar, duration, size_text
from .run_control import RunControl

if TYPE_CHECKING:
    from qgis.gui import QgsMapCanvas

    from ..layer_source import LayerSource
    from ..model_list import ModelFacts
    from ..run_settings import Settings
    from .messages import Messages

tr = translator("segment_panel")

_ESTIMATE_DELAY = 150  # ms: a moving map asks for many


class SegmentPanel(QWidget):
    """Everything for one run, from layer to button."""

    areas_wanted = pyqtSignal(str)
    """The user asks for the areas of a finished layer; its id."""

    def __init__(
        self, canvas: QgsMapCanvas, messages: Messages, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._messages = messages
        self.input, self.model = InputBox(canvas), ModelBox()
        self.output, self.advanced = OutputBox(), AdvancedBox()
        self.run_control = RunControl(canvas, messages, self)
        self.bar = RunBar(self.run_control)
        self.device = QLabel()
        self.device.setWordWrap(True)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_ESTIMATE_DELAY)
        self._offer_timer = QTimer(self)
        self._offer_timer.setSingleShot(True)
        self._offer_timer.timeout.connect(self._offer_interrupted)
        scrolling_column(
            self,
            titled(tr("Image"), self.input),
            titled(tr("Model"), self.model, self.device),
            titled(tr("Result"), self.output),
            self.advanced,
            footer=self.bar,
        )
        self._connect()
        self._model_changed()
        self._show_device()
        self._estimate()
        self._offer_timer.start(0)

    def set_layers(self, layers: list) -> None:
        """Choose the layers to segment; others than rasters are passed over, results refused."""
        rasters = [layer for layer in layers if isinstance(layer, QgsRasterLayer)]
        images = [layer for layer in rasters if not is_own(layer)]
        if images:
            self.input.set_layers(images)
        elif rasters:
            text = tr("'{name}' is a result itself: choose an image.")
            self._messages.failure(text.format(name=rasters[0].name()))

    def run(self) -> None:
        """Start a run with the chosen settings, or say why that cannot be."""
        if not has_torch():
            self._messages.torch_missing()
            return
        try:
            if self.model.facts() is None:
                raise CheckpointError(tr("There is no model: choose a model file."))
            jobs = self._jobs()
        except CwsamError as error:
            self._messages.failure(engine_text(str(error)))
            return
        if jobs is None:
            return
        self.advanced.remember()
        self.output.remember()
        self.run_control.start(jobs, self.choice())

    def apply(self, request: RunRequest) -> bool:
        """Choose everything as in an earlier run; returns whether it can be run again."""
        layer = QgsProject.instance().mapLayer(request.layer)
        if not isinstance(layer, QgsRasterLayer):
            layer = QgsRasterLayer(request.uri, request.name, request.provider)
            if not layer.isValid():
                text = tr("'{name}' is gone: add the layer again and choose it by hand.")
                self._messages.failure(text.format(name=request.name))
                return False
            QgsProject.instance().addMapLayer(layer)
        choice, settings = request.choice, request.settings
        if not self.model.choose(choice.model):
            return False
        if choice.adapter is None:
            self.model.choose_no_adapter()
        elif not self.model.choose(choice.adapter):
            return False
        self.advanced.apply(settings, choice.device, choice.precision)
        self.input.apply(layer, settings.bands, request.area)
        self.output.apply(request.polygons, request.classes, request.confidence, request.name)
        self._estimate()
        return True

    def choice(self) -> ModelChoice:
        """The chosen model, adapter, device and precision."""
        return ModelChoice(
            self.model.model_path(),
            self.model.adapter_path(),
            self.advanced.device.currentData(),
            self.advanced.precision.currentData(),
        )

    def refresh(self) -> None:
        """Look again for models and PyTorch."""
        self.model.refresh()
        self._show_device()

    def shut_down(self) -> None:
        """Stop what runs; the plugin goes away."""
        self._timer.stop()
        self._offer_timer.stop()
        self.input.let_go()
        self.run_control.shut_down()

    def _jobs(self) -> list[SegmentJob] | None:
        """What is to be run; None where the user keeps a file that stands in the way."""
        sources = self.input.sources()
        names = [source.info.name for source in sources]
        outputs = self.output.agreed_outputs(names, self.run_control.files_under_way())
        if outputs is None:
            for source in sources:
                source.close()
            return None
        settings = [self._settings(), *(self.advanced.settings() for _ in sources[1:])]
        layers = self.input.layers()
        requests = map(self._request, layers, sources, settings, outputs)
        return [SegmentJob(*job) for job in zip(sources, settings, outputs, requests)]

    def _request(
        self, layer: QgsRasterLayer, source: LayerSource, settings: Settings, outputs: Outputs
    ) -> RunRequest:
        """What is asked for, in plain values."""
        temporary = Path(QgsProcessingUtils.tempFolder()) in outputs.polygons.parents
        return RunRequest(
            layer=layer.id(),
            name=layer.name(),
            uri=source.uri,
            provider=layer.providerType(),
            area=self.input.area.area_of(layer),
            settings=settings,
            choice=self.choice(),
            polygons="" if temporary else str(outputs.polygons),
            classes=outputs.classes is not None,
            confidence=outputs.confidence is not None,
        )

    def _settings(self) -> Settings:
        return replace(self.advanced.settings(), bands=self.input.bands.numbers())

    def _connect(self) -> None:
        self.bar.button.clicked.connect(self.run)
        self.model.changed.connect(self._model_changed)
        self.model.refused.connect(self._messages.failure)
        for box in (self.input, self.output, self.advanced):
            box.changed.connect(self._timer.start)
        for box in (self.advanced.device, self.advanced.precision):
            box.currentIndexChanged.connect(lambda _: self._show_device())
        self._timer.timeout.connect(self._estimate)
        self.run_control.ended.connect(self._show_device)
        self.run_control.ended.connect(self._estimate)
        self.run_control.areas_wanted.connect(self.areas_wanted)

    def _model_changed(self) -> None:
        self.advanced.set_model(self.model.facts())
        self._timer.start()

    def _offer_interrupted(self) -> None:
        """Offer to go on with runs that QGIS's end has cut off."""
        for request in take_interrupted()[:1]:
            text = tr("The segmentation of '{name}' was cut off when QGIS ended.")
            resume = partial(self._resume, request)
            self._messages.offer(text.format(name=request.name), (tr("Resume"), resume))

    def _resume(self, request: RunRequest) -> None:
        if self.apply(request):
            self.run()

    def _estimate(self) -> None:
        """Say how much a run will have to do; without a measured speed no time is given."""
        facts = self.model.facts()
        ready = facts is not None and bool(self.input.layers())
        text = tr("Add a raster layer to the project to begin.")
        if facts is None or self.model.model_path() is None:
            text, ready = tr("Choose a model to begin."), False
        elif ready:
            try:
                text = self._estimate_text(facts)
            except CwsamError as error:
                text, ready = engine_text(str(error)), False
        self.bar.estimate.setText(text)
        self.bar.button.setEnabled(ready)

    def _estimate_text(self, facts: ModelFacts) -> str:
        grids = self.input.grids()
        infos = [grid.info for grid in grids]
        outputs = self.output.outputs([info.name for info in infos])
        expected = estimate_run(infos, self._settings(), facts, self.choice(), outputs[0])
        size = tr("{pixels} megapixels").format(pixels=f"{expected.pixels / 1e6:,.2f}")
        if len(infos) == 1:
            size = f"{infos[0].width:,} × {infos[0].height:,} px"
        text = tr("{size}, 1 tile") if expected.tiles == 1 else tr("{size}, {tiles} tiles")
        lines = [text.format(size=size, tiles=f"{expected.tiles:,}")]
        if expected.seconds is not None:
            lines[0] += tr(", about {time}").format(time=duration(expected.seconds))
        lines.append(
            tr("About {memory} of memory and {disk} of disk").format(
                memory=size_text(expected.memory), disk=size_text(expected.disk)
            )
        )
        lines += _shortages(expected, outputs[0])
        lines += [notice for grid in grids for notice in grid.notices]
        settings = [self._settings(), *(self.advanced.settings() for _ in infos[1:])]
        for info, one in zip(infos, settings):
            lines += image_notices(info, one, facts)
        return "\n".join(lines)

    def _show_device(self) -> None:
        self.device.setText(
            device_sentence(
                self.advanced.device.currentData(), self.advanced.precision.currentData()
            )
            if has_torch()
            else missing_sentence()
        )


def _shortages(expected: RunEstimate, outputs: Outputs) -> list[str]:
    """What will not fit, each with what helps."""
    found, room = [], available_bytes()
    if room is not None and expected.memory > room - resident_bytes():
        text = tr("Only {size} of memory are free: choose a smaller extent or tile.")
        found.append(text.format(size=size_text(room - resident_bytes())))
    folder = outputs.polygons.parent if outputs.polygons is not None else None
    if folder is not None and folder.is_dir():
        free = shutil.disk_usage(folder).free
        if expected.disk > free:
            text = tr("Only {size} of disk are free there: choose another folder.")
            found.append(text.format(size=size_text(free)))
    return found
