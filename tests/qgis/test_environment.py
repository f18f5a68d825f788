"""Where torch is looked for, and what is said when it is not there."""

import sys

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
