"""Tiles, classes to keep, and how polygons are drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qgis.gui import QgsCheckableComboBox, QgsCollapsibleGroupBox
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtGui import QColor, QIcon, QPixmap
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QSpinBox,
    QWidget,
)

from ..i18n import class_label, translator
from ..options import read_options
from ..run_settings import DEVICES, PRECISIONS, Settings
from ..settings import recall, remember

if TYPE_CHECKING:
    from ..model_list import ModelFacts

tr = translator("advanced_box")

_DEFAULT_MIN_AREA = 16.0  # pixels: smaller patches are noise of the network
_DEFAULT_SIMPLIFY = 1.0  # pixels: stairs become straight borders


class AdvancedBox(QgsCollapsibleGroupBox):
    """Settings with good defaults, folded away."""

    changed = pyqtSignal()
    """Any setting has changed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Advanced"), parent)
        self.setObjectName("cwsamAdvanced")
        self.setCollapsed(True)
        self._make_widgets()
        self._lay_out()
        options = read_options()
        standard = {"device": options.device, "precision": options.precision}
        self._set({**standard, **recall("advanced", {})})
        for spin in (self.min_area, self.simplify, self.tile, self.overlap, self.smooth):
            spin.valueChanged.connect(lambda _: self.changed.emit())
        for box in (self.unit, self.device, self.precision):
            box.currentIndexChanged.connect(lambda _: self.changed.emit())

    def settings(self) -> Settings:
        """The chosen settings; bands are left open."""
        return Settings(
            tile=self.tile.value(),
            overlap=self.overlap.value(),
            keep_classes=self._kept(),
            min_area=self.min_area.value(),
            simplify=self.simplify.value(),
            metric=self.unit.currentData() == "metres",
            smooth=self.smooth.value(),
        )

    def remember(self) -> None:
        """Keep the settings for the next session; the kept classes belong to this one."""
        kept = dict(vars(replace(self.settings(), keep_classes=None)))
        kept["device"], kept["precision"] = self.device.currentData(), self.precision.currentData()
        remember("advanced", kept)

    def apply(self, settings: Settings, device: str, precision: str) -> None:
        """Choose as in an earlier run."""
        self._set({**vars(settings), "device": device, "precision": precision})
        for index in range(self.keep.count()):
            kept = settings.keep_classes is not None
            ticked = kept and self.keep.itemData(index) in settings.keep_classes
            state = Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
            self.keep.setItemCheckState(index, state)

    def set_model(self, facts: ModelFacts | None) -> None:
        """Offer the classes and tile sizes of a model."""
        self.keep.clear()
        for entry in facts.classes if facts else ():
            self.keep.addItem(_swatch(entry.colour), class_label(entry), entry.id)
        self.keep.setCurrentIndex(-1)
        if facts is not None:
            self.tile.setSingleStep(facts.config.encoder.patch_size)
            own = tr("Automatic ({size})").format(size=facts.config.image_size)
            self.tile.setSpecialValueText(own)
            self.overlap.setSpecialValueText(
                tr("Automatic ({size})").format(size=facts.config.image_size // 8)
            )

    def _kept(self) -> tuple[int, ...] | None:
        """Class ids that are ticked; None for none or all."""
        states = [
            self.keep.itemCheckState(index) == Qt.CheckState.Checked
            for index in range(self.keep.count())
        ]
        if not any(states) or all(states):
            return None
        return tuple(self.keep.itemData(i) for i, ticked in enumerate(states) if ticked)

    def set_device(self, device: str, precision: str) -> None:
        """Choose what computes, as QGIS's settings now say."""
        self.device.setCurrentIndex(max(0, self.device.findData(device)))
        self.precision.setCurrentIndex(max(0, self.precision.findData(precision)))

    def _make_widgets(self) -> None:
        self.keep = QgsCheckableComboBox()
        self.keep.setDefaultText(tr("All classes"))
        self.keep.setToolTip(tr("Only these classes are kept; the rest of the map stays empty"))
        self.min_area = _decimal(tr("Smaller polygons are merged into the neighbour around them"))
        self.simplify = _decimal(tr("Borders may move by this much; neighbours stay joined"))
        self.unit = QComboBox()
        self.unit.addItem(tr("pixels"), "pixels")
        self.unit.addItem(tr("metres"), "metres")
        self.unit.setToolTip(tr("Unit of smallest polygon (squared) and of simplification"))
        self.smooth = _whole(0, 3, tr("Smoothing iterations; 0 for none"))
        self.tile = _whole(0, 4096, tr("Side of the squares that the network sees, in pixels"))
        self.overlap = _whole(-1, 2048, tr("Overlap of these squares in pixels"))
        names = {"auto": tr("Automatic"), "cpu": "CPU", "cuda": "GPU (CUDA)", "mps": "GPU (Metal)"}
        self.device = _choice(DEVICES, names, tr("What computes; the best there is, if automatic"))
        names = {"auto": tr("Automatic")}
        tip = tr("Numbers that the network computes with; smaller ones are faster and coarser")
        self.precision = _choice(PRECISIONS, names, tip)

    def _lay_out(self) -> None:
        form = QFormLayout(self)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("&Keep classes"), self.keep)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.min_area, 1)
        row.addWidget(self.unit)
        form.addRow(tr("Smallest pol&ygon"), row)
        form.labelForField(row).setBuddy(self.min_area)
        form.addRow(tr("S&implify by"), self.simplify)
        form.addRow(tr("S&mooth"), self.smooth)
        form.addRow(tr("&Tile"), self.tile)
        form.addRow(tr("&Overlap"), self.overlap)
        form.addRow(tr("&Device"), self.device)
        form.addRow(tr("Pre&cision"), self.precision)

    def _set(self, kept: dict) -> None:
        """Take values over by name; those that are missing or broken get their default."""
        self.min_area.setValue(_number(kept, "min_area", _DEFAULT_MIN_AREA))
        self.simplify.setValue(_number(kept, "simplify", _DEFAULT_SIMPLIFY))
        self.smooth.setValue(int(_number(kept, "smooth", 0)))
        self.tile.setValue(int(_number(kept, "tile", 0)))
        self.overlap.setValue(int(_number(kept, "overlap", -1)))
        self.unit.setCurrentIndex(1 if kept.get("metric") is True else 0)
        for box, name in ((self.device, "device"), (self.precision, "precision")):
            box.setCurrentIndex(max(0, box.findData(kept.get(name))))


def _number(values: dict, name: str, default: float) -> float:
    value = values.get(name, default)
    return value if isinstance(value, (int, float)) else default


def _decimal(tip: str) -> QDoubleSpinBox:
    spin = QDoubleSpinBox()
    spin.setDecimals(1)
    spin.setRange(0.0, 1e6)
    spin.setToolTip(tip)
    return spin


def _whole(low: int, high: int, tip: str) -> QSpinBox:
    spin = QSpinBox()
    spin.setRange(low, high)
    spin.setToolTip(tip)
    return spin


def _choice(values: tuple[str, ...], names: dict[str, str], tip: str) -> QComboBox:
    box = QComboBox()
    for value in values:
        box.addItem(names.get(value, value), value)
    box.setToolTip(tip)
    return box


def _swatch(colour: str) -> QIcon:
    pixmap = QPixmap(16, 16)
    pixmap.fill(QColor(colour))
    return QIcon(pixmap)
