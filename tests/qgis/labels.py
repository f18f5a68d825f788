"""Images of coloured squares and label layers on them, for the tests of fine-tuning."""

import numpy as np
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsFeature,
    QgsGeometry,
    QgsProject,
    QgsRectangle,
    QgsVectorLayer,
)
from tests.qgis.support import GRID, open_layer, write_raster
from tests.training.finetune_support import COLOURS

NAMES = {8: "Wiese", 24: "水域", 33: "Landebahn"}
_SIDE, _SQUARE, _MARGIN = 8, 32, 4


def squares(class_ids=(8, 24), seed=0):
    """Class ids (256, 256) in squares of 32 pixels."""
    coarse = np.random.default_rng(seed).choice(class_ids, (_SIDE, _SIDE))
    return np.kron(coarse, np.ones((_SQUARE, _SQUARE), int)).astype(np.uint8)


def coloured(truth, seed=0):
    """A noisy image of a class map, (3, h, w) uint8."""
    colours = np.zeros((256, 3))
    for class_id, colour in COLOURS.items():
        colours[class_id] = colour
    noise = np.random.default_rng(seed).normal(0, 6, (3, *truth.shape))
    return np.clip(colours[truth].transpose(2, 0, 1) + noise, 0, 255).astype(np.uint8)


def image_of(path, truth, **options):
    """The image as a raster layer."""
    return open_layer(write_raster(path, coloured(truth), **options), path.stem)


def outlines(truth, grid=GRID):
    """Class id and geometry of two in three squares, in the image's CRS."""
    for row in range(_SIDE):
        for col in range(_SIDE):
            if (row + 2 * col) % 3 == 2:
                continue
            left = grid[0] + (col * _SQUARE + _MARGIN) * grid[1]
            top = grid[3] + (row * _SQUARE + _MARGIN) * grid[5]
            side = (_SQUARE - 2 * _MARGIN) * grid[1]
            box = QgsRectangle(left, top - side, left + side, top)
            yield int(truth[row * _SQUARE, col * _SQUARE]), QgsGeometry.fromRect(box)


def label_layer(truth, names=None, crs="EPSG:31370", image_crs="EPSG:31370", grid=GRID):
    """A layer of labels: class ids, or names in a field ``kind``."""
    field = "kind:string" if names else "class_id:integer"
    uri = f"Polygon?{f'crs={crs}&' if crs else ''}field={field}"
    layer = QgsVectorLayer(uri, "labels", "memory")
    if not crs:
        layer.setCrs(QgsCoordinateReferenceSystem())
    source = QgsCoordinateReferenceSystem(image_crs)
    move = QgsCoordinateTransform(source, layer.crs(), QgsProject.instance())
    made = []
    for class_id, geometry in outlines(truth, grid):
        if crs and crs != image_crs:
            geometry = geometry.densifyByCount(3)
            geometry.transform(move)
        made.append(feature_of(layer, geometry, names[class_id] if names else class_id))
    layer.dataProvider().addFeatures(made)
    layer.updateExtents()
    return layer


def feature_of(layer, geometry, value):
    """A feature with a class."""
    feature = QgsFeature(layer.fields())
    feature.setGeometry(geometry)
    feature.setAttribute(layer.fields().count() - 1, value)
    return feature
