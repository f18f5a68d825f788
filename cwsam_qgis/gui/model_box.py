"""Chooses a model and an adapter, and shows what they have seen."""

from __future__ import annotations

from pathlib import Path

from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ...engine.errors import CheckpointError
from ..i18n import card_text, class_label, engine_text, translator
from ..model_list import SUFFIX, ModelFacts, known_adapters, known_models, read_facts
from ..settings import (
    recall,
    remember,
    remember_adapter,
    remember_model,
    remembered_adapters,
    remembered_models,
)

tr = translator("model_box")


class ModelBox(QWidget):
    """Two combo boxes, of models and of adapters, above a line of facts."""

    changed = pyqtSignal()
    """Another model or adapter was chosen, or none."""

    refused = pyqtSignal(str)
    """The file that the user chose cannot be used; says why."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts: ModelFacts | None = None
        self._adapter: ModelFacts | None = None
        self.combo, self.adapters = QComboBox(), QComboBox()
        self.adapters.setToolTip(_adapter_tip())
        for combo in (self.combo, self.adapters):
            combo.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(tr("&Network"), self.combo)
        form.addRow(tr("&Adapter"), self.adapters)
        layout.addLayout(form)
        layout.addWidget(self.label)
        self._fill_models(str(recall("model", "")))
        self._fill_adapters("")
        self._show()
        self.combo.activated.connect(self._model_activated)
        self.adapters.activated.connect(self._adapter_activated)
        self.setFocusProxy(self.combo)

    def facts(self) -> ModelFacts | None:
        """What is known of the chosen model, or of its adapter; None when there is none."""
        return self._adapter or self._facts

    def model_path(self) -> Path | None:
        """The weights file; None when there is none."""
        return self._facts.path if self._facts is not None else None

    def adapter_path(self) -> Path | None:
        """The adapter's file; None without one."""
        return self._adapter.path if self._adapter is not None else None

    def refresh(self) -> None:
        """List files that have come or gone; the choice stays where it can."""
        model, adapter = self.model_path(), self.adapter_path()
        self._fill_models(str(model or ""))
        self._fill_adapters(str(adapter or ""))
        self._show()

    def choose(self, path: Path) -> bool:
        """Choose a model's or an adapter's file; returns whether it can be used."""
        try:
            facts = read_facts(path)
        except CheckpointError as error:
            self.refresh()
            self.refused.emit(engine_text(str(error)))
            return False
        if facts.is_adapter:
            remember_adapter(path)
            self._fill_adapters(str(path))
        else:
            remember_model(path)
            self._fill_models(str(path))
        self._show()
        return True

    def choose_no_adapter(self) -> None:
        """Use the model as it is."""
        self._fill_adapters("")
        self._show()

    def _fill_models(self, wanted: str) -> None:
        """List the models and choose one."""
        self.combo.clear()
        for path in known_models(remembered_models()):
            _add(self.combo, path)
        if not self.combo.count():
            self.combo.addItem(tr("No model yet: choose a file"), "")
        self.combo.addItem(tr("Other file…"), None)
        self.combo.setCurrentIndex(max(0, self.combo.findData(wanted)))

    def _fill_adapters(self, wanted: str) -> None:
        """List the adapters and choose one; an empty text chooses none."""
        self.adapters.clear()
        self.adapters.addItem(tr("None"), "")
        for path in known_adapters(remembered_adapters()):
            _add(self.adapters, path)
        self.adapters.addItem(tr("Other file…"), None)
        self.adapters.setCurrentIndex(max(0, self.adapters.findData(wanted)))

    def _model_activated(self, index: int) -> None:
        if self.combo.itemData(index) is not None:
            self._show()
        else:
            self._ask_file(tr("Choose a model"), "model_folder")

    def _adapter_activated(self, index: int) -> None:
        if self.adapters.itemData(index) is not None:
            self._show()
        else:
            self._ask_file(tr("Choose an adapter"), "adapter_folder")

    def _ask_file(self, title: str, folder: str) -> None:
        text, _ = QFileDialog.getOpenFileName(
            self, title, str(recall(folder, "")), tr("CWSAM models") + f" (*{SUFFIX})"
        )
        if text:
            remember(folder, str(Path(text).parent))
            self.choose(Path(text))
        else:
            self.refresh()

    def _show(self) -> None:
        """Read the chosen files' facts and show them."""
        self._facts, problem = _read(self.combo.currentData())
        self._adapter, other = _read(self.adapters.currentData())
        if not self.combo.currentData():
            problem = tr("This copy of the plugin comes without a model.")
        if self._facts is not None:
            remember("model", str(self._facts.path))
        facts = self.facts()
        tip = _card(facts) if facts is not None else ""
        text = problem or other or _one_line(facts)
        self.label.setText(text)
        self.label.setToolTip(tip)
        self.combo.setToolTip(
            _card(self._facts) if self._facts else tr("The network that computes the map")
        )
        self.adapters.setToolTip(_card(self._adapter) if self._adapter else _adapter_tip())
        self.changed.emit()


def _add(combo: QComboBox, path: Path) -> None:
    combo.addItem(path.stem, str(path))
    combo.setItemData(combo.count() - 1, str(path), Qt.ItemDataRole.ToolTipRole)


def _read(path: str | None) -> tuple[ModelFacts | None, str]:
    """Facts of a file, or None and the reason."""
    if not path:
        return None, ""
    try:
        return read_facts(Path(path)), ""
    except CheckpointError as error:
        return None, engine_text(str(error))


def _adapter_tip() -> str:
    return tr("What fine-tuning has added to the network; made in the Fine-tune tab")


def _one_line(facts: ModelFacts) -> str:
    low, high = facts.card.gsd_m
    return tr("{count} classes · for {low}–{high} m per pixel · {size} MB").format(
        count=len(facts.class_ids),
        low=f"{low:g}",
        high=f"{high:g}",
        size=f"{facts.bytes / 1e6:.1f}",
    )


def _card(facts: ModelFacts) -> str:
    """The card as rich text: title, resolution, classes seen, data, limits."""
    names = ", ".join(map(class_label, facts.classes))
    lines = [f"<b>{card_text(facts.card.title)}</b>", _one_line(facts)]
    lines.append(tr("Classes: {names}").format(names=names))
    if facts.card.data:
        lines.append(tr("Trained on: {data}").format(data="; ".join(facts.card.data)))
    lines += map(card_text, facts.card.notes)
    if facts.card.licence:
        lines.append(tr("Licence: {licence}").format(licence=facts.card.licence))
    return "<p>" + "</p><p>".join(lines) + "</p>"
