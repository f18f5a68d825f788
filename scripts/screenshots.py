"""Take pictures of the plugin in the real QGIS application window.

    xvfb-run -a -s "-screen 0 1366x768x24" .venv/bin/python scripts/screenshots.py OUT [IMAGE]

Starts QGIS with a profile of its own, opens IMAGE (or the aerial photograph of ``make demo``),
drives the plugin by its widgets and writes PNGs to OUT. Set CWSAM_SHOT_THEME to "Night Mapping"
for the dark theme, CWSAM_SHOT_LANGUAGE to "zh" for Chinese and CWSAM_SHOT_MODEL to a model file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
import time
import traceback
from pathlib import Path

SIZE = (1366, 768)

# Class id, then columns and rows of the upper left corners of squares on the photograph.
LABELS = {
    19: [(81, 16), (86, 58), (101, 112), (121, 171), (148, 237), (180, 296), (214, 354),
         (247, 406), (287, 462)],
    8: [(191, 218), (210, 240), (518, 196), (501, 180), (334, 352), (355, 392), (553, 58),
        (426, 392), (92, 176), (172, 256)],
    5: [(351, 21), (294, 96), (553, 256), (97, 392), (454, 237), (351, 171), (45, 317),
        (210, 185), (510, 448), (576, 110)],
}  # fmt: skip
# Others, to check the map with; none of them touches one above.
CHECKS = {
    19: [(84, 39), (109, 137), (135, 200), (179, 283), (220, 361), (262, 428)],
    8: [(109, 23), (511, 226), (423, 314), (2, 309), (444, 444), (381, 324)],
    5: [(148, 106), (303, 85), (568, 130), (278, 241), (454, 376), (366, 464), (96, 423)],
}
MAP = (300, 140, 960, 736)  # left, upper, right, lower edge of the map in the window, pixels
EXACT_COLOURS, MAP_COLOURS = 176, 80  # those of the window's parts stay as they are


def start_qgis(out: Path, image: Path | None) -> int:
    """Run QGIS with this file as its start-up script; returns its exit status."""
    out.mkdir(parents=True, exist_ok=True)
    started = time.time()
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
            "CWSAM_SHOT_IMAGE": str(image.resolve() if image else photograph(Path(folder))),
            "XDG_RUNTIME_DIR": folder,
        }
        command = ["qgis", "--nologo", "--noversioncheck",
                   "--profiles-path", folder, "--code", __file__]  # fmt: skip
        if os.environ.get("CWSAM_SHOT_LANGUAGE"):
            command += ["--lang", os.environ["CWSAM_SHOT_LANGUAGE"]]
        status = subprocess.run(command, env=environment, check=False, timeout=580).returncode
    for path in out.glob("*.png"):
        if path.stat().st_mtime > started:
            shrink(path)
    return status


def photograph(folder: Path) -> Path:
    """The demo's photograph (NEON, CC0) at 0.2 m a pixel, placed where it was taken."""
    from osgeo import gdal

    sys.path.append(str(Path(__file__).resolve().parent))
    from demo import fetch_photos

    gdal.UseExceptions()
    path = folder / "photograph.tif"
    gdal.Translate(
        str(path), str(fetch_photos()[0]), width=625, height=518, bandList=[1, 2, 3],
        outputSRS="EPSG:32612", outputBounds=(541000, 4977103.6, 541125, 4977000),
        resampleAlg="average",
    )  # fmt: skip
    return path


def shrink(path: Path) -> None:
    """Reduce a picture to few colours: those of the window as they are, the map's as they fit."""
    from PIL import Image

    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    size = picture.width * picture.height
    frame = picture.copy()
    if picture.size == SIZE:
        frame.paste(frame.getpixel((0, 0)), MAP)
    counts = sorted(picture.getcolors(size), reverse=True)
    first = sorted(frame.getcolors(size), reverse=True)[:EXACT_COLOURS]
    own = {colour: None for _, colour in first}
    others = [colour for count, colour in counts if colour not in own for _ in range(count)]
    palette = [part for colour in own for part in colour]
    if others:
        rest = Image.new("RGB", (len(others), 1))
        rest.putdata(others)
        palette += rest.quantize(MAP_COLOURS).getpalette()[: 3 * MAP_COLOURS]
    table = Image.new("P", (1, 1))
    table.putpalette(palette)
    picture.quantize(palette=table, dither=Image.Dither.NONE).save(path, optimize=True)


def _ini() -> str:
    theme = os.environ.get("CWSAM_SHOT_THEME", "default")
    return (
        f"[UI]\nUITheme={theme}\n\n[PythonPlugins]\ncwsam=true\nprocessing=true\n\n"
        "[qgis]\ncheckVersion=false\nshowTips=false\naskToSaveMemoryLayers=false\n"
        "newsFeed\\disabled=true\n\n[core]\nNewsFeed\\disabled=true\n\n"
        "[app]\nprojections\\defaultProjectCrs=EPSG:31370\n"
    )


def squares(image, fields, places) -> list:
    """Features with a class: squares of 16 pixels on an image."""
    from qgis.core import QgsFeature, QgsGeometry, QgsRectangle

    grid, pixel = image.extent(), image.rasterUnitsPerPixelX()
    side, made = 16 * pixel, []
    for class_id, corners in places.items():
        for col, row in corners:
            x, y = grid.xMinimum() + col * pixel, grid.yMaximum() - row * pixel
            feature = QgsFeature(fields)
            feature.setGeometry(QgsGeometry.fromRect(QgsRectangle(x, y - side, x + side, y)))
            feature.setAttribute("class_id", class_id)
            made.append(feature)
    return made


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
        layer = self.iface.addRasterLayer(os.environ["CWSAM_SHOT_IMAGE"], "aerial photograph")
        self.iface.zoomToActiveLayer()
        self.settle(1000)
        self.plugin.toggle_action.trigger()
        panel = self.plugin.panel
        if os.environ.get("CWSAM_SHOT_MODEL"):
            panel.model.choose(Path(os.environ["CWSAM_SHOT_MODEL"]))
        self.settle(1000)
        self.iface.zoomToActiveLayer()
        self.settle(1000)
        self.shoot("segment")
        panel.advanced.setCollapsed(False)
        self.settle(500)
        self.scroll_down(panel)
        self.shoot("advanced")
        panel.advanced.setCollapsed(True)
        panel.output.classes.setChecked(True)
        self.settle(500)
        self.segment(panel)
        self.result()
        self.mistake(panel)
        self.shoot_finetune(layer)
        self.shoot_windows()
        assert layer.isValid()

    def segment(self, panel) -> None:
        """Run once, with a picture when half of the map is there."""
        panel.bar.button.click()
        half = panel.input.grids()[0].info.height / 2
        self.wait(lambda: self.rows_shown(panel) > half or panel.run_control.task is None)
        self.settle(300)
        self.shoot("running")
        self.wait(lambda: panel.run_control.task is None)
        self.settle(2500)

    @staticmethod
    def rows_shown(panel) -> int:
        """Rows of the live preview."""
        preview = panel.run_control._preview
        return preview.rows if preview is not None else 0

    def result(self) -> None:
        """The map with its legend, then the table of areas."""
        self.shoot("result")
        self.iface.messageBar().clearWidgets()
        self.plugin.open_dock("results")
        self.settle(800)
        self.shoot("areas")

    def mistake(self, panel) -> None:
        """A run that cannot be, and what Details tells of it."""
        self.plugin.open_dock("segment")
        panel.output.polygons.setFilePath("/maps/town.gpkg")
        panel.bar.button.click()
        self.wait(lambda: panel.run_control.task is None)
        self.settle(700)
        self.shoot("error")
        self.iface.messageBar().clearWidgets()

    def shoot_finetune(self, layer) -> None:
        """Label the photograph, fine-tune for a while, and show what has come of it."""
        from qgis.core import QgsProcessingUtils, QgsProject

        self.show_only(layer)
        self.plugin.open_dock()
        panel = self.plugin.dock.open("finetune")
        panel.set_layers([layer])
        labels = panel.input.make_labels()
        labels.addFeatures(squares(layer, labels.fields(), LABELS))
        self.settle(500)
        self.wait(lambda: panel.bar.button.isEnabled())
        self.settle(1000)
        self.iface.messageBar().clearWidgets()
        self.shoot("finetune")
        panel.minutes.setValue(1.5)
        panel.output.setFilePath(str(Path(QgsProcessingUtils.tempFolder()) / "mine.safetensors"))
        panel.bar.button.click()
        self.wait(lambda: len(panel.result.curve.iou) > 2 or panel.control.task is None)
        self.settle(500)
        self.shoot("finetune_running")
        self.wait(lambda: panel.control.task is None)
        self.settle(1000)
        panel.result.preview_button.click()
        self.wait(lambda: panel.control.task is None)
        self.settle(2000)
        self.scroll_down(panel)
        self.shoot("finetune_result")
        labels.rollBack()
        QgsProject.instance().removeMapLayer(labels.id())
        self.shoot_evaluate(layer)

    def shoot_evaluate(self, layer) -> None:
        """Compare the fine-tuned map with other squares, then show how a sample is drawn."""
        from cwsam.cwsam_qgis.results import apply_style
        from cwsam.engine.classes import CLASSES
        from qgis.core import QgsProject, QgsRasterLayer, QgsVectorLayer
        from qgis.gui import QgsScrollArea

        uri = f"Polygon?crs={layer.crs().authid()}&field=class_id:integer"
        checks = QgsVectorLayer(uri, "reference", "memory")
        checks.dataProvider().addFeatures(squares(layer, checks.fields(), CHECKS))
        apply_style(checks, "polygons", CLASSES)
        QgsProject.instance().addMapLayer(checks)
        shown = self.iface.mapCanvas().layers()
        after = next(one for one in shown if isinstance(one, QgsRasterLayer))  # the uppermost
        node = QgsProject.instance().layerTreeRoot().findLayer(checks.id())
        self.settle(1000)
        for expanded in (True, False):  # without a change the view would not follow
            node.setExpanded(expanded)
        self.iface.messageBar().clearWidgets()
        panel = self.plugin.dock.open("evaluate")
        panel.map.layer_box.setLayer(after)
        panel.reference.layer_box.setLayer(checks)
        self.settle(500)
        panel.button.click()
        self.wait(lambda: panel.task is None)
        self.settle(1000)
        self.shoot("evaluate")
        panel.sample.setCollapsed(False)
        self.settle(500)
        panel.findChild(QgsScrollArea).ensureWidgetVisible(panel.sample)
        self.settle(300)
        self.shoot("sample")

    def show_only(self, layer) -> None:
        """Hide what covers a layer."""
        from qgis.core import QgsProject

        for node in QgsProject.instance().layerTreeRoot().findLayers():
            node.setItemVisibilityChecked(node.layerId() == layer.id())
            node.setExpanded(False)

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

    def scroll_down(self, panel) -> None:
        """Show the lower end of a panel."""
        from qgis.gui import QgsScrollArea

        bar = panel.findChild(QgsScrollArea).verticalScrollBar()
        bar.setValue(bar.maximum())
        self.settle(300)

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
        self.window.grab().save(str(self.out / f"qgis_{name}.png"))


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
