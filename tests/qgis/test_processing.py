"""The Processing algorithm: from Python, into a project, and headless."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import cwsam
import pytest
from qgis.core import (
    QgsApplication,
    QgsCategorizedSymbolRenderer,
    QgsPalettedRasterRenderer,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingUtils,
    QgsProject,
    QgsRasterLayer,
    QgsVectorLayer,
)
from tests.qgis.support import open_layer, patches, write_raster

ROOT = Path(__file__).resolve().parents[2]
# Debian's wrapper adds an option that its own program refuses.
QGIS_PROCESS = shutil.which("qgis_process.bin") or "qgis_process"
PLUGINS = "/usr/share/qgis/python/plugins"


@pytest.fixture(scope="module")
def processing(qgis_app):
    if PLUGINS not in sys.path:
        sys.path.append(PLUGINS)
    import processing
    from processing.core.Processing import Processing

    Processing.initialize()
    plugin = cwsam.classFactory(None)
    plugin.initProcessing()
    yield processing
    plugin.unload()


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
    ],
)
def test_mistakes_end_in_our_sentences(processing, parameters, wrong, text):
    feedback = QgsProcessingFeedback()
    with pytest.raises(QgsProcessingException) as caught:
        processing.run("cwsam:segmentraster", {**parameters, **wrong}, feedback=feedback)
    assert text in feedback.textLog() + str(caught.value)
    assert not Path(parameters["POLYGONS"]).exists()


def test_cancel_is_heard(processing, parameters):
    feedback = QgsProcessingFeedback()
    feedback.progressChanged.connect(lambda _: feedback.cancel())
    with pytest.raises(QgsProcessingException, match="Stopped"):
        processing.run("cwsam:segmentraster", parameters, feedback=feedback)
    assert not Path(parameters["POLYGONS"]).exists()


def test_qgis_process_runs_it_headless(qgis_app, parameters, tmp_path):
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "cwsam").symlink_to(ROOT)
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
        "QGIS_PLUGINPATH": str(plugins),
        "QGIS_CUSTOM_CONFIG_PATH": str(tmp_path / "profile"),
        "CWSAM_PACKAGES": sysconfig.get_path("purelib"),
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_RUNTIME_DIR": str(tmp_path),
    }

    def call(*arguments):
        return subprocess.run(
            [QGIS_PROCESS, *arguments], env=environment, cwd=tmp_path,
            capture_output=True, text=True, check=False, timeout=500,
        )  # fmt: skip

    call("plugins", "enable", "cwsam")
    given = [f"{key}={value}" for key, value in parameters.items()]
    done = call("run", "cwsam:segmentraster", "--", *given)
    assert done.returncode == 0, done.stdout + done.stderr
    layer = QgsVectorLayer(parameters["POLYGONS"], "x", "ogr")
    assert layer.featureCount() > 3
    assert isinstance(layer.renderer(), QgsCategorizedSymbolRenderer)
    assert QgsRasterLayer(parameters["INPUT"]).extent().contains(layer.extent())
