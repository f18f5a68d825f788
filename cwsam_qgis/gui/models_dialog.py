"""Lists models, shows their cards, adds files and downloads."""

from __future__ import annotations

from html import escape
from pathlib import Path

from qgis.core import QgsApplication
from qgis.PyQt.QtCore import Qt, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTextBrowser,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from ...engine.errors import CheckpointError, CwsamError
from ..download import Download
from ..folder_task import FolderTask
from ..i18n import translator
from ..model_entries import Entry, card_html, list_entries, look_into
from ..model_list import read_facts
from ..registry import forget, remember_start
from ..settings import recall, remember, remember_model

tr = translator("models_dialog")

_ENTRY = Qt.ItemDataRole.UserRole


class ModelsDialog(QDialog):
    """Everything about model files in one window."""

    changed = pyqtSignal()
    """A model was added, downloaded or removed."""

    chosen = pyqtSignal(str)
    """The user wants to segment with this file."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cwsamModelsDialog")
        self.setWindowTitle(tr("CWSAM – Models"))
        self.resize(720, 520)
        self.download: Download | None = None
        self._look: FolderTask | None = None
        self._waiting: Path | None = None
        self._make_list()
        self.card = QTextBrowser()
        self.card.setOpenExternalLinks(True)
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.progress = QProgressBar()
        self.progress.hide()
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.list)
        split.addWidget(self.card)
        layout = QVBoxLayout(self)
        layout.addWidget(split, 1)
        for widget in (self.progress, self.sentence, self._buttons()):
            layout.addWidget(widget)
        self.refresh()

    def refresh(self, chosen: Path | None = None) -> None:
        """List what there is now; keeps or sets the choice."""
        entry = self.entry()
        wanted = chosen or (entry.path if entry else None)
        self.list.clear()
        try:
            entries = list_entries()
        except CwsamError as error:
            self.sentence.setText(str(error))
            return
        for one in entries:
            item = QTreeWidgetItem(
                [one.title, _use(one), f"{one.bytes / 1e6:,.1f} MB", _state(one)]
            )
            item.setTextAlignment(2, Qt.AlignmentFlag.AlignRight)
            item.setData(0, _ENTRY, one)
            item.setToolTip(0, str(one.path))
            self.list.addTopLevelItem(item)
            if one.path == wanted or self.list.topLevelItemCount() == 1:
                self.list.setCurrentItem(item)
        self._show()

    def entry(self) -> Entry | None:
        """The chosen line."""
        item = self.list.currentItem()
        return item.data(0, _ENTRY) if item is not None else None

    def examine(self, path: Path) -> None:
        """Look into a file in the background; *Use this file* adds it then."""
        self._waiting = None
        self.card.clear()
        self._look = FolderTask(
            tr("Look into {name}").format(name=path.name), lambda: look_into(path)
        )
        self._look.ended.connect(lambda: self._examined(path))
        self._busy(tr("Looking into {name}…").format(name=path.name))
        QgsApplication.taskManager().addTask(self._look)

    def reject(self) -> None:
        """Close; a download goes on and can be watched again."""
        self.hide()

    def shut_down(self) -> None:
        """Stop what runs: the plugin goes away."""
        self.blockSignals(True)
        if self._look is not None:
            self._look.ended.disconnect()
        if self.download is not None:
            self.download.blockSignals(True)
            self.download.cancel()

    def _make_list(self) -> None:
        self.list = QTreeWidget()
        self.list.setRootIsDecorated(False)
        self.list.setHeaderLabels([tr("Model"), tr("Use"), tr("Size"), tr("State")])
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.list.header().setStretchLastSection(False)
        for column in (1, 2, 3):
            self.list.header().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.list.setToolTip(tr("Models that are here or can be downloaded"))
        self.list.currentItemChanged.connect(lambda *_: self._show())

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        box.rejected.connect(self.reject)

        def button(text: str, tip: str, act) -> QPushButton:
            made = box.addButton(text, QDialogButtonBox.ButtonRole.ActionRole)
            made.setToolTip(tip)
            made.clicked.connect(lambda _checked=False: act())
            return made

        self.add_button = button(
            tr("&Add file…"), tr("Look into a weights file and add it"), self._ask_for_file
        )
        self.use_button = button(
            tr("&Use this file"), tr("Add the file that was looked into"), self._accept_file
        )
        self.segment_button = button(
            tr("&Segment with it"), tr("Choose this model in the dock"), self._segment
        )
        self.download_button = button(
            tr("&Download"), tr("Fetch the file, check it and keep it"), self._download
        )
        self.stop_button = button(
            tr("S&top"), tr("Stop; what has arrived is kept for another time"), self._stop
        )
        self.remove_button = button(
            tr("&Remove"),
            tr("Delete a download, or take a file of yours off the list"),
            self._remove,
        )
        return box

    def _ask_for_file(self) -> None:
        text, _ = QFileDialog.getOpenFileName(
            self, tr("Choose a weights file"), str(recall("model_folder", "")),
            tr("Weights") + " (*.safetensors *.pth *.pt)",
        )  # fmt: skip
        if text:
            remember("model_folder", str(Path(text).parent))
            self.examine(Path(text))

    def _examined(self, path: Path) -> None:
        look, self._look = self._look.outcome, None
        self.progress.hide()
        if look.error:
            self.sentence.setText(look.error)
        else:
            self._waiting = path
            self.sentence.setText(tr("Use this file, or choose another line to leave it."))
            text = escape(str(look.result)).replace("\n", "<br>")
            self.card.setHtml(f"<h3>{escape(path.name)}</h3><p>{text}</p>")
        self._show_buttons()

    def _accept_file(self) -> None:
        path, self._waiting = self._waiting, None
        try:
            read_facts(path)
            remember_model(path)
        except CheckpointError:  # no card of ours: weights to start a training from
            remember_start(path)
        self.sentence.setText(tr("{name} was added.").format(name=path.name))
        self.refresh(path)
        self.changed.emit()

    def _segment(self) -> None:
        self.chosen.emit(str(self.entry().path))

    def _download(self) -> None:
        download = Download(self.entry().offer, self)
        download.progressed.connect(self._progressed)
        download.checking.connect(lambda: self._busy(tr("Checking the file…")))
        download.ended.connect(self._downloaded)
        try:
            download.start()
        except CwsamError as error:
            self.sentence.setText(str(error))
            return
        self.download = download
        self._busy(tr("Downloading {title}…").format(title=download.offer.title))

    def _progressed(self, done: float, total: float) -> None:
        self.progress.setRange(0, 1000)
        self.progress.setValue(int(1000 * done / total))
        self.progress.setFormat(f"{done / 1e6:,.0f} / {total / 1e6:,.0f} MB")

    def _downloaded(self, went_well: bool, sentence: str) -> None:
        download, self.download = self.download, None
        if download is not None:
            download.deleteLater()
        self.progress.hide()
        self.sentence.setText(sentence)
        self.refresh()
        if went_well:
            self.changed.emit()

    def _stop(self) -> None:
        if self.download is not None:
            self.download.cancel()

    def _remove(self) -> None:
        entry = self.entry()
        try:
            if entry.origin == "downloaded":
                entry.path.unlink()
            else:
                forget(entry.path)
        except OSError as error:
            text = tr("{path} cannot be deleted ({cause}): close what uses it.")
            self.sentence.setText(text.format(path=entry.path, cause=error.strerror))
            return
        self.sentence.setText(tr("{title} was removed.").format(title=entry.title))
        self.refresh()
        self.changed.emit()

    def _busy(self, text: str) -> None:
        self.sentence.setText(text)
        self.progress.setRange(0, 0)
        self.progress.setFormat("")
        self.progress.show()
        self._show_buttons()

    def _show(self) -> None:
        self._waiting = None
        entry = self.entry()
        self.card.setHtml(card_html(entry) if entry else "")
        self._show_buttons()

    def _show_buttons(self) -> None:
        entry, busy = self.entry(), self.download is not None or self._look is not None
        origin = entry.origin if entry else ""
        self.add_button.setEnabled(not busy)
        self.use_button.setVisible(self._waiting is not None)
        self.segment_button.setEnabled(entry is not None and entry.segments and origin != "offered")
        self.download_button.setEnabled(not busy and origin == "offered")
        self.stop_button.setEnabled(self.download is not None)
        self.remove_button.setEnabled(not busy and origin in ("own", "downloaded"))


def _use(entry: Entry) -> str:
    return tr("Segmenting") if entry.segments else tr("Start for training")


def _state(entry: Entry) -> str:
    return {
        "bundled": tr("Comes with the plugin"),
        "own": tr("Your file"),
        "downloaded": tr("Downloaded"),
        "offered": tr("Can be downloaded"),
    }[entry.origin]
