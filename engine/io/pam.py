"""Category names as GDAL keeps them, in an ``.aux.xml`` beside the raster."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping


def category_names_xml(names: Mapping[int, str]) -> bytes:
    """A persistent auxiliary metadata document with the category names of band 1.

    Args:
        names: Names by class id; ids that are missing get an empty name.
    """
    root = ET.Element("PAMDataset")
    band = ET.SubElement(root, "PAMRasterBand", band="1")
    categories = ET.SubElement(band, "CategoryNames")
    for number in range(max(names) + 1):
        ET.SubElement(categories, "Category").text = names.get(number, "")
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8")
