"""All models that the plugin knows: bundled, the user's own, and those that can be downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from ..engine.errors import CheckpointError
from .environment import has_torch, load_torch
from .i18n import card_text, class_label, engine_text, translator
from .model_list import bundled_models, known_models, read_facts
from .registry import Offer, read_registry, training_starts
from .settings import remembered_models

if TYPE_CHECKING:
    from pathlib import Path

    from .model_list import ModelFacts

tr = translator("model_entries")


@dataclass(frozen=True)
class Entry:
    """One line of the list of models.

    Attributes:
        title: Name for people.
        path: The file, whether it is there or not.
        segments: Whether it has a class decoder; else it is a start for training only.
        bytes: Size of the file.
        origin: ``bundled``, ``own``, ``downloaded`` or ``offered``.
        offer: What the registry says of it; None for other files.
    """

    title: str
    path: Path
    segments: bool
    bytes: int
    origin: str
    offer: Offer | None = None


def list_entries() -> list[Entry]:
    """Bundled models, the user's own, then the registry."""
    entries = []
    bundled = bundled_models()
    for path in known_models(remembered_models()):
        origin = "bundled" if path in bundled else "own"
        entries.append(Entry(path.stem, path, True, path.stat().st_size, origin))
    offers = read_registry()
    known = {offer.path for offer in offers}
    for path in training_starts():
        if path not in known:
            entries.append(Entry(path.stem, path, False, path.stat().st_size, "own"))
    for offer in offers:
        origin = "downloaded" if offer.path.is_file() else "offered"
        segments = offer.use == "segment"
        entries.append(Entry(offer.title, offer.path, segments, offer.bytes, origin, offer))
    return entries


def card_html(entry: Entry) -> str:
    """What is known of an entry, as rich text."""
    if entry.offer is not None:
        return _offer_html(entry)
    if not entry.segments:
        return _paragraphs(entry.title, [_start_sentence()])
    try:
        return facts_html(read_facts(entry.path))
    except CheckpointError as error:
        return _paragraphs(entry.title, [str(error)])


def facts_html(facts: ModelFacts) -> str:
    """The card of a model: title, what it is made for, classes, limits, licence."""
    low, high = facts.card.gsd_m
    names = ", ".join(map(class_label, facts.classes))
    lines = [
        tr("Made for {low} to {high} m per pixel").format(low=f"{low:g}", high=f"{high:g}"),
        tr("{count} classes: {names}").format(count=len(facts.class_ids), names=names),
        *map(card_text, facts.card.notes),
    ]
    if facts.card.licence:
        lines.append(tr("Licence: {licence}").format(licence=facts.card.licence))
    return _paragraphs(card_text(facts.card.title), lines)


def _offer_html(entry: Entry) -> str:
    offer = entry.offer
    lines = [] if entry.segments else [_start_sentence()]
    lines += [
        tr("Source: {source}").format(source=offer.source),
        tr("Licence: {licence}").format(licence=offer.licence),
        tr("Address: {url}").format(url=offer.url),
        f"SHA-256: {offer.sha256}",
    ]
    return _paragraphs(offer.title, lines)


def _start_sentence() -> str:
    return tr("No class decoder: a start for training and fine-tuning, not for segmenting.")


def _paragraphs(title: str, lines: list[str]) -> str:
    text = "".join(f"<p>{escape(line)}</p>" for line in lines)
    return f"<h3>{escape(title)}</h3>{text}"


def look_into(path: Path) -> str:
    """Say what a weights file is, whole, line by line; takes seconds: in a worker only.

    Raises:
        CwsamError: The file cannot be used, or needs torch to be looked into.
    """
    if not has_torch() and path.suffix == ".safetensors":
        facts = read_facts(path)
        return f"{card_text(facts.card.title)}\n{facts.bytes / 1e6:,.1f} MB"
    load_torch()
    from ..engine.models.inspect import inspect_file

    return "\n".join(map(engine_text, inspect_file(path).splitlines()))
