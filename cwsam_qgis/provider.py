"""The Processing provider ``cwsam``."""

from __future__ import annotations

from qgis.core import QgsProcessingProvider
from qgis.PyQt.QtGui import QIcon

from .algorithms.evaluate_map import EvaluateMap
from .algorithms.finetune_adapter import FinetuneAdapter
from .algorithms.sample_points import SamplePoints
from .algorithms.segment_raster import SegmentRaster
from .algorithms.segment_rasters import SegmentRasters
from .icons import icon
from .vector_formats import FORMATS


class CwsamProvider(QgsProcessingProvider):
    """Lists the algorithms."""

    def id(self) -> str:
        """Prefix of the algorithms' names."""
        return "cwsam"

    def name(self) -> str:
        """Name in the toolbox."""
        return "CWSAM"

    def longName(self) -> str:  # noqa: N802 - QGIS's name
        """Name where there is room."""
        return "CWSAM land-cover segmentation"

    def icon(self) -> QIcon:
        """Picture in the toolbox."""
        return icon("cwsam")

    def supportedOutputVectorLayerExtensions(self) -> list[str]:  # noqa: N802 - QGIS's name
        """Suffixes that the polygons can have, the default first."""
        return [suffix[1:] for suffix in FORMATS]

    def supportedOutputRasterLayerExtensions(self) -> list[str]:  # noqa: N802 - QGIS's name
        """Suffixes that the rasters can have."""
        return ["tif"]

    def loadAlgorithms(self) -> None:  # noqa: N802 - QGIS's name
        """Add every algorithm."""
        self.addAlgorithm(SegmentRaster())
        self.addAlgorithm(SegmentRasters())
        self.addAlgorithm(FinetuneAdapter())
        self.addAlgorithm(EvaluateMap())
        self.addAlgorithm(SamplePoints())
