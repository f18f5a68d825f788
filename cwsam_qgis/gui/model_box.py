"""Chooses a model and shows what it has seen."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtWidgets import QComboBox, QFileDialog, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ...engine.classes import CLASSES
from ...engine.errors import CheckpointError
from ..i18n import class_label, translator
from ..model_list import SUFFIX, ModelFacts, known_models, read_facts
from ..settings import recall, remember, remember_model, remembered_models

tr = translator("model_box")


class ModelBox(QWidget):
    """A combo box of models above a line of facts."""

    changed = pyqtSignal()
    """Another model was chosen, or none."""

    refused = pyqtSignal(str)
    """The file that the user chose cannot be used; says why."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts: ModelFacts | None = None
        self.combo = QComboBox()
        self.combo.setToolTip(tr("The network that computes the map"))
        self.combo.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.combo)
        layout.addWidget(self.label)
        self._fill(str(recall("model", "")))
        self.combo.activated.connect(self._activated)
        self.setFocusProxy(self.combo)

    def facts(self) -> ModelFacts | None:
        """What is known of the chosen model; None when there is none."""
        return self._facts

    def choose(self, path: Path) -> bool:
        """Choose a model file; returns whether it can be used."""
        try:
            read_facts(path)
        except CheckpointError as error:
            self._fill(str(self._facts.path) if self._facts else "")
            self.refused.emit(str(error))
            return False
        remember_model(path)
        self._fill(str(path))
        return True

    def _fill(self, wanted: str) -> None:
        """List the models and choose one."""
        self.combo.blockSignals(True)
        self.combo.clear()
        for path in known_models(remembered_models()):
            self.combo.addItem(path.stem, str(path))
            self.combo.setItemData(self.combo.count() - 1, str(path), 3)  # tooltip role
        if not self.combo.count():
            self.combo.addItem(tr("No model yet: choose a file"), "")
        self.combo.addItem(tr("Other file…"), None)
        self.combo.setCurrentIndex(max(0, self.combo.findData(wanted)))
        self.combo.blockSignals(False)
        self._show()

    def _activated(self, index: int) -> None:
        if self.combo.itemData(index):
            self._show()
            return
        text, _ = QFileDialog.getOpenFileName(
            self, tr("Choose a model"), str(recall("model_folder", "")),
            tr("CWSAM models") + f" (*{SUFFIX})",
        )  # fmt: skip
        if text:
            remember("model_folder", str(Path(text).parent))
            self.choose(Path(text))
        else:
            self._fill(str(self._facts.path) if self._facts else "")

    def _show(self) -> None:
        """Read the chosen model's facts and show them."""
        path = self.combo.currentData()
        self._facts, text, tip = None, "", ""
        if path:
            try:
                self._facts = read_facts(Path(path))
            except CheckpointError as error:
                text = str(error)
        else:
            text = tr("This copy of the plugin comes without a model.")
        if self._facts is not None:
            text, tip = _one_line(self._facts), _card(self._facts)
            remember("model", str(path))
        self.label.setText(text)
        self.label.setToolTip(tip)
        self.combo.setToolTip(tip or tr("The network that computes the map"))
        self.changed.emit()


def _one_line(facts: ModelFacts) -> str:
    low, high = facts.card.gsd_m
    return tr("{count} classes · for {low}–{high} m per pixel · {size} MB").format(
        count=len(facts.class_ids),
        low=f"{low:g}",
        high=f"{high:g}",
        size=f"{facts.bytes / 1e6:.1f}",
    )


def _card(facts: ModelFacts) -> str:
    """The card as rich text: title, classes seen, limits."""
    names = ", ".join(class_label(CLASSES[i]) for i in facts.class_ids if i < len(CLASSES))
    lines = [f"<b>{facts.card.title}</b>", tr("Classes: {names}").format(names=names)]
    lines += list(facts.card.notes)
    if facts.card.licence:
        lines.append(tr("Licence: {licence}").format(licence=facts.card.licence))
    return "<p>" + "</p><p>".join(lines) + "</p>"
