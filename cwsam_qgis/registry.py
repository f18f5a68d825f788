"""Weights that can be downloaded, as listed in ``resources/models/registry.yaml``."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from qgis.core import QgsApplication

from ..engine.errors import ConfigError
from .i18n import translator
from .settings import recall, remember

tr = translator("registry")

REGISTRY = Path(__file__).resolve().parents[1] / "resources" / "models" / "registry.yaml"
_STARTS = "training_starts"


@dataclass(frozen=True)
class Offer:
    """One file that can be downloaded.

    Attributes:
        name: Stem of the file.
        title: Name for people.
        url: Where it lies.
        bytes: Its size.
        sha256: Its hash, hexadecimal.
        licence: SPDX name.
        source: Who made it.
        use: ``segment``, or ``training`` for a start without a class decoder.
    """

    name: str
    title: str
    url: str
    bytes: int
    sha256: str
    licence: str
    source: str
    use: str

    @property
    def path(self) -> Path:
        """Where the file lies once it is downloaded."""
        return downloads_folder() / f"{self.name}{Path(urlsplit(self.url).path).suffix}"


def downloads_folder() -> Path:
    """The folder of downloaded weights, in the user's profile."""
    return Path(QgsApplication.qgisSettingsDirPath()) / "cwsam" / "models"


def read_registry(path: Path = REGISTRY) -> list[Offer]:
    """The files on offer.

    Raises:
        ConfigError: The list is broken.
    """
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
        offers = [
            Offer(**{one.name: entry[one.name] for one in fields(Offer)}) for entry in entries
        ]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ConfigError(_broken(path)) from error
    if not all(map(_is_sound, offers)) or len({one.name for one in offers}) < len(offers):
        raise ConfigError(_broken(path))
    return offers


def training_starts() -> list[Path]:
    """Weights without a class decoder to start a training from: downloaded, and the user's own."""
    downloaded = [one.path for one in read_registry() if one.use == "training"]
    own = [Path(str(path)) for path in recall(_STARTS, [])]
    return [path for path in (*downloaded, *own) if path.is_file()]


def remember_start(path: Path) -> None:
    """Keep a file of the user's as a start for training."""
    others = [str(one) for one in recall(_STARTS, []) if str(one) != str(path)]
    remember(_STARTS, [str(path), *others])


def forget(path: Path) -> None:
    """Take a file of the user's off the lists; the file itself stays."""
    for name in (_STARTS, "models"):
        remember(name, [one for one in recall(name, []) if str(one) != str(path)])


def _is_sound(offer: Offer) -> bool:
    """Whether an entry can be trusted with a file name and a check."""
    return (
        re.fullmatch(r"[A-Za-z0-9_.-]+", str(offer.name)) is not None
        and not offer.name.startswith(".")
        and re.match(r"https?://", str(offer.url)) is not None
        and re.fullmatch(r"[0-9a-f]{64}", str(offer.sha256)) is not None
        and isinstance(offer.bytes, int)
        and offer.bytes > 0
        and offer.use in ("segment", "training")
    )


def _broken(path: Path) -> str:
    text = tr("The list of models {path} is broken: install the plugin again.")
    return text.format(path=path.name)
