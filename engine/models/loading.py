"""Puts tensors of a file into a model: by name and shape, fitted where the meaning allows it."""

from __future__ import annotations

import ctypes
import mmap
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from .key_map import Source, source_shape, stacked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn

TRANSIENT = ("image_encoder.nonfinite_pixels",)
"""Buffers that no file holds."""

_MADV_DONTNEED = 4
_DENSE_OF_EXPERT = {"w1": "lin1.weight", "b1": "lin1.bias", "w2": "lin2.weight", "b2": "lin2.bias"}


@dataclass(frozen=True)
class LoadReport:
    """What happened to each tensor of a checkpoint.

    Attributes:
        matched: Names that were loaded, the adapted ones included.
        missing: Names of the model that the file lacks.
        unexpected: Names of the file that the model lacks.
        wrong_shape: Name, shape in the file, shape in the model.
        adapted: Name and what was done to make it fit.
    """

    matched: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    wrong_shape: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]
    adapted: tuple[tuple[str, str], ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every tensor of the model was loaded."""
        return not self.missing and not self.wrong_shape

    def summary(self) -> str:
        """All that did not match, one line each, below the counts."""
        lines = [
            f"matched {len(self.matched)}, missing {len(self.missing)}, "
            f"unexpected {len(self.unexpected)}, wrong shape {len(self.wrong_shape)}"
        ]
        lines += [f"adapted      {name}: {how}" for name, how in self.adapted]
        lines += [f"missing      {name}" for name in self.missing]
        lines += [f"unexpected   {name}" for name in self.unexpected]
        lines += [
            f"wrong shape  {n}: file {list(f)}, model {list(m)}" for n, f, m in self.wrong_shape
        ]
        return "\n".join(lines)


def load_into(
    model: nn.Module,
    tensors: Mapping[str, Source],
    mapped: bool = False,
) -> LoadReport:
    """Load what fits by name and shape into a model, one tensor at a time.

    Each tensor is converted to the type that its parameter has in the model.

    Position tables of another input size are interpolated; a dense feed-forward layer becomes
    the experts of a mixture ("sparse upcycling", Komatsuzaki et al. 2023).

    Args:
        model: May be on the meta device; matched parameters then get storage.
        tensors: Our names to tensors or to tuples of experts.
        mapped: Whether the tensors are mapped from a file and used only here: their memory
            is then given back after each, so that the peak is the model and one tensor.
    """
    own = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    matched, missing, wrong, adapted, used = [], [], [], [], set()
    for name, target in own.items():
        if name in TRANSIENT:
            _assign(model, name, torch.zeros((), dtype=torch.int64))
            continue
        origin, source = _find(name, tensors)
        if source is None:
            missing.append(name)
            continue
        used.add(origin)
        shape = source_shape(source)
        if origin == name and shape == tuple(target.shape):
            value = stacked(source).to(target.dtype, copy=isinstance(source, Tensor))
        else:
            value, how = _fit(name, origin, source, tuple(target.shape))
            if value is None:
                wrong.append((name, shape, tuple(target.shape)))
                continue
            value = value.to(target.dtype)
            adapted.append((name, how))
        _assign(model, name, value)
        matched.append(name)
        if mapped:
            release_pages(source)
    unexpected = [n for n in tensors if n not in used]
    return LoadReport(*map(tuple, (matched, missing, unexpected, wrong, adapted)))


def _find(name: str, tensors: Mapping[str, Source]) -> tuple[str, Source | None]:
    """The source of a parameter: of its own name, or the dense layer that becomes its experts."""
    if name in tensors:
        return name, tensors[name]
    stem, _, last = name.rpartition(".")
    dense = f"{stem}.{_DENSE_OF_EXPERT.get(last, '')}"
    return (dense, tensors[dense]) if dense in tensors else (name, None)


def _fit(
    name: str, origin: str, source: Source, shape: tuple[int, ...]
) -> tuple[Tensor | None, str]:
    """Fit a source to another shape; ``(None, "")`` where that would have no meaning."""
    found = source_shape(source)
    if origin != name:
        value = upcycled(name.rpartition(".")[2], stacked(source), shape)
        return value, f"dense {list(found)} to experts {list(shape)}"
    if name.endswith("pos_embed") and len(found) == 4 and found[-1] == shape[-1]:
        table = stacked(source).permute(0, 3, 1, 2).float()
        table = F.interpolate(table, shape[1:3], mode="bicubic", align_corners=False)
        return table.permute(0, 2, 3, 1), f"interpolated from {list(found)} to {list(shape)}"
    if ".rel_pos_" in name and len(found) == 2 and found[1] == shape[1]:
        table = stacked(source).T[None].float()
        table = F.interpolate(table, shape[0], mode="linear")[0].T
        return table, f"interpolated from {list(found)} to {list(shape)}"
    return None, ""


def upcycled(kind: str, dense: Tensor, shape: tuple[int, ...]) -> Tensor | None:
    """Experts from a dense layer.

    Full-width experts are copies, so the mixture computes what the dense layer did whatever
    the router says. Narrower experts take turns in the hidden units, and their output is
    scaled by the share they leave out.

    Args:
        kind: ``w1``, ``b1``, ``w2`` or ``b2`` of a mixture.
        dense: (H, d), (H,), (d, H) or (d,) of the dense layer with H hidden units.
        shape: Of the experts: (E, h, d), (E, h), (E, d, h) or (E, d).

    Returns:
        The experts, or None where widths do not fit.
    """
    experts, axis = shape[0], {"w1": 0, "b1": 0, "w2": 1, "b2": None}[kind]
    if axis is None:
        return dense.expand(shape).contiguous() if tuple(dense.shape) == shape[1:] else None
    if dense.ndim != len(shape) - 1:
        return None
    hidden, wanted = dense.shape[axis], shape[1 + axis]
    expected = list(shape[1:])
    expected[axis] = hidden
    if list(dense.shape) != expected or wanted > hidden:
        return None
    scale = hidden / wanted if kind == "w2" else 1.0
    units = torch.arange(wanted)
    return torch.stack(
        [dense.index_select(axis, (units + e * wanted) % hidden) * scale for e in range(experts)]
    )


def _assign(model: nn.Module, name: str, value: Tensor) -> None:
    """Put a tensor in the place of a parameter or buffer."""
    *path, last = name.split(".")
    module = model.get_submodule(".".join(path))
    if last in module._parameters:
        value = torch.nn.Parameter(value, requires_grad=value.is_floating_point())
    setattr(module, last, value)


def fill_missing(model: nn.Module, report: LoadReport) -> None:
    """Give what a file lacked its initial value; for models on the meta device.

    Weights are drawn from a narrow normal distribution; biases, position tables and the last
    layer of adapters are zero; scales of normalisations are one.

    Args:
        model: The model.
        report: What :func:`load_into` said about it.
    """
    own = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    for name in (*report.missing, *(n for n, _, _ in report.wrong_shape)):
        shape = own[name].shape
        value = torch.zeros(shape, dtype=own[name].dtype)
        if name.endswith("gaussian_matrix"):
            value.normal_()
        elif len(shape) == 1 and name.endswith("weight"):
            value.fill_(1.0)
        elif len(shape) > 1 and not _starts_as_zero(name):
            torch.nn.init.trunc_normal_(value, std=0.02)
        _assign(model, name, value)


def _starts_as_zero(name: str) -> bool:
    return name.endswith(("adapter.fc2.weight", ".b1", ".b2", "pos_embed")) or ".rel_pos_" in name


def release_pages(source: Source) -> None:
    """Take the file's pages of a mapped tensor out of this process; they are not read again.

    Without it a mapped file counts towards the process until memory runs short. Only Linux
    needs and gets it.
    """
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None)
    for tensor in (source,) if isinstance(source, Tensor) else source:
        begin = -(-tensor.data_ptr() // mmap.PAGESIZE) * mmap.PAGESIZE
        end = tensor.data_ptr() + tensor.numel() * tensor.element_size()
        length = (end - begin) // mmap.PAGESIZE * mmap.PAGESIZE
        if length > 0:
            libc.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(length), _MADV_DONTNEED)
