"""Processing algorithm: score a map against a reference."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterField,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterMapLayer,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtGui import QIcon

from ...engine.errors import CwsamError
from ...engine.ports import Progress
from ..i18n import engine_text, translator
from ..icons import icon
from .targets import refused_clash, refused_target, target_files

if TYPE_CHECKING:
    from ...training.map_accuracy import MapAccuracy

tr = translator("evaluate_map")

AREAS = ("TypeRaster", "TypeVectorPolygon")
"""Sorts of layers that can be a map."""

_FILES = (("HTML", "write_report"), ("CSV", "write_csv"), ("JSON", "write_json"))


class EvaluateMap(QgsProcessingAlgorithm):
    """``cwsam:evaluatemap``: map and reference in, figures and a report out."""

    def name(self) -> str:
        """Identifier."""
        return "evaluatemap"

    def displayName(self) -> str:  # noqa: N802 - QGIS's name
        """Name in the toolbox."""
        return tr("Evaluate map")

    def shortHelpString(self) -> str:  # noqa: N802 - QGIS's name
        """Text beside the dialog."""
        return tr(
            "Compares a class map with a reference and writes a report with the confusion matrix "
            "and the accuracy of every class.\n\nMap and reference are class rasters or polygon "
            "layers, in any coordinate reference system; the reference is brought onto the map's "
            "pixels. Pixels without a reference are unknown and take no part. Sample points as "
            "reference, such as 'Draw sample points' makes, give the accuracy and the areas of "
            "the whole map with 95 % confidence intervals."
        )

    def shortDescription(self) -> str:  # noqa: N802 - QGIS's name
        """Tooltip in the toolbox."""
        return tr("Scores a class map against a reference.")

    def tags(self) -> list[str]:
        """Words to find the algorithm by."""
        return tr("accuracy,confusion matrix,validation,IoU,kappa,land cover").split(",")

    def icon(self) -> QIcon:
        """Picture in the toolbox."""
        return icon("cwsam")

    def createInstance(self) -> EvaluateMap:  # noqa: N802 - QGIS's name
        """A fresh instance for each run."""
        return EvaluateMap()

    def initAlgorithm(self, configuration: object = None) -> None:  # noqa: N802 - QGIS's name
        """Declare inputs and outputs."""
        del configuration
        self.addParameter(map_layer("PREDICTION", tr("Map"), *AREAS))
        self.addParameter(_field("PREDICTION_FIELD", tr("Class field of the map"), "PREDICTION"))
        self.addParameter(map_layer("REFERENCE", tr("Reference"), *AREAS, "TypeVectorPoint"))
        self.addParameter(_field("FIELD", tr("Class field of the reference"), "REFERENCE"))
        merge = QgsProcessingParameterString("MERGE", tr("Classes to merge"), optional=True)
        merge.setHelp(tr("10=9 counts class 10 as class 9; several are separated by commas."))
        self.addParameter(merge)
        for name, text in (
            ("PREDICTION_TABLE", tr("Meaning of the map's values")),
            ("TABLE", tr("Meaning of the reference's values")),
        ):
            table = QgsProcessingParameterString(name, text, multiLine=True, optional=True)
            table.setHelp(tr("One VALUE=CLASS a line; the class 'skip' leaves a value out."))
            self._add_advanced(table)
        self._add_advanced(
            QgsProcessingParameterBoolean(
                "IGNORE_UNCLASSIFIED", tr("Leave out where the map has no class"), False
            )
        )
        self._add_advanced(pixel_size())
        self._add_outputs()

    def _add_advanced(self, parameter: QgsProcessingParameterDefinition) -> None:
        parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        self.addParameter(parameter)

    def _add_outputs(self) -> None:
        for name, text, kinds in (
            ("HTML", tr("Report"), tr("Web pages") + " (*.html)"),
            ("CSV", tr("Figures as CSV"), tr("Tables") + " (*.csv)"),
            ("JSON", tr("Figures as JSON"), "JSON (*.json)"),
        ):
            shown = name == "HTML"
            self.addParameter(
                QgsProcessingParameterFileDestination(
                    name, text, kinds, optional=True, createByDefault=shown
                )
            )
        for name, text in (
            ("OVERALL_ACCURACY", tr("Overall accuracy")),
            ("OVERALL_ACCURACY_MARGIN", tr("Half of its 95 % confidence interval")),
            ("MEAN_IOU", tr("Mean IoU")),
            ("FREQUENCY_WEIGHTED_IOU", tr("Frequency-weighted IoU")),
            ("KAPPA", tr("Kappa")),
            ("COMPARED", tr("Compared pixels or points")),
        ):
            self.addOutput(QgsProcessingOutputNumber(name, text))

    def checkParameterValues(self, parameters, context) -> tuple[bool, str]:  # noqa: N802
        """Refuse files that cannot be written while the dialog is still open."""
        good, text = super().checkParameterValues(parameters, context)
        if good:
            text = refused_target(parameters, (name for name, _ in _FILES))
            text = text or self._refused_files(parameters, context)
        return good and not text, text

    def _refused_files(self, parameters, context) -> str:
        """Why the files cannot be written, the counts beside the CSV included."""
        from ...training.accuracy_tables import matrix_path

        counts = [matrix_path(path) for path in target_files(parameters, ["CSV"])]
        files = [*target_files(parameters, (name for name, _ in _FILES)), *counts]
        names = ("PREDICTION", "REFERENCE")
        layers = [self.parameterAsLayer(parameters, name, context) for name in names]
        beside = {str(number): str(path) for number, path in enumerate(counts)}
        return refused_target(beside, beside) or refused_clash(files, layers)

    def prepareAlgorithm(self, parameters, context, feedback) -> bool:  # noqa: N802
        """Take over the layers, on the main thread."""
        from ..accuracy_job import AccuracyJob, Side

        del feedback

        def text(name: str) -> str:
            return self.parameterAsString(parameters, name, context)

        sides = []
        for name, field, table in (
            ("PREDICTION", "PREDICTION_FIELD", "PREDICTION_TABLE"),
            ("REFERENCE", "FIELD", "TABLE"),
        ):
            layer = self.parameterAsLayer(parameters, name, context)
            if layer is None:
                raise QgsProcessingException(self.invalidSourceError(parameters, name))
            sides.append(Side(layer, text(field), text(table)))
        ignore = self.parameterAsBool(parameters, "IGNORE_UNCLASSIFIED", context)
        pixels = self.parameterAsDouble(parameters, "PIXEL_SIZE", context)
        try:
            self._job = AccuracyJob(*sides, text("MERGE"), ignore, pixels)
        except CwsamError as error:
            raise QgsProcessingException(engine_text(str(error))) from error
        return True

    def processAlgorithm(self, parameters, context, feedback) -> dict:  # noqa: N802
        """Compare, in a worker thread."""
        from .. import accuracy_job

        result = {}
        try:
            found = self._job.run(Progress(reporter(feedback), feedback.isCanceled))
            for name, write in _FILES:
                path = self.parameterAsFileOutput(parameters, name, context)
                if path:
                    getattr(accuracy_job, write)(found, Path(path))
                    result[name] = path
        except CwsamError as error:
            raise QgsProcessingException(engine_text(str(error))) from error
        _tell(found, feedback)
        return {**result, **_numbers(found)}


def pixel_size() -> QgsProcessingParameterNumber:
    """The pixel size at which polygon maps are drawn."""
    kind = QgsProcessingParameterNumber.Type.Double
    parameter = QgsProcessingParameterNumber(
        "PIXEL_SIZE", tr("Pixel size for polygon maps, in map units (0: chosen)"), kind, 0.0,
        minValue=0.0,
    )  # fmt: skip
    parameter.setHelp(tr("Polygon maps are compared on pixels, about 16 million by default."))
    return parameter


def reporter(feedback):
    """Tells Processing's feedback how far a walk over the map is."""

    def report(done: float, total: float, message: str) -> None:
        del message
        feedback.setProgress(100 * done / max(total, 1))

    return report


def map_layer(name: str, text: str, *types: str) -> QgsProcessingParameterMapLayer:
    """A layer of one of several sorts, by their names in ``QgsProcessing.SourceType``."""
    kinds = [getattr(QgsProcessing.SourceType, one) for one in types]
    numbers = [int(getattr(kind, "value", kind)) for kind in kinds]  # no int from Qt 6 on
    return QgsProcessingParameterMapLayer(name, text, types=numbers)


def _field(name: str, text: str, parent: str) -> QgsProcessingParameterField:
    parameter = QgsProcessingParameterField(
        name, text, parentLayerParameterName=parent, optional=True
    )
    parameter.setHelp(tr("Of a vector layer; left empty, class_id or class_name is taken."))
    return parameter


def _tell(found: MapAccuracy, feedback) -> None:
    from ...training.accuracy_tables import to_text

    feedback.pushInfo(to_text(found))


def _numbers(found: MapAccuracy) -> dict[str, float]:
    """The figures of the whole map, for models; absent ones are left out."""
    from ...training.accuracy_tables import overall_figures

    names = {
        "oa": "OVERALL_ACCURACY",
        "oa_margin95": "OVERALL_ACCURACY_MARGIN",
        "miou": "MEAN_IOU",
        "fwiou": "FREQUENCY_WEIGHTED_IOU",
        "kappa": "KAPPA",
    }
    figures = overall_figures(found)
    numbers = {new: figures[old] for old, new in names.items() if old in figures}
    return {**{k: v for k, v in numbers.items() if v == v}, "COMPARED": found.total}
