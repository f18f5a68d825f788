"""A run that was killed goes on where it stopped, to the same bytes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cwsam.engine import journal as journal_module
from cwsam.engine.array_source import ArraySource
from cwsam.engine.journal import Journal, cache_limit, clean_journals, open_journal, raster_facts
from cwsam.engine.locks import hold
from cwsam.engine.pipeline import SegmentOptions, segment
from cwsam.engine.types import ClassStrip
from tests.engine.test_pipeline import BrightnessPredictor, Collector, scene

FACTS = {"pixels": "a"}


class Killed(RuntimeError):
    """Stands for the end of the process."""


class KilledPredictor(BrightnessPredictor):
    """Dies before its n-th batch."""

    def __init__(self, batches):
        super().__init__()
        self.left = batches

    def predict(self, images):
        if self.left == 0:
            raise Killed
        self.left -= 1
        return super().predict(images)


def planes(strips):
    names = ("classes", "confidence", "runner_up")
    return [np.concatenate([getattr(s, name) for s in strips]) for name in names]


def polygons(batches):
    return [bytes(wkb) for batch in batches for wkb in batch.wkb]


@pytest.mark.parametrize("batches", [0, 1, 4, 9, 14])
@pytest.mark.parametrize("ahead", [False, True])
def test_resumed_run_equals_an_undisturbed_one(tmp_path, batches, ahead):
    source = ArraySource(scene(70, 90))
    options = SegmentOptions(overlap=6, read_ahead=ahead)
    whole, features = Collector(), Collector()
    segment(source, BrightnessPredictor(), options, features, [whole])
    journal = Journal(tmp_path, FACTS, 90)
    with pytest.raises(Killed):
        segment(source, KilledPredictor(batches), options, rasters=[Collector()], journal=journal)
    journal.close()
    done = Journal(tmp_path, FACTS, 90)
    assert done.rows_done == batches // 4
    again, other = Collector(), Collector()
    predictor = BrightnessPredictor()
    summary = segment(source, predictor, options, other, [again], journal=done)
    for a, b in zip(planes(whole.items), planes(again.items)):
        np.testing.assert_array_equal(a, b)
    assert polygons(features.items) == polygons(other.items)
    assert len(predictor.batches) == 32 - 4 * (batches // 4)
    assert summary.tiles == 88
    done.remove()
    assert not tmp_path.exists()


def fill(folder, rows=4):
    journal = Journal(folder, FACTS, 5)
    for index in range(rows):
        plane = np.full((2, 5), index, np.uint8)
        journal.add(ClassStrip(2 * index, plane, plane, plane), 1, {"a": np.arange(3)})
    journal.close()
    return folder / "strips.bin"


@pytest.mark.parametrize("cut", [1, 20, 30, 60])
def test_a_record_that_was_cut_off_is_dropped(tmp_path, cut):
    strips = fill(tmp_path)
    kept = strips.stat().st_size - cut
    with open(strips, "r+b") as file:
        file.truncate(kept)
    # Only the last row's state is kept: without that row nothing can be built upon...
    assert Journal(tmp_path, FACTS, 5).rows_done == 0
    # ...but the state of the row before stays until the record of the next one is whole.
    strips = fill(tmp_path / "b", 3)
    (tmp_path / "b" / "state-3.npz").write_bytes(b"half")
    with open(strips, "ab") as file:
        file.write(b"CWJ1 half a record")
    journal = Journal(tmp_path / "b", FACTS, 5)
    assert journal.rows_done == 3
    assert [strip.classes[0, 0] for strip in journal.strips()] == [0, 1, 2]


def test_flipped_bits_are_not_used(tmp_path):
    strips = fill(tmp_path)
    data = bytearray(strips.read_bytes())
    data[-3] ^= 255
    strips.write_bytes(data)
    assert Journal(tmp_path, FACTS, 5).rows_done == 0


@pytest.mark.parametrize("left", [b"", b"PK", b"half"])
def test_a_damaged_state_starts_over(tmp_path, left):
    fill(tmp_path)
    (tmp_path / "state-3.npz").write_bytes(left)
    journal = Journal(tmp_path, FACTS, 5)
    assert journal.state() is None
    assert journal.rows_done == 0
    assert "damaged" in journal.notices[-1]


def test_a_version_that_blends_otherwise_does_not_go_on_in_a_journal(tmp_path, monkeypatch):
    monkeypatch.setenv("CWSAM_CACHE", str(tmp_path))
    first = open_journal(("a.tif", "model"), FACTS, 5)
    first.add(ClassStrip(0, *np.zeros((3, 2, 5), np.uint8)), 1, {"row": np.zeros(2)})
    first.close()
    again = open_journal(("a.tif", "model"), FACTS, 5)
    assert again.rows_done == 1
    again.close()
    monkeypatch.setattr(journal_module, "FORMAT", "1")
    assert open_journal(("a.tif", "model"), FACTS, 5).rows_done == 0


@pytest.mark.skipif(sys.platform == "win32", reason="open files cannot be removed there")
@pytest.mark.parametrize("clean", [False, True])
def test_a_journal_is_held_until_it_is_gone(tmp_path, monkeypatch, clean):
    folder, seen, remove = tmp_path / "a", [], shutil.rmtree
    fill(folder)

    def watched(path, **options):
        seen.append(hold(path / "lock"))
        remove(path, **options)

    monkeypatch.setattr(journal_module.shutil, "rmtree", watched)
    if clean:
        clean_journals(tmp_path, limit=0)
    else:
        Journal(folder, FACTS, 5).remove()
    assert seen == [None]
    assert not folder.exists()


def test_changed_input_is_noticed_and_fresh_starts_over(tmp_path):
    fill(tmp_path)
    assert Journal(tmp_path, FACTS, 5).rows_done == 4
    assert Journal(tmp_path, FACTS, 5, fresh=True).rows_done == 0
    fill(tmp_path)
    changed = Journal(tmp_path, {"pixels": "b"}, 5)
    assert changed.rows_done == 0
    assert "has changed" in changed.notices[0]


def test_two_runs_do_not_share_a_journal(tmp_path):
    first = Journal(tmp_path, FACTS, 5)
    second = Journal(tmp_path, FACTS, 5)
    assert "elsewhere" in second.notices[0]
    second.add(ClassStrip(0, *np.zeros((3, 2, 5), np.uint8)), 1, {})
    second.remove()
    assert tmp_path.exists()
    first.remove()
    assert not tmp_path.exists()


def test_facts_see_pixels_and_size():
    pixels = scene(40, 50)
    facts = raster_facts(ArraySource(pixels), None, (1, 2, 3))
    pixels[0, 20, 25] += 1
    assert raster_facts(ArraySource(pixels), None, (1, 2, 3)) != facts


def test_oldest_journals_go_first(tmp_path):
    for age, name in enumerate("abc"):
        path = tmp_path / name / "strips.bin"
        path.parent.mkdir()
        path.write_bytes(bytes(1000))
        os.utime(path, (1000 + age, 1000 + age))
    clean_journals(tmp_path, limit=2500, keep="a")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "c"]


def test_the_environment_limits_the_journals(tmp_path, monkeypatch):
    assert cache_limit() == 10 << 30
    monkeypatch.setenv("CWSAM_CACHE_GB", "0")
    assert cache_limit() == 0
    monkeypatch.setenv("CWSAM_CACHE", str(tmp_path))
    old = tmp_path / "journals" / "old"
    old.mkdir(parents=True)
    (old / "strips.bin").write_bytes(bytes(10))
    open_journal(["x"], FACTS, 5).close()
    assert not old.exists()


def test_unwritable_cache_costs_the_journal_only(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("CWSAM_CACHE", str(blocked))
    journal = open_journal(["x"], FACTS, 5)
    journal.add(ClassStrip(0, *np.zeros((3, 2, 5), np.uint8)), 1, {})
    assert "CWSAM_CACHE" in journal.notices[0]


SCRIPT = """
import os, signal, sys, time
import numpy as np
from cwsam.engine import journal as journal_module
from cwsam.engine.array_source import ArraySource
from cwsam.engine.journal import Journal
from cwsam.engine.pipeline import SegmentOptions, segment
from pathlib import Path
from tests.engine.test_pipeline import BrightnessPredictor, Collector, scene
folder = Path(sys.argv[1])
class Slow(BrightnessPredictor):
    def predict(self, images):
        time.sleep(0.004)
        return super().predict(images)
def run():
    journal = Journal(folder / "journal", {}, 120)
    with open(folder / "starts", "a") as log:
        log.write(f"{journal.rows_done}\\n")
    features, strips = Collector(), Collector()
    segment(ArraySource(scene(400, 120)), Slow(), SegmentOptions(overlap=6), features, [strips],
            journal=journal)
    result = [np.concatenate([getattr(s, n) for s in strips.items]) for n in
              ("classes", "confidence", "runner_up")]
    wkb = b"".join(bytes(w) for b in features.items for w in b.wkb)
    np.savez(folder / "result.npz", planes=np.stack(result), wkb=np.array([wkb.hex()]))
rng = np.random.default_rng(0)
for round in range(21):
    child = os.fork()
    if not child:
        run()
        os._exit(0)
    if round < 20:
        time.sleep(rng.uniform(0.01, 0.12))
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_twenty_moments_gives_the_same_bytes(tmp_path):
    root = Path(__file__).resolve().parents[2]
    path = f"{root / '.link'}{os.pathsep}{root}"
    # One thread: a process whose threads wait for work must not be forked.
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path)], env=environment, check=True)
    starts = [int(line) for line in (tmp_path / "starts").read_text().split()]
    assert starts == sorted(starts)
    assert starts[-1] > 0
    whole, features = Collector(), Collector()
    source = ArraySource(scene(400, 120))
    segment(source, BrightnessPredictor(), SegmentOptions(overlap=6), features, [whole])
    with np.load(tmp_path / "result.npz") as result:
        np.testing.assert_array_equal(result["planes"], np.stack(planes(whole.items)))
        assert result["wkb"][0] == b"".join(polygons(features.items)).hex()
