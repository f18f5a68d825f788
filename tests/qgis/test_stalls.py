"""How long the window stands still while a run goes on."""

import time

import pytest
from qgis.PyQt.QtCore import QTimer
from tests.qgis.actions import click, open_panel, wait_for
from tests.qgis.support import open_layer, patches, write_raster

SIDE = 1200


@pytest.mark.slow
def test_the_window_stays_alive(qgis_app, window, plugin, tmp_path):
    """A timer in the window's thread ticks on; half of the ticks may come late by load only."""
    from qgis.core import QgsProject

    layer = open_layer(write_raster(tmp_path / "big.tif", patches(SIDE, SIDE)), "big")
    QgsProject.instance().addMapLayer(layer)
    panel = open_panel(plugin, window)
    ticks = []
    timer = QTimer()
    timer.setInterval(5)
    timer.timeout.connect(lambda: ticks.append(time.monotonic()))
    timer.start()
    click(panel.bar.button)
    wait_for(lambda: panel.run_control.task is None)
    timer.stop()
    gaps = sorted(1000 * (b - a) for a, b in zip(ticks, ticks[1:]))
    p99, longest = gaps[int(0.99 * len(gaps))], gaps[-1]
    print(f"gui.stall_ms_p99: {p99:.1f}, gui.stall_ms_max: {longest:.1f}, ticks {len(gaps)}")
    assert p99 < 50
