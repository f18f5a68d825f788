"""A probe for how long the window stands still, and a run from the dock under it.

As a program (``python -m tests.qgis.stalls FOLDER SIDE [MODEL]``) it runs in a process of its
own, in which nothing has loaded torch yet, and prints what it has measured as JSON.
"""

import json
import os
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

TICK_MS = 5
_TASKS = Path("/proc/self/task")


@dataclass
class Gap:
    """The time between two ticks of a timer in the window's thread.

    Attributes:
        ms: Its length.
        queued_ms: Of it, what the system made the process wait for a core: the window's
            thread, and the one of its other threads that waited longest.
        at: Seconds since the probe was started.
    """

    ms: float
    queued_ms: float
    at: float

    @property
    def own_ms(self) -> float:
        """What the gap would have been with a core to itself: what the program is to blame for.

        The window's thread stands still because it computes, waits for a disk, a lock or
        another thread, all of which counts; or because another program has the core, which
        does not. The thread that holds up the window by holding Python's lock may wait for a
        core as well. On an idle machine both waits are nothing.
        """
        return max(0.0, self.ms - self.queued_ms)


class Probe:
    """Ticks in the window's thread and keeps the gaps between the ticks."""

    def __init__(self):
        from qgis.PyQt.QtCore import QTimer

        self.gaps = []
        self._main = str(threading.main_thread().native_id)
        self._timer = QTimer()
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._last = self._started = time.perf_counter()
        self._waits = _waits()

    def start(self):
        self._last = self._started = time.perf_counter()
        self._waits = _waits()
        self._timer.start()

    def stop(self):
        self._timer.stop()

    def _tick(self):
        now, waits = time.perf_counter(), _waits()
        grown = {name: value - self._waits.get(name, 0) for name, value in waits.items()}
        own = grown.pop(self._main, 0)
        queued = (own + max(grown.values(), default=0)) / 1e6
        gap = Gap(1000 * (now - self._last), queued, now - self._started)
        self.gaps.append(gap)
        self._last, self._waits = time.perf_counter(), waits  # without what reading them took


def _waits():
    """Nanoseconds that each thread of this process has waited for a core; {} off Linux."""
    found = {}
    for name in os.listdir(_TASKS) if _TASKS.is_dir() else ():
        try:
            found[name] = int((_TASKS / name / "schedstat").read_text().split()[1])
        except (OSError, IndexError):  # the thread has ended, or the system does not count
            continue
    return found


def segment_from_the_dock(folder, side, model=None):
    """Segment a raster from the dock under a probe.

    Args:
        folder: For the raster.
        side: Its height and width in pixels.
        model: Weights file; None for the plugin's own.

    Returns:
        ``(gaps, loaded, seconds)``: the gaps; the seconds from the click until torch and the
        model were loaded; those until the run had ended.
    """
    import cwsam
    from cwsam.cwsam_qgis.settings import remember, remember_model
    from qgis.core import QgsProject
    from qgis.PyQt.QtTest import QTest
    from tests.qgis.support import open_layer, patches, write_raster
    from tests.qgis.window import Window

    window = Window()
    window.window.show()
    if model is not None:
        remember_model(model)
        remember("model", str(model))
    plugin = cwsam.classFactory(window)
    plugin.initGui()
    layer = open_layer(write_raster(Path(folder) / "scene.tif", patches(side, side)), "scene")
    QgsProject.instance().addMapLayer(layer)
    window.canvas.setDestinationCrs(layer.crs())
    window.canvas.setExtent(layer.extent())
    window.canvas.setLayers([layer])
    plugin.open_dock()
    panel = plugin.panel
    QTest.qWait(1000)
    assert "torch" not in sys.modules, "loading it is part of what is measured"
    loaded, probe = [], Probe()
    panel.run_control.progressed.connect(
        lambda percent, _: loaded.append(time.perf_counter()) if percent > 0 else None
    )
    probe.start()
    started = time.perf_counter()
    panel.bar.button.click()
    while panel.run_control.task is not None:
        QTest.qWait(TICK_MS)
    seconds = time.perf_counter() - started
    QTest.qWait(1500)  # the layer is styled, its legend unfolded, the message shown
    probe.stop()
    results = [one for one in QgsProject.instance().mapLayers().values() if one != layer]
    assert results, "the run made a layer"
    plugin.unload()
    QgsProject.instance().clear()
    window.window.close()
    window.window.deleteLater()
    QTest.qWait(50)
    return probe.gaps, loaded[0] - started, seconds


def measure(folder, side, model=None):
    """:func:`segment_from_the_dock` in an application of its own, as plain values."""
    from qgis.core import QgsApplication

    os.environ["CWSAM_CACHE"] = str(Path(folder) / "cache")
    application = QgsApplication([], True, str(folder))
    application.initQgis()
    gaps, loaded, seconds = segment_from_the_dock(folder, side, model)
    application.exitQgis()
    rows = [{**asdict(gap), "own_ms": gap.own_ms} for gap in gaps]
    return {"gaps": rows, "loaded": loaded, "seconds": seconds}


if __name__ == "__main__":
    given = sys.argv[1:]
    found = measure(given[0], int(given[1]), Path(given[2]) if len(given) > 2 else None)
    print(json.dumps(found))
