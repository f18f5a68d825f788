"""Hidden folders go with their run, also when it was killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cwsam.engine.errors import OutputError
from cwsam.engine.staging import Obstacle, Staging

KILLED = """
import os, signal, sys
from cwsam.engine.staging import Staging
staging = Staging(sys.argv[1])
staging.path.write_text("half")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_what_a_killed_run_left_goes_with_the_next_one(tmp_path):
    target = tmp_path / "a [1].gpkg"  # a name with the letters of patterns
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2] / ".link")}
    done = subprocess.run([sys.executable, "-c", KILLED, str(target)], env=environment)
    assert done.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1
    mine, own = Staging(tmp_path / "b.gpkg"), tmp_path / ".a [1]-mine"
    own.mkdir()  # somebody's own hidden folder
    staging = Staging(target)
    assert sorted(tmp_path.iterdir()) == sorted([mine.folder, staging.folder, own])
    staging.path.write_text("whole")
    staging.commit()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        [mine.folder.name, own.name, target.name]
    )
    mine.discard()


def test_a_run_under_way_keeps_its_folder(tmp_path):
    first, second = Staging(tmp_path / "a.tif"), Staging(tmp_path / "a.tif")
    assert first.folder.is_dir()
    for staging in (second, first):
        staging.path.write_text("whole")
        staging.commit()
    assert [p.name for p in tmp_path.iterdir()] == ["a.tif"]


def test_the_caller_words_the_obstacle(tmp_path):
    with pytest.raises(OutputError, match=r"^no folder$"):
        Staging(tmp_path / "none" / "a.tif", lambda obstacle, target, cause: obstacle.value)
    assert len(Obstacle) == 6
