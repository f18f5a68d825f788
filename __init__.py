"""CWSAM: land-cover segmentation of raster layers, as a QGIS plugin and a Python package."""

__version__ = "0.1.0"


def classFactory(iface):  # noqa: N802 - the name that QGIS calls
    """Return the plugin; imported here so that the package itself loads nothing.

    Args:
        iface: QGIS's ``QgisInterface``.
    """
    from .cwsam_qgis.plugin import CwsamPlugin

    return CwsamPlugin(iface)
