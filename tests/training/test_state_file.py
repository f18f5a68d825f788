"""State files of runs: broken and foreign ones are refused in a sentence."""

import pytest
import torch
from cwsam.engine.errors import CheckpointError
from cwsam.training.state_file import read_state


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        b"1\n",
        b"{}",
        b"PK\x03\x04junk",
        b"abc def",
        b"\x80\x02}q\x00.",
        b"no state\n" * 9,
    ],
)
def test_a_broken_file_is_a_sentence(tmp_path, content):
    path = tmp_path / "state.pt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"state\.pt .*start anew"):
        read_state(path)


def test_a_cut_off_missing_or_foreign_file_is_a_sentence(tmp_path):
    path = tmp_path / "state.pt"
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_state(path)
    torch.save({"a": torch.ones(999)}, path)
    assert torch.equal(read_state(path)["a"], torch.ones(999))
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_state(path)
    torch.save([1, 2], path)
    with pytest.raises(CheckpointError, match="holds no state"):
        read_state(path)
