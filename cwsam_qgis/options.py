"""The choices of the page in QGIS's settings, and how they reach the engine."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields

from .settings import recall, remember

DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bfloat16", "float16", "int8")


@dataclass(frozen=True)
class Options:
    """What the user has set once and for all; an empty text is the default.

    Attributes:
        device: Where networks compute, as the engine calls it.
        precision: In which numbers, as the engine calls them.
        threads: Threads on the CPU; 0 for all cores but one.
        cache_folder: Where interrupted runs are kept.
        cache_limit_gb: What these may take together, in GiB.
        packages_folder: Where PyTorch is installed.
        output_folder: Where file dialogs for results start.
        output_suffix: Format of polygons where a file name says none.
        class_raster: Whether a class raster is written too.
        confidence_raster: Whether a confidence raster is written too.
    """

    device: str = "auto"
    precision: str = "auto"
    threads: int = 0
    cache_folder: str = ""
    cache_limit_gb: int = 10
    packages_folder: str = ""
    output_folder: str = ""
    output_suffix: str = ".gpkg"
    class_raster: bool = False
    confidence_raster: bool = False


def read_options() -> Options:
    """The options as they are remembered."""
    return Options(**{one.name: recall(one.name, one.default) for one in fields(Options)})


def write_options(options: Options) -> None:
    """Remember the options and let the next run follow them."""
    for one in fields(Options):
        remember(one.name, getattr(options, one.name))
    chosen = {"device": options.device, "precision": options.precision}
    remember("advanced", {**recall("advanced", {}), **chosen})  # the dock's latest choice
    apply_options(options)


def apply_options(options: Options) -> None:
    """Tell the engine, which looks into the environment of the process."""
    withdraw_options()
    for name, value in _variables(options).items():
        if value:
            _before.setdefault(name, os.environ.get(name))
            os.environ[name] = value


def withdraw_options() -> None:
    """Undo :func:`apply_options`: the plugin goes away."""
    for name, value in _before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    _before.clear()


_before: dict[str, str | None] = {}
"""What the variables that were set here held before."""


def _variables(options: Options) -> dict[str, str]:
    standard = options.cache_limit_gb == Options.cache_limit_gb
    return {
        "CWSAM_THREADS": str(options.threads or ""),
        "CWSAM_PACKAGES": options.packages_folder,
        "CWSAM_CACHE": options.cache_folder,
        "CWSAM_CACHE_GB": "" if standard else str(options.cache_limit_gb),
    }
