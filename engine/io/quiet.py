"""rasterio and pyogrio without their chatter: warnings and GDAL log lines stay inside."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

import rasterio
from rasterio.errors import NotGeoreferencedWarning

if TYPE_CHECKING:
    from collections.abc import Iterator

# pyogrio imports pyproj where it finds one, and a system pyproj may warn about its data folder.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pyogrio

for _name in ("rasterio", "pyogrio"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

GDAL_OPTIONS = {
    "GDAL_PAM_ENABLED": True,
    # A JPEG that ends early is an error, not a grey half.
    "GDAL_ERROR_ON_LIBJPEG_WARNING": True,
    # GDAL's short cut for whole PNGs returns garbage for one that is cut off.
    "GDAL_PNG_WHOLE_IMAGE_OPTIM": "NO",
}

# Outputs get their final name when they are complete, so a crash never leaves half a file
# under it and SQLite need not wait for the disk after each batch.
pyogrio.set_gdal_config_options({"OGR_SQLITE_SYNCHRONOUS": "OFF"})


@contextmanager
def quiet_gdal() -> Iterator[None]:
    """Run a block with our GDAL options and without warnings on georeference or metadata."""
    with warnings.catch_warnings(), rasterio.Env(**GDAL_OPTIONS):
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)
        yield
