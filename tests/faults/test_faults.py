"""Full disks, locked outputs, a user who stops: a sentence, and nothing under the final name."""

import os
import subprocess
from contextlib import contextmanager

import numpy as np
import pytest
from cwsam.engine.array_source import ArraySource
from cwsam.engine.errors import Cancelled, OutputError
from cwsam.engine.io import raster_sink
from cwsam.engine.io.job import JobOptions, Outputs, Resume, segment_file
from cwsam.engine.journal import Journal
from cwsam.engine.models.card import ModelCard
from cwsam.engine.pipeline import SegmentOptions, segment
from cwsam.engine.ports import Progress
from tests.data.rasters import write_raster
from tests.engine.test_pipeline import BrightnessPredictor, Collector

CARD = ModelCard("for tests", gsd_m=(1e-6, 1e9))


@contextmanager
def small_disk(folder, options="size=48k"):
    """A file system with little space, or one that is read-only."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"this machine lets nobody mount: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def noise(path, side=400):
    """An image whose results compress badly."""
    pixels = np.random.default_rng(2).integers(0, 255, (3, side, side), dtype=np.uint8)
    return write_raster(path, pixels)


def run(image, outputs, progress=None, resume=None):
    options = JobOptions(SegmentOptions(tile=128, overlap=8))
    return segment_file(image, outputs, BrightnessPredictor(), CARD, options, {}, progress, resume)


@pytest.mark.parametrize("name", ["classes", "confidence", "polygons"])
def test_full_disk(tmp_path, name):
    image = noise(tmp_path / "a.tif")
    with small_disk(tmp_path / "disk") as disk:
        path = disk / ("o.gpkg" if name == "polygons" else "o.tif")
        if name == "confidence":  # constant here, so the disk has to be full before
            (disk / "full").write_bytes(bytes(46000))
        with pytest.raises(OutputError, match=r"free space|cannot be written"):
            run(image, Outputs(**{name: path}))
        assert [p.name for p in disk.iterdir() if p.name != "full"] == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_full_cache_costs_the_journal_only(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        journal, strips = Journal(disk / "journal", {}, 300), Collector()
        pixels = np.random.default_rng(2).integers(0, 255, (3, 300, 300), dtype=np.uint8)
        options = SegmentOptions(tile=64, overlap=8)
        segment(ArraySource(pixels), BrightnessPredictor(), options, None, [strips], None, journal)
    assert sum(len(strip.classes) for strip in strips.items) == 300
    assert "CWSAM_CACHE" in journal.notices[-1]


def test_read_only_disk(tmp_path):
    image = noise(tmp_path / "a.tif", 40)
    refused = pytest.raises(OutputError, match=r"cannot be written.*choose another")
    with small_disk(tmp_path / "disk", "ro") as disk, refused:
        run(image, Outputs(disk / "o.gpkg"))


def test_output_open_in_another_program(tmp_path):
    image = noise(tmp_path / "a.tif", 40)
    (tmp_path / "o.gpkg").write_bytes(b"old")
    (tmp_path / "o.gpkg-wal").write_bytes(b"pages")
    with pytest.raises(OutputError, match=r"open in another program"):
        run(image, Outputs(tmp_path / "o.gpkg"))
    assert (tmp_path / "o.gpkg").read_bytes() == b"old"


def test_cancel_at_any_stage_leaves_nothing(tmp_path):
    image, out = noise(tmp_path / "a.tif", 60), tmp_path / "out"
    out.mkdir()
    outputs = Outputs(
        out / "o.gpkg", classes=out / "c.tif", confidence=out / "p.tif", preview=out / "p.png"
    )
    asked, limit = [0], [10**9]

    def cancelled():
        asked[0] += 1
        return asked[0] > limit[0]

    progress = Progress(cancelled=cancelled)
    run(image, outputs, progress)
    for path in out.iterdir():
        path.unlink()
    total = asked[0]
    assert total >= 6  # tiles, steps of the vectoriser, batches of polygons
    for stage in range(total):
        asked[0], limit[0] = 0, stage
        with pytest.raises(Cancelled):
            run(image, outputs, progress, Resume(("a",), fresh=True))
        assert list(out.iterdir()) == [], stage


@pytest.mark.parametrize("name", ["classes", "confidence"])
def test_a_raster_that_fails_at_the_very_end_takes_the_polygons_along(tmp_path, monkeypatch, name):
    image, out = noise(tmp_path / "a.tif", 60), tmp_path / "out"
    out.mkdir()
    (out / "o.gpkg").write_bytes(b"old")

    def fails(rows):
        if rows.staging.target.name == f"{name}.tif":
            raise OutputError("The disk is full: check the free space.")

    monkeypatch.setattr(raster_sink._RowWriter, "_verify", fails)
    rasters = {key: out / f"{key}.tif" for key in ("classes", "confidence")}
    with pytest.raises(OutputError, match="free space"):
        run(image, Outputs(out / "o.gpkg", preview=out / "p.png", **rasters))
    assert [path.name for path in out.iterdir()] == ["o.gpkg"]
    assert (out / "o.gpkg").read_bytes() == b"old"


def test_a_preview_that_cannot_be_written_is_refused_before_the_run(tmp_path):
    image, asked = noise(tmp_path / "a.tif", 60), []
    progress = Progress(report=lambda *now: asked.append(now))
    with pytest.raises(OutputError, match="does not exist: create it"):
        run(image, Outputs(tmp_path / "o.gpkg", preview=tmp_path / "no" / "p.png"), progress)
    assert not asked
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]
