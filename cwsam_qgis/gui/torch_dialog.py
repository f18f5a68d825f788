"""Installs and removes PyTorch, and tells how it stands."""

from __future__ import annotations

from pathlib import Path

from qgis.core import QgsApplication
from qgis.gui import QgsFileWidget
from qgis.PyQt.QtCore import pyqtSignal
from qgis.PyQt.QtGui import QFontDatabase
from qgis.PyQt.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGroupBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...engine.errors import CwsamError
from ..environment import (
    device_sentence,
    diagnostics,
    has_torch,
    missing_sentence,
    packages_folder,
)
from ..error_details import without_folders
from ..i18n import translator
from ..installer import TorchInstaller
from ..packages import Request, download_command, is_ours, read_torch
from ..settings import recall, remember

tr = translator("torch_dialog")

_SHOWN_LINES, _REPORTED_LINES = 5000, 40


class TorchDialog(QDialog):
    """One click installs; everything that pip says is shown."""

    changed = pyqtSignal()
    """PyTorch was installed or removed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cwsamTorchDialog")
        self.setWindowTitle(tr("CWSAM – PyTorch"))
        self.resize(640, 520)
        self.installer = TorchInstaller(self)
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setTabChangesFocus(True)
        self.log.setMaximumBlockCount(_SHOWN_LINES)
        self.log.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.log.setPlaceholderText(tr("What pip says appears here."))
        self.progress = QProgressBar()
        self.progress.setRange(0, 0)
        self.progress.hide()
        layout = QVBoxLayout(self)
        for widget in (self.state, self._choices(), self.progress, self.sentence):
            layout.addWidget(widget)
        layout.addWidget(self.log, 1)
        layout.addWidget(self._buttons())
        self.installer.line.connect(self.log.appendPlainText)
        self.installer.ended.connect(self._ended)
        self._show_state()

    def install(self) -> None:
        """Install what is chosen."""
        wheels = self.wheels.filePath().strip()
        source = self.source.text().strip()
        remember("package_source", source)
        self.log.clear()
        try:
            self.installer.install(
                Request(self.build.currentData(), source, Path(wheels) if wheels else None)
            )
        except CwsamError as error:
            self.sentence.setText(str(error))
            return
        self._begin(tr("Installing PyTorch…"))

    def remove(self) -> None:
        """Delete the private folder."""
        self.log.clear()
        self.installer.remove()
        self._begin(tr("Removing PyTorch…"))

    def report(self) -> str:
        """Text for a bug report, without personal paths."""
        said = self.log.toPlainText().splitlines()[-_REPORTED_LINES:]
        return without_folders("\n".join([diagnostics(), "", self.sentence.text(), *said]).strip())

    def reject(self) -> None:
        """Close; an install goes on and can be watched again."""
        self.hide()

    def shut_down(self) -> None:
        """Stop what runs: the plugin goes away."""
        self.installer.shut_down()

    def _choices(self) -> QGroupBox:
        group = QGroupBox(tr("Install"))
        form = QFormLayout(group)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.build = QComboBox()
        self.build.addItem(tr("Automatic: what the source offers for this system"), "auto")
        self.build.addItem(tr("CPU only (small)"), "cpu")
        self.build.addItem(tr("CUDA, for NVIDIA GPUs (some gigabytes)"), "cuda")
        self.build.setToolTip(
            tr("Linux usually gets a build with CUDA, Windows and macOS one without")
        )
        self.source = QLineEdit(str(recall("package_source", "")))
        self.source.setPlaceholderText(tr("pip's own"))
        self.source.setToolTip(
            tr("Address of a package source with another build; PyTorch's web page names some")
        )
        self.wheels = QgsFileWidget()
        self.wheels.setStorageMode(QgsFileWidget.StorageMode.GetDirectory)
        self.wheels.lineEdit().setPlaceholderText(tr("None: download"))
        text = tr("Install without a network, from files of '{command}'")
        self.wheels.setToolTip(text.format(command=download_command()))
        form.addRow(tr("&Build"), self.build)
        form.addRow(tr("Package &source"), self.source)
        form.addRow(tr("Folder of &wheels"), self.wheels)
        return group

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        box.rejected.connect(self.reject)
        self.close_button = box.button(QDialogButtonBox.StandardButton.Close)
        action = QDialogButtonBox.ButtonRole.ActionRole
        self.install_button = box.addButton(tr("&Install"), action)
        self.install_button.setToolTip(tr("Install PyTorch into the plugin's own folder"))
        self.install_button.clicked.connect(self.install)
        self.cancel_button = box.addButton(tr("&Cancel"), action)
        self.cancel_button.setToolTip(tr("Stop; what is installed stays as it is"))
        self.cancel_button.clicked.connect(self.installer.cancel)
        self.remove_button = box.addButton(tr("&Remove"), action)
        self.remove_button.setToolTip(tr("Delete the plugin's own folder of packages"))
        self.remove_button.clicked.connect(self.remove)
        copy = box.addButton(tr("Copy &diagnostics"), action)
        copy.setToolTip(tr("Versions and the log's end for a report, without personal paths"))
        copy.clicked.connect(lambda: QgsApplication.clipboard().setText(self.report()))
        self.copy_button: QPushButton = copy
        for button in box.buttons():
            button.setAutoDefault(False)  # Enter does what is wanted, not what has the focus
        return box

    def _begin(self, text: str) -> None:
        self.sentence.setText(text)
        self.progress.show()
        self._show_buttons()

    def _ended(self, went_well: bool, sentence: str) -> None:
        del went_well
        self.sentence.setText(sentence)
        self.progress.hide()
        self._show_state()
        self.changed.emit()

    def _show_state(self) -> None:
        folder = packages_folder()
        facts = read_torch(folder) if is_ours(folder) else None
        if facts is not None:
            build = f"CUDA {facts.cuda}" if facts.cuda else tr("without CUDA")
            text = tr("PyTorch {version} ({build}) is installed in the plugin's own folder.")
            text = text.format(version=facts.version, build=build)
        elif has_torch():
            text = tr("PyTorch comes with QGIS's Python; nothing needs to be installed.")
        else:
            text = missing_sentence()
        if has_torch():
            text += "\n" + device_sentence()
        self.state.setText(text)
        self._show_buttons()

    def _show_buttons(self) -> None:
        busy = self.installer.busy
        self.install_button.setEnabled(not busy)
        wanted = self.close_button if busy or has_torch() else self.install_button
        wanted.setDefault(True)
        self.remove_button.setEnabled(not busy and is_ours(packages_folder()))
        self.cancel_button.setEnabled(busy)
