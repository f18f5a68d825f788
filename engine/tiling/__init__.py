"""Pixels in, class strips out."""
