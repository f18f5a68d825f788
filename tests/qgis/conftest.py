"""Real QGIS, one application for the session, and no second GDAL in the process."""

import gc
import os
import subprocess
import sys
from pathlib import Path

FOREIGN = ("rasterio", "pyogrio", "shapely")


class _NoForeignGdal:
    """An import hook that refuses the headless ring's wheels."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        del path, target
        if name.partition(".")[0] in FOREIGN:
            raise ModuleNotFoundError(f"{name} must not meet QGIS's own GDAL in one process")


assert not set(FOREIGN) & set(sys.modules), "run the QGIS tests in a process of their own"
sys.meta_path.insert(0, _NoForeignGdal)
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import cwsam  # noqa: E402
import pytest  # noqa: E402
from cwsam.cwsam_qgis import settings  # noqa: E402
from qgis.core import QgsApplication, QgsProject, QgsSettings  # noqa: E402
from qgis.PyQt.QtCore import QSettings  # noqa: E402
from tests.qgis.headless import PLUGINS  # noqa: E402
from tests.qgis.support import open_layer, patches, save_tiny_model, write_raster  # noqa: E402
from tests.qgis.window import Window  # noqa: E402

DEFERRED_DELETE = 52  # QEvent.Type
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def qgis_app(tmp_path_factory):
    """The one QgsApplication, with a profile and settings of its own."""
    os.environ["CWSAM_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    profile = tmp_path_factory.mktemp("profile")
    QgsApplication.setPrefixPath(os.environ.get("QGIS_PREFIX_PATH", "/usr"), True)
    application = QgsApplication([], True, str(profile))
    application.initQgis()
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)  # behind QGIS, which sets both too
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(profile))
    assert str(profile) in QgsSettings().fileName()
    yield application
    # exitQgis closes all datasets of GDAL; one that Python still holds in a reference cycle would
    # be closed a second time when the cycle is collected, which corrupts the heap.
    gc.collect()
    application.exitQgis()


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """A weights file of a small random network."""
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny.safetensors")


@pytest.fixture(scope="module")
def processing(qgis_app):
    """QGIS's Processing, in which the plugin has registered its algorithms."""
    if PLUGINS not in sys.path:
        sys.path.append(PLUGINS)
    import processing
    from processing.core.Processing import Processing

    Processing.initialize()
    plugin = cwsam.classFactory(None)
    plugin.initProcessing()
    yield processing
    plugin.unload()


@pytest.fixture(scope="session")
def headless():
    """Runs Python code in a process of its own, where rasterio and pyogrio are allowed."""

    def run(code, *arguments):
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT / ".link"), str(ROOT)]),
        }
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture
def window(qgis_app):
    QgsSettings().remove("cwsam")
    made = Window()
    made.window.show()
    yield made
    QgsProject.instance().clear()
    made.window.close()
    made.window.deleteLater()
    qgis_app.sendPostedEvents(None, DEFERRED_DELETE)  # before QGIS itself goes


@pytest.fixture
def plugin(window, tiny_model):
    settings.remember_model(tiny_model)
    settings.remember("model", str(tiny_model))
    loaded = cwsam.classFactory(window)
    loaded.initGui()
    yield loaded
    loaded.unload()


@pytest.fixture
def image(window, tmp_path):
    layer = open_layer(write_raster(tmp_path / "town.tif", patches()), "town")
    QgsProject.instance().addMapLayer(layer)
    window.canvas.setDestinationCrs(layer.crs())
    window.canvas.setExtent(layer.extent())
    return layer
