"""The Processing algorithm: from Python, into a project, and headless."""

from pathlib import Path

import pytest
from cwsam.cwsam_qgis.gui.messages import Messages
from cwsam.cwsam_qgis.gui.segment_panel import SegmentPanel
from osgeo import gdal
from qgis.core import (
    QgsApplication,
    QgsCategorizedSymbolRenderer,
    QgsFeature,
    QgsGeometry,
    QgsPalettedRasterRenderer,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from qgis.PyQt.QtWidgets import QDockWidget
from tests.qgis.actions import run_to_end
from tests.qgis.headless import QgisProcess
from tests.qgis.support import open_layer, patches, write_raster


@pytest.fixture
def parameters(tmp_path, tiny_model):
    image = write_raster(tmp_path / "in.tif", patches())
    return {
        "INPUT": str(image),
        "MODEL": str(tiny_model),
        "MIN_AREA": 16,
        "POLYGONS": str(tmp_path / "map.gpkg"),
    }


def test_declares_what_the_model_designer_needs(processing):
    algorithm = QgsApplication.processingRegistry().algorithmById("cwsam:segmentraster")
    outputs = {o.name(): o.type() for o in algorithm.outputDefinitions()}
    assert outputs == {
        "POLYGONS": "outputVector",
        "CLASS_RASTER": "outputRaster",
        "CONFIDENCE": "outputRaster",
    }
    assert algorithm.shortHelpString()
    optional = [p.name() for p in algorithm.parameterDefinitions() if p.flags() & p.FlagOptional]
    assert {"EXTENT", "RED", "GREEN", "BLUE", "MODEL", "KEEP"} <= set(optional)
    assert algorithm.provider().defaultVectorFileExtension(True) == "gpkg"


def test_runs_and_loads_styled_layers(processing, parameters, tmp_path):
    parameters |= {
        "EXTENT": "150010,150050,169970,169990 [EPSG:31370]",
        "KEEP": [1, 5, 24],
        "POLYGONS": str(tmp_path / "map.shp"),
        "CLASS_RASTER": str(tmp_path / "classes.tif"),
    }
    result = processing.runAndLoadResults("cwsam:segmentraster", parameters)
    polygons = QgsVectorLayer(result["POLYGONS"], "x", "ogr")
    assert {f["class_id"] for f in polygons.getFeatures()} <= {1, 5, 24}
    assert polygons.extent().width() <= 40
    loaded = QgsProject.instance().mapLayers().values()
    kinds = {type(layer.renderer()) for layer in loaded}
    assert kinds == {QgsCategorizedSymbolRenderer, QgsPalettedRasterRenderer}
    QgsProject.instance().clear()


def test_a_class_raster_alone_can_be_asked_for(qgis_app, parameters, tmp_path):
    target = tmp_path / "classes.tif"
    wanted = {**parameters, "CLASS_RASTER": str(target)}
    del wanted["POLYGONS"]
    told = QgisProcess(tmp_path).run("segmentraster", **wanted)
    assert f"CLASS_RASTER:\t{target}" in told
    assert "POLYGONS" not in told.partition("Results")[2]
    assert len(QgsRasterLayer(str(target)).renderer().classes()) > 1
    assert not list(tmp_path.glob("*.gpkg"))


def test_layer_input_and_temporary_output(processing, parameters):
    parameters |= {"INPUT": open_layer(parameters["INPUT"]), "POLYGONS": "TEMPORARY_OUTPUT"}
    context = QgsProcessingContext()
    result = processing.run("cwsam:segmentraster", parameters, context=context)
    layer = QgsProcessingUtils.mapLayerFromString(result["POLYGONS"], context)
    assert layer.featureCount() > 3
    layer = QgsVectorLayer(result["POLYGONS"], "opened by the user", "ogr")
    assert isinstance(layer.renderer(), QgsCategorizedSymbolRenderer)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"MODEL": "/nowhere/x.safetensors"}, "choose another model"),
        ({"EXTENT": "0,1,0,1 [EPSG:31370]"}, "lies outside"),
        ({"BLUE": 7}, "band"),
        ({"TILE": 63}, "multiple"),
        ({"POLYGONS": "/nowhere/map.gpkg"}, "does not exist"),
        ({"POLYGONS": None}, "nothing to write"),
    ],
)
def test_mistakes_end_in_our_sentences(processing, parameters, wrong, text):
    feedback = QgsProcessingFeedback()
    with pytest.raises(QgsProcessingException) as caught:
        processing.run("cwsam:segmentraster", {**parameters, **wrong}, feedback=feedback)
    assert text in feedback.textLog() + str(caught.value)
    assert not Path(parameters["POLYGONS"]).exists()


@pytest.mark.parametrize("where", ["/nowhere/map.gpkg", "input", "map.unknown"])
def test_outputs_are_looked_at_before_the_model_is_loaded(
    processing, parameters, monkeypatch, tmp_path, where
):
    from cwsam.cwsam_qgis import network

    def load(choice):
        raise AssertionError("the model is loaded")

    monkeypatch.setattr(network, "load_network", load)
    path = {"input": parameters["INPUT"], "map.unknown": str(tmp_path / where)}.get(where, where)
    feedback = QgsProcessingFeedback()
    with pytest.raises(QgsProcessingException):
        processing.run("cwsam:segmentraster", {**parameters, "POLYGONS": path}, feedback=feedback)
    assert "Loading" not in feedback.textLog()
    assert "AssertionError" not in feedback.textLog()


def test_the_dialog_refuses_files_that_cannot_be_written(processing, parameters, tmp_path):
    algorithm = QgsApplication.processingRegistry().algorithmById("cwsam:segmentraster")
    context = QgsProcessingContext()
    assert algorithm.checkParameterValues(parameters, context) == (True, "")
    good, _ = algorithm.checkParameterValues(
        {**parameters, "POLYGONS": "TEMPORARY_OUTPUT", "CONFIDENCE": "TEMPORARY_OUTPUT"}, context
    )
    assert good
    wrong = QgsProcessingOutputLayerDefinition("/nowhere/map.gpkg")
    tif = str(tmp_path / "same.tif")
    for given in (
        *({"POLYGONS": value} for value in (wrong, "/nowhere/map.gpkg", str(tmp_path))),
        *({"POLYGONS": value} for value in ("ogr:dbname='x.gpkg' table='a'", "memory:")),
        {"CONFIDENCE": str(tmp_path / "confidence.img")},
        {"CLASS_RASTER": tif, "CONFIDENCE": tif},
    ):
        good, text = algorithm.checkParameterValues({**parameters, **given}, context)
        assert not good
        assert "choose" in text


def test_qgis_process_says_once_that_a_file_cannot_be_written(qgis_app, parameters, tmp_path):
    told = QgisProcess(tmp_path).refused("segmentraster", **{**parameters, "POLYGONS": "/no/m.shp"})
    assert told.count("The folder /no does not exist") == 1
    assert "Loading the model" not in told


@pytest.mark.parametrize("name", ["segmentraster", "segmentrasters"])
def test_files_that_are_edited_or_hold_more_are_kept(
    processing, parameters, several, tiny_model, tmp_path, name
):
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / "image_0_land_cover.gpkg"
    processing.run("cwsam:segmentraster", {**parameters, "POLYGONS": str(path)})
    layer = QgsVectorLayer(str(path), "my map", "ogr")
    QgsProject.instance().addMapLayer(layer)
    layer.startEditing()
    wanted = {**parameters, "POLYGONS": str(path)}
    if name == "segmentrasters":
        wanted = {"INPUT": [str(several / "image 0.tif")], "MODEL": str(tiny_model),
                  "OUTPUT": str(folder)}  # fmt: skip
    with pytest.raises(QgsProcessingException, match="is being edited as 'my map'"):
        processing.run(f"cwsam:{name}", wanted)
    layer.rollBack()
    QgsProject.instance().clear()
    gdal.VectorTranslate(
        str(path), str(path), accessMode="update", layerName="roads", SQLStatement="SELECT 1 AS a"
    )
    before = path.read_bytes()
    with pytest.raises(QgsProcessingException, match=r"holds other layers \(roads\)"):
        processing.run(f"cwsam:{name}", wanted)
    assert path.read_bytes() == before


def test_cancel_is_heard(processing, parameters):
    feedback = QgsProcessingFeedback()
    feedback.progressChanged.connect(lambda _: feedback.cancel())
    with pytest.raises(QgsProcessingException, match="Stopped"):
        processing.run("cwsam:segmentraster", parameters, feedback=feedback)
    assert not Path(parameters["POLYGONS"]).exists()


def test_qgis_process_runs_it_headless(qgis_app, parameters, tmp_path):
    QgisProcess(tmp_path).run("segmentraster", **parameters)
    layer = QgsVectorLayer(parameters["POLYGONS"], "x", "ogr")
    assert layer.featureCount() > 3
    assert isinstance(layer.renderer(), QgsCategorizedSymbolRenderer)
    assert QgsRasterLayer(parameters["INPUT"]).extent().contains(layer.extent())


def features(path):
    """Geometry and attributes of a file, sorted."""
    layer = QgsVectorLayer(str(path), "x", "ogr")
    names = [n for n in layer.fields().names() if n != "fid"]
    return sorted((bytes(f.geometry().asWkb()), *(str(f[n]) for n in names))
                  for f in layer.getFeatures())  # fmt: skip


def test_the_dock_gives_the_features_of_the_algorithm(
    processing, parameters, window, tiny_model, tmp_path
):
    layer = open_layer(parameters["INPUT"], "in")
    QgsProject.instance().addMapLayer(layer)
    area = QgsVectorLayer("Polygon?crs=EPSG:31370", "area", "memory")
    feature = QgsFeature()
    feature.setGeometry(QgsGeometry.fromWkt("POINT(150040 169976)").buffer(21, 32))
    area.dataProvider().addFeatures([feature])
    area.updateExtents()
    QgsProject.instance().addMapLayer(area)
    panel = SegmentPanel(window.canvas, Messages(window.bar, window.window), window.window)
    holder = QDockWidget(window.window)
    holder.setWidget(panel)
    window.addDockWidget(2, holder)
    assert panel.model.choose(tiny_model)
    panel.input.layer_box.setLayer(layer)
    panel.input.area.choose("polygons")
    for box, value in ((panel.advanced.min_area, 12), (panel.advanced.simplify, 1.5),
                       (panel.advanced.smooth, 1), (panel.advanced.overlap, 16)):  # fmt: skip
        box.setValue(value)
    panel.output.polygons.setFilePath(str(tmp_path / "dock.gpkg"))
    panel.output.classes.setChecked(True)
    panel._estimate()
    run_to_end(panel)
    panel.shut_down()
    parameters |= {
        "INPUT": layer, "MASK": area, "MIN_AREA": 12, "SIMPLIFY": 1.5, "SMOOTH": 1, "OVERLAP": 16,
        "CLASS_RASTER": str(tmp_path / "algorithm.tif"),
    }  # fmt: skip
    processing.run("cwsam:segmentraster", parameters)
    ours, theirs = features(tmp_path / "dock.gpkg"), features(parameters["POLYGONS"])
    assert len(ours) > 1
    assert ours == theirs
    rasters = (tmp_path / "dock_classes.tif", tmp_path / "algorithm.tif")
    one, other = (gdal.Open(str(path)).ReadAsArray() for path in rasters)
    assert (one == other).all()
    assert (one == 255).any(), "what lies outside of the polygon is no data"


@pytest.fixture
def several(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(3):
        write_raster(folder / f"image {number}.tif", patches(seed=number))
    return folder


def test_a_folder_is_segmented_with_one_model_load(
    processing, several, tiny_model, tmp_path, monkeypatch
):
    from cwsam.cwsam_qgis import network

    loads = []
    original = network.load_network
    monkeypatch.setattr(network, "load_network", lambda c: loads.append(c) or original(c))
    (several / "notes.tif").write_text("no image")
    feedback = QgsProcessingFeedback()
    result = processing.run(
        "cwsam:segmentrasters",
        {"FOLDER": str(several), "MODEL": str(tiny_model), "MIN_AREA": 16, "FORMAT": 1,
         "CLASS_RASTERS": True, "OUTPUT": str(tmp_path / "out")},
        feedback=feedback,
    )  # fmt: skip
    assert len(loads) == 1
    assert (result["DONE"], result["FAILED"]) == (3, 1)
    assert "notes" in feedback.textLog()
    assert [Path(p).name for p in result["LAYERS"]] == [
        f"image_{n}_land_cover.shp" for n in range(3)
    ]
    assert len(list((tmp_path / "out").glob("*_classes.tif"))) == 3
    alone = {"INPUT": str(several / "image 1.tif"), "MODEL": str(tiny_model), "MIN_AREA": 16,
             "POLYGONS": str(tmp_path / "alone.shp")}  # fmt: skip
    processing.run("cwsam:segmentraster", alone)
    assert features(tmp_path / "alone.shp") == features(result["LAYERS"][1])


def test_layers_of_one_name_get_files_of_their_own(processing, several, tiny_model, tmp_path):
    layers = [open_layer(several / f"image {n}.tif", "same") for n in range(2)]
    QgsProject.instance().addMapLayers(layers)
    result = processing.run(
        "cwsam:segmentrasters",
        {"INPUT": layers, "MODEL": str(tiny_model), "OUTPUT": str(tmp_path / "out")},
    )
    names = [Path(path).name for path in result["LAYERS"]]
    assert names == ["same_land_cover.gpkg", "same_2_land_cover.gpkg"]
    QgsProject.instance().clear()


@pytest.mark.parametrize(
    ("given", "text"),
    [({}, "no image"), ({"FOLDER": "."}, "no image"),
     ({"INPUT": ["image 0.tif"], "DEVICE": 2}, "CUDA"),
     ({"INPUT": ["image 0.tif"], "ADAPTER": "/nowhere/a.safetensors"}, "choose another model"),
     ({"INPUT": ["image 0.tif"], "OUTPUT": "image 0.tif/out"}, "cannot be made")],
)  # fmt: skip
def test_mistakes_with_several_end_in_sentences(
    processing, several, tiny_model, tmp_path, given, text
):
    (several / "empty").mkdir()
    wanted = {"MODEL": str(tiny_model), "OUTPUT": str(tmp_path / "out"), **given}
    for name, folder in (("FOLDER", several / "empty"), ("OUTPUT", several)):
        if name in given:
            wanted[name] = str(folder / given[name])
    if "INPUT" in given:
        wanted["INPUT"] = [str(several / one) for one in given["INPUT"]]
    feedback = QgsProcessingFeedback()
    with pytest.raises(QgsProcessingException) as caught:
        processing.run("cwsam:segmentrasters", wanted, feedback=feedback)
    assert text in feedback.textLog() + str(caught.value)


def test_stopping_a_batch_keeps_what_is_done(processing, several, tiny_model, tmp_path):
    feedback = QgsProcessingFeedback()
    feedback.progressChanged.connect(lambda p: feedback.cancel() if p > 40 else None)
    with pytest.raises(QgsProcessingException, match="Stopped"):
        processing.run(
            "cwsam:segmentrasters",
            {"FOLDER": str(several), "MODEL": str(tiny_model), "OUTPUT": str(tmp_path / "out")},
            feedback=feedback,
        )
    assert [p.name for p in (tmp_path / "out").glob("*.gpkg")] == ["image_0_land_cover.gpkg"]


@pytest.mark.parametrize("name", ["segmentraster", "segmentrasters"])
def test_every_parameter_is_explained(processing, name):
    algorithm = QgsApplication.processingRegistry().algorithmById(f"cwsam:{name}")
    known = {"INPUT", "POLYGONS", "CLASS_RASTER", "CONFIDENCE", "OUTPUT", "FORMAT",
             "CLASS_RASTERS", "CONFIDENCE_RASTERS"}  # fmt: skip
    for parameter in algorithm.parameterDefinitions():
        assert parameter.description()
        assert parameter.help() or parameter.name() in known
