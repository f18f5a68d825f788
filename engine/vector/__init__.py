"""Class strips in, polygons out."""
