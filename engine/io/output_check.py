"""Refuses outputs that would destroy something, before anything is computed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OutputError
from ..staging import refuse_clashes
from .attributes import FIELDS
from .gpkg import check_addable, check_replaceable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .job import Outputs

TIFF = (".tif", ".tiff")
PNG = (".png",)
ONNX = (".onnx",)


def check_suffix(path: Path | None, option: str, suffixes: Sequence[str]) -> None:
    """Refuse a file whose name promises another format than it will have.

    Args:
        path: The file; None where it is not asked for.
        option: Option of the command line that names it.
        suffixes: Those that are right, in lower case.

    Raises:
        OutputError: Names the right ones.
    """
    if path is not None and path.suffix.lower() not in suffixes:
        raise OutputError(
            f"{option} {path} has the wrong file extension: use {' or '.join(suffixes)}."
        )


def check_outputs(images: Sequence[str | Path], outputs: Outputs) -> None:
    """Refuse the outputs of one image, or of a mosaic, where they would destroy something.

    Raises:
        OutputError: A file is the input or asked for twice, or a GeoPackage cannot take the
            layer or holds others.
    """
    refuse_clashes(images, outputs.paths())
    path = outputs.polygons
    if path is None or path.suffix.lower() != ".gpkg" or not path.is_file():
        return
    layer = outputs.layer or path.stem
    if outputs.append:
        check_addable(path, layer)
    else:
        check_replaceable(path, FIELDS, (layer, *outputs.siblings))
