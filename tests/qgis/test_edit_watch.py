"""Nothing listens to the project and its layers longer than a run lasts."""

import threading
from contextlib import nullcontext

import cwsam
import pytest
from cwsam.cwsam_qgis import settings
from cwsam.cwsam_qgis.edit_watch import EditWatch
from cwsam.cwsam_qgis.output_path import refuse_precious
from cwsam.engine.errors import OutputError
from osgeo import gdal
from qgis.core import QgsProcessingException, QgsProject, QgsVectorLayer
from tests.qgis.actions import open_panel, results, wait_for
from tests.qgis.open_files import settle
from tests.qgis.support import open_layer, patches, write_raster


@pytest.fixture
def parcels(qgis_app):
    layer = QgsVectorLayer("Polygon?crs=EPSG:31370", "parcels", "memory")
    QgsProject.instance().addMapLayer(layer)
    yield layer
    QgsProject.instance().clear()


def listeners(layer):
    """How many listen to the layer's edit sessions and to the project's layers."""
    settle()
    project = QgsProject.instance()
    signals = (layer.editingStarted, layer.editingStopped)
    return [*map(layer.receivers, signals),
            *map(project.receivers, (project.layersAdded, project.layersRemoved))]  # fmt: skip


def test_a_closed_watch_hears_nothing(parcels, tmp_path):
    before = listeners(parcels)
    watches = [EditWatch() for _ in range(5)]
    assert listeners(parcels) == [count + 5 for count in before]
    for watch in watches:
        worker = threading.Thread(target=watch.close)
        worker.start()
        worker.join()
        watch.close()
    assert listeners(parcels) == before
    watches[0].refuse(tmp_path / "free.gpkg")  # a worker may still ask


def test_a_layer_that_is_added_later_is_followed(qgis_app, tmp_path):
    path = write_vectors(tmp_path / "parcels.gpkg")
    watch = EditWatch()
    layer = QgsVectorLayer(str(path), "parcels", "ogr")
    QgsProject.instance().addMapLayer(layer)
    watch.refuse(path)
    layer.startEditing()
    with pytest.raises(OutputError, match="is being edited as 'parcels'"):
        watch.refuse(path)
    layer.rollBack()
    watch.refuse(path)
    layer.startEditing()
    QgsProject.instance().clear()
    watch.refuse(path)
    watch.close()


def write_vectors(path):
    file = gdal.GetDriverByName("GPKG").Create(str(path), 0, 0, 0)
    file.CreateLayer("parcels")
    return path


def test_a_look_at_one_file_leaves_nothing_behind(parcels, tmp_path):
    path = tmp_path / "map.gpkg"
    path.write_bytes(b"mine")
    before = listeners(parcels)
    refuse_precious(path, ())
    assert listeners(parcels) == before


@pytest.mark.parametrize("end", ["finished", "cancelled"])
def test_a_run_in_the_dock_leaves_nothing_behind(plugin, window, image, parcels, tmp_path, end):
    panel = open_panel(plugin, window)
    before = listeners(parcels)
    start_two(panel, tmp_path)
    assert listeners(parcels)[0] == before[0] + 2
    panel.run_control.clear_queue()
    if end == "cancelled":
        panel.run_control.cancel()
    wait_for(lambda: panel.run_control.task is None)
    made = [layer for layer in results() if layer is not parcels]
    assert bool(made) == (end == "finished")
    QgsProject.instance().removeMapLayers([layer.id() for layer in made])
    del made
    assert listeners(parcels) == before


def test_a_plugin_that_is_unloaded_leaves_nothing_behind(
    window, image, parcels, tiny_model, tmp_path
):
    settings.remember_model(tiny_model)
    settings.remember("model", str(tiny_model))
    before = listeners(parcels)
    plugin = cwsam.classFactory(window)
    plugin.initGui()
    start_two(open_panel(plugin, window), tmp_path)
    plugin.unload()
    assert listeners(parcels) == before


def start_two(panel, folder):
    """Start a run and another that waits for it."""
    for name in ("map", "next"):
        panel.output.polygons.setFilePath(str(folder / f"{name}.gpkg"))
        panel.run()
    assert panel.run_control.waiting


@pytest.mark.parametrize("name", ["segmentraster", "segmentrasters"])
@pytest.mark.parametrize("tile", [0, 63], ids=["done", "failed"])
def test_an_algorithm_leaves_nothing_behind(processing, parcels, tiny_model, tmp_path, name, tile):
    before = listeners(parcels)
    image = open_layer(write_raster(tmp_path / "a.tif", patches()))
    QgsProject.instance().addMapLayer(image)
    wanted = {"INPUT": image.id() if name == "segmentraster" else [image.id()], "TILE": tile,
              "MODEL": str(tiny_model), "POLYGONS": str(tmp_path / "map.gpkg"),
              "OUTPUT": str(tmp_path / "out")}  # fmt: skip
    with pytest.raises(QgsProcessingException) if tile else nullcontext():
        processing.run(f"cwsam:{name}", wanted)
    assert listeners(parcels) == before
