"""What is said before a run, from what earlier runs took."""

import pytest
from cwsam.cwsam_qgis.estimates import Measured, recall_measured, remember_measured
from qgis.core import QgsProject
from tests.qgis.actions import open_panel, results, run_to_end
from tests.qgis.support import open_layer, patches, write_raster


@pytest.fixture
def panel(qgis_app, plugin, window, image):
    return open_panel(plugin, window)


def test_a_tiny_run_says_nothing_of_larger_ones(panel, image, tmp_path):
    dot = open_layer(write_raster(tmp_path / "dot.tif", patches(1, 1)), "dot")
    QgsProject.instance().addMapLayer(dot)
    panel.input.set_layers([dot])
    panel._estimate()
    run_to_end(panel)
    assert results()
    assert recall_measured(panel.choice()) == Measured()
    panel.input.set_layers([image])
    panel._estimate()
    assert "tiles, about" not in panel.bar.estimate.text()


def test_runs_over_a_loaded_torch_keep_the_memory_of_the_first(panel):
    run_to_end(panel)
    known = recall_measured(panel.choice())
    assert known.speed > 0
    assert known.memory == 0, "torch was there before"
    panel._estimate()
    assert "About 4" in panel.bar.estimate.text()  # hundreds of megabytes: torch itself
    remember_measured(panel.choice(), Measured(1.0, 7e8, 0.3))
    remember_measured(panel.choice(), Measured(2.0, 6e8, 0.3))
    assert recall_measured(panel.choice()) == Measured(2.0, 7e8, 0.3)
    run_to_end(panel)
    assert recall_measured(panel.choice()).memory == 7e8
