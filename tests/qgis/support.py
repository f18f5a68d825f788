"""Small real rasters and models for the tests in QGIS, made without rasterio."""

import copy

import numpy as np
from osgeo import gdal, osr
from qgis.core import QgsRasterLayer

COLOURS = {"red": gdal.GCI_RedBand, "green": gdal.GCI_GreenBand, "blue": gdal.GCI_BlueBand,
           "alpha": gdal.GCI_AlphaBand, "gray": gdal.GCI_GrayIndex,
           "undefined": gdal.GCI_Undefined, "palette": gdal.GCI_PaletteIndex}  # fmt: skip
TYPES = {"uint8": gdal.GDT_Byte, "uint16": gdal.GDT_UInt16, "int16": gdal.GDT_Int16,
         "float32": gdal.GDT_Float32}  # fmt: skip
TYPES |= {name: getattr(gdal, f"GDT_{kind}") for name, kind in
          (("int64", "Int64"), ("uint64", "UInt64"), ("int8", "Int8"))
          if hasattr(gdal, f"GDT_{kind}")}  # fmt: skip
_ENOUGH, _PATCH = 4, 80  # polygons that tests want to see, pixels of the smallest
GRID = (150000.0, 0.5, 0.0, 170000.0, 0.0, -0.5)


def patches(height=96, width=160, bands=3, seed=4):
    """Blocky colours that a random network tells apart, (bands, height, width) uint8."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 255, (bands, -(-height // 16), -(-width // 16)))
    return np.kron(coarse, np.ones((16, 16)))[:, :height, :width].astype(np.uint8)


def write_raster(path, pixels, epsg=31370, grid=GRID, nodata=None, colours=None):
    """Write (bands, height, width) as a GeoTIFF and return its path."""
    bands, height, width = pixels.shape
    kind = TYPES[str(pixels.dtype)]
    file = gdal.GetDriverByName("GTiff").Create(str(path), width, height, bands, kind)
    if grid:
        file.SetGeoTransform(grid)
    if epsg:
        crs = osr.SpatialReference()
        crs.ImportFromEPSG(epsg)
        file.SetProjection(crs.ExportToWkt())
    for number, plane in enumerate(pixels, 1):
        band = file.GetRasterBand(number)
        if colours:
            band.SetColorInterpretation(COLOURS[colours[number - 1]])
        if nodata is not None:
            band.SetNoDataValue(nodata)
        band.WriteRaster(0, 0, width, height, np.ascontiguousarray(plane).tobytes())
    del file
    return path


def open_layer(path, name="image"):
    """Open a raster layer."""
    layer = QgsRasterLayer(str(path), name)
    assert layer.isValid(), path
    return layer


def save_tiny_model(path):
    """Write a random network that tells a few colours apart, good for tests only.

    Releases of torch draw other numbers from one seed, so seeds are tried in turn.
    """
    import torch
    from cwsam.engine.config import DecoderConfig, EncoderConfig, ModelConfig, MoeConfig
    from cwsam.engine.models.builders import build_model
    from cwsam.engine.models.card import ModelCard
    from cwsam.engine.models.checkpoint import save_model

    config = ModelConfig(
        "tiny", image_size=64,
        encoder=EncoderConfig(embed_dim=32, depth=2, num_heads=2, patch_size=8, window_size=4,
                              global_blocks=(1,), out_dim=32),
        decoder=DecoderConfig(num_heads=2, mlp_dim=32, iou_hidden_dim=16,
                              moe=MoeConfig(num_experts=2, top_k=1)),
    )  # fmt: skip
    card = ModelCard("a random network", classes_seen=(1, 5, 9, 24), gsd_m=(0.1, 5.0))
    for seed in range(3, 100):
        torch.manual_seed(seed)
        model = build_model(config)
        if _polygons(model, config, card.classes_seen) > _ENOUGH:
            break
    save_model(path, model, config, card)
    return path


def _polygons(model, config, classes):
    """Number of polygons that a network makes of the patches."""
    from cwsam.engine.array_source import ArraySource
    from cwsam.engine.device import choose_device
    from cwsam.engine.pipeline import SegmentOptions, segment
    from cwsam.engine.predictor import TorchPredictor
    from cwsam.engine.vector.assemble import VectorOptions

    class Counter:
        count = 0

        def write(self, batch):
            self.count += len(batch.wkb)

    plan = choose_device("cpu", "float32")
    taken = copy.deepcopy(model)  # a predictor replaces layers of its model
    predictor = TorchPredictor(taken, plan, config.encoder.patch_size, config.image_size, classes)
    counter, options = Counter(), SegmentOptions(vector=VectorOptions(min_area_px=_PATCH))
    segment(ArraySource(patches()), predictor, options, counter)
    return counter.count
