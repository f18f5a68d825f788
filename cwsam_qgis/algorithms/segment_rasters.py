"""Processing algorithm: segment several rasters, or a folder of them, with one model load."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingException,
    QgsProcessingOutputMultipleLayers,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMultipleLayers,
    QgsRasterLayer,
)
from qgis.PyQt.QtGui import QIcon

from ...engine.errors import Cancelled, CwsamError
from ...engine.ports import BAND_NAMES, Progress
from ..i18n import engine_text, translator
from ..icons import icon
from ..vector_formats import FORMATS
from .segment_parameters import add_model, add_settings, read_choice, read_settings, reporter

if TYPE_CHECKING:
    from ..job import SegmentJob
    from ..network import Network

tr = translator("segment_rasters")

_SUFFIXES = (".tif", ".tiff", ".vrt", ".img", ".jp2", ".png", ".jpg", ".jpeg", ".gpkg")
_RASTERS = (("CLASS_RASTERS", "classes"), ("CONFIDENCE_RASTERS", "confidence"))


class SegmentRasters(QgsProcessingAlgorithm):
    """``cwsam:segmentrasters``: layers or a folder in, a folder of styled polygons out."""

    def name(self) -> str:
        """Identifier."""
        return "segmentrasters"

    def displayName(self) -> str:  # noqa: N802 - QGIS's name
        """Name in the toolbox."""
        return tr("Segment rasters")

    def shortHelpString(self) -> str:  # noqa: N802 - QGIS's name
        """Text beside the dialog."""
        return tr(
            "Turns several images, or all images of a folder, into land-cover polygons: one file "
            "for each image, named after it. The model is loaded once. An image that fails is "
            "reported and does not keep the others from being done; if all fail, so does the "
            "run."
        )

    def shortDescription(self) -> str:  # noqa: N802 - QGIS's name
        """Tooltip in the toolbox."""
        return tr("Turns many images into styled land-cover polygons.")

    def tags(self) -> list[str]:
        """Words to find the algorithm by."""
        return tr("land cover,classification,deep learning,batch,folder,polygons").split(",")

    def icon(self) -> QIcon:
        """Picture in the toolbox."""
        return icon("cwsam")

    def createInstance(self) -> SegmentRasters:  # noqa: N802 - QGIS's name
        """A fresh instance for each run."""
        return SegmentRasters()

    def initAlgorithm(self, configuration: object = None) -> None:  # noqa: N802 - QGIS's name
        """Declare inputs and outputs."""
        del configuration
        layers = QgsProcessingParameterMultipleLayers(
            "INPUT", tr("Images"), QgsProcessing.SourceType.TypeRaster, optional=True
        )
        layers.setHelp(tr("Raster layers or files."))
        self.addParameter(layers)
        folder = QgsProcessingParameterFile(
            "FOLDER", tr("Folder of images"), QgsProcessingParameterFile.Behavior.Folder,
            optional=True,
        )  # fmt: skip
        folder.setHelp(tr("All images in it, but not those in its subfolders."))
        self.addParameter(folder)
        add_model(self)
        add_settings(self)
        names = [suffix[1:] for suffix in FORMATS]
        self.addParameter(
            QgsProcessingParameterEnum("FORMAT", tr("Format of the polygons"), names,
                                       defaultValue=0)
        )  # fmt: skip
        for name, text in zip(
            ("CLASS_RASTERS", "CONFIDENCE_RASTERS"), (tr("Class rasters"), tr("Confidence rasters"))
        ):
            self.addParameter(QgsProcessingParameterBoolean(name, text, False))
        self.addParameter(QgsProcessingParameterFolderDestination("OUTPUT", tr("Results")))
        self.addOutput(QgsProcessingOutputMultipleLayers("LAYERS", tr("Land cover")))
        self.addOutput(QgsProcessingOutputNumber("DONE", tr("Images that were segmented")))
        self.addOutput(QgsProcessingOutputNumber("FAILED", tr("Images that failed")))

    def prepareAlgorithm(self, parameters, context, feedback) -> bool:  # noqa: N802
        """Take over the layers, on the main thread; broken ones are only counted."""
        from ..edit_watch import watch_edits

        self._edits = watch_edits()
        layers = self._layers(parameters, context)
        if not layers:
            raise QgsProcessingException(
                tr("There is no image: choose layers, or a folder that holds some.")
            )
        self._failed: list[str] = []
        pixel_size = self.parameterAsDouble(parameters, "PIXEL_SIZE", context)
        self._sources = []
        try:
            self._choice = read_choice(self, parameters, context)
        except CwsamError as error:
            raise QgsProcessingException(engine_text(str(error))) from error
        for layer in layers:
            self._take(layer, pixel_size, feedback)
        return True

    def processAlgorithm(self, parameters, context, feedback) -> dict:  # noqa: N802
        """Run one job after the other, in a worker thread."""
        from ..network import load_network

        folder = Path(self.parameterAsString(parameters, "OUTPUT", context))
        try:
            jobs = self._jobs(folder, parameters, context)
            folder.mkdir(parents=True, exist_ok=True)
            feedback.pushInfo(tr("Loading the model"))
            network = load_network(self._choice)
            feedback.pushInfo(engine_text(network.predictor.plan.reason))
        except CwsamError as error:
            raise QgsProcessingException(engine_text(str(error))) from error
        except OSError as error:
            text = tr("The folder {path} cannot be made ({cause}): choose another.")
            raise QgsProcessingException(text.format(path=folder, cause=error.strerror)) from error
        done = []
        for number, job in enumerate(jobs):
            if feedback.isCanceled():
                break
            if self._run(job, network, reporter(feedback, number, len(jobs)), context, feedback):
                done.append(str(job.outputs.polygons))
        if self._failed and not done:
            raise QgsProcessingException(" ".join(self._failed))
        text = tr("{done} images are done, {failed} failed.")
        feedback.pushInfo(text.format(done=len(done), failed=len(self._failed)))
        return {
            "OUTPUT": str(folder), "LAYERS": done, "DONE": len(done), "FAILED": len(self._failed),
        }  # fmt: skip

    def _layers(self, parameters, context) -> list[QgsRasterLayer]:
        """The layers that were chosen, and those of the folder."""
        layers = list(self.parameterAsLayerList(parameters, "INPUT", context) or ())
        chosen = {os.path.realpath(layer.source()) for layer in layers}
        folder = self.parameterAsString(parameters, "FOLDER", context)
        if folder:
            files = [path for path in _images(folder) if os.path.realpath(path) not in chosen]
            layers += [QgsRasterLayer(str(path), path.stem) for path in files]
        return [layer for layer in layers if isinstance(layer, QgsRasterLayer)]

    def _take(self, layer: QgsRasterLayer, pixel_size: float, feedback) -> None:
        from ..layer_source import LayerSource

        try:
            self._sources.append(LayerSource(layer, None, pixel_size))
        except CwsamError as error:
            self._fail(layer.name(), error, feedback)

    def _jobs(self, folder: Path, parameters, context) -> list[SegmentJob]:
        """One job an image, with file names that do not meet."""
        from ..job import Outputs, SegmentJob
        from ..results import file_stem

        suffix = list(FORMATS)[self.parameterAsEnum(parameters, "FORMAT", context)]
        settings = read_settings(self, parameters, context)
        wanted = [kind for name, kind in _RASTERS
                  if self.parameterAsBool(parameters, name, context)]  # fmt: skip
        jobs, taken = [], set()
        for source in self._sources:
            stem = own = file_stem(source.info.name)
            number = 1
            while stem.casefold() in taken:  # as file systems compare them
                number += 1
                stem = f"{own}_{number}"
            taken.add(stem.casefold())
            rasters = {kind: folder / f"{stem}_{kind}.tif" for kind in wanted}
            outputs = Outputs(folder / f"{stem}_land_cover{suffix}", **rasters)
            jobs.append(SegmentJob(source, settings, outputs))
        return jobs

    def _run(self, job: SegmentJob, network: Network, report, context, feedback) -> bool:
        """Segment one image; returns whether that went well."""
        from ..job import run_job

        name = job.source.info.name
        feedback.pushInfo(tr("Image: {name}").format(name=name))
        feedback.canceled.connect(job.source.cancel)
        progress = Progress(report, feedback.isCanceled)
        try:
            summary = run_job(job, network, context.transformContext(), progress, edits=self._edits)
        except Cancelled as error:
            raise QgsProcessingException(engine_text(str(error))) from error
        except CwsamError as error:
            if feedback.isCanceled():
                raise QgsProcessingException(tr("Stopped; nothing was written.")) from error
            self._fail(name, error, feedback)
            return False
        for notice in summary.notices:
            feedback.pushInfo(engine_text(notice))
        return True

    def _fail(self, name: str, error: CwsamError, feedback) -> None:
        text = f"{name}: {engine_text(str(error))}"
        self._failed.append(text)
        feedback.reportError(text)


def _images(folder: str) -> list[Path]:
    """The images of a folder: no maps of ours, no GeoPackages that hold polygons only."""
    files = sorted(path for path in Path(folder).glob("*") if path.suffix.lower() in _SUFFIXES)
    return [path for path in files if path.is_file() and not _is_map(path)]


def _is_map(path: Path) -> bool:
    from osgeo import gdal

    if path.suffix.lower() not in (".tif", ".gpkg"):
        return False
    kinds = gdal.OF_RASTER | gdal.OF_VECTOR | gdal.OF_READONLY
    try:
        file = gdal.OpenEx(str(path), kinds)
    except RuntimeError:  # where another plugin makes GDAL raise
        return False
    if file is None:  # broken: it is reported with the others
        return False
    if not file.RasterCount:
        return file.GetLayerCount() > 0
    return file.RasterCount == 1 and file.GetRasterBand(1).GetDescription() in BAND_NAMES.values()
