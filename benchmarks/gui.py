"""How long QGIS's window stands still while a segmentation runs, and how long the plugin starts.

A timer in the window's thread should tick every few milliseconds; the gaps between its ticks
are what a user feels. The dock, its live preview and the finished layer are all part of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

ROOT = Path(__file__).resolve().parents[1]
TICK_MS = 5
SIDE = 600  # pixels
STARTS = 5
LIMIT_MS = 50.0

START = """
import sys, time
from qgis.core import QgsApplication
application = QgsApplication([], True, sys.argv[1])
application.initQgis()
from tests.qgis.window import Window
window = Window()
started = time.perf_counter()
import cwsam
plugin = cwsam.classFactory(window)
plugin.initGui()
print("ms:", 1000 * (time.perf_counter() - started))
plugin.unload()
"""


def start_ms() -> float:
    """Wall time of import and ``initGui`` in a fresh process, the best of a few, in ms."""
    times = []
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / ".link"), str(ROOT)])}
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, "-c", START, folder], env=environment, cwd=ROOT,
                capture_output=True, text=True, check=False,
            )  # fmt: skip
        lines = [line for line in done.stdout.splitlines() if line.startswith("ms:")]
        if not lines:
            sys.exit(done.stderr)
        times.append(float(lines[0][3:]))
    return min(times)


def run_probed(folder: Path) -> tuple[list[tuple[float, float]], float, float]:
    """Segment a raster from the dock.

    Returns:
        Gaps between the ticks in ms, each with the seconds since the click; the seconds until
        torch and the model were loaded; the seconds of the run.
    """
    import cwsam
    from qgis.core import QgsProject
    from qgis.PyQt.QtCore import QTimer
    from qgis.PyQt.QtTest import QTest
    from tests.qgis.support import open_layer, patches, write_raster
    from tests.qgis.window import Window

    window = Window()
    window.window.show()
    plugin = cwsam.classFactory(window)
    plugin.initGui()
    layer = open_layer(write_raster(folder / "scene.tif", patches(SIDE, SIDE)), "scene")
    QgsProject.instance().addMapLayer(layer)
    window.canvas.setDestinationCrs(layer.crs())
    window.canvas.setExtent(layer.extent())
    window.canvas.setLayers([layer])
    plugin.open_dock()
    panel = plugin.panel
    QTest.qWait(1000)
    ticks: list[float] = []
    timer = QTimer()
    timer.setInterval(TICK_MS)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start()
    loaded: list[float] = []
    panel.run_control.progressed.connect(
        lambda percent, _: loaded.append(time.perf_counter()) if percent > 0 else None
    )
    started = time.perf_counter()
    panel.bar.button.click()
    while panel.run_control.task is not None:
        QTest.qWait(TICK_MS)
    seconds = time.perf_counter() - started
    QTest.qWait(1500)  # the layer is styled, its legend unfolded, the message shown
    timer.stop()
    results = [one for one in QgsProject.instance().mapLayers().values() if one != layer]
    assert results, "the run made a layer"
    plugin.unload()
    QgsProject.instance().clear()
    window.window.close()
    window.window.deleteLater()
    QTest.qWait(50)
    timed = [(1000 * (b - a), b - started) for a, b in zip(ticks, ticks[1:])]
    return timed, loaded[0] - started, seconds


def main() -> None:
    """Measure and print."""
    started = start_ms()
    from qgis.core import QgsApplication

    with tempfile.TemporaryDirectory() as folder:
        os.environ["CWSAM_CACHE"] = str(Path(folder) / "cache")
        application = QgsApplication([], True, folder)
        application.initQgis()
        timed, loaded, seconds = run_probed(Path(folder))
        gaps = sorted(gap for gap, _ in timed)
        from .common import arguments, figure, finish

        chosen = arguments(__doc__).parse_args()
        p99, longest = gaps[int(0.99 * len(gaps))], gaps[-1]
        late = sum(gap > LIMIT_MS for gap in gaps)
        print(f"{SIDE} x {SIDE} px in {seconds:.1f} s, {len(gaps)} ticks, {late} over 50 ms")
        print(f"median gap {gaps[len(gaps) // 2]:.1f} ms, timer set to {TICK_MS} ms")
        after = max(gap for gap, when in timed if when > loaded)
        print(f"torch and model loaded after {loaded:.1f} s")
        limit = f"{LIMIT_MS:g} ms"
        finish(
            {
                "gui.stall_ms_p99": figure(p99, "ms", limit, "the interpreter lock, redrawing"),
                "gui.stall_ms_max": figure(longest, "ms", limit, "loading torch, once a session"),
                "gui.stall_ms_max_loaded": figure(after, "ms", limit, "adding the layer"),
                "gui.start_ms": figure(started, "ms", "100 ms", "imports of the plugin"),
            },
            chosen.json,
        )
        sys.stdout.flush()
        application.exitQgis()


if __name__ == "__main__":
    main()
