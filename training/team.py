"""What a training run asks of the processes that share it; here, of one that is alone."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from torch import Tensor, nn


class Team(Protocol):
    """The processes of a run.

    Attributes:
        rank: Number of this process, from 0; process 0 logs and saves.
        size: Number of processes.
    """

    rank: int
    size: int

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model whose backward pass averages gradients over the processes."""

    def alone(self, network: nn.Module) -> AbstractContextManager:
        """Context in which a wrapped model's gradients stay in their process."""

    def add(self, value: Tensor) -> Tensor:
        """Sum of a tensor over the processes; gradients pass."""

    def agree(self, flag: bool) -> bool:
        """Whether the flag is set in any process."""

    def wait(self) -> None:
        """Return when all processes have come here."""


class Single:
    """A run in one process."""

    rank, size = 0, 1

    def wrap(self, model: nn.Module) -> nn.Module:
        """The model itself."""
        return model

    def alone(self, network: nn.Module) -> AbstractContextManager:
        """Nothing to keep apart."""
        return nullcontext(network)

    def add(self, value: Tensor) -> Tensor:
        """The value itself."""
        return value

    def agree(self, flag: bool) -> bool:
        """The flag itself."""
        return flag

    def wait(self) -> None:
        """Nobody to wait for."""
