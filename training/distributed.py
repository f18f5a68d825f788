"""The processes that ``torchrun`` starts, as one team (headless ring)."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.parallel import DistributedDataParallel

from ..engine.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


class Torchrun:
    """A :class:`~.team.Team` on torch.distributed."""

    def __init__(self, device: str) -> None:
        """Join the process group that is set up.

        Args:
            device: Where the model is, such as ``cpu`` or ``cuda:1``.
        """
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self.device = torch.device(device)

    def wrap(self, model: nn.Module) -> nn.Module:
        """Distribute a model; batch norm, where there is any, sees the whole batch.

        The mask tokens and heads that the loss does not reach have no gradient: they are looked
        for, or the processes would wait for them.
        """
        has_norm = any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in model.modules())
        if has_norm and self.device.type == "cuda":
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)
        ids = [self.device.index] if self.device.type == "cuda" else None
        return DistributedDataParallel(model, device_ids=ids, find_unused_parameters=True)

    def alone(self, network: nn.Module) -> AbstractContextManager:
        """Context in which gradients add up without being averaged."""
        return network.no_sync()

    def add(self, value: Tensor) -> Tensor:
        """Sum over the processes.

        The backward pass sums, too, and averaging gradients then divides by the number of
        processes, so a loss of such sums has the gradient of the whole batch.
        """
        if torch.is_grad_enabled() and value.requires_grad:
            return all_reduce(value)
        value = value.clone()
        dist.all_reduce(value)
        return value

    def agree(self, flag: bool) -> bool:
        """Whether the flag is set in any process."""
        return bool(self.add(torch.tensor(float(flag), device=self.device)) > 0)

    def wait(self) -> None:
        """Return when all processes have come here."""
        dist.barrier()


def is_distributed() -> bool:
    """Whether ``torchrun`` started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def local_device(device: str) -> str:
    """This process's own device: of several GPUs, the one with its local rank.

    Args:
        device: ``cpu``, ``cuda`` or ``mps``.

    Raises:
        DeviceError: There are more processes than GPUs, or the device cannot be shared.
    """
    if device == "mps":
        raise DeviceError("An Apple GPU serves one process; start without torchrun.")
    if device != "cuda":
        return device
    number, count = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if number >= count:
        raise DeviceError(
            f"torchrun started more processes than this machine's {count} GPUs; use "
            f"--nproc-per-node {count}."
        )
    return f"cuda:{number}"


@contextmanager
def joined(device: str) -> Iterator[Torchrun]:
    """Join the other processes for the time of the ``with`` block.

    Args:
        device: From :func:`local_device`.
    """
    on_gpu = device.startswith("cuda")
    if on_gpu:
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield Torchrun(device)
    finally:
        dist.destroy_process_group()
