"""Processing algorithm: draw a stratified sample of a map, to be labelled."""

from __future__ import annotations

from qgis.core import (
    QgsFeatureSink,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingLayerPostProcessorInterface,
    QgsProcessingOutputNumber,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterField,
    QgsProcessingParameterNumber,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtGui import QIcon

from ...engine.errors import CwsamError, OutputError
from ...engine.ports import Progress
from ..compat import point_type
from ..i18n import engine_text, translator
from ..icons import icon
from .evaluate_map import AREAS, map_layer, pixel_size, reporter
from .targets import refused_clash, target_files

tr = translator("sample_points")

ALLOCATIONS = ("recommended", "proportional", "equal")
_MINIMUM, _ERROR, _EXPECTED = 50, 0.02, 0.8


class _Styler(QgsProcessingLayerPostProcessorInterface):
    """Makes the points ready to be labelled when they are loaded into the project."""

    def postProcessLayer(self, layer, context, feedback) -> None:  # noqa: N802 - QGIS's name
        """Give the layer its symbols and its form."""
        from ..sample_layer import style_sample

        del context, feedback
        style_sample(layer)


_STYLER = _Styler()  # QGIS keeps no reference to it


class SamplePoints(QgsProcessingAlgorithm):
    """``cwsam:samplepoints``: a map in, points to be labelled out."""

    def name(self) -> str:
        """Identifier."""
        return "samplepoints"

    def displayName(self) -> str:  # noqa: N802 - QGIS's name
        """Name in the toolbox."""
        return tr("Draw sample points")

    def shortHelpString(self) -> str:  # noqa: N802 - QGIS's name
        """Text beside the dialog."""
        return tr(
            "Draws a stratified random sample of a class map: points that are to be labelled by "
            "looking at an image or in the field.\n\nEvery point knows its class on the map and "
            "has an empty field 'ref_class', with the classes to choose from. When the points are "
            "labelled, 'Evaluate map' estimates the accuracy and the areas of the whole map from "
            "them.\n\nWithout a number of points, as many are drawn as the standard error of the "
            "overall accuracy takes (Olofsson et al. 2014, equation 13)."
        )

    def shortDescription(self) -> str:  # noqa: N802 - QGIS's name
        """Tooltip in the toolbox."""
        return tr("Draws a stratified random sample of a map, to be labelled.")

    def tags(self) -> list[str]:
        """Words to find the algorithm by."""
        return tr("accuracy,sample,stratified,random points,validation,land cover").split(",")

    def icon(self) -> QIcon:
        """Picture in the toolbox."""
        return icon("cwsam")

    def createInstance(self) -> SamplePoints:  # noqa: N802 - QGIS's name
        """A fresh instance for each run."""
        return SamplePoints()

    def initAlgorithm(self, configuration: object = None) -> None:  # noqa: N802 - QGIS's name
        """Declare inputs and outputs."""
        del configuration
        self.addParameter(map_layer("MAP", tr("Map"), *AREAS))
        field = QgsProcessingParameterField(
            "FIELD", tr("Class field of the map"), parentLayerParameterName="MAP", optional=True
        )
        self.addParameter(field)
        integer = QgsProcessingParameterNumber.Type.Integer
        real = QgsProcessingParameterNumber.Type.Double
        size = QgsProcessingParameterNumber(
            "SIZE", tr("Number of points (0: from the standard error)"), integer, 0, minValue=0
        )
        self.addParameter(size)
        error = QgsProcessingParameterNumber(
            "STANDARD_ERROR", tr("Standard error of the overall accuracy"), real, _ERROR,
            minValue=0.001, maxValue=0.5,
        )  # fmt: skip
        error.setHelp(tr("Half of the confidence interval is about twice this value."))
        self.addParameter(error)
        ways = [
            tr("Recommended: a minimum for rare classes, the others by area"),
            tr("In proportion to the area"),
            tr("The same number for every class"),
        ]
        self.addParameter(
            QgsProcessingParameterEnum("ALLOCATION", tr("Points by class"), ways, defaultValue=0)
        )
        for parameter in (
            QgsProcessingParameterNumber("MINIMUM", tr("Points of a rare class"), integer,
                                         _MINIMUM, minValue=1),
            QgsProcessingParameterNumber("EXPECTED", tr("Expected user's accuracy"), real,
                                         _EXPECTED, minValue=0.05, maxValue=0.99),
            QgsProcessingParameterNumber("SEED", tr("Seed"), integer, 0, minValue=0),
            QgsProcessingParameterString("TABLE", tr("Meaning of the map's values"),
                                         multiLine=True, optional=True),
            pixel_size(),
        ):  # fmt: skip
            parameter.setFlags(
                parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced
            )
            self.addParameter(parameter)
        self.addParameter(
            QgsProcessingParameterFeatureSink(
                "OUTPUT", tr("Sample points"), QgsProcessing.SourceType.TypeVectorPoint
            )
        )
        self.addOutput(QgsProcessingOutputNumber("POINTS", tr("Number of points")))

    def checkParameterValues(self, parameters, context) -> tuple[bool, str]:  # noqa: N802
        """Refuse to replace the map or labelled points while the dialog is still open."""
        from ..sample_layer import refuse_labelled

        good, text = super().checkParameterValues(parameters, context)
        if not good:
            return good, text
        files = target_files(parameters, ["OUTPUT"])
        try:
            for path in files:
                refuse_labelled(path)
        except OutputError as error:
            return False, str(error)
        text = refused_clash(files, [self.parameterAsLayer(parameters, "MAP", context)])
        return not text, text

    def prepareAlgorithm(self, parameters, context, feedback) -> bool:  # noqa: N802
        """Take over the layer, on the main thread."""
        from ...training.map_strips import SampleOptions
        from ..accuracy_job import SampleJob, Side

        del feedback
        layer = self.parameterAsLayer(parameters, "MAP", context)
        if layer is None:
            raise QgsProcessingException(self.invalidSourceError(parameters, "MAP"))

        def text(name: str) -> str:
            return self.parameterAsString(parameters, name, context)

        options = SampleOptions(
            size=self.parameterAsInt(parameters, "SIZE", context) or None,
            standard_error=self.parameterAsDouble(parameters, "STANDARD_ERROR", context),
            allocation=ALLOCATIONS[self.parameterAsEnum(parameters, "ALLOCATION", context)],
            minimum=self.parameterAsInt(parameters, "MINIMUM", context),
            expected_else=self.parameterAsDouble(parameters, "EXPECTED", context),
            seed=self.parameterAsInt(parameters, "SEED", context),
        )
        pixels = self.parameterAsDouble(parameters, "PIXEL_SIZE", context)
        try:
            self._job = SampleJob(Side(layer, text("FIELD"), text("TABLE")), options, pixels)
        except CwsamError as error:
            raise QgsProcessingException(engine_text(str(error))) from error
        return True

    def processAlgorithm(self, parameters, context, feedback) -> dict:  # noqa: N802
        """Draw, in a worker thread."""
        from ..accuracy_job import sample_fields

        try:
            sample = self._job.run(Progress(reporter(feedback), feedback.isCanceled))
        except CwsamError as error:
            raise QgsProcessingException(engine_text(str(error))) from error
        sink, identifier = self.parameterAsSink(
            parameters, "OUTPUT", context, sample_fields(), point_type(), self._job.crs
        )
        if sink is None:
            raise QgsProcessingException(self.invalidSinkError(parameters, "OUTPUT"))
        fast = QgsFeatureSink.Flag.FastInsert
        for feature in self._job.features(sample):
            if not sink.addFeature(feature, fast):
                raise QgsProcessingException(self.writeFeatureError(sink, parameters, "OUTPUT"))
        del sink
        for notice in self._job.notices:
            feedback.pushInfo(notice)
        if context.willLoadLayerOnCompletion(identifier):
            context.layerToLoadOnCompletionDetails(identifier).setPostProcessor(_STYLER)
        return {"OUTPUT": identifier, "POINTS": len(sample.points)}
