"""Where torch is looked for, and what is said when it is not there."""

import sys
import threading
import types

import pytest
from cwsam.cwsam_qgis import environment


@pytest.fixture
def private(qgis_app, tmp_path, monkeypatch):
    """A private folder with a numpy and a sympy that must not, and must, be taken."""
    for name in ("numpy", "sympy"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('loaded')")
    monkeypatch.setenv(environment.PACKAGES_VARIABLE, str(tmp_path))
    return tmp_path


def test_the_private_folder_comes_last_and_goes_again(private):
    before = list(sys.path)
    environment.add_packages_folder()
    environment.add_packages_folder()
    assert sys.path == [*before, str(private)]
    environment.remove_packages_folder()
    assert sys.path == before


def test_needs_of_torch_come_from_it_but_numpy_never(private):
    found = environment._OwnPackages.find_spec("sympy")
    assert found.origin == str(private / "sympy" / "__init__.py")
    assert environment._OwnPackages.find_spec("numpy") is None
    assert environment._OwnPackages.find_spec("sympy.core", ["x"]) is None
    before = list(sys.meta_path)
    with environment._own_packages_first():
        assert sys.meta_path[0] is environment._OwnPackages
    assert sys.meta_path == before


def test_a_broken_torch_ends_in_a_sentence(qgis_app, tmp_path, monkeypatch):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise OSError('c10.dll was not found')")
    for name in [n for n in sys.modules if n.partition(".")[0] == "torch"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setenv(environment.PACKAGES_VARIABLE, str(tmp_path))
    with pytest.raises(environment.TorchMissingError, match=r"c10\.dll was not found") as caught:
        environment.load_torch()
    assert "install" in str(caught.value)


def test_a_missing_torch_names_the_remedy(qgis_app, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    assert not environment.has_torch()
    assert environment.device_sentence() == "PyTorch is not installed."
    with pytest.raises(environment.TorchMissingError, match="missing"):
        environment.load_torch()
    assert "--target" in environment.install_command()
    assert "torch" in environment.diagnostics()


@pytest.fixture
def failing(monkeypatch):
    """Gives torch an import that fails with an error."""

    def fail_with(error):
        def fail(name):
            raise error

        monkeypatch.setattr(environment, "has_torch", lambda: True)
        monkeypatch.setattr(environment, "_open_library", lambda: None)
        monkeypatch.setattr(environment.importlib, "import_module", fail)

    return fail_with


def with_code(code):
    error = OSError(22, "Error loading c10.dll or one of its dependencies.")
    error.winerror = code
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError("[WinError 1114] A routine failed. Error loading c10.dll"), 1114),
        (ImportError("[WinError 126] Error loading torch_python.dll"), 126),
        (with_code(1114), 1114),
        (with_code(126), 126),
    ],
)
def test_an_old_runtime_of_windows_is_named_with_its_remedy(qgis_app, failing, error, code):
    failing(error)
    with pytest.raises(environment.TorchMissingError) as caught:
        environment.load_torch()
    said = str(caught.value)
    assert f"WinError {code}" in said
    assert "Visual C++ Redistributable is too old or missing: install the newest one" in said
    assert "start QGIS again, or reinstall PyTorch" in said


@pytest.mark.parametrize("error", [OSError("[WinError 1260] blocked"), with_code(5)])
def test_other_errors_of_windows_are_told_as_they_are(qgis_app, failing, error):
    failing(error)
    with pytest.raises(environment.TorchMissingError) as caught:
        environment.load_torch()
    assert "Redistributable" not in str(caught.value)
    assert error.args[-1].rstrip(".") in str(caught.value)


def test_two_workers_that_load_torch_leave_the_interpreter_as_it_was(qgis_app, monkeypatch):
    entered, second_in, first_out = [], threading.Event(), threading.Event()

    def load(name):
        if name != "torch":
            return
        entered.append(name)
        if len(entered) == 1:
            second_in.wait(0.5)  # in vain: one at a time
        else:
            second_in.set()
            first_out.wait(10)

    def work():
        environment.load_torch()
        first_out.set()

    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))
    monkeypatch.setattr(environment, "_open_library", lambda: None)
    monkeypatch.setattr(environment.importlib, "import_module", load)
    usual, finders = sys.getswitchinterval(), list(sys.meta_path)
    workers = [threading.Thread(target=work) for _ in "ab"]
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)
        assert len(entered) == 2
        assert sys.getswitchinterval() == usual
        assert sys.meta_path == finders
    finally:
        sys.setswitchinterval(usual)
