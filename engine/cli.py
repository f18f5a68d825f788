"""Command line of the engine: ``segment``, ``vectorize``, ``models``, ``info``."""

from __future__ import annotations

import errno
import sys

import click

from .. import __version__
from . import models_cli
from .classes import CLASSES
from .cli_run import INTERRUPTED, make_predictor
from .cli_segment import segment
from .cli_vectorize import vectorize
from .config import variant_names
from .errors import CwsamError
from .io.raster_source import open_raster
from .io.report import raster_facts
from .models.checkpoint import bundled_models, describe_variant, load_model

__all__ = ["main", "make_predictor"]


class FriendlyGroup(click.Group):
    """A group whose commands end with a sentence instead of a traceback on a user's mistake."""

    def main(self, *arguments: object, **options: object) -> object:
        """Run as a program: signs that a redirected output cannot hold become question marks."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        return super().main(*arguments, **options)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; exit with 1 on our errors and the system's, 130 on an interrupt."""
        try:
            return super().invoke(ctx)
        except CwsamError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(1)
        except PermissionError as error:
            click.echo(
                f"Error: There is no permission for {error.filename}: choose another path, or ask "
                "its owner.",
                err=True,
            )
            ctx.exit(1)
        except OSError as error:
            # Without a number no system call has failed; a broken pipe is for click to end.
            if error.errno in (None, errno.EPIPE):
                raise
            file = error.filename2 or error.filename
            what = "The system refused a file" if file is None else f"{file} cannot be used"
            cause = error.strerror or type(error).__name__
            click.echo(f"Error: {what} ({cause}): check its name, your rights there and the free "
                       "space on the disk.", err=True)  # fmt: skip
            ctx.exit(1)
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            ctx.exit(INTERRUPTED)


@click.group(cls=FriendlyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="cwsam")
def main() -> None:
    """Turn aerial and satellite images into polygons of 33 land-cover classes."""


main.add_command(segment)
main.add_command(vectorize)


@main.group(invoke_without_command=True)
@click.pass_context
def models(ctx: click.Context) -> None:
    """List models, variants and classes; inspect and export weights files."""
    if ctx.invoked_subcommand is not None:
        return
    for name in bundled_models():
        loaded = load_model(name)
        low, high = loaded.card.gsd_m
        click.echo(f"{name} (bundled): {loaded.card.title}")
        click.echo(f"  {describe_variant(loaded.config.name)}")
        click.echo(f"  good for {low:g} to {high:g} m a pixel")
        seen = [CLASSES[i].name for i in loaded.card.classes_seen]
        click.echo(f"  has seen: {', '.join(seen)}")
    click.echo("\nVariants that a checkpoint file may hold:")
    for name in variant_names():
        click.echo(f"  {name}: {describe_variant(name)}")
    click.echo("\nClasses:")
    for entry in CLASSES:
        click.echo(f"  {entry.id:>2}  {entry.colour}  {entry.name}  {entry.name_zh}")


for _command in models_cli.COMMANDS:
    models.add_command(_command)


@main.command()
@click.argument("image")
def info(image: str) -> None:
    """Show size, bands and georeference of an image."""
    with open_raster(image) as source:
        click.echo(raster_facts(source.info, source.notices, source.palette_size))
