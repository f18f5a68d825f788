"""Our safetensors against the reference library, and against hostile files."""

import json
import struct

import pytest
import torch
from cwsam.engine.errors import CheckpointError
from cwsam.engine.models.safetensors_file import read_safetensors, write_safetensors
from safetensors.torch import load_file, save_file

DTYPES = (
    torch.float64,
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.int64,
    torch.int32,
    torch.int16,
    torch.int8,
    torch.uint8,
    torch.bool,
)


def tensors():
    torch.manual_seed(0)
    made = {str(d): (torch.randn(3, 5) * 50).to(d) for d in DTYPES}
    return {**made, "scalar": torch.tensor(2.5), "empty": torch.zeros(0, 4), "Größe": torch.ones(7)}


def assert_same(actual, expected):
    assert set(actual) == set(expected)
    for name, tensor in expected.items():
        assert actual[name].dtype == tensor.dtype, name
        assert torch.equal(actual[name], tensor), name


def test_the_library_reads_what_we_write(tmp_path):
    path = tmp_path / "ours.safetensors"
    write_safetensors(path, tensors(), {"card": "水"})
    assert_same(load_file(path), tensors())
    assert [p.name for p in tmp_path.iterdir()] == ["ours.safetensors"]


def test_we_read_what_the_library_writes(tmp_path):
    path = tmp_path / "theirs.safetensors"
    save_file(tensors(), path, {"card": "水"})
    read, metadata = read_safetensors(path)
    assert_same(read, tensors())
    assert metadata == {"card": "水"}


def test_not_contiguous_tensors_are_written_in_order(tmp_path):
    path = tmp_path / "t.safetensors"
    write_safetensors(path, {"t": torch.arange(6).view(2, 3).T}, {})
    assert torch.equal(load_file(path)["t"], torch.arange(6).view(2, 3).T)


def file_of(header, body, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def entry(begin=0, end=16, shape=(4,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


BODY = bytes(16)
HOSTILE = {
    "empty file": b"",
    "only a length": struct.pack("<Q", 2),
    "header longer than the file": file_of({"a": entry()}, BODY, length=10_000),
    "header longer than memory": file_of({"a": entry()}, BODY, length=2**63),
    "header over the format's limit": file_of({"a": entry()}, BODY, length=100_000_001),
    "not JSON": file_of(b"{never}", BODY),
    "not UTF-8": file_of(b'{"\xff": 1}', BODY),
    "deep nesting": file_of(b"[" * 100_000, BODY),
    "a list": file_of([1, 2], BODY),
    "offsets past the end": file_of({"a": entry(0, 32, (8,))}, BODY),
    "negative offset": file_of({"a": entry(-16, 0)}, BODY),
    "end before begin": file_of({"a": entry(16, 0)}, BODY),
    "offsets overlap": file_of({"a": entry(), "b": entry(8, 16, (2,))}, BODY),
    "a gap": file_of({"a": entry(0, 4, (1,)), "b": entry(12, 16, (1,))}, BODY),
    "bytes left over": file_of({"a": entry(0, 8, (2,))}, BODY),
    "shape larger than data": file_of({"a": entry(shape=(5,))}, BODY),
    "shape overflows": file_of({"a": entry(shape=(2**32, 2**32, 4))}, BODY),
    "negative sides": file_of({"a": entry(shape=(-2, -2))}, BODY),
    "fractional side": file_of({"a": entry(shape=(4.0,))}, BODY),
    "NaN offset": file_of({"a": entry(end=float("nan"))}, BODY),
    "NaN side": file_of({"a": entry(shape=(float("nan"),))}, BODY),
    "infinite side": file_of({"a": entry(shape=(float("inf"),))}, BODY),
    "text as offset": file_of({"a": entry(end="16")}, BODY),
    "truth as side": file_of({"a": entry(0, 4, (True,)), "b": entry(4, 16, (3,))}, BODY),
    "unknown type": file_of({"a": entry(dtype="F13")}, BODY),
    "entry without a shape": file_of({"a": {"dtype": "F32", "data_offsets": [0, 16]}}, BODY),
    "entry is a number": file_of({"a": 3}, BODY),
    "a name twice": file_of(
        b'{"a":' + json.dumps(entry()).encode() + b',"a":' + json.dumps(entry()).encode() + b"}",
        BODY,
    ),
    "metadata is a list": file_of({"__metadata__": [1], "a": entry()}, BODY),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_files_are_refused_with_a_sentence(tmp_path, content):
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="not a sound safetensors file; fetch it again"):
        read_safetensors(path)


def test_every_truncation_is_refused(tmp_path):
    path = tmp_path / "t.safetensors"
    write_safetensors(path, {"a": torch.arange(5.0), "b": torch.ones(3)}, {"k": "v"})
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError):
            read_safetensors(path)


def test_odd_alignment_is_read(tmp_path):
    path = tmp_path / "odd.safetensors"
    header = {"a": entry(0, 1, (1,), "U8"), "b": entry(1, 9, (2,))}
    path.write_bytes(file_of(header, b"\x07" + struct.pack("<2f", 1.5, -2.0)))
    read, _ = read_safetensors(path)
    assert read["a"].tolist() == [7]
    assert read["b"].tolist() == [1.5, -2.0]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match="check the path"):
        read_safetensors(tmp_path / "none.safetensors")
