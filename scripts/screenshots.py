"""Take pictures of the plugin in the real QGIS application window.

    xvfb-run -a -s "-screen 0 1366x768x24" .venv/bin/python scripts/screenshots.py OUT [IMAGE]

Starts QGIS with a profile of its own, opens IMAGE (or a made-up aerial scene), drives the
plugin by its widgets and writes PNGs to OUT. Set CWSAM_SHOT_THEME to "Night Mapping" for the
dark theme, CWSAM_SHOT_LANGUAGE to "zh" for Chinese and CWSAM_SHOT_MODEL to a model file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
import traceback
from pathlib import Path

SIZE = (1366, 768)


def start_qgis(out: Path, image: Path | None) -> int:
    """Run QGIS with this file as its start-up script; returns its exit status."""
    out.mkdir(parents=True, exist_ok=True)
    root = Path(__file__).resolve().parents[1]  # QGIS runs this text without a file name
    with tempfile.TemporaryDirectory() as folder:
        plugins = Path(folder) / "plugins"
        plugins.mkdir()
        (plugins / "cwsam").symlink_to(root)
        profile = Path(folder) / "profiles" / "default" / "QGIS"
        profile.mkdir(parents=True)
        (profile / "QGIS3.ini").write_text(_ini(), encoding="utf-8")
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
            "QGIS_PLUGINPATH": str(plugins),
            "CWSAM_PACKAGES": sysconfig.get_path("purelib"),
            "CWSAM_SHOT_OUT": str(out.resolve()),
            "CWSAM_SHOT_IMAGE": str(image.resolve()) if image else "",
            "XDG_RUNTIME_DIR": folder,
        }
        command = ["qgis", "--nologo", "--noversioncheck",
                   "--profiles-path", folder, "--code", __file__]  # fmt: skip
        if os.environ.get("CWSAM_SHOT_LANGUAGE"):
            command += ["--lang", os.environ["CWSAM_SHOT_LANGUAGE"]]
        return subprocess.run(command, env=environment, check=False, timeout=580).returncode


def _ini() -> str:
    theme = os.environ.get("CWSAM_SHOT_THEME", "default")
    return (
        f"[UI]\nUITheme={theme}\n\n[PythonPlugins]\ncwsam=true\nprocessing=true\n\n"
        "[qgis]\ncheckVersion=false\nshowTips=false\naskToSaveMemoryLayers=false\n"
        "newsFeed\\disabled=true\n\n[core]\nNewsFeed\\disabled=true\n\n"
        "[app]\nprojections\\defaultProjectCrs=EPSG:31370\n"
    )


class Session:
    """Drives the open QGIS window."""

    def __init__(self) -> None:
        from qgis.utils import iface, plugins

        self.iface = iface
        self.plugin = plugins["cwsam"]
        self.out = Path(os.environ["CWSAM_SHOT_OUT"])
        self.window = iface.mainWindow()

    def run(self) -> None:
        """Open the image, take the pictures."""
        self.window.showNormal()
        self.window.resize(*SIZE)
        self.window.move(0, 0)
        self.settle(1500)
        self.tidy()
        image = os.environ["CWSAM_SHOT_IMAGE"] or make_scene(self.out / "scene.tif")
        layer = self.iface.addRasterLayer(str(image), "aerial scene")
        self.iface.zoomToActiveLayer()
        self.settle(1000)
        self.plugin.toggle_action.trigger()
        panel = self.plugin.panel
        if os.environ.get("CWSAM_SHOT_MODEL"):
            panel.model.choose(Path(os.environ["CWSAM_SHOT_MODEL"]))
        self.settle(1000)
        self.shoot("dock")
        panel.advanced.setCollapsed(False)
        self.settle(500)
        self.shoot("dock_advanced")
        panel.advanced.setCollapsed(True)
        panel.bar.button.click()
        self.wait(lambda: panel.bar.progress.value() > 0 or panel.run_control.task is None)
        self.shoot("running")
        self.wait(lambda: panel.run_control.task is None)
        self.settle(2500)
        self.shoot("result")
        self.iface.messageBar().clearWidgets()
        panel.output.polygons.setFilePath("/nowhere/map.gpkg")
        panel.bar.button.click()
        self.wait(lambda: panel.run_control.task is None)
        self.settle(500)
        self.shoot("error")
        assert layer.isValid()
        self.iface.messageBar().clearWidgets()
        self.shoot_windows()

    def shoot_windows(self) -> None:
        """Save pictures of the models' and PyTorch's windows and of the settings page."""
        from qgis.PyQt.QtCore import QTimer

        shell = self.plugin.shell
        for name, open_it in (("models", shell.open_models), ("torch", shell.open_torch)):
            dialog = open_it()
            self.settle(500)
            dialog.grab().save(str(self.out / f"{name}.png"))
            dialog.reject()
        QTimer.singleShot(4000, self.shoot_settings)
        shell.open_options()  # returns when the dialog is closed

    def shoot_settings(self) -> None:
        """Save a picture of QGIS's settings dialog, which is open, and close it."""
        from qgis.PyQt.QtWidgets import QApplication

        dialog = QApplication.activeModalWidget()
        dialog.grab().save(str(self.out / "settings.png"))
        dialog.reject()

    def tidy(self) -> None:
        """Close what stands in the way of the picture."""
        from qgis.PyQt.QtWidgets import QDockWidget, QToolBar

        self.iface.newProject()
        for dock in self.window.findChildren(QDockWidget):
            if dock.objectName() not in ("Layers",):
                dock.hide()
        kept = ("mFileToolBar", "mMapNavToolBar", "mPluginToolBar")
        for bar in self.window.findChildren(QToolBar):
            if bar.parent() is self.window:
                bar.setVisible(bar.objectName() in kept)

    def settle(self, milliseconds: int) -> None:
        """Let the window draw itself."""
        from qgis.PyQt.QtTest import QTest

        QTest.qWait(milliseconds)
        canvas = self.iface.mapCanvas()
        self.wait(lambda: not canvas.isDrawing())

    def wait(self, condition) -> None:
        """Serve events until a condition holds, two minutes at most."""
        from qgis.PyQt.QtTest import QTest

        for _ in range(6000):
            if condition():
                return
            QTest.qWait(20)

    def shoot(self, name: str) -> None:
        """Save a picture of the window."""
        self.window.grab().save(str(self.out / f"{name}.png"))


def make_scene(path: Path) -> Path:
    """Write a made-up aerial scene: fields, a wood, a lake, a town with roads."""
    import numpy as np
    from osgeo import gdal, osr

    random = np.random.default_rng(7)
    side = 768
    y, x = np.mgrid[:side, :side].astype(np.float32)
    colours = np.array([(150, 160, 90), (190, 175, 120), (120, 145, 80)], np.float32)
    image = colours[((x + 0.3 * y) // 180 + (y - 0.2 * x) // 150).astype(int) % 3]
    wood = (x - 560) ** 2 / 3 + (y - 180) ** 2 < (110 + 12 * np.sin(x / 17)) ** 2
    image[wood] = (45, 75, 45)
    lake = (x - 190) ** 2 + (y - 560) ** 2 * 2 < (130 + 10 * np.cos(y / 23)) ** 2
    image[lake] = (50, 75, 105)
    for row in range(420, 740, 46):
        for col in range(430, 740, 40):
            tone = random.integers(-15, 15)
            image[row : row + 26, col : col + 22] = (165 + tone, 105 + tone, 90 + tone)
    image[np.abs(x - 410 - 0.05 * y) < 7] = (150, 148, 146)
    image[np.abs(y - 400 - 0.1 * x) < 7] = (150, 148, 146)
    image = image + random.normal(0, 7, (side, side, 1)) + random.normal(0, 4, (side, side, 3))
    planes = np.clip(image, 0, 255).astype(np.uint8).transpose(2, 0, 1)
    file = gdal.GetDriverByName("GTiff").Create(str(path), side, side, 3, gdal.GDT_Byte)
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(31370)
    file.SetProjection(crs.ExportToWkt())
    file.SetGeoTransform((105000, 0.5, 0, 195000, 0, -0.5))
    for number, plane in enumerate(planes, 1):
        file.GetRasterBand(number).WriteRaster(0, 0, side, side, plane.tobytes())
    return path


def inside_qgis() -> None:
    """Take the pictures once QGIS is up, and leave it."""
    from qgis.PyQt.QtCore import QTimer

    def work() -> None:
        status = 1
        try:
            Session().run()
            status = 0
        finally:
            if status:
                traceback.print_exc()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)  # without the questions about unsaved layers

    QTimer.singleShot(3000, work)


if os.environ.get("CWSAM_SHOT_OUT"):
    inside_qgis()
elif __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(start_qgis(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None))
