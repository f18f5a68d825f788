"""Processing algorithm: segment one raster layer into land-cover polygons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingLayerPostProcessorInterface,
    QgsProcessingParameterBand,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterVectorDestination,
)
from qgis.PyQt.QtGui import QIcon

from ...engine.classes import CLASSES
from ...engine.errors import CwsamError
from ...engine.ports import Progress
from ..i18n import class_label, engine_text, translator
from ..icons import icon

if TYPE_CHECKING:
    from ..job import Settings

# What reads pixels needs numpy and GDAL: it is imported when an algorithm runs, so that
# the plugin starts quickly.

tr = translator("segment_raster")

_BANDS = ("RED", "GREEN", "BLUE")
_OUTPUTS = (("POLYGONS", "polygons"), ("CLASS_RASTER", "classes"), ("CONFIDENCE", "confidence"))


class _Styler(QgsProcessingLayerPostProcessorInterface):
    """Styles an output when it is loaded into the project."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def postProcessLayer(self, layer, context, feedback) -> None:  # noqa: N802 - QGIS's name
        """Give the layer the classes' colours."""
        from ..results import apply_style

        del context, feedback
        apply_style(layer, self._kind)


# QGIS keeps no reference to them, and the algorithm is gone before the layers are loaded.
_STYLERS = {kind: _Styler(kind) for _, kind in _OUTPUTS}


class SegmentRaster(QgsProcessingAlgorithm):
    """``cwsam:segmentraster``: raster layer in, styled polygons out."""

    def name(self) -> str:
        """Identifier."""
        return "segmentraster"

    def displayName(self) -> str:  # noqa: N802 - QGIS's name
        """Name in the toolbox."""
        return tr("Segment raster")

    def shortHelpString(self) -> str:  # noqa: N802 - QGIS's name
        """Text beside the dialog."""
        return tr(
            "Turns an aerial or satellite image into one layer of land-cover polygons, with "
            "class, confidence, second choice and area of each. The polygons cover the image "
            "without gaps or overlaps.\n\nBands left empty are chosen by their colours. Without "
            "a model file the model that comes with the plugin is used. Sizes are in pixels "
            "unless the unit is set to metres. Layers of a map server need a pixel size."
        )

    def shortDescription(self) -> str:  # noqa: N802 - QGIS's name
        """Tooltip in the toolbox."""
        return tr("Turns an image into styled land-cover polygons.")

    def tags(self) -> list[str]:
        """Words to find the algorithm by."""
        return tr("land cover,classification,deep learning,segment anything,polygons").split(",")

    def icon(self) -> QIcon:
        """Picture in the toolbox."""
        return icon("cwsam")

    def createInstance(self) -> SegmentRaster:  # noqa: N802 - QGIS's name
        """A fresh instance for each run."""
        return SegmentRaster()

    def initAlgorithm(self, configuration: object = None) -> None:  # noqa: N802 - QGIS's name
        """Declare inputs and outputs."""
        del configuration
        self.addParameter(QgsProcessingParameterRasterLayer("INPUT", tr("Image")))
        self.addParameter(QgsProcessingParameterExtent("EXTENT", tr("Extent"), optional=True))
        for name, text in zip(_BANDS, (tr("Red band"), tr("Green band"), tr("Blue band"))):
            self.addParameter(QgsProcessingParameterBand(name, text, None, "INPUT", optional=True))
        model = QgsProcessingParameterFile(
            "MODEL", tr("Model file (empty: the plugin's own)"), optional=True,
            fileFilter=tr("CWSAM models") + " (*.safetensors);;" + tr("All files") + " (*)",
        )  # fmt: skip
        self.addParameter(model)
        self.addParameter(
            QgsProcessingParameterEnum(
                "KEEP", tr("Classes to keep (none chosen: all)"),
                [class_label(c) for c in CLASSES], allowMultiple=True, optional=True,
            )
        )  # fmt: skip
        self.addParameter(_number("MIN_AREA", tr("Smallest polygon"), 0.0))
        self.addParameter(_number("SIMPLIFY", tr("Simplify borders by"), 0.0))
        units = [tr("pixels"), tr("metres")]
        self.addParameter(QgsProcessingParameterEnum("UNIT", tr("Unit of sizes"), units,
                                                     defaultValue=0))  # fmt: skip
        self._add_advanced()
        self._add_outputs()

    def _add_advanced(self) -> None:
        integer = QgsProcessingParameterNumber.Type.Integer
        for parameter in (
            QgsProcessingParameterNumber("SMOOTH", tr("Rounds of smoothing"), integer, 0,
                                         minValue=0, maxValue=3),
            QgsProcessingParameterNumber("TILE", tr("Tile in pixels (0: the model's own)"),
                                         integer, 0, minValue=0),
            QgsProcessingParameterNumber("OVERLAP",
                                         tr("Overlap of tiles in pixels (-1: tile / 8)"),
                                         integer, -1, minValue=-1),
            _number("PIXEL_SIZE", tr("Pixel size of map-server layers, in layer units"), 0.0),
        ):  # fmt: skip
            parameter.setFlags(
                parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced
            )
            self.addParameter(parameter)

    def _add_outputs(self) -> None:
        self.addParameter(
            QgsProcessingParameterVectorDestination(
                "POLYGONS", tr("Land cover"), QgsProcessing.SourceType.TypeVectorPolygon
            )
        )
        for name, text in (
            ("CLASS_RASTER", tr("Class raster")),
            ("CONFIDENCE", tr("Confidence raster")),
        ):
            self.addParameter(
                QgsProcessingParameterRasterDestination(
                    name, text, optional=True, createByDefault=False
                )
            )

    def prepareAlgorithm(self, parameters, context, feedback) -> bool:  # noqa: N802
        """Take over the layer, on the main thread."""
        from ..layer_source import LayerSource
        from ..model_list import find_model

        del feedback
        layer = self.parameterAsRasterLayer(parameters, "INPUT", context)
        if layer is None:
            raise QgsProcessingException(self.invalidRasterError(parameters, "INPUT"))
        extent = None
        if parameters.get("EXTENT"):
            extent = self.parameterAsExtent(parameters, "EXTENT", context, layer.crs())
        pixel_size = self.parameterAsDouble(parameters, "PIXEL_SIZE", context)
        try:
            self._source = LayerSource(layer, extent, pixel_size)
            self._model = find_model(self.parameterAsString(parameters, "MODEL", context))
        except CwsamError as error:
            raise QgsProcessingException(engine_text(str(error))) from error
        return True

    def processAlgorithm(self, parameters, context, feedback) -> dict:  # noqa: N802
        """Run the job, in a worker thread."""
        from ..job import Outputs, SegmentJob, load_network, run_job

        paths = {
            kind: self.parameterAsOutputLayer(parameters, name, context)
            for name, kind in _OUTPUTS
            if parameters.get(name)
        }
        outputs = Outputs(**{kind: Path(path) for kind, path in paths.items() if path})
        job = SegmentJob(self._source, self._settings(parameters, context), outputs)
        progress = Progress(_reporter(feedback), feedback.isCanceled)
        feedback.canceled.connect(self._source.cancel)
        try:
            feedback.pushInfo(tr("Loading the model"))
            network = load_network(self._model)
            feedback.pushInfo(engine_text(network.predictor.plan.reason))
            summary = run_job(job, network, context.transformContext(), progress)
        except CwsamError as error:
            raise QgsProcessingException(engine_text(str(error))) from error
        for notice in summary.notices:
            feedback.pushInfo(engine_text(notice))
        self._style_on_load(paths, context)
        return {name: paths[kind] for name, kind in _OUTPUTS if paths.get(kind)}

    @staticmethod
    def _style_on_load(paths: dict[str, str], context) -> None:
        for kind, path in paths.items():
            if path and context.willLoadLayerOnCompletion(path):
                details = context.layerToLoadOnCompletionDetails(path)
                details.setPostProcessor(_STYLERS[kind])

    def _settings(self, parameters, context) -> Settings:
        """The settings that do not name files."""
        from ..job import Settings
        from ..pixel_bands import default_bands

        chosen = [
            self.parameterAsInt(parameters, name, context) if parameters.get(name) else 0
            for name in _BANDS
        ]
        own = default_bands(self._source.info.colours)
        bands = tuple(band or default for band, default in zip(chosen, own))
        keep = ()
        if parameters.get("KEEP"):  # without a value QGIS answers with the first class
            keep = tuple(self.parameterAsEnums(parameters, "KEEP", context))
        return Settings(
            bands=bands,
            tile=self.parameterAsInt(parameters, "TILE", context),
            overlap=self.parameterAsInt(parameters, "OVERLAP", context),
            keep_classes=keep or None,
            min_area=self.parameterAsDouble(parameters, "MIN_AREA", context),
            simplify=self.parameterAsDouble(parameters, "SIMPLIFY", context),
            metric=self.parameterAsEnum(parameters, "UNIT", context) == 1,
            smooth=self.parameterAsInt(parameters, "SMOOTH", context),
        )


def _number(name: str, text: str, default: float) -> QgsProcessingParameterNumber:
    kind = QgsProcessingParameterNumber.Type.Double
    return QgsProcessingParameterNumber(name, text, kind, default, minValue=0.0)


def _reporter(feedback):
    """Tells Processing's feedback; tiles count for nine tenths."""
    last = []

    def report(done: float, total: float, message: str) -> None:
        if last[-1:] != [message]:
            last.append(message)
            feedback.setProgressText(engine_text(message))
        share = done / max(total, 1)
        feedback.setProgress(100 * (0.9 * share if message == "Segmenting" else 0.9 + 0.1 * share))

    return report
