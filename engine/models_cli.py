"""Commands on weights files: ``cwsam models inspect`` and ``export``."""

from __future__ import annotations

from pathlib import Path

import click

from .io.output_check import ONNX, check_suffix
from .models.checkpoint import bundled_models, load_model
from .models.inspect import inspect_file
from .onnx_export import check_packages, export_onnx


@click.command()
@click.argument("file", metavar="FILE|NAME")
def inspect(file: str) -> None:
    """Show what a weights file, or a bundled model, is and which of its tensors match."""
    click.echo(inspect_file(bundled_models().get(file, Path(file))))


@click.command()
@click.argument("model")
@click.option(
    "--onnx",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The ONNX file to write.",
)
@click.option("--tile", type=int, default=0, help="Side of a tile in pixels; the model's own if 0.")
@click.option(
    "--coarse", is_flag=True, help="Probabilities at the decoder's resolution, not the tile's."
)
def export(model: str, path: Path, tile: int, coarse: bool) -> None:
    """Write MODEL, a bundled name or a weights file, as ONNX.

    onnxruntime, OpenVINO and the QGIS plugin Deepness run the file; it carries the metadata
    that Deepness reads.
    """
    check_suffix(path, "--onnx", ONNX)
    check_packages()
    metadata = export_onnx(load_model(model), path, tile, upsample=not coarse)
    click.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    for name, value in metadata.items():
        click.echo(f"  {name}: {value}")


COMMANDS = (inspect, export)
"""What ``cwsam models`` offers beside the list."""
