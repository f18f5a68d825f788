"""The headless ring: rasters read with rasterio, layers written with pyogrio."""
