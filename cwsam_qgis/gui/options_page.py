"""The plugin's page in QGIS's settings dialog."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable

from qgis.gui import QgsFileWidget, QgsOptionsPageWidget, QgsOptionsWidgetFactory
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QGroupBox,
    QLabel,
    QMessageBox,
    QSpinBox,
    QWidget,
)

from ..i18n import translator
from ..icons import icon
from ..options import DEVICES, PRECISIONS, Options, read_options, write_options
from ..output_path import folder_refusal
from ..vector_formats import FORMATS
from .columns import scrolling_column

tr = translator("options_page")

PAGE = "cwsamOptions"


class OptionsFactory(QgsOptionsWidgetFactory):
    """Makes the page each time that the settings dialog opens."""

    def __init__(self, applied: Callable[[Options], None]) -> None:
        """Call ``applied`` with the options whenever the dialog is closed by OK."""
        super().__init__("CWSAM", icon("cwsam"))
        self._applied = applied

    def createWidget(self, parent: QWidget | None = None) -> OptionsPage:  # noqa: N802 - QGIS's name
        """The page with the options as they are."""
        return OptionsPage(self._applied, parent)


class OptionsPage(QgsOptionsPageWidget):
    """Device, folders and defaults; kept when the dialog's OK is pressed."""

    def __init__(self, applied: Callable[[Options], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(PAGE)
        self._applied = applied
        now = read_options()
        self._now = now
        self.refusal = QLabel()
        self.refusal.setWordWrap(True)
        self.refusal.hide()
        groups = self._computing(now), self._results(now), self._folders(now)
        scrolling_column(self, self.refusal, *groups)
        for widget in self._folder_boxes().values():
            widget.fileChanged.connect(lambda _: self._show_refusals())

    def isValid(self) -> bool:  # noqa: N802 - QGIS's name
        """Whether the dialog may close; newer releases of QGIS ask."""
        return not self._show_refusals()

    def apply(self) -> None:
        """Remember what is chosen; called by the dialog. Impossible folders stay as they were."""
        chosen, refused = self.options(), self._refusals()
        if refused:
            chosen = replace(chosen, **{name: getattr(self._now, name) for name in refused})
            QMessageBox.warning(self, "CWSAM", "\n".join(refused.values()))
        write_options(chosen)
        self._applied(chosen)

    def _folder_boxes(self) -> dict[str, QgsFileWidget]:
        """The folders by the names of their options."""
        return {
            "output_folder": self.output_folder,
            "packages_folder": self.packages_folder,
            "cache_folder": self.cache_folder,
        }

    def _refusals(self) -> dict[str, str]:
        """Options whose folder cannot be, each with a sentence."""
        texts = {name: box.filePath().strip() for name, box in self._folder_boxes().items()}
        said = {name: folder_refusal(text) for name, text in texts.items() if text}
        return {name: sentence for name, sentence in said.items() if sentence}

    def _show_refusals(self) -> dict[str, str]:
        refused = self._refusals()
        self.refusal.setText("\n".join(refused.values()))
        self.refusal.setVisible(bool(refused))
        return refused

    def options(self) -> Options:
        """What is chosen now."""
        return Options(
            device=self.device.currentData(),
            precision=self.precision.currentData(),
            threads=self.threads.value(),
            cache_folder=self.cache_folder.filePath().strip(),
            cache_limit_gb=self.cache_limit.value(),
            packages_folder=self.packages_folder.filePath().strip(),
            output_folder=self.output_folder.filePath().strip(),
            output_suffix=self.suffix.currentData(),
            class_raster=self.class_raster.isChecked(),
            confidence_raster=self.confidence_raster.isChecked(),
        )

    def _computing(self, now: Options) -> QGroupBox:
        automatic = tr("Automatic")
        names = {"auto": automatic, "cpu": "CPU", "cuda": "CUDA (NVIDIA)", "mps": "Apple Metal"}
        self.device = _choice([(names[name], name) for name in DEVICES], now.device)
        self.device.setToolTip(tr("Where networks compute; automatic takes a GPU if one is usable"))
        self.precision = _choice(
            [(automatic if name == "auto" else name, name) for name in PRECISIONS], now.precision
        )
        self.precision.setToolTip(
            tr("Fewer bits are faster where the processor knows them; int8 costs some accuracy")
        )
        self.threads = QSpinBox()
        self.threads.setRange(0, 256)
        self.threads.setSpecialValueText(tr("All cores but one"))
        self.threads.setValue(now.threads)
        self.threads.setToolTip(tr("Threads of a run on the CPU; the screen needs one core"))
        return _form(
            tr("Computing"),
            (tr("&Device"), self.device),
            (tr("&Precision"), self.precision),
            (tr("&Threads"), self.threads),
        )

    def _results(self, now: Options) -> QGroupBox:
        labels = {".gpkg": "GeoPackage", ".shp": "Shapefile", ".geojson": "GeoJSON",
                  ".fgb": "FlatGeobuf"}  # fmt: skip
        self.suffix = _choice([(labels[one], one) for one in FORMATS], now.output_suffix)
        self.suffix.setToolTip(tr("Format of the polygons where a file name has no ending"))
        self.output_folder = _folder(now.output_folder, tr("The project's folder"))
        self.output_folder.setToolTip(tr("Where the file dialogs for results start"))
        self.class_raster = QCheckBox(tr("Class raster"))
        self.class_raster.setChecked(now.class_raster)
        self.class_raster.setToolTip(tr("Also write the class of each pixel, unless told not to"))
        self.confidence_raster = QCheckBox(tr("Confidence raster"))
        self.confidence_raster.setChecked(now.confidence_raster)
        self.confidence_raster.setToolTip(
            tr("Also write the confidence of each pixel, unless told not to")
        )
        return _form(
            tr("Results"),
            (tr("&Format"), self.suffix),
            (tr("&Results folder"), self.output_folder),
            ("", self.class_raster),
            ("", self.confidence_raster),
        )

    def _folders(self, now: Options) -> QGroupBox:
        self.packages_folder = _folder(now.packages_folder, tr("In your QGIS profile"))
        self.packages_folder.setToolTip(
            tr("Where PyTorch is installed and looked for; takes effect when QGIS starts again")
        )
        self.cache_folder = _folder(now.cache_folder, tr("The system's cache folder"))
        self.cache_folder.setToolTip(tr("Where interrupted runs are kept until they go on"))
        self.cache_limit = QSpinBox()
        self.cache_limit.setRange(1, 1000)
        self.cache_limit.setSuffix(" GiB")
        self.cache_limit.setValue(now.cache_limit_gb)
        self.cache_limit.setToolTip(tr("The oldest interrupted runs go when all take more"))
        return _form(
            tr("Folders"),
            (tr("P&yTorch"), self.packages_folder),
            (tr("&Interrupted runs"), self.cache_folder),
            (tr("at &most"), self.cache_limit),
        )


def _form(title: str, *rows: tuple[str, QWidget]) -> QGroupBox:
    group = QGroupBox(title)
    form = QFormLayout(group)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    for label, widget in rows:
        form.addRow(label, widget)
    return group


def _choice(entries: list[tuple[str, str]], chosen: str) -> QComboBox:
    box = QComboBox()
    for label, data in entries:
        box.addItem(label, data)
    box.setCurrentIndex(max(0, box.findData(chosen)))
    return box


def _folder(path: str, empty: str) -> QgsFileWidget:
    widget = QgsFileWidget()
    widget.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
    widget.lineEdit().setPlaceholderText(empty)
    widget.setFilePath(path)
    return widget
