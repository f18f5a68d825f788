"""Chooses where the results go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsProcessingUtils
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QWidget

from ...engine.errors import OutputError
from ..class_areas import FIELDS
from ..i18n import translator
from ..job import Outputs
from ..options import read_options
from ..output_path import check_name, existing, next_free, read_path, refuse_precious
from ..results import file_stem, temporary_file
from ..settings import recall, remember
from ..staging import check_target
from ..vector_formats import vector_format
from .replace_question import Answer, ask_to_replace

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
            under_way: Files of runs that have not ended.

        Raises:
            OutputError: A file cannot be written under that name, or is spoken for.
        """
        text = self.polygons.filePath().strip()
        chosen = read_path(text, read_options().output_suffix) if text else None
        return self._outputs(chosen, names, under_way)

    def agreed_outputs(
        self, names: list[str], under_way: Collection[Path] = ()
    ) -> list[Outputs] | None:
        """As :meth:`outputs`, with the user's consent where a file exists; None without it.

        A new name that he asks for stands in the box afterwards.

        Raises:
            OutputError: As there; or a file cannot be replaced, or holds what is not to be.
        """
        found = self.outputs(names, under_way)
        there = existing(path for outputs in found for path in outputs.files())
        for path in there:
            refuse_precious(path, FIELDS)
        answer = ask_to_replace(there, self)
        if answer is Answer.NEW_NAME:
            chosen = read_path(self.polygons.filePath(), read_options().output_suffix)
            self.polygons.setFilePath(str(self._free(chosen, names, under_way)))
            return self.outputs(names, under_way)
        if answer is Answer.CANCEL:
            return None
        for path in there:  # on Windows what a layer of the project shows stays in its place
            check_target(path)
        return found

    def remember(self) -> None:
        """Keep the choices for the next session; the file's name is new each time."""
        remember("class_raster", self.classes.isChecked())
        remember("confidence_raster", self.confidence.isChecked())

    def apply(self, polygons: str, classes: bool, confidence: bool, name: str = "") -> None:
        """Choose as in an earlier run, under a name that is free.

        Args:
            polygons: File of the polygons; empty for a temporary layer.
            classes: Whether a class raster is wanted.
            confidence: Whether a confidence raster is wanted.
            name: Name of the layer.
        """
        self.classes.setChecked(classes)
        self.confidence.setChecked(confidence)
        free = str(self._free(Path(polygons), [name])) if polygons else ""
        self.polygons.setFilePath(free)

    def _free(self, path: Path, names: list[str], under_way: Collection[Path] = ()) -> Path:
        """A name under which none of the outputs exists or is being made."""

        def used(candidate: Path) -> bool:
            files = [f for name in names for f in self._of(candidate, name, len(names) > 1).files()]
            return any(map(os.path.exists, files)) or not set(under_way).isdisjoint(files)

        return next_free(path, used)

    def _outputs(
        self, chosen: Path | None, names: list[str], under_way: Collection[Path]
    ) -> list[Outputs]:
        """Files for each layer under a chosen name; None for temporary ones."""
        taken, found = set(under_way), []
        for name in names:
            outputs = self._of(chosen, name, len(names) > 1, taken)
            for path in outputs.files():
                if path in under_way:
                    text = tr("{path} is being made by a run under way: choose another name.")
                    raise OutputError(text.format(path=path))
                if path in taken:
                    text = tr("Two layers are called '{name}': rename one of them.")
                    raise OutputError(text.format(name=name))
            taken.update(outputs.files())
            found.append(outputs)
        return found

    def _of(
        self, chosen: Path | None, name: str, several: bool, taken: Collection[Path] = ()
    ) -> Outputs:
        polygons = chosen
        if polygons is None:
            folder = Path(QgsProcessingUtils.tempFolder())
            polygons = temporary_file(folder, name, "_land_cover.gpkg", taken)
        elif several:
            polygons = polygons.with_name(f"{polygons.stem}_{file_stem(name)}{polygons.suffix}")
        vector_format(polygons)
        check_name(polygons)
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
