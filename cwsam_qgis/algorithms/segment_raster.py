"""Processing algorithm: segment one raster layer into land-cover polygons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingParameterBand,
    QgsProcessingParameterExtent,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterVectorDestination,
)
from qgis.PyQt.QtGui import QIcon

from ...engine.errors import CwsamError
from ...engine.ports import Progress
from ..i18n import engine_text, translator
from ..icons import icon
from .segment_parameters import (
    add_model,
    add_settings,
    output_path,
    read_choice,
    read_settings,
    reporter,
)
from .styling import style_on_load
from .targets import refused_ending, refused_target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..run_settings import Settings

tr = translator("segment_raster")

_BANDS = ("RED", "GREEN", "BLUE")
_OUTPUTS = (("POLYGONS", "polygons"), ("CLASS_RASTER", "classes"), ("CONFIDENCE", "confidence"))


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
        extent = QgsProcessingParameterExtent("EXTENT", tr("Extent"), optional=True)
        extent.setHelp(tr("Part of the image; all of it if empty."))
        self.addParameter(extent)
        mask = QgsProcessingParameterFeatureSource(
            "MASK", tr("Polygons to stay inside of"),
            [QgsProcessing.SourceType.TypeVectorPolygon], optional=True,
        )  # fmt: skip
        mask.setHelp(tr("Pixels outside of these polygons become no data."))
        self.addParameter(mask)
        for name, text in zip(_BANDS, (tr("Red band"), tr("Green band"), tr("Blue band"))):
            band = QgsProcessingParameterBand(name, text, None, "INPUT", optional=True)
            band.setHelp(tr("Chosen by colour interpretation if empty."))
            self.addParameter(band)
        add_model(self)
        add_settings(self)
        self._add_outputs()

    def _add_outputs(self) -> None:
        self.addParameter(
            QgsProcessingParameterVectorDestination(
                "POLYGONS",
                tr("Land cover"),
                QgsProcessing.SourceType.TypeVectorPolygon,
                optional=True,
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

    def checkParameterValues(self, parameters, context) -> tuple[bool, str]:  # noqa: N802
        """Refuse files that cannot be written while the dialog is still open."""
        good, text = super().checkParameterValues(parameters, context)
        if good:
            text = _nothing_asked(parameters)
            text = text or refused_target(parameters, (name for name, _ in _OUTPUTS))
            rasters = (refused_ending(parameters.get(name)) for name, _ in _OUTPUTS[1:])
            text = text or next(filter(None, rasters), "")
        return good and not text, text

    def prepareAlgorithm(self, parameters, context, feedback) -> bool:  # noqa: N802
        """Take over the layer, on the main thread."""
        from ..edit_watch import watch_edits
        from ..layer_source import LayerSource

        del feedback
        if nothing := _nothing_asked(parameters):
            raise QgsProcessingException(nothing)
        layer = self.parameterAsRasterLayer(parameters, "INPUT", context)
        if layer is None:
            raise QgsProcessingException(self.invalidRasterError(parameters, "INPUT"))
        pixel_size = self.parameterAsDouble(parameters, "PIXEL_SIZE", context)
        try:
            extent, mask = self._area(layer.crs(), parameters, context)
            self._choice = read_choice(self, parameters, context)
            self._source = LayerSource(layer, extent, pixel_size, mask)
        except CwsamError as error:
            raise QgsProcessingException(engine_text(str(error))) from error
        self._edits = watch_edits()
        return True

    def processAlgorithm(self, parameters, context, feedback) -> dict:  # noqa: N802
        """Run the job, in a worker thread."""
        try:
            return self._run(parameters, context, feedback)
        finally:
            self._source.close()
            if self._edits is not None:
                self._edits.close()

    def _run(self, parameters, context, feedback) -> dict:
        from ..job import Outputs, SegmentJob, check_outputs, run_job
        from ..network import load_network

        paths = {
            kind: self.parameterAsOutputLayer(parameters, name, context)
            for name, kind in _OUTPUTS
            if parameters.get(name)
        }
        outputs = Outputs(**{kind: output_path(path) for kind, path in paths.items()})
        job = SegmentJob(self._source, self._settings(parameters, context), outputs)
        progress = Progress(reporter(feedback), feedback.isCanceled)
        feedback.canceled.connect(self._source.cancel)
        try:
            check_outputs(outputs, self._source.uri)
            feedback.pushInfo(tr("Loading the model"))
            network = load_network(self._choice)
            feedback.pushInfo(engine_text(network.predictor.plan.reason))
            summary = run_job(job, network, context.transformContext(), progress, edits=self._edits)
        except CwsamError as error:
            raise QgsProcessingException(engine_text(str(error))) from error
        for notice in summary.notices:
            feedback.pushInfo(engine_text(notice))
        for kind, path in paths.items():
            placed = self._source.crs.isValid()
            style_on_load(path, kind, network.facts.card.legend, context, placed)
        return {name: paths[kind] for name, kind in _OUTPUTS if paths.get(kind)}

    def _area(self, crs, parameters, context):
        """The rectangle in the image's CRS, and the polygons; None each where not given."""
        from ..area_mask import AreaMask

        extent = mask = None
        if parameters.get("EXTENT"):
            extent = self.parameterAsExtent(parameters, "EXTENT", context, crs)
        if parameters.get("MASK"):
            layer = self.parameterAsVectorLayer(parameters, "MASK", context)
            if layer is None:
                raise QgsProcessingException(self.invalidSourceError(parameters, "MASK"))
            given = parameters["MASK"]
            selected = isinstance(given, QgsProcessingFeatureSourceDefinition)
            mask = AreaMask(layer, crs, selected and given.selectedFeaturesOnly)
            extent = mask.bounds if extent is None else extent.intersect(mask.bounds)
        return extent, mask

    def _settings(self, parameters, context) -> Settings:
        """The settings that do not name files."""
        from ..pixel_bands import default_bands

        chosen = [
            self.parameterAsInt(parameters, name, context) if parameters.get(name) else 0
            for name in _BANDS
        ]
        own = default_bands(self._source.info.colours)
        bands = tuple(band or default for band, default in zip(chosen, own))
        return read_settings(self, parameters, context, bands)


def _nothing_asked(parameters: Mapping[str, object]) -> str:
    """Why a run would be for nothing; empty where it has a result."""
    if any(parameters.get(name) for name, _ in _OUTPUTS):
        return ""
    return tr("There is nothing to write: ask for polygons, a class raster or a confidence raster.")
