"""The image encoder beside Meta's Segment Anything 1.0 with the same weights.

``python -m benchmarks.encoder [--json FILE] [--threads 2] [--repeat 5]``

ViT-B, one image of 1024 x 1024 pixels, float32. ``--keep-allocations`` lets glibc keep large
buffers for both, as the command line of this package does; without it both give them back.
"""

from __future__ import annotations

import json
import subprocess
import sys
import types

import torch
from cwsam.engine.config import EncoderConfig, PromptConfig
from cwsam.engine.device import keep_large_allocations
from cwsam.engine.layers.packed import pack_linear
from cwsam.engine.models.builders import build_image_encoder
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from . import common

VIT_B = EncoderConfig(adapter_ratio=0.0, prompt=PromptConfig(enabled=False))
SIDE = 1024


def sam_encoder() -> nn.Module:
    """Segment Anything's ViT-B with random weights, position tables included."""
    for name in ("", ".ops", ".ops.boxes", ".transforms", ".transforms.functional"):
        sys.modules.setdefault(f"torchvision{name}", types.ModuleType(f"torchvision{name}"))
    boxes = sys.modules["torchvision.ops.boxes"]
    boxes.batched_nms = boxes.box_area = None
    functional = sys.modules["torchvision.transforms.functional"]
    functional.resize = functional.to_pil_image = None
    from segment_anything.modeling import ImageEncoderViT

    torch.manual_seed(0)
    encoder = ImageEncoderViT(
        img_size=SIDE,
        embed_dim=768,
        depth=12,
        num_heads=12,
        norm_layer=lambda dim: nn.LayerNorm(dim, eps=1e-6),
        use_rel_pos=True,
        window_size=14,
        global_attn_indexes=(2, 5, 8, 11),
    )
    for name, parameter in encoder.named_parameters():
        if "pos" in name:
            nn.init.normal_(parameter, std=0.05)
    return encoder.eval().requires_grad_(False)


def our_encoder(state: dict) -> nn.Module:
    """Ours with the same weights."""
    encoder = build_image_encoder(VIT_B, SIDE)
    encoder.load_state_dict(state, strict=True)
    encoder.eval().requires_grad_(False)
    pack_linear(encoder, torch.float32)  # as the predictor does before the first tile
    return encoder


def memory_of(which: str) -> dict:
    """Peak memory of one forward pass in a process of its own, in bytes."""
    torch.manual_seed(0)
    encoder = sam_encoder()
    if which == "ours":
        encoder = our_encoder(encoder.state_dict())
    image = torch.randn(1, 3, SIDE, SIDE)
    with torch.inference_mode(), common.PeakMemory() as memory:
        encoder(image)
    return {"extra": memory.extra, "peak": memory.peak}


def child(*options: str) -> dict:
    """Run this module again and read what it prints."""
    command = [sys.executable, "-m", "benchmarks.encoder", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def compare(repeat: int, threads: int) -> dict:
    """Time both in turns on the same image and compare their outputs."""
    threads = common.use_threads(threads)
    sam = sam_encoder()
    ours = our_encoder(sam.state_dict())
    image = torch.randn(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        with FlopCounterMode(display=False) as counter:
            expected = sam(image)
        difference = (ours(image) - expected).abs().max().item()
        rate = common.matmul_rate()
        times = common.side_by_side(
            {"sam": lambda: sam(image), "ours": lambda: ours(image)}, repeat
        )
    flops = counter.get_total_flops()
    return {
        **times,
        "difference": difference,
        "scale": expected.abs().max().item(),
        "flops": flops,
        "rate": rate,
        "threads": threads,
    }


def table(result: dict, memory: dict[str, dict], note: str) -> None:
    """Print both rows."""
    print(f"\nViT-B encoder, {SIDE} x {SIDE}, float32, {result['threads']} threads, {note}")
    print(f"{'':24}{'seconds':>9}{'GFLOP/s':>9}{'of matmul':>11}{'extra MB':>10}{'peak MB':>9}")
    for name, label in (("sam", "segment-anything 1.0"), ("ours", "ours")):
        rate = result["flops"] / result[name]
        print(
            f"{label:24}{result[name]:9.2f}{rate / 1e9:9.0f}{rate / result['rate']:11.0%}"
            f"{memory[name]['extra'] / 1e6:10.0f}{memory[name]['peak'] / 1e6:9.0f}"
        )
    print(
        f"matrix multiply {result['rate'] / 1e9:.0f} GFLOP/s; {result['flops'] / 1e9:.0f} GFLOP "
        f"counted on the reference; largest difference {result['difference']:.1e} "
        f"of values up to {result['scale']:.1f}"
    )


def metrics(result: dict, memory: dict[str, dict]) -> dict:
    """The figures of ``make bench``."""
    share = result["flops"] / result["ours"] / result["rate"]
    sam = "segment-anything 1.0, same weights, same run"
    bound = f"matrix multiplies: the encoder runs at {share:.0%} of their measured rate"
    return {
        "encoder.speedup": common.figure(result["sam"] / result["ours"], "x", sam, bound),
        "encoder.max_abs_diff": common.figure(
            result["difference"], "", sam, "float32 rounding: sums are taken in another order"
        ),
        "encoder.roofline_share": common.figure(
            share, "", f"matrix multiply at {result['rate'] / 1e9:.0f} GFLOP/s, same run", bound
        ),
        "encoder.memory_ratio": common.figure(
            memory["ours"]["extra"] / memory["sam"]["extra"],
            "x",
            f"{sam}: memory of a forward pass beyond weights and image",
            "the projected queries, keys and values of one block and their windows",
        ),
    }


def main() -> None:
    """Run the benchmark from the command line."""
    parser = common.arguments(__doc__)
    parser.add_argument("--keep-allocations", action="store_true")
    parser.add_argument("--only", choices=["compare", "sam", "ours"], help="used by itself")
    options = parser.parse_args()
    if options.keep_allocations:
        keep_large_allocations()
    if options.only:
        if options.only == "compare":
            print(json.dumps(compare(options.repeat, options.threads)))
        else:
            common.use_threads(options.threads)
            print(json.dumps(memory_of(options.only)))
        return
    common.use_threads(options.threads)
    memory = {w: child("--only", w, "--threads", str(options.threads)) for w in ("sam", "ours")}
    shared = ["--only", "compare", "--repeat", str(options.repeat), "--threads"]
    shared.append(str(options.threads))
    given_back = child(*shared)
    table(given_back, memory, "large buffers given back to the system (torch's default)")
    kept = child(*shared, "--keep-allocations")
    table(kept, memory, "large buffers kept by both, as the command line does (mallopt)")
    print(f"speed-up {kept['sam'] / kept['ours']:.2f} with large buffers kept by both")
    common.finish(metrics(given_back, memory), options.json)


if __name__ == "__main__":
    main()
