"""Processing algorithm: fine-tune a model on labelled polygons."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingOutputFile,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBand,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorLayer,
)
from qgis.PyQt.QtGui import QIcon

from ...engine.errors import CwsamError
from ..i18n import class_label, engine_text, translator
from ..icons import icon
from ..run_settings import DEVICES

if TYPE_CHECKING:
    from ...engine.types import RasterInfo
    from ...training.finetune.outcome import FinetuneResult, FinetuneStatus
    from ..finetune_job import Wish

tr = translator("finetune_adapter")

_BANDS = ("RED", "GREEN", "BLUE")
_MINUTES = 4.5


class FinetuneAdapter(QgsProcessingAlgorithm):
    """``cwsam:finetuneadapter``: image and label polygons in, a small adapter file out."""

    def name(self) -> str:
        """Identifier."""
        return "finetuneadapter"

    def displayName(self) -> str:  # noqa: N802 - QGIS's name
        """Name in the toolbox."""
        return tr("Fine-tune adapter")

    def shortHelpString(self) -> str:  # noqa: N802 - QGIS's name
        """Text beside the dialog."""
        return tr(
            "Makes the map of an image better with polygons that you have labelled on it. The "
            "result is a small adapter file, which the segmenting algorithms take beside the "
            "model, and a report on what has become better.\n\nGround without a label is unknown, "
            "not background: label each class that matters in ten or more places, spread over "
            "the image. A part of the labelled ground is held back to measure the result. The "
            "same labels, settings and seed give the same adapter, as long as the time does not "
            "cut the training short."
        )

    def shortDescription(self) -> str:  # noqa: N802 - QGIS's name
        """Tooltip in the toolbox."""
        return tr("Makes an adapter for a model from labelled polygons.")

    def tags(self) -> list[str]:
        """Words to find the algorithm by."""
        return tr("training,labels,polygons,adapter,deep learning,land cover").split(",")

    def icon(self) -> QIcon:
        """Picture in the toolbox."""
        return icon("cwsam")

    def createInstance(self) -> FinetuneAdapter:  # noqa: N802 - QGIS's name
        """A fresh instance for each run."""
        return FinetuneAdapter()

    def initAlgorithm(self, configuration: object = None) -> None:  # noqa: N802 - QGIS's name
        """Declare inputs and outputs."""
        del configuration
        self.addParameter(QgsProcessingParameterRasterLayer("INPUT", tr("Image")))
        self.addParameter(
            QgsProcessingParameterVectorLayer(
                "LABELS", tr("Labelled polygons"), [QgsProcessing.SourceType.TypeVectorPolygon]
            )
        )
        self._add(
            QgsProcessingParameterField(
                "FIELD", tr("Class field"), parentLayerParameterName="LABELS", optional=True
            ),
            tr("Class id or name; left empty, class_id or class_name is taken."),
        )
        self._add(
            QgsProcessingParameterString(
                "MAPPING", tr("Meaning of the values"), multiLine=True, optional=True
            ),
            tr(
                "One VALUE=CLASS a line, for values that are no class id or name. The class is "
                "an id or a name, 'new' or 'new:NAME' for a class that the model lacks, or "
                "'skip' to leave the polygons out."
            ),
        )
        self._add(
            QgsProcessingParameterBoolean(
                "NEW_CLASSES", tr("Make new classes of other values"), False
            ),
            tr("Values that name no class become classes of their own."),
        )
        self._add_training()
        self._add_outputs()

    def _add(
        self, parameter: QgsProcessingParameterDefinition, help_text: str, advanced: bool = False
    ) -> None:
        parameter.setHelp(help_text)
        if advanced:
            flag = QgsProcessingParameterDefinition.Flag.FlagAdvanced
            parameter.setFlags(parameter.flags() | flag)
        self.addParameter(parameter)

    def _add_training(self) -> None:
        numbers = QgsProcessingParameterNumber.Type
        kinds = tr("CWSAM models") + " (*.safetensors);;" + tr("All files") + " (*)"
        self._add(
            QgsProcessingParameterFile(
                "MODEL", tr("Base model (empty: the plugin's own)"), optional=True, fileFilter=kinds
            ),
            tr("Weights that the adapter is made for; they are not changed."),
        )
        self._add(
            QgsProcessingParameterNumber(
                "MINUTES", tr("Minutes"), numbers.Double, _MINUTES, minValue=0.1
            ),
            tr("Time that the whole run may take; it ends earlier when nothing gets better."),
        )
        self._add(
            QgsProcessingParameterBoolean(
                "SKIP_SPARSE", tr("Leave classes with too few labels out"), False
            ),
            tr("Otherwise such a class ends the run with a sentence on what it lacks."),
        )
        self._add(
            QgsProcessingParameterBoolean(
                "ONLY_LABELLED", tr("Map the labelled classes alone"), False
            ),
            tr(
                "Every place becomes one of your classes, as with a random forest; otherwise the "
                "model keeps its own classes beside them."
            ),
        )
        bands = zip(_BANDS, (tr("Red band"), tr("Green band"), tr("Blue band")))
        for name, text in bands:
            band = QgsProcessingParameterBand(name, text, None, "INPUT", optional=True)
            self._add(band, tr("As the network sees it; left empty, chosen by colour."), True)
        self._add(
            QgsProcessingParameterNumber(
                "PIXEL_SIZE", tr("Pixel size of map-server layers, in layer units"),
                numbers.Double, 0.0, minValue=0.0,
            ),
            tr("Resolution that is asked of the server; other layers have their own."), True,
        )  # fmt: skip
        self._add(
            QgsProcessingParameterNumber("SEED", tr("Seed"), numbers.Integer, 0, minValue=0),
            tr("Of all random numbers."), True,
        )  # fmt: skip
        self._add(
            QgsProcessingParameterNumber("STEPS", tr("Steps at most (0: the default)"),
                                         numbers.Integer, 0, minValue=0),
            tr("Fewer steps end sooner."), True,
        )  # fmt: skip
        devices = [tr("Automatic"), "CPU", "GPU (CUDA)", "GPU (Metal)"]
        self._add(
            QgsProcessingParameterEnum("DEVICE", tr("Device"), devices, defaultValue=0),
            tr("What computes; the best there is, if automatic."), True,
        )  # fmt: skip

    def _add_outputs(self) -> None:
        self.addParameter(
            QgsProcessingParameterFileDestination(
                "ADAPTER", tr("Adapter"), tr("CWSAM models") + " (*.safetensors)"
            )
        )
        self.addOutput(QgsProcessingOutputFile("REPORT", tr("Report")))
        for name, text in (
            ("MEAN_IOU_BEFORE", tr("Mean IoU of the base model on validation ground")),
            ("MEAN_IOU_AFTER", tr("Mean IoU of the adapter on validation ground")),
            ("KEPT", tr("Share of unlabelled ground that keeps its class")),
            ("STEPS_DONE", tr("Steps")),
            ("SECONDS", tr("Seconds")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, text))

    def prepareAlgorithm(self, parameters, context, feedback) -> bool:  # noqa: N802
        """Take over the layers, on the main thread."""
        from ..finetune_job import FinetuneJob, LabelledLayers

        del feedback
        raster = self.parameterAsRasterLayer(parameters, "INPUT", context)
        if raster is None:
            raise QgsProcessingException(self.invalidRasterError(parameters, "INPUT"))
        labels = self.parameterAsVectorLayer(parameters, "LABELS", context)
        if labels is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, "LABELS"))
        field = self.parameterAsString(parameters, "FIELD", context)
        pixels = self.parameterAsDouble(parameters, "PIXEL_SIZE", context)
        try:
            with ExitStack() as undo:  # QGIS keeps the frames of an exception, and so the layers
                layers = LabelledLayers(raster, labels, field, pixels)
                undo.callback(layers.close)
                wish = self._wish(layers.source.info, parameters, context)
                self._job = FinetuneJob(layers, wish)
                undo.pop_all()
        except CwsamError as error:
            raise QgsProcessingException(engine_text(str(error))) from error
        return True

    def processAlgorithm(self, parameters, context, feedback) -> dict:  # noqa: N802
        """Fine-tune, in a worker thread."""
        del parameters, context
        feedback.canceled.connect(self._job.layers.source.cancel)
        try:
            found = self._job.run(reporter(feedback), feedback.isCanceled)
        except CwsamError as error:
            raise QgsProcessingException(engine_text(str(error))) from error
        finally:
            self._job.layers.close()
        _tell(found, feedback)
        wish = self._job.wish
        numbers = {
            "MEAN_IOU_BEFORE": found.before.miou,
            "MEAN_IOU_AFTER": found.after.miou,
            "KEPT": found.after.kept,
            "STEPS_DONE": found.steps,
            "SECONDS": found.seconds,
        }
        numbers = {k: v for k, v in numbers.items() if v == v}
        return {"ADAPTER": str(wish.adapter), "REPORT": str(wish.report), **numbers}

    def _wish(self, info: RasterInfo, parameters, context) -> Wish:
        """Everything but the layers.

        Args:
            info: The image; its colours give the bands that are left empty.
            parameters: What the user has given.
            context: Processing's.

        Raises:
            CwsamError: A value is out of range, or the model is missing.
        """
        from ...training.finetune.config import FinetuneConfig
        from ..finetune_job import Wish, read_pairs
        from ..model_list import find_model
        from ..pixel_bands import default_bands

        bands = None
        if any(parameters.get(name) for name in _BANDS):
            asked = (self.parameterAsInt(parameters, name, context) if parameters.get(name) else 0
                     for name in _BANDS)  # fmt: skip
            bands = tuple(one or own for one, own in zip(asked, default_bands(info.colours)))
        steps = self.parameterAsInt(parameters, "STEPS", context)
        config = FinetuneConfig(
            seconds=60 * self.parameterAsDouble(parameters, "MINUTES", context),
            steps=steps or FinetuneConfig.steps,
            seed=self.parameterAsInt(parameters, "SEED", context),
            skip_sparse=self.parameterAsBool(parameters, "SKIP_SPARSE", context),
            only_labelled=self.parameterAsBool(parameters, "ONLY_LABELLED", context),
            device=DEVICES[self.parameterAsEnum(parameters, "DEVICE", context)],
        )
        return Wish(
            find_model(self.parameterAsString(parameters, "MODEL", context)),
            Path(self.parameterAsFileOutput(parameters, "ADAPTER", context)),
            read_pairs(self.parameterAsString(parameters, "MAPPING", context)),
            self.parameterAsBool(parameters, "NEW_CLASSES", context),
            bands,
            config,
        )


def reporter(feedback):
    """Tells Processing's feedback of phases, steps and validations."""
    phases = {
        "labels": tr("Reading the labels"),
        "base": tr("Asking the base model"),
        "training": tr("Training"),
        "refit": tr("Learning the held-back labels, too"),
        "writing": tr("Writing"),
    }
    last = {"phase": "", "validations": 0}

    def report(status: FinetuneStatus) -> None:
        if status.phase != last["phase"]:
            last["phase"] = status.phase
            feedback.setProgressText(phases[status.phase])
        if len(status.history) > last["validations"]:
            last["validations"] = len(status.history)
            text = tr("Step {step}: loss {loss}, mean IoU {iou} (base model {base})")
            feedback.pushInfo(
                text.format(
                    step=status.step,
                    loss=f"{status.loss:.3f}",
                    iou=f"{status.miou:.3f}",
                    base=f"{status.base_miou:.3f}",
                )
            )
        feedback.setProgress(100 * status.done)

    return report


def _tell(found: FinetuneResult, feedback) -> None:
    """The classes before and after, and what the user should read."""
    for entry in found.legend:
        if entry.id in found.after.iou:
            before, after = found.before.iou.get(entry.id, 0.0), found.after.iou[entry.id]
            text = tr("{name}: IoU {before} before, {after} after")
            line = text.format(
                name=class_label(entry), before=f"{before:.3f}", after=f"{after:.3f}"
            )
            feedback.pushInfo(line)
    for notice in found.notices:
        feedback.pushInfo(engine_text(notice))
