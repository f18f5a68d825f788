"""Downloads from a real server that drops connections, lies about lengths, serves wrong bytes."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cwsam.cwsam_qgis import download as download_module
from cwsam.cwsam_qgis import registry
from cwsam.cwsam_qgis.download import Download, DownloadError
from cwsam.cwsam_qgis.registry import Offer, read_registry
from cwsam.engine.errors import ConfigError
from qgis.PyQt.QtTest import QTest

CONTENT = bytes(range(256)) * 4096  # 1 MiB
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT in the way that ``manner`` says; keeps the Range headers it saw."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.manner, self.ranges, self.content = "honest", [], CONTENT
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """Clients that hang up are part of the tests."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        """Be quiet."""

    def do_GET(self):
        server, content = self.server, self.server.content
        asked = self.headers.get("Range")
        server.ranges.append(asked)
        if server.manner == "missing":
            self.send_error(404)
            return
        if server.manner == "redirect" and self.path != "/moved":
            self.send_response(302)
            self.send_header("Location", "/moved")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        begin = int(asked[6:-1]) if asked and server.manner != "no ranges" else 0
        if server.manner == "wrong part" and asked:
            begin //= 2
        body = content[begin:]
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        if server.manner != "no length":
            promised = len(body) + (5000 if server.manner == "promises more" else 0)
            self.send_header("Content-Length", str(promised))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(self._part(body))
        self.close_connection = True

    def _part(self, body):
        manner = self.server.manner
        if manner in ("drops", "drops late", "no ranges", "no length"):
            return body[: max(1, len(body) // 2)] if len(body) > 1000 else body
        if manner == "drops at once":
            return b""
        if manner == "drops always at the same place":
            return self.server.content[:1000] if len(body) == len(CONTENT) else b""
        return body


@pytest.fixture
def server(qgis_app):
    made = Server()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def offer(server, tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "downloads_folder", lambda: tmp_path / "models")
    monkeypatch.setattr(download_module, "RETRY_MS", 1)
    url = f"http://127.0.0.1:{server.server_address[1]}/weights.pth"
    return Offer("weights", "Weights", url, len(CONTENT), SHA256, "MIT", "tests", "training")


def fetch(offer):
    download, ended, seen = Download(offer), [], []
    download.ended.connect(lambda *how: ended.append(how))
    download.progressed.connect(lambda done, total: seen.append((done, total)))
    download.start()
    for _ in range(3000):
        if ended:
            break
        QTest.qWait(10)
    assert len(ended) == 1
    assert all(done <= total == len(CONTENT) for done, total in seen)
    return ended[0]


def files(offer):
    return sorted(path.name for path in offer.path.parent.iterdir())


@pytest.mark.parametrize("manner", ["honest", "redirect", "drops", "no length"])
def test_a_file_arrives_whole_from_servers_that_can_be_asked_again(server, offer, manner):
    server.manner = manner
    went_well, sentence = fetch(offer)
    assert went_well, sentence
    assert offer.path.read_bytes() == CONTENT
    assert files(offer) == ["weights.pth"]
    if manner == "drops":
        assert server.ranges[1] == f"bytes={len(CONTENT) // 2}-"


@pytest.mark.parametrize(
    ("manner", "words"),
    [
        ("promises more", "another size"),
        ("no ranges", "broke off"),
        ("drops at once", "broke off"),
        ("drops always at the same place", "broke off"),
        ("missing", "404"),
    ],
)
def test_servers_that_cannot_be_trusted_end_in_a_sentence(server, offer, manner, words):
    server.manner = manner
    went_well, sentence = fetch(offer)
    assert not went_well
    assert words in sentence
    assert not offer.path.exists()
    assert len(server.ranges) < 20


def test_a_wrong_hash_is_never_kept(server, offer):
    server.content = CONTENT[:-1] + b"?"
    went_well, sentence = fetch(offer)
    assert not went_well
    assert "hash" in sentence
    assert files(offer) == []
    server.content = CONTENT
    assert fetch(offer)[0]


def test_a_longer_file_is_refused(server, offer):
    server.content = CONTENT + b"more"
    went_well, sentence = fetch(offer)
    assert (went_well, "another size" in sentence) == (False, True)
    server.manner = "no length"
    server.content = CONTENT * 3
    went_well, sentence = fetch(offer)
    assert (went_well, "more than" in sentence) == (False, True)
    assert not offer.path.exists()


def test_a_later_session_goes_on_where_the_earlier_stopped(server, offer):
    offer.path.parent.mkdir()
    part = offer.path.with_name("weights.pth.part")
    part.write_bytes(CONTENT[:700_000])
    assert fetch(offer)[0]
    assert server.ranges == ["bytes=700000-"]
    assert offer.path.read_bytes() == CONTENT


def test_what_is_there_already_is_only_checked(server, offer):
    offer.path.parent.mkdir()
    offer.path.with_name("weights.pth.part").write_bytes(CONTENT)
    assert fetch(offer)[0]
    assert server.ranges == []


def test_a_part_from_elsewhere_is_caught_by_the_hash(server, offer):
    offer.path.parent.mkdir()
    offer.path.with_name("weights.pth.part").write_bytes(b"x" * 1000)
    went_well, sentence = fetch(offer)
    assert (went_well, "hash" in sentence) == (False, True)
    assert fetch(offer)[0]


def test_another_part_than_asked_for_is_refused(server, offer):
    offer.path.parent.mkdir()
    offer.path.with_name("weights.pth.part").write_bytes(CONTENT[:1000])
    server.manner = "wrong part"
    went_well, sentence = fetch(offer)
    assert (went_well, "another part" in sentence) == (False, True)


def test_cancel_keeps_what_has_arrived(server, offer):
    server.manner = "drops"
    download, ended = Download(offer), []
    download.ended.connect(lambda *how: ended.append(how))
    download.progressed.connect(lambda *_: download.cancel())
    download.start()
    for _ in range(500):
        if ended:
            break
        QTest.qWait(10)
    QTest.qWait(50)
    assert ended == [(False, "Stopped; the next download goes on from here.")]
    assert files(offer) == ["weights.pth.part"]
    server.manner = "honest"
    assert fetch(offer)[0]


def test_a_full_disk_and_a_file_in_the_way_end_in_sentences(server, offer, tmp_path, monkeypatch):
    (tmp_path / "models").write_text("a file, no folder")
    with pytest.raises(DownloadError, match="cannot be written"):
        Download(offer).start()
    (tmp_path / "models").unlink()
    usage = download_module.shutil._ntuple_diskusage(10, 9, 1)
    monkeypatch.setattr(download_module.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DownloadError, match="clear some space"):
        Download(offer).start()
    assert not server.ranges


def test_the_registry_is_sound_and_names_the_official_checkpoints():
    offers = read_registry()
    assert [offer.bytes for offer in offers] == [375042383, 1249524607, 2564550879]
    for offer in offers:
        assert offer.url.startswith("https://dl.fbaipublicfiles.com/segment_anything/sam_vit_")
        assert offer.sha256.startswith(("ec2df627", "3adcc431", "a7bf3b02"))
        assert (offer.licence, offer.use) == ("Apache-2.0", "training")
        assert offer.path.suffix == ".pth"


@pytest.mark.parametrize(
    "text",
    ["models: 3", "models: [{name: a}]", "models: [", "nothing: 1",
     "models: [{name: ../x, title: t, url: 'https://a/b.pth', bytes: 1, sha256: "
     + "0" * 64 + ", licence: l, source: s, use: training}]"],
)  # fmt: skip
def test_a_broken_registry_is_refused(tmp_path, text):
    path = tmp_path / "registry.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="install the plugin again"):
        read_registry(path)
