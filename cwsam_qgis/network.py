"""The model on its device, as a run uses it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..engine.errors import Cancelled
from .environment import load_torch
from .i18n import translator
from .model_list import read_facts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..engine.ports import Progress
    from ..engine.predictor import TorchPredictor
    from .model_list import ModelFacts

tr = translator("network")


@dataclass(frozen=True)
class ModelChoice:
    """Which network computes, and on what.

    Attributes:
        model: Weights file.
        adapter: Adapter file for it, or None.
        device: One of :data:`~.run_settings.DEVICES`.
        precision: One of :data:`~.run_settings.PRECISIONS`.
    """

    model: Path
    adapter: Path | None = None
    device: str = "auto"
    precision: str = "auto"

    @property
    def facts_file(self) -> Path:
        """The file whose card describes the network: the adapter's, else the model's."""
        return self.adapter or self.model


@dataclass(frozen=True)
class Network:
    """A model on its device.

    Attributes:
        predictor: The network.
        facts: What its file, or its adapter's, says.
        sha256: Hash of the weights, hexadecimal; with that of the adapter's file behind it.
        choice: What was asked for.
        storage: Type of the large weights in memory.
    """

    predictor: TorchPredictor
    facts: ModelFacts
    sha256: str
    choice: ModelChoice
    storage: str


def load_network(choice: ModelChoice) -> Network:
    """Load a model onto its device; takes seconds: in a worker only.

    One core is left to the screen.

    Raises:
        CwsamError: torch is missing, a file cannot be used, or the device cannot be had.
    """
    facts = read_facts(choice.facts_file)
    load_torch()
    from ..engine.device import choose_device, choose_storage, set_threads
    from ..engine.memory import available_bytes
    from ..engine.models.checkpoint import load_model
    from ..engine.predictor import TorchPredictor

    set_threads(spare=1)
    plan = choose_device(choice.device, choice.precision)
    storage = partial(choose_storage, "auto", plan, available_bytes())
    loaded = load_model(choice.model, adapter=choice.adapter, storage=storage)
    config = loaded.config
    predictor = TorchPredictor(
        loaded.model, plan, config.encoder.patch_size, config.image_size, facts.class_ids
    )
    return Network(predictor, facts, loaded.identity, choice, str(loaded.storage))


@contextmanager
def stoppable(network: Network, progress: Progress) -> Iterator[None]:
    """Let a run be stopped between the blocks of the network, in the middle of a tile.

    Raises:
        Cancelled: Out of the network, when the user wants to stop.
    """

    def ask(*_: object) -> None:
        if progress.cancelled():
            raise Cancelled(tr("Stopped; nothing was written."))

    blocks = network.predictor.model.image_encoder.blocks
    hooks = [block.register_forward_pre_hook(ask) for block in blocks]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
