"""Real QGIS, one application for the session, and no second GDAL in the process."""

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
            raise ImportError(f"{name} must not meet QGIS's own GDAL in one process")


assert not set(FOREIGN) & set(sys.modules), "run the QGIS tests in a process of their own"
sys.meta_path.insert(0, _NoForeignGdal)
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest  # noqa: E402
from qgis.core import QgsApplication  # noqa: E402
from tests.qgis.support import save_tiny_model  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def qgis_app(tmp_path_factory):
    """The one QgsApplication, with a profile of its own."""
    QgsApplication.setPrefixPath(os.environ.get("QGIS_PREFIX_PATH", "/usr"), True)
    application = QgsApplication([], True, str(tmp_path_factory.mktemp("profile")))
    application.initQgis()
    yield application
    application.exitQgis()


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """A weights file of a small random network."""
    return save_tiny_model(tmp_path_factory.mktemp("models") / "tiny.safetensors")


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
