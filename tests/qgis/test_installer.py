"""PyTorch from a real pip and a local folder of wheels, into the private folder."""

import stat
import sys
import threading
from importlib import metadata

import pytest
from cwsam.cwsam_qgis import environment, packages
from cwsam.cwsam_qgis.gui.torch_dialog import TorchDialog
from cwsam.cwsam_qgis.packages import Folders, InstallError, Request
from qgis.core import QgsApplication, QgsSettings
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest
from tests.qgis.wheels import make_wheel, torch_files

NUMPY = metadata.version("numpy")


def wait_for(condition, seconds=60):
    for _ in range(seconds * 50):
        if condition():
            return
        QTest.qWait(20)
    raise AssertionError("the wait was too long")


def click(widget):
    assert widget.isEnabled(), widget.text()
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def beside(final):
    return [path.name for path in final.parent.iterdir()]


@pytest.fixture
def final(qgis_app, tmp_path, monkeypatch):
    """The private folder, which does not exist yet."""
    QgsSettings().remove("cwsam")
    folder = tmp_path / "profile" / "packages"
    monkeypatch.setenv(environment.PACKAGES_VARIABLE, str(folder))
    yield folder
    environment.remove_packages_folder()


@pytest.fixture
def wheels(tmp_path):
    """A torch that needs QGIS's numpy, a package of its own, and one that QGIS has too."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    make_wheel(folder, "torch", "2.13.0+cpu", torch_files(), ["numpy", "mpmathics", "PyYAML"])
    make_wheel(folder, "numpy", NUMPY, {"numpy/__init__.py": "raise RuntimeError('second numpy')"})
    make_wheel(folder, "mpmathics", "1.0", {"mpmathics/__init__.py": ""})
    make_wheel(folder, "PyYAML", "99.0", {"yaml/__init__.py": "", "yaml/_yaml.so": "x"})
    return folder


@pytest.fixture
def dialog(final):
    made = TorchDialog()
    made.show()
    yield made
    made.shut_down()
    made.deleteLater()


def run(dialog, button):
    ended = []
    dialog.installer.ended.connect(lambda *how: ended.append(how))
    click(button)
    wait_for(lambda: ended)
    return ended[0]


def test_one_click_installs_from_a_folder_and_another_removes(dialog, final, wheels):
    dialog.wheels.setFilePath(str(wheels))
    went_well, sentence = run(dialog, dialog.install_button)
    assert went_well, dialog.log.toPlainText()
    assert "torch" in dialog.log.toPlainText()
    assert (final / "torch" / "__init__.py").is_file()
    assert (final / "mpmathics").is_dir()
    assert not (final / "numpy").exists()
    assert not (final / "yaml").exists()
    assert not list(final.glob("numpy*")) + list(final.glob("PyYAML*"))
    wait_for(lambda: beside(final) == ["packages"])
    assert str(final) == sys.path[-1]
    assert "2.13.0+cpu" in dialog.sentence.text() or "restart" in dialog.sentence.text()
    assert "own folder" in dialog.state.text()
    went_well, sentence = run(dialog, dialog.remove_button)
    assert (went_well, sentence) == (True, "PyTorch was removed.")
    assert not final.exists()
    assert str(final) not in sys.path
    assert not dialog.remove_button.isEnabled()


def test_a_missing_wheel_ends_in_a_sentence_and_changes_nothing(dialog, final, wheels):
    assert run_install(dialog, wheels)[0]
    before = sorted(p.name for p in final.iterdir())
    (wheels / "mpmathics-1.0-py3-none-any.whl").unlink()
    went_well, sentence = run_install(dialog, wheels)
    assert not went_well
    assert "No mpmathics for Python" in sentence
    assert sorted(p.name for p in final.iterdir()) == before
    wait_for(lambda: beside(final) == ["packages"])


def run_install(dialog, wheels):
    dialog.wheels.setFilePath(str(wheels))
    return run(dialog, dialog.install_button)


def test_another_numpy_than_qgis_has_is_refused(dialog, final, wheels):
    (wheels / f"numpy-{NUMPY}-py3-none-any.whl").unlink()
    make_wheel(wheels, "numpy", "99.0", {"numpy/__init__.py": ""})
    went_well, sentence = run_install(dialog, wheels)
    assert not went_well
    assert "numpy" in sentence
    assert not final.exists()


def test_cancel_leaves_what_was_there(dialog, final, wheels, monkeypatch):
    assert run_install(dialog, wheels)[0]
    slow = wheels.parent / "python-slow"
    slow.write_text("#!/bin/sh\necho Collecting torch\nexec sleep 60\n")
    slow.chmod(slow.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr("cwsam.cwsam_qgis.installer.python_executable", lambda: str(slow))
    ended = []
    dialog.installer.ended.connect(lambda *how: ended.append(how))
    click(dialog.install_button)
    wait_for(lambda: "Collecting" in dialog.log.toPlainText())
    assert not dialog.install_button.isEnabled()
    assert dialog.progress.isVisible()
    click(dialog.cancel_button)
    wait_for(lambda: ended)
    assert ended == [(False, "Stopped; nothing was changed.")]
    assert (final / "torch").is_dir()
    wait_for(lambda: beside(final) == ["packages"])


@pytest.mark.parametrize("how", ["no wheels", "bad address", "no python", "no source", "foreign"])
def test_mistakes_end_in_sentences(dialog, final, wheels, monkeypatch, how):
    if how == "no wheels":
        dialog.wheels.setFilePath(str(final.parent.parent))
    elif how == "bad address":
        dialog.source.setText("my wheels")
    elif how == "no python":
        monkeypatch.setattr("cwsam.cwsam_qgis.installer.python_executable", lambda: "/no/python")
        dialog.wheels.setFilePath(str(wheels))
    elif how == "no source":
        monkeypatch.setattr(sys, "platform", "linux")
        dialog.build.setCurrentIndex(dialog.build.findData("cpu"))
    else:
        final.mkdir(parents=True)
        (final / "mine.txt").write_text("")
        dialog.wheels.setFilePath(str(wheels))
    click(dialog.install_button)
    wait_for(lambda: not dialog.installer.busy)
    words = {"no wheels": "holds no torch", "bad address": "begins with https",
             "no python": "could not be started", "no source": "enter its address",
             "foreign": "not made by this plugin"}  # fmt: skip
    assert words[how] in dialog.sentence.text()
    assert not (final / "torch").exists()
    if how == "foreign":
        assert (final / "mine.txt").is_file()


def test_a_folder_that_cannot_be_written_ends_in_a_sentence(dialog, final, wheels, monkeypatch):
    def refuse(*args, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(
        packages.Path, "mkdir", refuse
    )  # root, who may run this, may write anywhere
    dialog.wheels.setFilePath(str(wheels))
    click(dialog.install_button)
    assert "Permission denied" in dialog.sentence.text()
    assert "choose another folder" in dialog.sentence.text()
    assert not dialog.installer.busy


def test_a_file_in_the_way_ends_in_a_sentence(dialog, final, wheels):
    final.parent.write_text("a file, no folder")
    dialog.wheels.setFilePath(str(wheels))
    click(dialog.install_button)
    assert "cannot be written" in dialog.sentence.text()


def test_foreign_folders_are_never_removed(final):
    final.mkdir(parents=True)
    (final / "mine.txt").write_text("")
    with pytest.raises(InstallError, match="not made by this plugin"):
        Folders(final).remove()
    assert (final / "mine.txt").is_file()


def test_what_waited_for_a_restart_is_put_in_place(final, monkeypatch):
    incoming = Folders(final).incoming
    (incoming / "torch").mkdir(parents=True)
    (incoming / packages.MARK).write_text("")
    (final / "torch").mkdir(parents=True)
    (final / "old.txt").write_text("")
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    environment.add_packages_folder()
    assert not incoming.exists()
    assert not (final / "old.txt").exists()
    assert (final / packages.MARK).is_file()


def test_a_half_made_install_is_not(final):
    (Folders(final).incoming / "torch").mkdir(parents=True)
    environment.add_packages_folder()
    assert not final.exists()


def test_files_in_use_are_left_until_the_next_start(final, monkeypatch):
    folders = Folders(final)
    for folder in (final, folders.incoming):
        folder.mkdir(parents=True)
        (folder / packages.MARK).write_text(folder.name)

    def in_use(source, target):
        raise PermissionError(13, "in use")

    monkeypatch.setattr(packages.os, "replace", in_use)
    assert not folders.swap()
    assert (final / packages.MARK).read_text() == final.name
    with pytest.raises(InstallError, match="restart QGIS"):
        folders.remove()


def test_what_pip_is_told(final, tmp_path):
    arguments = packages.pip_arguments(Request(wheels=tmp_path), final, tmp_path / "c.txt")
    assert "--no-index" in arguments
    assert arguments[arguments.index("--only-binary") + 1] == ":all:"
    assert arguments[-1].startswith("torch")
    plain = packages.pip_arguments(Request(), final, tmp_path / "c.txt")
    assert not {"-i", "-f", "--no-index"} & set(plain)
    chosen = packages.pip_arguments(Request(source="https://a.b/c"), final, tmp_path / "c.txt")
    assert chosen[chosen.index("-i") + 1] == "https://a.b/c"
    assert f"numpy=={NUMPY}\n" in packages.constraints_text()


@pytest.mark.parametrize(
    ("system", "python", "asked"),
    [
        ("win32", (3, 9), "torch>=2.6,<2.9"),
        ("win32", (3, 12), "torch>=2.6,<2.9"),
        ("win32", (3, 13), "torch>=2.6,<2.9"),
        ("win32", (3, 14), "torch>=2.6"),
        ("linux", (3, 12), "torch>=2.6"),
        ("darwin", (3, 12), "torch>=2.6"),
    ],
)
def test_windows_gets_a_torch_that_its_runtime_can_load(
    final, tmp_path, monkeypatch, system, python, asked
):
    assert packages.requirement(system, python) == asked
    monkeypatch.setattr(packages, "requirement", lambda: asked)
    assert packages.pip_arguments(Request(), final, tmp_path / "c.txt")[-1] == asked
    assert environment.install_command().endswith(f'"{asked}"')
    with pytest.raises(InstallError, match=f"with 'pip download \"{asked}\"'"):
        packages.check_request(Request(wheels=tmp_path))


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("/usr/bin/python3: No module named pip", "has no pip"),
        ("ERROR: No matching distribution found for torch>=2.6", "No torch"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("ProxyError('Cannot connect to proxy.')", "network and proxy"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE FILE", "broken"),
        ("ERROR: Something odd.", "pip stopped (Something odd)"),
        ("", "pip stopped"),
    ],
)
def test_each_cause_has_its_sentence(final, log, words):
    assert words in packages.failure_sentence(log)


def test_the_report_names_no_folder(dialog, final, wheels, monkeypatch):
    run_install(dialog, wheels)
    dialog.log.appendPlainText(f"Installing to {final}")
    click(dialog.copy_button)
    text = QgsApplication.clipboard().text()
    assert str(final) not in text
    assert "…/packages" in text
    assert "QGIS" in text
    assert f"numpy {NUMPY}" in text


def test_unloading_stops_pip(dialog, final, wheels, monkeypatch):
    slow = wheels.parent / "python-slow"
    slow.write_text("#!/bin/sh\necho started\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr("cwsam.cwsam_qgis.installer.python_executable", lambda: str(slow))
    dialog.wheels.setFilePath(str(wheels))
    click(dialog.install_button)
    wait_for(lambda: "started" in dialog.log.toPlainText())
    dialog.shut_down()
    assert not dialog.installer.busy
    wait_for(lambda: beside(final) == [])


def test_pythons_of_other_systems_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "QGIS"))
    monkeypatch.setattr(sys, "exec_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "base_exec_prefix", str(tmp_path))
    with pytest.raises(InstallError, match="not found"):
        packages.python_executable()
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python3"
    python.write_text("")
    python.chmod(0o755)
    assert packages.python_executable() == str(python)


def fill(folder):
    folder.mkdir(parents=True)
    for name in ("a", packages.MARK):
        (folder / name).write_text("")


@pytest.mark.parametrize("how", ["prepare", "remove", "swap", "settle", "clean"])
def test_nobody_waits_for_what_is_deleted(final, monkeypatch, how):
    folders, threads, go_on = Folders(final), [], threading.Event()
    for folder in (final, folders.incoming, folders.temporary, folders.old):
        fill(folder)
    delete = packages.shutil.rmtree

    def slow(*args, **options):
        threads.append(threading.current_thread())
        go_on.wait(3)
        delete(*args, **options)

    monkeypatch.setattr(packages.shutil, "rmtree", slow)
    getattr(folders, how)()
    assert folders.final.exists() == (how != "remove")
    wait_for(lambda: threads)
    assert not folders.old.exists()
    assert all(thread.daemon for thread in threads)
    go_on.set()
    wait_for(lambda: not [name for name in beside(final) if "doomed" in name])


def test_what_a_qgis_left_is_deleted_at_the_next_start(final):
    fill(final)
    fill(final.with_name("packages.doomed-0123abcd"))
    for name in ("packages.doomed-mine", "other.doomed-0123abcd"):
        fill(final.with_name(name))
    environment.add_packages_folder()
    kept = ["other.doomed-0123abcd", "packages", "packages.doomed-mine"]
    wait_for(lambda: sorted(beside(final)) == kept)
    assert (final / "a").is_file()
