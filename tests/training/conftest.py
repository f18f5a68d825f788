"""A small labelled data set whose classes differ in colour."""

import json

import numpy as np
import pytest
import torch
from cwsam.training.config import load_train_config
from cwsam.training.dataset import Scene
from tests.data.rasters import write_raster

COLOURS = {8: (40, 160, 40), 24: (30, 60, 200), 28: (190, 160, 120)}


def labelled(height=80, width=100, seed=0):
    """Image (3, h, w) uint8 and labels (h, w) uint8 of blocks; one strip is unlabelled."""
    rng = np.random.default_rng(seed)
    blocks = rng.choice(list(COLOURS), size=(-(-height // 20), -(-width // 20)))
    labels = np.kron(blocks, np.ones((20, 20), int))[:height, :width].astype(np.uint8)
    colours = np.zeros((256, 3))
    for class_id, colour in COLOURS.items():
        colours[class_id] = colour
    image = colours[labels].transpose(2, 0, 1) + rng.normal(0, 8, (3, height, width))
    labels[:6] = 255
    return np.clip(image, 0, 255).astype(np.uint8), labels


@pytest.fixture
def scenes():
    pairs = [labelled(seed=seed) for seed in range(3)]
    return [Scene("blocks", str(i), *map(torch.from_numpy, pair)) for i, pair in enumerate(pairs)]


@pytest.fixture
def data_folder(tmp_path):
    split = {"train": [], "dev": []}
    for number in range(3):
        image, labels = labelled(seed=number)
        pair = {"image": f"blocks/{number}.png", "labels33": f"blocks/{number}_labels.png"}
        (tmp_path / "blocks").mkdir(exist_ok=True)
        for name, pixels in ((pair["image"], image), (pair["labels33"], labels[None])):
            write_raster(tmp_path / name, pixels, crs=None, transform=None, driver="PNG")
        split["dev" if number == 2 else "train"].append(pair)
    (tmp_path / "split.json").write_text(json.dumps(split))
    return tmp_path


@pytest.fixture
def recipe_file(data_folder):
    path = data_folder / "recipe.yaml"
    path.write_text(
        f"""
model: sam_moe_tiny
data: {data_folder}
classes: [8, 24, 28]
sources: {{blocks: {{share: 1.0, zoom: [0.5, 1.0]}}}}
chip: 64
batch: 2
steps: 4
learning_rate: 2e-3
validate_every: 2
precision: float32
"""
    )
    return path


@pytest.fixture
def recipe(recipe_file):
    return load_train_config(recipe_file)
