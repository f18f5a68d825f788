"""What is said of images that a map cannot be made of, or only a poor one."""

import numpy as np
import pytest
from cwsam.cwsam_qgis.gui.messages import DetailsDialog
from qgis.core import QgsProject
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QPushButton
from tests.qgis.actions import click, message, open_panel, results, run_to_end, wait_for
from tests.qgis.support import open_layer, patches, write_raster


@pytest.fixture
def panel_of(qgis_app, plugin, window, tmp_path):
    """Opens the tab on a raster of given pixels."""

    def open_on(pixels, **options):
        layer = open_layer(write_raster(tmp_path / "town.tif", pixels, **options), "town")
        QgsProject.instance().addMapLayer(layer)
        return open_panel(plugin, window)

    return open_on


def test_an_image_of_nothing_is_a_warning(panel_of, window):
    panel = panel_of(np.full((3, 80, 80), 77, np.uint8), nodata=77)
    run_to_end(panel)
    assert message(window).startswith("'town' has no pixel to see there, only no data")
    assert results()[0].featureCount() == 0


def test_a_map_of_no_polygon_is_a_warning(panel_of, window):
    panel = panel_of(np.full((3, 40, 40), 90, np.uint8))
    panel.advanced.min_area.setValue(0)
    run_to_end(panel)
    message(window)
    window.bar.clearWidgets()
    (layer,) = results()
    found = {feature["class_id"] for feature in layer.getFeatures()}
    keep = panel.advanced.keep
    (other, *_) = [n for n in range(keep.count()) if keep.itemData(n) not in found]
    keep.setItemCheckState(other, Qt.CheckState.Checked)
    run_to_end(panel)
    assert message(window).startswith("'town' gives no polygon")


def test_one_band_is_said_to_be_grey(panel_of, window):
    panel = panel_of(patches(bands=1))
    assert "'town' is seen in grey, from one band" in panel.bar.estimate.text()
    run_to_end(panel)
    message(window)
    (button,) = [b for b in window.bar.currentItem().findChildren(QPushButton)
                 if b.text() == "Details"]  # fmt: skip
    click(button)
    (dialog,) = window.window.findChildren(DetailsDialog)
    assert "is seen in grey" in dialog.edit.toPlainText()
    dialog.reject()


def test_three_bands_are_not(panel_of):
    assert "grey" not in panel_of(patches()).bar.estimate.text()


def test_one_is_told_in_the_singular(panel_of, window):
    panel = panel_of(np.full((3, 40, 40), 90, np.uint8))
    panel.advanced.min_area.setValue(4000)
    panel._estimate()
    assert "40 × 40 px, 1 tile" in panel.bar.estimate.text()
    assert "1 tiles" not in panel.bar.estimate.text()
    run_to_end(panel)
    wait_for(lambda: results())
    assert message(window).startswith("1 polygon in ")
