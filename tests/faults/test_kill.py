"""Killed at any moment, a run goes on to the same files, and leaves no half ones."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from tests.data.rasters import write_raster

KILLS = 20

SCRIPT = """
import os, random, signal, sys, time
from pathlib import Path
from cwsam.engine.io.job import JobOptions, Length, Outputs, Resume, segment_file
from cwsam.engine.models.card import ModelCard
from cwsam.engine.pipeline import SegmentOptions
from tests.engine.test_pipeline import BrightnessPredictor
image, folder, wanted = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
out, whole = folder / "out", folder / "whole"
NAMES = ("polygons.geojson", "classes.tif", "confidence.tif")

class Slow(BrightnessPredictor):
    def predict(self, images):
        time.sleep(0.004)
        return super().predict(images)

def start(where):
    child = os.fork()
    if not child:
        files = dict(zip(("polygons", "classes", "confidence"), (where / name for name in NAMES)))
        settings = SegmentOptions(overlap=4, read_ahead=True, write_behind=True)
        options = JobOptions(settings, None, Length(5, True), Length(1.5, True))
        segment_file(image, Outputs(**files), Slow(), ModelCard("for tests"), options, {}, None,
                     Resume(("kill",)))
        os._exit(0)
    return child

def contents(where):
    return {name: (where / name).read_bytes() for name in NAMES if (where / name).exists()}

for where in (whole, out):
    where.mkdir()
began = time.monotonic()
status = os.waitpid(start(whole), 0)[1]
assert status == 0, status
lasts = time.monotonic() - began
truth = contents(whole)
assert len(truth) == len(NAMES)
random.seed(7)
kills = finished = resumed = 0
while kills < wanted or not finished:
    child = start(out)
    if kills < wanted:
        time.sleep(random.uniform(0, 1.2 * lasts))
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    found = contents(out)
    assert all(truth[name] == data for name, data in found.items()), "a half or different file"
    journals = list((Path(os.environ["CWSAM_CACHE"]) / "journals").glob("*/strips.bin"))
    resumed += any(path.stat().st_size for path in journals)
    if status == signal.SIGKILL:
        kills += 1
        continue
    assert status == 0, status
    assert len(found) == len(NAMES)
    finished += 1
    left = [path.name for path in out.iterdir() if path.name.startswith(".")]
    assert not left, left
    for path in out.iterdir():
        path.unlink()
print(kills, finished, resumed)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
def test_killed_at_twenty_random_moments(tmp_path):
    rng = np.random.default_rng(4)
    pixels = np.kron(rng.integers(0, 255, (3, 40, 12)), np.ones((1, 9, 13))).astype(np.uint8)
    image = write_raster(tmp_path / "a.tif", pixels)
    root = Path(__file__).resolve().parents[2]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{root / '.link'}{os.pathsep}{root}",
        "OMP_NUM_THREADS": "1",  # a process whose threads wait for work must not be forked
        "CWSAM_CACHE": str(tmp_path / "cache"),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(image), str(tmp_path), str(KILLS)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    kills, finished, resumed = map(int, done.stdout.split()[-3:])
    assert kills == KILLS
    assert finished >= 1
    assert resumed >= 1, "no run was killed between two rows of tiles"
    with rasterio.open(tmp_path / "whole" / "classes.tif") as data:
        assert len(np.unique(data.read(1))) > 1
