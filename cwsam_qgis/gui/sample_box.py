"""Draws a stratified sample of the map, as a layer ready to be labelled."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.gui import QgsCollapsibleGroupBox, QgsFileWidget
from qgis.PyQt.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QWidget,
)

from ...engine.errors import OutputError
from ...training.sample_points import MAP_CLASS, MAP_PIXELS
from ..i18n import translator
from ..output_path import existing, next_free, read_path, refuse_precious
from ..settings import recall
from .replace_question import Answer, ask_to_replace

if TYPE_CHECKING:
    from ...training.map_strips import SampleOptions

tr = translator("sample_box")

_SUFFIX = ".gpkg"
_ALLOCATIONS = ("recommended", "proportional", "equal")


class SampleBox(QgsCollapsibleGroupBox):
    """How many points, shared out how, saved where.

    Attributes:
        button: Draws the sample.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("No reference yet? Draw a sample to label"), parent)
        self.setCollapsed(True)
        self._make_widgets()
        form = QFormLayout(self)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        hint = QLabel(
            tr(
                "Points are drawn at random within the classes of the map. Give each its true "
                "class by looking; the accuracy and areas of the whole map follow, with their "
                "95 % confidence intervals."
            )
        )
        hint.setWordWrap(True)
        form.addRow(hint)
        form.addRow(self.by_error, self.error)
        form.addRow(self.by_size, self.size)
        form.addRow(tr("Points b&y class"), self.allocation)
        form.addRow(tr("Rare classes &get"), self.minimum)
        form.addRow(tr("Save &to"), self.file)
        form.addRow(self.button)
        self.allocation.currentIndexChanged.connect(self._show)
        self.by_error.toggled.connect(self._show)
        self._show()

    def options(self) -> SampleOptions:
        """What is asked for."""
        from ...training.map_strips import SampleOptions

        return SampleOptions(
            size=self.size.value() if self.by_size.isChecked() else None,
            standard_error=self.error.value() / 100,
            allocation=self.allocation.currentData(),
            minimum=self.minimum.value(),
        )

    def path(self) -> Path | None:
        """Where the points are saved; None for a temporary layer.

        Raises:
            OutputError: It cannot be a GeoPackage.
        """
        text = self.file.filePath().strip()
        if not text:
            return None
        path = read_path(text, _SUFFIX)
        if path.suffix.lower() != _SUFFIX:
            said = tr("'{name}' is no GeoPackage: choose a name that ends in .gpkg.")
            raise OutputError(said.format(name=path.name))
        return path

    def agreed_path(self) -> tuple[bool, Path | None]:
        """Whether to go on, and :meth:`path`, with the user's consent where the file exists.

        Raises:
            OutputError: As there; or the file holds what is not to be replaced.
        """
        path = self.path()
        if path is None:
            return True, None
        refuse_precious(path, (MAP_CLASS, MAP_PIXELS))
        answer = ask_to_replace(existing([path]), self)
        if answer is Answer.NEW_NAME:
            path = next_free(path, os.path.exists)
            self.file.setFilePath(str(path))
        return answer is not Answer.CANCEL, path

    def _make_widgets(self) -> None:
        self.by_error = QRadioButton(tr("Standard &error"))
        self.by_size = QRadioButton(tr("&Number of points"))
        self.by_error.setChecked(True)
        self._choice = QButtonGroup(self)
        self._choice.addButton(self.by_error)
        self._choice.addButton(self.by_size)
        self.error = QDoubleSpinBox()
        self.error.setRange(0.2, 20.0)
        self.error.setDecimals(1)
        self.error.setSuffix(" %")
        self.error.setValue(2.0)
        self.error.setToolTip(
            tr("Of the overall accuracy; its confidence interval is about twice as much, ±")
        )
        self.size = QSpinBox()
        self.size.setRange(2, 100_000)
        self.size.setValue(500)
        self.size.setToolTip(tr("Points in all"))
        self.allocation = QComboBox()
        self.allocation.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.allocation.setMinimumContentsLength(12)
        for name, text in zip(
            _ALLOCATIONS,
            (tr("Recommended"), tr("In proportion to the area"), tr("The same for every class")),
        ):
            self.allocation.addItem(text, name)
        self.allocation.setToolTip(
            tr("Recommended: a minimum for rare classes, the others in proportion to their area")
        )
        self.minimum = QSpinBox()
        self.minimum.setRange(2, 1000)
        self.minimum.setValue(50)
        self.minimum.setSuffix(tr(" points"))
        self.minimum.setToolTip(tr("50 to 100 are advised; fewer make wide intervals"))
        self.file = QgsFileWidget()
        self.file.setStorageMode(QgsFileWidget.StorageMode.SaveFile)
        self.file.setFilter("GeoPackage (*.gpkg)")
        self.file.setDefaultRoot(str(recall("output_folder", "")))
        self.file.lineEdit().setPlaceholderText(tr("[temporary layer]"))
        self.file.setToolTip(tr("A GeoPackage keeps your labels; a temporary layer is lost"))
        self.button = QPushButton(tr("&Draw sample"))
        self.button.setObjectName("cwsamDrawSample")
        self.button.setToolTip(tr("Add a layer of points to the project, ready to be labelled"))

    def _show(self, _changed: object = None) -> None:
        self.error.setEnabled(self.by_error.isChecked())
        self.size.setEnabled(self.by_size.isChecked())
        self.minimum.setEnabled(self.allocation.currentData() == "recommended")
