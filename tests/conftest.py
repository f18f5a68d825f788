"""Which tests a run collects: those in real QGIS need a process without a second GDAL."""

import os

from hypothesis import settings
from tests.data.class_maps import mapped, truth  # noqa: F401 - fixtures

# `CWSAM_QGIS_TESTS=1 QT_QPA_PLATFORM=offscreen pytest tests/qgis` runs them.
collect_ignore_glob = [] if os.environ.get("CWSAM_QGIS_TESTS") == "1" else ["qgis"]

# Shared machines stall now and then; a slow example is no failure.
settings.register_profile("cwsam", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("cwsam")
