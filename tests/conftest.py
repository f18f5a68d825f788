"""Which tests a run collects: those in real QGIS need a process without a second GDAL."""

import os

# `CWSAM_QGIS_TESTS=1 QT_QPA_PLATFORM=offscreen pytest tests/qgis` runs them.
collect_ignore_glob = [] if os.environ.get("CWSAM_QGIS_TESTS") == "1" else ["qgis"]
