"""The run record: what was run, on what, with what; written as JSON and run again from it."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ... import __version__
from ..errors import ConfigError
from ..staging import Staging
from .gpkg import read_metadata
from .guard import OutputGuard

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..types import RasterInfo, RunSummary

PATHS = ("output", "raster", "confidence", "preview")
"""Settings that name files; a record holds them with their whole path."""

NOT_REPEATABLE = "not_repeatable"
"""Name in a record of why the command line cannot run it again; the plugin writes it."""

_OF_ONE_LAYER = (*PATHS, "images", "layer", "append")
_LEAVES_NO_TRACE = ("record", "from_record", "quiet", "fresh", "dry_run", "images")


def command_of(images: tuple[str, ...], settings: Mapping[str, object]) -> dict[str, object]:
    """What has to be given to the command line for the same run, for the record."""
    kept = {k: v for k, v in settings.items() if k not in _LEAVES_NO_TRACE and v is not None}
    for name in PATHS:
        if name in kept:
            kept[name] = str(Path(str(kept[name])).resolve())
    whole = [str(Path(image).resolve()) if os.path.exists(image) else image for image in images]
    return {"images": whole, **kept}


def machine_facts(**more: str) -> dict[str, str]:
    """Versions and machine, and ``more``: what a network ran on."""
    return {
        "cwsam": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        **more,
    }


def raster_record(info: RasterInfo) -> dict[str, str]:
    """Size, place and CRS of what was segmented."""
    grid = info.grid
    corners = [grid.apply(x, y) for x in (0, info.width) for y in (0, info.height)]
    xs, ys = zip(*corners)
    extent = (min(xs), min(ys), max(xs), max(ys))
    return {
        "size": f"{info.width} x {info.height}",
        "extent": ", ".join(f"{value:.10g}" for value in extent),
        "crs": info.crs.name if info.crs is not None else "none",
    }


def summary_record(summary: RunSummary) -> dict[str, object]:
    """Totals, timings and notices of a run."""
    return {
        "tiles": summary.tiles,
        "seconds": {name: round(value, 3) for name, value in summary.seconds.items()},
        "classes": {
            str(class_id): {
                "polygons": total.polygons,
                "pixels": total.pixels,
                "area_m2": total.area_m2 if total.area_m2 == total.area_m2 else None,
            }
            for class_id, total in sorted(summary.areas.items())
        },
        "notices": summary.notices,
    }


def write_record(path: Path, record: Mapping[str, object]) -> None:
    """Write a record as JSON.

    Raises:
        OutputError: The file cannot be written there.
    """
    staging = Staging(path)
    with OutputGuard(staging, ()):
        text = json.dumps(record, ensure_ascii=False, indent=1)
        staging.path.write_text(text + "\n", encoding="utf-8")
        staging.commit()


def read_record(path: Path) -> dict[str, object]:
    """Read a record from a JSON file or from a GeoPackage that a run has made.

    Returns:
        A record with ``command`` (the images and settings) and ``model_sha256``.

    Raises:
        ConfigError: The file holds none.
    """
    layers = path.suffix.lower() == ".gpkg"
    try:
        record = _of_layers(path) if layers else json.loads(path.read_text(encoding="utf-8"))
        refusal = record.get(NOT_REPEATABLE)
        record["command"] = {} if refusal else _command(record)
        images = record["command"].get("images", [])
        if layers:
            record["command"].pop("output", None)  # the file may hold other layers by now
    except ConfigError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError, sqlite3.Error) as error:
        raise ConfigError(
            f"{path} holds no run record: give a file that --record has written, or a "
            "GeoPackage of a run."
        ) from error
    if refusal:
        raise ConfigError(f"{path} cannot be run again here. {refusal}")
    if not (isinstance(images, list) and all(isinstance(image, str) for image in images)):
        raise ConfigError(f"{path} names no images: it is no record of a run.")
    return record


def _of_layers(path: Path) -> dict[str, object]:
    """The record in a GeoPackage, of several images where they were one run; empty without one.

    Raises:
        ConfigError: Its layers are from runs with different settings.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    found = [dict(record) for record in read_metadata(path).values()]
    if len(found) < 2 or any(NOT_REPEATABLE in record for record in found):
        return found[0] if found else {}
    commands = [_command(record) for record in found]
    images = [image for command in commands for image in command["images"]]
    shared = [_without(command, *_OF_ONE_LAYER) for command in commands]
    weights = {record.get("model_sha256") for record in found}
    if len(weights) > 1 or len(set(images)) < len(images) or shared != shared[:1] * len(shared):
        raise ConfigError(
            f"{path} holds layers of {len(found)} different runs: give the file that --record has "
            "written for one of them."
        )
    return {**found[0], "command": {**shared[0], "images": images}}


def _command(record: Mapping[str, object]) -> dict[str, object]:
    """The command of a record; in its own JSON where the plugin has written it."""
    command = record["command"]
    return json.loads(command) if isinstance(command, str) else command


def _without(command: Mapping[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in command.items() if name not in names}
