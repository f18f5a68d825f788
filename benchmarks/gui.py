"""How long QGIS's window stands still while a segmentation runs, and how long the plugin starts.

A timer in the window's thread should tick every few milliseconds; the gaps between its ticks
are what a user feels. The dock, its live preview and the finished layer are all part of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

ROOT = Path(__file__).resolve().parents[1]
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


def main() -> None:
    """Measure and print."""
    started = start_ms()
    from qgis.core import QgsApplication
    from tests.qgis.stalls import TICK_MS, segment_from_the_dock

    with tempfile.TemporaryDirectory() as folder:
        os.environ["CWSAM_CACHE"] = str(Path(folder) / "cache")
        application = QgsApplication([], True, folder)
        application.initQgis()
        found, loaded, seconds = segment_from_the_dock(folder, SIDE)
        gaps = sorted(gap.ms for gap in found)
        from .common import arguments, figure, finish

        chosen = arguments(__doc__).parse_args()
        p99, longest = gaps[int(0.99 * len(gaps))], gaps[-1]
        late = sum(gap > LIMIT_MS for gap in gaps)
        print(f"{SIDE} x {SIDE} px in {seconds:.1f} s, {len(gaps)} ticks, {late} over 50 ms")
        print(f"median gap {gaps[len(gaps) // 2]:.1f} ms, timer set to {TICK_MS} ms")
        after = max(gap.ms for gap in found if gap.at > loaded)
        own = max(gap.own_ms for gap in found)
        print(f"torch and model loaded after {loaded:.1f} s")
        limit = f"{LIMIT_MS:g} ms"
        finish(
            {
                "gui.stall_ms_p99": figure(p99, "ms", limit, "the interpreter lock, redrawing"),
                "gui.stall_ms_max": figure(longest, "ms", limit, "loading torch; other programs"),
                "gui.stall_ms_max_loaded": figure(after, "ms", limit, "adding the layer"),
                "gui.stall_ms_max_own": figure(own, "ms", limit, "the same, no waits for a core"),
                "gui.start_ms": figure(started, "ms", "100 ms", "imports of the plugin"),
            },
            chosen.json,
        )
        sys.stdout.flush()
        application.exitQgis()


if __name__ == "__main__":
    main()
