"""The QGIS plugin."""
