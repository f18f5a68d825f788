"""Hidden folders go with their run, also when it was killed."""

import os
import signal
import subprocess
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from cwsam.engine import files
from cwsam.engine import staging as staging_module
from cwsam.engine.errors import OutputError
from cwsam.engine.staging import Obstacle, Staging, check_writable

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
    own = tmp_path / f".cwsam-{zlib.crc32(b'a [1]'):08x}-mine"
    mine = Staging(tmp_path / "b.gpkg")
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


@pytest.fixture
def windows(monkeypatch):
    """As if on Windows, without the waiting; the system's own calls stay."""
    for module in (files, staging_module):
        monkeypatch.setattr(module, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(files, "_PAUSE_S", 0)


@pytest.mark.parametrize("system", ["win32", "other"])
def test_a_folder_that_nothing_can_be_made_in_is_told_at_once(
    tmp_path, monkeypatch, request, system
):
    if system == "win32":
        request.getfixturevalue("windows")
    asked = []

    def refuse(path, mode=0o777):
        asked.append(path)
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(files.os, "mkdir", refuse)
    with pytest.raises(OutputError, match=r"cannot be written \(no permission\): choose another"):
        (check_writable if system == "win32" else Staging)(tmp_path / "a.tif")
    assert len(asked) == 1


def test_a_file_that_a_program_holds_is_told_before_the_run(tmp_path, monkeypatch, windows):
    held, usual = [], os.rename

    def rename(source, target):
        if source in held:
            raise PermissionError(13, "used by another process")
        usual(source, target)

    monkeypatch.setattr(staging_module.os, "rename", rename)
    target = tmp_path / "a.shp"
    for path in (target, tmp_path / "a.dbf"):
        path.write_text("old")
        held[:] = [path]
        with pytest.raises(OutputError, match=r"cannot be replaced .*close the programs"):
            Staging(target)
        held.clear()
        check_writable(target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.dbf", "a.shp"]


def test_elsewhere_nothing_is_renamed_to_find_out(tmp_path, monkeypatch):
    (tmp_path / "a.tif").write_text("old")
    monkeypatch.setattr(staging_module.os, "rename", None)
    check_writable(tmp_path / "a.tif")


def test_the_paths_of_long_names_stay_short(tmp_path):
    name = "S2B_MSIL2A_20240624T104619_N0510_R051_T31UES_20240624T135404_land_cover.gpkg"
    staging = Staging(tmp_path / name)
    longest = f"{staging.folder / 'old-12345678' / name}-journal"
    assert len(longest) - len(str(tmp_path / name)) < 50
    staging.discard()


def test_folders_of_other_users_are_left_alone(tmp_path, monkeypatch):
    first = Staging(tmp_path / "a.tif")
    usual = staging_module.hold

    def hold(path):
        if path.parent == first.folder:
            raise PermissionError(13, "Permission denied")
        return usual(path)

    monkeypatch.setattr(staging_module, "hold", hold)
    Staging(tmp_path / "a.tif").discard()
    assert first.folder.is_dir()
    first.discard()
