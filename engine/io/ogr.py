"""pyogrio, imported in one place.

It imports pyproj where it finds one, and a system pyproj seen from a virtual environment
warns that its data folder is missing; we ask it for nothing.
"""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pyogrio import list_drivers, list_layers, read_info
    from pyogrio.errors import DataLayerError, DataSourceError
    from pyogrio.raw import open_arrow, write, write_arrow
    from pyogrio.raw import read as read_features

OGR_ERRORS = (DataLayerError, DataSourceError)
"""All errors of pyogrio that a file or a disk can cause; each is a RuntimeError."""

__all__ = [
    "OGR_ERRORS",
    "list_drivers",
    "list_layers",
    "open_arrow",
    "read_features",
    "read_info",
    "write",
    "write_arrow",
]
