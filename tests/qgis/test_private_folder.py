"""Torch missing, broken or taken away while QGIS runs; each in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CLICK = """
import os, shutil, sys
from importlib.machinery import PathFinder
from pathlib import Path

how, work = sys.argv[1], Path(sys.argv[2])
private = work / "packages"
os.environ["CWSAM_PACKAGES"] = str(private)


class OnlyPrivateTorch:
    # As in a QGIS whose own Python has no torch.
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "torch":
            return None
        found = PathFinder.find_spec(name, [str(private)])
        if found is None:
            raise ModuleNotFoundError("No module named 'torch'", name="torch")
        return found


sys.meta_path.insert(0, OnlyPrivateTorch)
if how != "missing":
    (private / "torch").mkdir(parents=True)
    (private / ".cwsam-packages").write_text("")
    (private / "torch" / "version.py").write_text("__version__ = '2.13.0'\\ncuda = None\\n")
    (private / "torch" / "__init__.py").write_text(
        f"raise OSError({'c10.dll was not found at ' + str(private)!r})"
    )

from qgis.core import QgsApplication, QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtTest import QTest

application = QgsApplication([], True, str(work / "profile"))
application.initQgis()
import cwsam
from tests.qgis.support import open_layer, patches, write_raster
from tests.qgis.window import Window

window = Window()
window.window.show()
plugin = cwsam.classFactory(window)
plugin.initGui()
layer = open_layer(write_raster(work / "town.tif", patches()), "town")
QgsProject.instance().addMapLayer(layer)
plugin.open_dock("segment")
panel = plugin.panel
panel.set_layers([layer])
QTest.qWait(400)
print("device:", panel.device.text().replace("\\n", " "))
if how == "removed":
    shutil.rmtree(private)
button = panel.bar.button
assert button.isEnabled()
QTest.mouseClick(button, Qt.MouseButton.LeftButton)
for _ in range(500):
    QTest.qWait(20)
    if window.bar.currentItem() is not None:
        break
print("said:", window.bar.currentItem().text())
dialog = plugin.shell.open_torch()
print("report:", dialog.report().replace("\\n", " | "))
print("state:", dialog.state.text().replace("\\n", " "))
panel.refresh()
print("then:", panel.device.text().replace("\\n", " "))
print("layers:", len(QgsProject.instance().mapLayers()))
plugin.unload()
"""


@pytest.fixture
def click(tmp_path):
    def run(how):
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path[:0] = [{str(ROOT / '.link')!r}, "
             f"{str(ROOT)!r}]\n{CLICK}", how, str(tmp_path)],
            capture_output=True, text=True, check=False, timeout=300,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        )  # fmt: skip
        lines = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
        assert "layers" in lines, done.stderr
        assert lines["layers"] == "1"
        assert str(tmp_path) not in lines["report"]
        return lines

    return run


def test_missing(click):
    said = click("missing")
    assert "is missing" in said["device"]
    assert "Raster ▸ CWSAM ▸ PyTorch" in said["said"]
    assert "torch missing" in said["report"]


def test_broken(click):
    said = click("broken")
    assert "cannot be loaded (c10.dll was not found" in said["said"]
    assert "Raster ▸ CWSAM ▸ PyTorch" in said["said"]
    assert "torch 2.13.0, not loaded, own folder" in said["report"]
    assert "PyTorch 2.13.0 (without CUDA) is installed in the plugin's own folder." in said["state"]


def test_the_folder_is_removed_while_qgis_runs(click):
    said = click("removed")
    assert "is missing" in said["said"]
    assert "is missing" in said["state"]
    assert "is missing" in said["then"]
