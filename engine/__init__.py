"""The segmentation engine: pixels in, polygons out; no Qt, no QGIS, no GDAL."""
