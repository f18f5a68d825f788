"""Reads and writes the safetensors format; nothing but torch and the standard library.

QGIS's Python has no safetensors package and gets none. The format is small: eight bytes of
header length, a JSON header, raw little-endian tensors.
Source: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import torch
from torch import Tensor

from ..errors import CheckpointError
from ..files import replace

MAX_HEADER_BYTES = 100_000_000
"""The format's own limit."""

_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}


def read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Map a file into memory; tensors are read when they are used.

    Returns:
        ``(tensors, metadata)``: the tensors are backed by a private mapping of the file.

    Raises:
        CheckpointError: The file is missing or is not a sound safetensors file.
    """
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            start = 8 + _header_length(file.read(8), size, path)
            header = json.loads(file.read(start - 8), object_pairs_hook=_unique)
    except OSError as error:
        raise CheckpointError(f"Cannot read {path}: {error.strerror}; check the path.") from None
    except (ValueError, RecursionError):
        raise _unsound(path) from None
    metadata = header.pop("__metadata__", {}) if isinstance(header, dict) else None
    if not isinstance(metadata, dict):
        raise _unsound(path)
    body = torch.from_file(str(path), shared=False, size=size, dtype=torch.uint8)[start:]
    try:
        _check_layout(header, len(body))
        tensors = {name: _view(body, entry) for name, entry in header.items()}
    except (KeyError, TypeError, ValueError, RuntimeError):
        raise _unsound(path) from None
    return tensors, {str(k): str(v) for k, v in metadata.items()}


def _unsound(path: Path) -> CheckpointError:
    return CheckpointError(f"{path} is not a sound safetensors file; fetch it again.")


def _header_length(first: bytes, size: int, path: Path) -> int:
    length = struct.unpack("<Q", first)[0] if len(first) == 8 else size
    if length > min(MAX_HEADER_BYTES, size - 8):
        raise _unsound(path)
    return length


def _unique(pairs: list[tuple[str, object]]) -> dict:
    """Build a mapping; a name that occurs twice is an attempt to hide something."""
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("a name occurs twice")
    return mapping


def _check_layout(header: dict, size: int) -> None:
    """Tensors must fill the body without gaps or overlaps; raises ValueError otherwise."""
    position = 0
    for begin, end in sorted(tuple(entry["data_offsets"]) for entry in header.values()):
        if type(begin) is not int or type(end) is not int or begin != position or end < begin:
            raise ValueError("gap or overlap")
        position = end
    if position != size:
        raise ValueError("the tensors do not fill the file")


def _view(body: Tensor, entry: dict) -> Tensor:
    """One tensor of the file; raises ValueError when its entry contradicts itself."""
    dtype, shape = _DTYPES[entry["dtype"]], entry["shape"]
    begin, end = entry["data_offsets"]
    item = torch.empty((), dtype=dtype).element_size()
    if any(type(n) is not int or n < 0 for n in shape):
        raise ValueError("a side is no whole number")
    if end - begin != math.prod(shape) * item:
        raise ValueError("size and shape differ")
    raw = body[begin:end]
    if raw.storage_offset() % item:
        raw = raw.clone()  # tensors must start at a multiple of their item size
    return raw.view(dtype).view(shape)


def write_safetensors(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write tensors; the file appears under its name only when complete.

    Args:
        path: The file.
        tensors: Of any of the format's types.
        metadata: Text by name.
    """
    header: dict = {"__metadata__": metadata}
    offset = 0
    for name, tensor in tensors.items():
        length = tensor.numel() * tensor.element_size()
        header[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + length],
        }
        offset += length
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    temporary = path.with_name(f".{path.name}.part")
    with open(temporary, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            flat = tensor.detach().cpu().contiguous().flatten()
            file.write(flat.view(torch.uint8).numpy().data)
    replace(temporary, path)
