"""Segment rasters over folders as users have them; images without a place on the ground."""

from pathlib import Path

import numpy as np
from osgeo import gdal
from qgis.core import QgsProcessingFeedback, QgsProject, QgsVectorLayer
from tests.qgis.support import patches, write_raster


def segmented(processing, tiny_model, **given):
    feedback = QgsProcessingFeedback()
    wanted = {"MODEL": str(tiny_model), "MIN_AREA": 16, **given}
    result = processing.run("cwsam:segmentrasters", wanted, feedback=feedback)
    return [Path(path).name for path in result["LAYERS"]], result["FAILED"], feedback.textLog()


def test_a_folder_that_holds_its_own_results_is_segmented_again(
    processing,
    tiny_model,
    tmp_path,
):
    write_raster(tmp_path / "a.tif", patches())
    write_raster(tmp_path / "height.tif", patches(bands=1))
    (tmp_path / "tiles.tif").mkdir()
    labels = gdal.GetDriverByName("GPKG").Create(str(tmp_path / "labels.gpkg"), 0, 0, 0)
    labels.CreateLayer("labels")
    del labels
    given = {"FOLDER": str(tmp_path), "OUTPUT": str(tmp_path), "CLASS_RASTERS": True,
             "CONFIDENCE_RASTERS": True}  # fmt: skip
    for _ in range(2):
        names, failed, told = segmented(processing, tiny_model, **given)
        assert names == ["a_land_cover.gpkg", "height_land_cover.gpkg"]
        assert failed == 0, told


def test_an_image_that_is_chosen_twice_is_done_once(
    processing,
    tiny_model,
    tmp_path,
):
    image = write_raster(tmp_path / "a.tif", patches())
    given = {"INPUT": [str(image)], "FOLDER": str(tmp_path), "OUTPUT": str(tmp_path / "out")}
    assert segmented(processing, tiny_model, **given)[0] == ["a_land_cover.gpkg"]


def test_names_that_differ_in_case_only_do_not_meet(
    processing,
    tiny_model,
    tmp_path,
):
    for name in ("A.tif", "a.tiff"):
        write_raster(tmp_path / name, patches())
    given = {"FOLDER": str(tmp_path), "OUTPUT": str(tmp_path / "out")}
    names, _, _ = segmented(processing, tiny_model, **given)
    assert names == ["A_land_cover.gpkg", "a_2_land_cover.gpkg"]


def test_polygons_of_an_image_without_a_crs_lie_on_it(
    processing,
    tiny_model,
    tmp_path,
):
    image = write_raster(tmp_path / "a.tif", np.array(patches()), epsg=None)
    wanted = {"INPUT": str(image), "MODEL": str(tiny_model), "POLYGONS": str(tmp_path / "m.gpkg")}
    processing.runAndLoadResults("cwsam:segmentraster", wanted)
    (layer,) = QgsProject.instance().mapLayers().values()
    assert isinstance(layer, QgsVectorLayer)
    assert not layer.crs().isValid()
    QgsProject.instance().clear()
