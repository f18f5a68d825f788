"""Small models on disk for tests of the command line."""

import pytest
import torch
from cwsam.engine.config import model_config_from_dict
from cwsam.engine.models.builders import build_model
from cwsam.engine.models.card import ModelCard
from cwsam.engine.models.checkpoint import save_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """A weights file of a random network with tiles of 64 pixels that knows four classes."""
    config = model_config_from_dict(
        {
            "name": "test",
            "image_size": 64,
            "encoder": {
                "embed_dim": 32,
                "depth": 2,
                "num_heads": 2,
                "patch_size": 8,
                "window_size": 4,
                "global_blocks": [1],
                "out_dim": 32,
                "moe": {"num_experts": 3, "top_k": 2, "hidden_dim": 32, "first_block": 1},
            },
            "decoder": {"num_heads": 2, "mlp_dim": 32, "moe": {"num_experts": 2, "top_k": 2}},
        }
    )
    torch.manual_seed(3)
    path = tmp_path_factory.mktemp("models") / "test.safetensors"
    card = ModelCard("for tests", classes_seen=(5, 9, 19, 24), gsd_m=(0.2, 10.0))
    save_model(path, build_model(config), config, card)
    return path


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    """Keep journals of the tests out of the user's cache."""
    monkeypatch.setenv("CWSAM_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
