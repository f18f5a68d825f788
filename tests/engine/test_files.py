"""Folders that are closed and files that are held for a moment, as Windows has them."""

from types import SimpleNamespace

import numpy as np
import pytest
from cwsam.engine import files
from cwsam.engine.files import fresh_folder, replace, try_folder
from cwsam.engine.journal import Journal
from cwsam.engine.staging import Staging
from cwsam.engine.types import ClassStrip


@pytest.fixture
def windows(monkeypatch):
    """As if on Windows, without the waiting; the system's own calls stay."""
    monkeypatch.setattr(files, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(files, "_PAUSE_S", 0)


@pytest.fixture
def held(monkeypatch):
    """Lets each renaming fail a number of times, as while a scanner looks at the file."""
    usual = files.os.replace
    state = SimpleNamespace(times=0, asked=0)
    left = {}

    def busy(source, target):
        state.asked += 1
        if left.setdefault((source, target), state.times):
            left[source, target] -= 1
            raise PermissionError(13, "used by another process")
        usual(source, target)

    monkeypatch.setattr(files.os, "replace", busy)
    return state


def test_a_name_that_is_taken_is_not_used(tmp_path, monkeypatch):
    names = iter(["a", "a", "b"])
    monkeypatch.setattr(files.secrets, "token_hex", lambda size: next(names))
    assert [fresh_folder(tmp_path, "x-").name for _ in "ab"] == ["x-a", "x-b"]
    monkeypatch.setattr(files.secrets, "token_hex", lambda size: "a")
    with pytest.raises(FileExistsError):
        fresh_folder(tmp_path, "x-")


def test_a_closed_folder_is_told_at_once(tmp_path, monkeypatch, windows):
    asked = []

    def refuse(path, mode=0o777):
        asked.append(path)
        raise PermissionError(13, "Access is denied")

    monkeypatch.setattr(files.os, "mkdir", refuse)
    with pytest.raises(PermissionError):
        try_folder(tmp_path)
    assert len(asked) == 1


def test_an_open_folder_stays_as_it_was(tmp_path):
    try_folder(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_held_for_a_moment_is_renamed(tmp_path, windows, held):
    held.times = 9
    (tmp_path / "a").write_text("a")
    replace(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_text() == "a"
    held.times = 99
    held.asked = 0
    with pytest.raises(PermissionError):
        replace(tmp_path / "b", tmp_path / "c")
    assert held.asked == 11


def test_other_systems_do_not_wait(tmp_path, held):
    held.times = 1
    (tmp_path / "a").write_text("a")
    with pytest.raises(PermissionError):
        replace(tmp_path / "a", tmp_path / "b")
    assert held.asked == 1


def test_a_finished_output_gets_its_place(tmp_path, windows, held):
    held.times = 3
    (tmp_path / "a.tif").write_text("old")
    staging = Staging(tmp_path / "a.tif")
    staging.path.write_text("new")
    staging.commit()
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.tif", "new")]


def test_a_journal_is_kept(tmp_path, windows, held, monkeypatch):
    held.times = 2
    unlink, refused = files.os.unlink, []

    def busy(path, **options):
        if str(path).endswith(".npz"):
            refused.append(path)
            raise PermissionError(13, "used by another process")
        unlink(path, **options)

    monkeypatch.setattr(files.os, "unlink", busy)
    journal = Journal(tmp_path, {"pixels": "a"}, 5)
    for index in range(3):
        plane = np.full((2, 5), index, np.uint8)
        journal.add(ClassStrip(2 * index, plane, plane, plane), 1, {"a": np.arange(3)})
    assert refused
    assert not journal.notices
    journal.close()
    assert Journal(tmp_path, {"pixels": "a"}, 5).rows_done == 3
