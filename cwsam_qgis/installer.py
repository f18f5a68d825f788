"""Runs pip beside QGIS and puts its work in place; the window never waits."""

from __future__ import annotations

import os
import sys
from typing import Callable

from qgis.core import QgsApplication, QgsNetworkAccessManager
from qgis.PyQt.QtCore import QObject, QProcess, QProcessEnvironment, pyqtSignal

from .environment import add_packages_folder, packages_folder, remove_packages_folder
from .folder_task import FolderOutcome, FolderTask
from .i18n import translator
from .packages import (
    Folders,
    Request,
    check_request,
    failure_sentence,
    finish,
    pip_arguments,
    python_executable,
    read_torch,
)

tr = translator("installer")


class TorchInstaller(QObject):
    """One install or removal at a time."""

    line = pyqtSignal(str)
    """A line of pip's output."""

    ended = pyqtSignal(bool, str)
    """Whether it went well, and a sentence."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._task: FolderTask | None = None
        self._log: list[str] = []
        self._cancelled = False
        self._request = Request()
        self._folders = Folders(packages_folder())

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return self._process is not None or self._task is not None

    def install(self, request: Request) -> None:
        """Start pip; :attr:`ended` tells how it went.

        Raises:
            InstallError: It cannot even be started.
        """
        check_request(request)
        self._request, self._log, self._cancelled = request, [], False
        self._folders = Folders(packages_folder())
        python = python_executable()
        constraints = self._folders.prepare()
        process = QProcess(self)
        process.setProcessChannelMode(QProcess.ProcessChannelMode.MergedChannels)
        process.setProcessEnvironment(self._environment())
        process.setWorkingDirectory(str(self._folders.temporary))
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._pip_ended)
        process.errorOccurred.connect(self._not_started)
        self._process = process
        process.start(python, pip_arguments(request, self._folders.incoming, constraints))

    def remove(self) -> None:
        """Delete the private folder in the background."""
        self._folders = Folders(packages_folder())
        remove_packages_folder()
        self._run(tr("Remove PyTorch"), self._folders.remove, self._removed)

    def cancel(self) -> None:
        """Stop pip; an installed PyTorch stays as it was."""
        if self._process is not None:
            self._cancelled = True
            self._process.kill()

    def shut_down(self) -> None:
        """Stop without a word: the plugin goes away."""
        self.blockSignals(True)
        process, self._process = self._process, None
        if self._task is not None:
            self._task.ended.disconnect()
        if process is not None:
            process.blockSignals(True)
            process.kill()
            process.waitForFinished(2000)
            self._folders.clean()

    def _environment(self) -> QProcessEnvironment:
        environment = QProcessEnvironment.systemEnvironment()
        for name in ("TMPDIR", "TEMP", "TMP"):  # the system's own may be too small
            environment.insert(name, str(self._folders.temporary))
        if self._request.wheels is not None:  # that folder alone, whatever pip is set up with
            for name in [name for name in environment.keys() if name.startswith("PIP_")]:  # noqa: SIM118
                environment.remove(name)
            environment.insert("PIP_CONFIG_FILE", os.devnull)
        environment.insert("PIP_USER", "0")
        environment.insert("PYTHONUNBUFFERED", "1")
        environment.insert("PYTHONIOENCODING", "utf-8")
        proxy = _proxy()
        if proxy and not environment.contains("HTTPS_PROXY"):
            environment.insert("HTTPS_PROXY", proxy)
            environment.insert("HTTP_PROXY", proxy)
        return environment

    def _read(self) -> None:
        text = bytes(self._process.readAllStandardOutput()).decode("utf-8", "replace")
        for line in text.splitlines():
            self._log.append(line)
            self.line.emit(line)

    def _not_started(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._forget_process()
            self._give_up(tr("QGIS's Python could not be started: see the help."))

    def _pip_ended(self, code: int, _status: object) -> None:
        self._read()
        self._forget_process()
        if self._cancelled:
            self._give_up(tr("Stopped; nothing was changed."))
        elif code:
            self._give_up(failure_sentence("\n".join(self._log)))
        else:
            folders = self._folders
            self.line.emit(tr("Putting the packages in place"))
            self._run(tr("Install PyTorch"), lambda: _place(folders), self._placed)

    def _forget_process(self) -> None:
        process, self._process = self._process, None
        process.deleteLater()

    def _give_up(self, sentence: str) -> None:
        clean = self._folders.clean
        self._run(tr("Clean up"), clean, lambda _outcome: self.ended.emit(False, sentence))

    def _run(self, title: str, work: Callable[[], object], after: Callable[[FolderOutcome], None]):
        task = self._task = FolderTask(title, work)

        def ended() -> None:
            self._task = None
            after(task.outcome)

        task.ended.connect(ended)
        QgsApplication.taskManager().addTask(task)

    def _placed(self, outcome: FolderOutcome) -> None:
        if outcome.error:
            self._give_up(outcome.error)
            return
        add_packages_folder()
        loaded = "torch" in sys.modules
        facts = read_torch(self._folders.final)
        if not outcome.result or loaded or facts is None:
            self.ended.emit(True, tr("PyTorch is installed: restart QGIS to use it."))
            return
        build = f"CUDA {facts.cuda}" if facts.cuda else tr("without CUDA")
        text = tr("PyTorch {version} ({build}) is installed and ready.")
        if self._request.build == "cuda" and not facts.cuda:
            text = tr(
                "PyTorch {version} is installed {build}: for a GPU enter a source with CUDA builds."
            )
        self.ended.emit(True, text.format(version=facts.version, build=build))

    def _removed(self, outcome: FolderOutcome) -> None:
        if outcome.error:
            add_packages_folder()
        self.ended.emit(not outcome.error, outcome.error or tr("PyTorch was removed."))


def _place(folders: Folders) -> bool:
    finish(folders)
    return folders.swap()


def _proxy() -> str:
    """QGIS's proxy as pip takes it; empty for none."""
    proxy = QgsNetworkAccessManager.instance().fallbackProxy()
    if not proxy.hostName():
        return ""
    user = proxy.user()
    secret = f"{user}:{proxy.password()}@" if user else ""
    return f"http://{secret}{proxy.hostName()}:{proxy.port()}"
