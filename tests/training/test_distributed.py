"""Processes that share a run learn what one process learns from all their chips."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from cwsam.engine.config import load_model_config
from cwsam.engine.errors import DeviceError
from cwsam.engine.models.builders import build_model
from cwsam.training.distributed import is_distributed, local_device

SCRIPT = Path(__file__).with_name("quiet_router.py")
ROOT = Path(__file__).resolve().parents[2]


def train(recipe_file, folder, processes, *extra):
    launcher = [sys.executable]
    if processes > 1:
        launcher += ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
        launcher.append(str(processes))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / ".link")}
    done = subprocess.run(
        [*launcher, SCRIPT, "train", recipe_file, "--folder", folder, *extra],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return torch.load(folder / "last.pt", weights_only=True), done


def recipe_with(recipe_file, **settings):
    lines = [line for line in recipe_file.read_text().splitlines() if line.strip()]
    lines = [line for line in lines if line.split(":")[0] not in settings]
    path = recipe_file.with_name("-".join(map(str, settings.values())) + ".yaml")
    path.write_text("\n".join(lines + [f"{k}: {v}" for k, v in settings.items()]) + "\n")
    return path


def test_two_processes_equal_one_with_twice_the_batch(recipe_file, tmp_path):
    shared = {"steps": 3, "validate_every": 3, "learning_rate": 1e-4, "class_power": 0.5}
    shared["unknown_limits"] = "{8: 0.1}"
    one, _ = train(recipe_with(recipe_file, **shared, batch=4), tmp_path / "one", 1)
    two, done = train(recipe_with(recipe_file, **shared, batch=2), tmp_path / "two", 2)
    assert "2 process(es)" in done.stderr
    assert two["processes"] == 2
    assert two["loss"] == pytest.approx(one["loss"], rel=1e-5)
    torch.manual_seed(0)
    start = build_model(load_model_config("sam_moe_tiny")).state_dict()
    moved = 0.0
    for name, value in one["model"].items():
        way = value - start[name]
        moved = max(moved, float(way.abs().max()))
        if name.endswith("k_proj.bias"):
            # Nothing changes with a key's bias: its gradient is rounding, which Adam blows up.
            assert float(way.abs().max()) < 4e-4, name
        elif float(way.norm()) > 0:
            # Adam turns a single weight's rounding into a step, hence whole tensors.
            apart = float((value - two["model"][name]).norm() / way.norm())
            assert apart < 0.03, name
    assert 1e-4 < moved < 1e-3  # the starts are the same, and learning went somewhere
    figures = [(tmp_path / run / "classes.csv").read_text() for run in ("one", "two")]
    assert figures[0].count("\n") > 1
    assert figures[0].count("\n") == figures[1].count("\n")


def test_alone_there_is_nothing_to_join(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert not is_distributed()
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert is_distributed()
    assert local_device("cpu") == "cpu"
    with pytest.raises(DeviceError, match="without torchrun"):
        local_device("mps")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(DeviceError, match="--nproc-per-node 1"):
        local_device("cuda")
