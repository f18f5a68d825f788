"""Processing algorithm: segment several rasters, or a folder of them, with one model load."""

from __future__ import annotations

import os
from contextlib import closing
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
    QgsProcessingUtils,
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
    from ..job import Outputs, SegmentJob
    from ..layer_source import LayerSource
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

    def checkParameterValues(self, parameters, context) -> tuple[bool, str]:  # noqa: N802
        """Look at all but files, which QGIS would open here, all at once, to look at them."""
        given = parameters.get("INPUT")
        if isinstance(given, (list, tuple)):
            others = [one for one in given if not _is_file(one, context)]
            parameters = {**parameters, "INPUT": others}
        return super().checkParameterValues(parameters, context)

    def prepareAlgorithm(self, parameters, context, feedback) -> bool:  # noqa: N802
        """Take over the layers, on the main thread; files are opened by the worker, in turn."""
        from ..edit_watch import watch_edits

        self._failed: list[str] = []
        self._pixel_size = self.parameterAsDouble(parameters, "PIXEL_SIZE", context)
        try:
            self._choice = read_choice(self, parameters, context)
        except CwsamError as error:
            raise QgsProcessingException(engine_text(str(error))) from error
        self._images: list[LayerSource | Path] = []
        self._chosen: set[str] = set()
        for one in _parts(parameters.get("INPUT")):
            if _is_file(one, context):
                self._choose(one, Path(one))
                continue
            alone = {**parameters, "INPUT": [one]}
            for layer in self.parameterAsLayerList(alone, "INPUT", context) or ():
                if isinstance(layer, QgsRasterLayer):
                    self._choose(layer.source(), self._source(layer, feedback))
        self._edits = watch_edits()
        return True

    def processAlgorithm(self, parameters, context, feedback) -> dict:  # noqa: N802
        """Segment one image after the other, in a worker thread."""
        try:
            return self._run(parameters, context, feedback)
        finally:
            for source in self._images:
                if not isinstance(source, Path):
                    source.close()
            if self._edits is not None:
                self._edits.close()

    def _run(self, parameters, context, feedback) -> dict:
        from ..job import SegmentJob
        from ..network import load_network

        images = [*self._images, *self._of_folder(parameters, context)]
        if not (images or self._failed):
            raise QgsProcessingException(
                tr("There is no image: choose layers, or a folder that holds some.")
            )
        folder = Path(self.parameterAsString(parameters, "OUTPUT", context))
        try:
            settings = read_settings(self, parameters, context)
            folder.mkdir(parents=True, exist_ok=True)
            feedback.pushInfo(tr("Loading the model"))
            network = load_network(self._choice)
            feedback.pushInfo(engine_text(network.predictor.plan.reason))
        except CwsamError as error:
            raise QgsProcessingException(engine_text(str(error))) from error
        except OSError as error:
            text = tr("The folder {path} cannot be made ({cause}): choose another.")
            raise QgsProcessingException(text.format(path=folder, cause=error.strerror)) from error
        names, done = self._names(folder, parameters, context), []
        for number, image in enumerate(images):
            if feedback.isCanceled():
                break
            source = self._opened(image, feedback)
            if source is None:
                continue
            with closing(source):
                job = SegmentJob(source, settings, names.outputs(source.info.name))
                report = reporter(feedback, number, len(images))
                if self._segment(job, network, report, context, feedback):
                    done.append(str(job.outputs.polygons))
        if self._failed and not done:
            raise QgsProcessingException(" ".join(self._failed))
        text = tr("{done} images are done, {failed} failed.")
        feedback.pushInfo(text.format(done=len(done), failed=len(self._failed)))
        return {
            "OUTPUT": str(folder), "LAYERS": done, "DONE": len(done), "FAILED": len(self._failed),
        }  # fmt: skip

    def _choose(self, uri: str, image: LayerSource | Path | None) -> None:
        self._chosen.add(os.path.realpath(uri))
        if image is not None:
            self._images.append(image)

    def _of_folder(self, parameters, context) -> list[Path]:
        """The images of the folder that were not chosen as layers or files."""
        folder = self.parameterAsString(parameters, "FOLDER", context)
        files = _images(folder) if folder else []
        return [path for path in files if os.path.realpath(path) not in self._chosen]

    def _opened(self, image: LayerSource | Path, feedback) -> LayerSource | None:
        """An image, ready to be read; None where it is broken, which is reported."""
        if not isinstance(image, Path):
            return image
        options = QgsRasterLayer.LayerOptions()
        options.skipCrsValidation = True  # or QGIS may ask for a missing one, in a worker
        return self._source(QgsRasterLayer(str(image), image.stem, "gdal", options), feedback)

    def _source(self, layer: QgsRasterLayer, feedback) -> LayerSource | None:
        from ..layer_source import LayerSource

        try:
            return LayerSource(layer, None, self._pixel_size)
        except CwsamError as error:
            self._fail(layer.name(), error, feedback)
            return None

    def _names(self, folder: Path, parameters, context) -> _Names:
        suffix = list(FORMATS)[self.parameterAsEnum(parameters, "FORMAT", context)]
        wanted = [kind for name, kind in _RASTERS
                  if self.parameterAsBool(parameters, name, context)]  # fmt: skip
        return _Names(folder, suffix, wanted)

    def _segment(self, job: SegmentJob, network: Network, report, context, feedback) -> bool:
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
        finally:
            feedback.canceled.disconnect(job.source.cancel)
        for notice in summary.notices:
            feedback.pushInfo(engine_text(notice))
        return True

    def _fail(self, name: str, error: CwsamError, feedback) -> None:
        text = f"{name}: {engine_text(str(error))}"
        self._failed.append(text)
        feedback.reportError(text)


class _Names:
    """Names the files of each image so that they do not meet."""

    def __init__(self, folder: Path, suffix: str, rasters: list[str]) -> None:
        self._folder, self._suffix, self._rasters = folder, suffix, rasters
        self._taken: set[str] = set()

    def outputs(self, name: str) -> Outputs:
        """The files of the next image."""
        from ..job import Outputs
        from ..results import file_stem

        stem = own = file_stem(name)
        number = 1
        while stem.casefold() in self._taken:  # as file systems compare them
            number += 1
            stem = f"{own}_{number}"
        self._taken.add(stem.casefold())
        rasters = {kind: self._folder / f"{stem}_{kind}.tif" for kind in self._rasters}
        return Outputs(self._folder / f"{stem}_land_cover{self._suffix}", **rasters)


def _parts(given: object) -> list[object]:
    """The images of a parameter, one by one."""
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _is_file(given: object, context) -> bool:
    """Whether an image is a file that is no layer of the project."""
    if not (isinstance(given, str) and os.path.isfile(given)):
        return False
    return QgsProcessingUtils.mapLayerFromString(given, context, False) is None


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
