"""Commands on weights files: ``cwsam models inspect``."""

from __future__ import annotations

from pathlib import Path

import click

from .models.inspect import inspect_file


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def inspect(file: Path) -> None:
    """Show what a weights FILE is and which of its tensors match."""
    click.echo(inspect_file(file))


COMMANDS = (inspect,)
"""What ``cwsam models`` offers beside the list."""
