"""The mixture of experts beside dense multiplies of the same work and a masking loop.

``python -m benchmarks.moe [--json FILE] [--threads 2] [--repeat 5]``

Width 1280, 128 experts of 1792, 4 kept, 4096 tokens, float32.
"""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from cwsam.engine.layers.moe import MoeLayer
from cwsam.engine.layers.packed import pack_linear
from torch import Tensor, nn

from . import common

DIM, HIDDEN, EXPERTS, TOP_K, TOKENS = 1280, 1792, 128, 4, 4096


def masked(layer: MoeLayer, x: Tensor) -> Tensor:
    """The usual loop: a mask, a gather and a scatter for each expert."""
    kept, chosen = layer.gate(x).topk(layer.top_k)
    gates, out = kept.softmax(-1), torch.zeros_like(x)
    for e in range(layer.num_experts):
        mask = chosen == e
        rows = mask.any(-1)
        if rows.any():
            hidden = F.gelu(F.linear(x[rows], layer.w1[e], layer.b1[e]))
            value = F.linear(hidden, layer.w2[e], layer.b2[e])
            out[rows] += value * (gates * mask).sum(-1)[rows][:, None]
    return out


def dense(layer: MoeLayer, x: Tensor) -> None:
    """Only the two multiplies of each expert, as many tokens each, nothing between them."""
    share = TOKENS * TOP_K // EXPERTS
    hidden, out = torch.empty(share, HIDDEN), torch.empty(share, DIM)
    for e in range(EXPERTS):
        first = e * share % TOKENS
        torch.mm(x[first : first + share], layer.w1[e].t(), out=hidden)
        torch.mm(hidden, layer.w2[e].t(), out=out)


def every_expert(layer: MoeLayer, x: Tensor) -> Tensor:
    """The published loop: all tokens through all experts; only to show what it costs."""
    kept, chosen = layer.gate(x).topk(layer.top_k)
    gates = torch.zeros(len(x), EXPERTS).scatter_(1, chosen, kept.softmax(-1))
    out = torch.zeros_like(x)
    for e in range(EXPERTS):
        hidden = F.gelu(F.linear(x, layer.w1[e], layer.b1[e]))
        out += F.linear(hidden, layer.w2[e], layer.b2[e]) * gates[:, e, None]
    return out


def main() -> None:
    """Run the benchmark from the command line."""
    parser = common.arguments(__doc__)
    parser.add_argument("--all-experts", action="store_true", help="also time the published loop")
    options = parser.parse_args()
    threads = common.use_threads(options.threads)
    torch.manual_seed(0)
    layer = MoeLayer(DIM, HIDDEN, EXPERTS, TOP_K).eval().requires_grad_(False)
    x = torch.randn(TOKENS, DIM)
    packed = nn.Sequential(copy.deepcopy(layer)).eval()
    pack_linear(packed, torch.float32)  # as the predictor does before the first tile
    calls = {
        "dense multiplies": lambda: dense(layer, x),
        "ours": lambda: packed(x),
        "mask for each expert": lambda: masked(layer, x),
    }
    with torch.inference_mode():
        difference = (packed(x) - masked(layer, x)).abs().max().item()
        rate = common.matmul_rate()
        times = common.side_by_side(calls, options.repeat)
        if options.all_experts:
            times.update(common.side_by_side({"all experts": lambda: every_expert(layer, x)}, 1))
    flops = TOKENS * TOP_K * 2 * 2 * DIM * HIDDEN
    print(
        f"\n{TOKENS} tokens of {DIM}, {EXPERTS} experts of {HIDDEN}, k {TOP_K}, {threads} threads"
    )
    for name, seconds in times.items():
        print(f"{name:24}{seconds:8.3f} s{flops / seconds / 1e9:8.0f} GFLOP/s of useful work")
    print(f"matrix multiply {rate / 1e9:.0f} GFLOP/s; largest difference {difference:.1e}")
    share = times["dense multiplies"] / times["ours"]
    bound = (
        f"the experts' multiplies ({share:.0%} of the time): {TOKENS * TOP_K // EXPERTS} tokens "
        f"an expert, so each weight is read from memory for little work"
    )
    common.finish(
        {
            "moe.dense_ratio": common.figure(
                times["ours"] / times["dense multiplies"],
                "x",
                "the same multiplies alone, same shapes, same run",
                bound,
            ),
            "moe.masked_speedup": common.figure(
                times["mask for each expert"] / times["ours"],
                "x",
                "a mask, a gather and a scatter for each expert, same run",
                bound,
            ),
        },
        options.json,
    )


if __name__ == "__main__":
    main()
