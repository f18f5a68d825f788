"""Fetches a large file through QGIS's network, goes on where it broke off, and checks it."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import QgsApplication, QgsNetworkAccessManager
from qgis.PyQt.QtCore import QObject, QTimer, QUrl, pyqtSignal
from qgis.PyQt.QtNetwork import QNetworkReply, QNetworkRequest

from ..engine.errors import CwsamError
from ..engine.files import replace
from .folder_task import FolderTask
from .i18n import translator

if TYPE_CHECKING:
    from .registry import Offer

tr = translator("download")

RETRIES = 5
RETRY_MS = 2000
_READ_AHEAD = 4 << 20  # bytes that Qt may hold before they are written
_SPARE = 100 << 20  # bytes that stay free on the disk


class DownloadError(CwsamError, OSError):
    """A file could not be fetched."""


class Download(QObject):
    """One file on its way. It gets its name only when size and hash are right."""

    progressed = pyqtSignal(float, float)
    """Bytes that are there, and all."""

    checking = pyqtSignal()
    """All bytes are there; the hash is being computed."""

    ended = pyqtSignal(bool, str)
    """Whether it went well, and a sentence; emitted once."""

    def __init__(self, offer: Offer, parent: QObject | None = None) -> None:
        """Prepare to fetch ``offer``."""
        super().__init__(parent)
        self.offer = offer
        self._part = offer.path.with_name(offer.path.name + ".part")
        self._file = None
        self._reply: QNetworkReply | None = None
        self._task: FolderTask | None = None
        self._retries, self._have, self._best, self._refusal = 0, 0, 0, ""
        self._over = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._request)

    def start(self) -> None:
        """Begin, or go on with what is there from another time.

        Raises:
            DownloadError: The folder cannot be written or the disk is too small.
        """
        try:
            self._part.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(self._part, "ab")  # noqa: SIM115 - closed when the download ends
            free = shutil.disk_usage(self._part.parent).free
        except OSError as error:
            raise DownloadError(_cannot_write(self._part.parent, error)) from error
        self._have = self._file.tell()
        needed = self.offer.bytes - self._have + _SPARE
        if free < needed:
            self._close()
            text = tr("{needed} GB are needed and {free} GB free: clear some space.")
            raise DownloadError(text.format(needed=f"{needed / 1e9:.1f}", free=f"{free / 1e9:.1f}"))
        if self._have >= self.offer.bytes:
            self._check()
        else:
            self._request()

    def cancel(self) -> None:
        """Stop; what has arrived is kept for another time."""
        self._end(False, tr("Stopped; the next download goes on from here."))

    def _request(self) -> None:
        request = QNetworkRequest(QUrl(self.offer.url))
        attributes = QNetworkRequest.Attribute
        _set(request, attributes.RedirectPolicyAttribute,
             QNetworkRequest.RedirectPolicy.NoLessSafeRedirectPolicy)  # fmt: skip
        _set(request, attributes.CacheLoadControlAttribute,
             QNetworkRequest.CacheLoadControl.AlwaysNetwork)  # fmt: skip
        request.setAttribute(attributes.CacheSaveControlAttribute, False)
        request.setRawHeader(b"Accept-Encoding", b"identity")
        if self._have:
            request.setRawHeader(b"Range", b"bytes=%d-" % self._have)
        self._refusal = ""
        reply = self._reply = QgsNetworkAccessManager.instance().get(request)
        reply.setReadBufferSize(_READ_AHEAD)
        reply.metaDataChanged.connect(self._headers_came)
        reply.readyRead.connect(self._bytes_came)
        reply.finished.connect(self._reply_ended)

    def _headers_came(self) -> None:
        """Go on, start over or refuse, by what the server says it is sending."""
        reply = self._reply
        status = reply.attribute(QNetworkRequest.Attribute.HttpStatusCodeAttribute)
        if status not in (200, 206):
            return
        length = bytes(reply.rawHeader(b"Content-Length"))
        promised = int(length) if length.isdigit() else None
        if status == 206:
            stated = re.match(
                rb"bytes (\d+)-\d+/(\d+|\*)", bytes(reply.rawHeader(b"Content-Range"))
            )
            begins = int(stated.group(1)) if stated else -1
            if begins != self._have:
                self._start_over()
                self._refuse(tr("The server sends another part than was asked for."))
                return
        elif self._have:
            self._start_over()
        if promised is not None and self._have + promised != self.offer.bytes:
            self._refuse(tr("The server offers a file of another size than the real one."))

    def _bytes_came(self) -> None:
        reply = self._reply
        status = reply.attribute(QNetworkRequest.Attribute.HttpStatusCodeAttribute)
        if self._refusal or status not in (200, 206):
            return
        data = bytes(reply.readAll())
        if self._have + len(data) > self.offer.bytes:
            self._start_over()
            self._refuse(tr("The server sends more than the real file has."))
            return
        try:
            self._file.write(data)
        except OSError as error:
            self._refuse(_cannot_write(self._part.parent, error))
            return
        self._have += len(data)
        if self._have > self._best:  # it moves: only standing still counts
            self._best, self._retries = self._have, 0
        self.progressed.emit(float(self._have), float(self.offer.bytes))

    def _refuse(self, sentence: str) -> None:
        """End with a sentence; the reply's end comes at once, inside this call."""
        self._refusal = sentence
        self._reply.abort()

    def _start_over(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._have = 0

    def _reply_ended(self) -> None:
        reply = self._reply
        if not self._refusal:
            self._bytes_came()
        self._reply = None
        reply.deleteLater()
        status = reply.attribute(QNetworkRequest.Attribute.HttpStatusCodeAttribute)
        if self._refusal:
            self._end(False, self._refusal)
        elif self._have == self.offer.bytes:
            self._check()
        elif status == 416:
            self._start_over()
            self._try_again(reply.errorString())
        elif status is not None and 400 <= status < 500:
            text = tr("The server does not have the file ({status}): look for a newer plugin.")
            self._end(False, text.format(status=status))
        else:
            self._try_again(reply.errorString())

    def _try_again(self, cause: str) -> None:
        """Wait and go on; after several times without a byte, give up."""
        self._retries += 1
        if self._retries > RETRIES:
            text = tr("The connection broke off ({cause}): check the network and download again; "
                      "{share} % are there and are kept.")  # fmt: skip
            share = int(100 * self._have / self.offer.bytes)
            self._end(False, text.format(cause=cause.rstrip("."), share=share))
            return
        self._timer.start(RETRY_MS * self._retries)

    def _check(self) -> None:
        """Compute the hash in the background, then give the file its name."""
        self._close()
        self.checking.emit()
        part, offer = self._part, self.offer
        self._task = FolderTask(tr("Check the download"), lambda: _approve(part, offer))
        self._task.ended.connect(self._checked)
        QgsApplication.taskManager().addTask(self._task)

    def _checked(self) -> None:
        outcome, self._task = self._task.outcome, None
        text = tr("{title} is ready.").format(title=self.offer.title)
        self._end(not outcome.error, outcome.error or text)

    def _end(self, went_well: bool, sentence: str) -> None:
        if self._over:
            return
        self._over = True
        self._timer.stop()
        if self._task is not None:
            self._task.ended.disconnect()
            self._task = None
        reply, self._reply = self._reply, None
        if reply is not None:
            reply.blockSignals(True)
            reply.abort()
            reply.deleteLater()
        self._close()
        self.ended.emit(went_well, sentence)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _approve(part: Path, offer: Offer) -> None:
    """Rename a file that is what it should be; delete one that is not."""
    digest = hashlib.sha256()
    with open(part, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    if part.stat().st_size != offer.bytes or digest.hexdigest() != offer.sha256:
        part.unlink()
        raise DownloadError(
            tr("The downloaded file is not the real one (its hash differs) and was deleted.")
        )
    replace(part, offer.path)


def _set(request: QNetworkRequest, attribute: QNetworkRequest.Attribute, value: object) -> None:
    """Set an attribute to a member of an enumeration, which Qt wants as a number."""
    request.setAttribute(attribute, int(getattr(value, "value", value)))


def _cannot_write(folder: Path, error: OSError) -> str:
    text = tr("{path} cannot be written ({cause}): check the free space or choose another.")
    return text.format(path=folder, cause=error.strerror or error)
