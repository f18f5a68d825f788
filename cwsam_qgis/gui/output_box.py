"""Chooses where the results go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsProcessingUtils
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QWidget

from ...engine.errors import OutputError
from ..i18n import translator
from ..job import Outputs
from ..options import read_options
from ..results import file_stem, temporary_file
from ..settings import recall, remember
from ..vector_formats import vector_format

if TYPE_CHECKING:
    from collections.abc import Collection

tr = translator("output_box")


class OutputBox(QWidget):
    """Polygons to a temporary layer or a file; class and confidence raster if wanted."""

    changed = pyqtSignal()
    """Any choice has changed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.polygons = _file_widget(
            tr("GeoPackage") + " (*.gpkg);;Shapefile (*.shp);;GeoJSON (*.geojson);;"
            "FlatGeobuf (*.fgb)",
            tr("[Temporary layer]"),
            tr("File of the polygons; the ending says the format. Empty: a temporary layer"),
        )
        self.polygons.setDefaultRoot(read_options().output_folder)
        self.classes = QCheckBox(tr("Class raster"))
        self.classes.setToolTip(tr("Also write the class of each pixel as a GeoTIFF"))
        self.classes.setChecked(bool(recall("class_raster", False)))
        self.confidence = QCheckBox(tr("Confidence raster"))
        self.confidence.setToolTip(tr("Also write the confidence of each pixel in percent"))
        self.confidence.setChecked(bool(recall("confidence_raster", False)))
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("Sa&ve to"), self.polygons)
        row = QHBoxLayout()
        row.addWidget(self.classes)
        row.addWidget(self.confidence)
        row.addStretch(1)
        form.addRow(tr("Also"), row)
        self.polygons.fileChanged.connect(lambda _: self.changed.emit())
        self.classes.toggled.connect(lambda _: self.changed.emit())
        self.confidence.toggled.connect(lambda _: self.changed.emit())

    def outputs(self, names: list[str], under_way: Collection[Path] = ()) -> list[Outputs]:
        """Files for each of several layers; rasters lie beside the polygons.

        Args:
            names: Names of the layers; with more than one, each is added to the file's name.
            under_way: Polygon files of runs that have not ended.

        Raises:
            OutputError: The file's ending is none that can be written, or it is spoken for.
        """
        text = self.polygons.filePath().strip()
        taken = set(under_way)
        found = []
        for name in names:
            outputs = self._outputs_of(text, name, len(names) > 1, taken)
            if outputs.polygons in under_way:
                raise OutputError(
                    tr("{path} is being made by a run under way: choose another name.").format(
                        path=outputs.polygons
                    )
                )
            if outputs.polygons in taken:
                raise OutputError(
                    tr("Two layers are called '{name}': rename one of them.").format(name=name)
                )
            taken.add(outputs.polygons)
            found.append(outputs)
        return found

    def remember(self) -> None:
        """Keep the choices for the next session; the file's name is new each time."""
        remember("class_raster", self.classes.isChecked())
        remember("confidence_raster", self.confidence.isChecked())

    def apply(self, polygons: str, classes: bool, confidence: bool) -> None:
        """Choose as in an earlier run; an empty text means a temporary layer."""
        self.polygons.setFilePath(polygons)
        self.classes.setChecked(classes)
        self.confidence.setChecked(confidence)

    def _outputs_of(self, text: str, name: str, several: bool, taken: set[Path]) -> Outputs:
        if text:
            polygons = (
                Path(text) if Path(text).suffix else Path(text + read_options().output_suffix)
            )
            vector_format(polygons)
            if not polygons.is_absolute():
                raise OutputError(
                    tr("{path} names no folder: choose a whole path.").format(path=polygons)
                )
            if several:
                polygons = polygons.with_name(f"{polygons.stem}_{file_stem(name)}{polygons.suffix}")
        else:
            folder = Path(QgsProcessingUtils.tempFolder())
            polygons = temporary_file(folder, name, "_land_cover.gpkg", taken)
        return Outputs(
            polygons,
            _beside(polygons, "classes") if self.classes.isChecked() else None,
            _beside(polygons, "confidence") if self.confidence.isChecked() else None,
        )


def _beside(polygons: Path, what: str) -> Path:
    return polygons.with_name(f"{polygons.stem}_{what}.tif")


def _file_widget(filters: str, empty: str, tip: str) -> QgsFileWidget:
    widget = QgsFileWidget()
    widget.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
    widget.setFilter(filters)
    widget.setConfirmOverwrite(True)
    widget.lineEdit().setPlaceholderText(empty)
    widget.setToolTip(tip)
    return widget
