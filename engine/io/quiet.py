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

for _name in ("rasterio", "pyogrio"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

GDAL_OPTIONS = {
    # Megabytes; GDAL's own choice, a share of the machine's memory, grows with the raster.
    "GDAL_CACHEMAX": 256,
    "GDAL_PAM_ENABLED": True,
    # A JPEG that ends early is an error, not a grey half.
    "GDAL_ERROR_ON_LIBJPEG_WARNING": True,
    # GDAL's short cut for whole PNGs returns garbage for one that is cut off.
    "GDAL_PNG_WHOLE_IMAGE_OPTIM": "NO",
}


def gdal_options() -> rasterio.Env:
    """A block in which rasterio's GDAL works under our options; safe in any thread."""
    return rasterio.Env(**GDAL_OPTIONS)


@contextmanager
def quiet_gdal() -> Iterator[None]:
    """The same, without Python warnings on georeference or metadata: to open and create files.

    Warning filters belong to the whole process, so reads in worker threads do without.
    """
    with warnings.catch_warnings(), gdal_options():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", UserWarning)
        yield
