"""``gdal.Polygonize`` to memory, timed in a process that holds no other GDAL.

``/usr/bin/python3 benchmarks/gdal_polygonize.py FILE WIDTH HEIGHT REPEAT``: FILE holds uint8
classes, row by row. Prints JSON: seconds of each run, polygons, vertices, GDAL's version. It
needs the system's ``osgeo`` and nothing of this package.
"""

import json
import sys
import time

from osgeo import gdal, ogr

gdal.UseExceptions()


def open_map(path: str, width: int, height: int) -> gdal.Dataset:
    """Read the classes into a raster in memory."""
    data = gdal.GetDriverByName("MEM").Create("", width, height, 1, gdal.GDT_Byte)
    data.SetGeoTransform((0, 1, 0, 0, 0, -1))
    with open(path, "rb") as file:
        data.GetRasterBand(1).WriteRaster(0, 0, width, height, file.read())
    return data


def polygonize(data: gdal.Dataset) -> tuple:
    """Trace all polygons, 4-connected: seconds, and the layer's data set."""
    started = time.perf_counter()
    layers = ogr.GetDriverByName("Memory").CreateDataSource("")
    layer = layers.CreateLayer("polygons", None, ogr.wkbPolygon)
    layer.CreateField(ogr.FieldDefn("class_id", ogr.OFTInteger))
    gdal.Polygonize(data.GetRasterBand(1), None, layer, 0)
    return time.perf_counter() - started, layers


def main() -> None:
    """Time it and count what comes out."""
    path, width, height, repeat = sys.argv[1], *map(int, sys.argv[2:])
    data = open_map(path, width, height)
    times = []
    for _ in range(repeat):
        seconds, layers = polygonize(data)
        times.append(seconds)
    polygons = vertices = 0
    for feature in layers.GetLayer(0):
        shape = feature.GetGeometryRef()
        polygons += 1
        vertices += sum(
            shape.GetGeometryRef(i).GetPointCount() for i in range(shape.GetGeometryCount())
        )
    version = gdal.VersionInfo("RELEASE_NAME")
    print(
        json.dumps({"seconds": times, "polygons": polygons, "vertices": vertices, "gdal": version})
    )


if __name__ == "__main__":
    main()
