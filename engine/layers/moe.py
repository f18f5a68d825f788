"""Sparse mixture of experts with noisy top-k routing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .common import activate, compute_dtype, plain_inference

ROUTER_NOISE = 0.01
"""Standard deviation of the noise on the router's logits in training."""


@dataclass
class Routing:
    """What the router decided in the last training forward.

    Attributes:
        usage: (E,) share of the kept token slots that each expert got; sums to 1.
        probability: (E,) mean probability that the router gave each expert; sums to 1.
    """

    usage: Tensor
    probability: Tensor

    @property
    def balance_loss(self) -> Tensor:
        """() load-balancing loss, 1 when all experts are used equally.

        Source: Fedus et al. 2022, "Switch Transformers", eq. 4, over the k kept experts.
        """
        return len(self.usage) * (self.usage * self.probability).sum()


class MoeLayer(nn.Module):
    """Top-k mixture of two-layer experts (Shazeer et al. 2017).

    Expert weights are stacked, so that tokens sorted by expert pass through contiguous
    slices. No token is ever dropped: the capacity is unbounded.

    Notation: T tokens, d width, h hidden width, E experts, k kept.
    """

    def __init__(
        self,
        dim: int,
        hidden_dim: int,
        num_experts: int,
        top_k: int,
        activation: type[nn.Module] = nn.GELU,
    ) -> None:
        """Build router and experts.

        Args:
            dim: Width d of a token.
            hidden_dim: Hidden width h of an expert.
            num_experts: E.
            top_k: Experts kept a token; at most E.
            activation: Between the two layers of an expert.
        """
        super().__init__()
        assert 1 <= top_k <= num_experts, "k must lie between 1 and the number of experts"
        self.num_experts, self.top_k = num_experts, top_k
        self.gate = nn.Linear(dim, num_experts)
        self.act = activation()
        self.w1 = nn.Parameter(torch.empty(num_experts, hidden_dim, dim))
        self.b1 = nn.Parameter(torch.zeros(num_experts, hidden_dim))
        self.w2 = nn.Parameter(torch.empty(num_experts, dim, hidden_dim))
        self.b2 = nn.Parameter(torch.zeros(num_experts, dim))
        nn.init.trunc_normal_(self.w1, std=dim**-0.5)
        nn.init.trunc_normal_(self.w2, std=hidden_dim**-0.5)
        self.routing: Routing | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Route each token through its k experts; (..., d) in and out."""
        tokens = x.reshape(-1, x.shape[-1])
        logits = self.gate(tokens).float()
        if self.training:
            logits = logits + torch.randn_like(logits) * ROUTER_NOISE
        kept, chosen = logits.topk(self.top_k, dim=-1)
        gates = kept.softmax(dim=-1).to(tokens.dtype)
        if self.training:
            self.routing = _routing(logits, chosen, self.num_experts)

        if torch.compiler.is_compiling():
            return self._traceable(tokens, gates, chosen).view_as(x)
        order = chosen.flatten().argsort(stable=True)
        counts = torch.bincount(chosen.flatten(), minlength=self.num_experts)
        back = torch.empty_like(order).scatter_(0, order, torch.arange(len(order), device=x.device))
        mixed = self._runner(tokens)(tokens, order // self.top_k, counts)
        if plain_inference(x) and mixed.dtype == torch.float32 and len(tokens):
            rows = back.view(-1, self.top_k)
            return F.embedding_bag(rows, mixed, mode="sum", per_sample_weights=gates).view_as(x)
        mixed = mixed[back].view(-1, self.top_k, tokens.shape[-1])
        return torch.bmm(gates.to(mixed.dtype)[:, None], mixed).view_as(x)

    def _runner(self, tokens: Tensor) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
        """The fastest way to run the experts on the tokens' device."""
        if plain_inference(tokens):
            return self._run_in_place
        return self._run_grouped if _has_grouped_kernel(self.w1, tokens) else self._run

    def _run(self, tokens: Tensor, rows: Tensor, counts: Tensor) -> Tensor:
        """Pass tokens through their experts' slices of the weights.

        Args:
            tokens: (T, d).
            rows: (T*k,) row of ``tokens`` for each kept slot, sorted by expert.
            counts: (E,) slots of each expert.

        Returns:
            (T*k, d) in the order of ``rows``.
        """
        slices = tokens[rows].split(counts.tolist())
        dtype = tokens.dtype
        parts = [tokens.new_empty(0, tokens.shape[-1])]
        for e, part in enumerate(slices):
            if len(part):
                hidden = self.act(F.linear(part, self.w1[e].to(dtype), self.b1[e].to(dtype)))
                parts.append(F.linear(hidden, self.w2[e].to(dtype), self.b2[e].to(dtype)))
        return torch.cat(parts[1:] or parts)

    def _run_grouped(self, tokens: Tensor, rows: Tensor, counts: Tensor) -> Tensor:
        """:meth:`_run` as two grouped multiplies, without reading the counts back from the GPU."""
        dtype = compute_dtype(tokens)
        ends = counts.cumsum(0).to(torch.int32)
        expert = torch.repeat_interleave(counts, output_size=len(rows))
        hidden = F.grouped_mm(tokens[rows].to(dtype), self.w1.to(dtype).transpose(1, 2), offs=ends)
        hidden = self.act(hidden + self.b1.to(dtype)[expert])
        out = F.grouped_mm(hidden, self.w2.to(dtype).transpose(1, 2), offs=ends)
        return out + self.b2.to(dtype)[expert]

    def _run_in_place(self, tokens: Tensor, rows: Tensor, counts: Tensor) -> Tensor:
        """:meth:`_run` without gradients: one hidden buffer, results written where they stay."""
        dtype, sizes = compute_dtype(tokens), counts.tolist()
        tokens = tokens.to(dtype)
        out = tokens.new_empty(len(rows), tokens.shape[-1])
        buffer = tokens.new_empty(max(sizes), self.w1.shape[1])
        first = 0
        for e, count in enumerate(sizes):
            if not count:
                continue
            part, hidden = slice(first, first + count), buffer[:count]
            w1, w2 = self.w1[e].to(dtype).t(), self.w2[e].to(dtype).t()
            torch.addmm(self.b1[e].to(dtype), tokens[rows[part]], w1, out=hidden)
            hidden = activate(self.act, hidden)
            torch.addmm(self.b2[e].to(dtype), hidden, w2, out=out[part])
            first += count
        return out

    def _traceable(self, tokens: Tensor, gates: Tensor, chosen: Tensor) -> Tensor:
        """The same for exporters, which cannot follow counts read back to Python.

        Args:
            tokens: (T, d).
            gates: (T, k) weights of the kept experts.
            chosen: (T, k) their numbers.
        """
        spread = torch.zeros_like(tokens[:, :1]).expand(-1, self.num_experts)
        spread = spread.scatter(1, chosen, gates)
        out = torch.zeros_like(tokens)
        for e in range(self.num_experts):
            rows = spread[:, e].nonzero()[:, 0]
            hidden = self.act(F.linear(tokens[rows], self.w1[e], self.b1[e]))
            value = F.linear(hidden, self.w2[e], self.b2[e]) * spread[rows, e, None]
            out = out.index_put((rows,), value, accumulate=True)
        return out


class SeparateExperts(MoeLayer):
    """A mixture whose experts are layers of their own kind; inference on a CPU only."""

    def __init__(
        self,
        layer: MoeLayer,
        make_first: Callable[[Tensor, Tensor], nn.Module],
        make_second: Callable[[Tensor, Tensor], nn.Module],
        fused: bool = False,
    ) -> None:
        """Take a mixture apart.

        Args:
            layer: The mixture, whose router is kept and whose experts are taken away.
            make_first: Makes the first layer of an expert from weight (h, d) and bias (h,).
            make_second: Makes the second layer from weight (d, h) and bias (d,).
            fused: Whether the first layers apply the activation themselves.
        """
        nn.Module.__init__(self)
        self.num_experts, self.top_k = layer.num_experts, layer.top_k
        self.gate, self.routing = layer.gate, None
        self.act = nn.Identity() if fused else layer.act
        firsts = [make_first(w, b) for w, b in zip(layer.w1, layer.b1)]
        del layer.w1  # free before the second half is made
        seconds = [make_second(w, b) for w, b in zip(layer.w2, layer.b2)]
        self._experts = list(zip(firsts, seconds))

    def _run_in_place(self, tokens: Tensor, rows: Tensor, counts: Tensor) -> Tensor:
        """See :meth:`MoeLayer._run_in_place`."""
        out = tokens.new_empty(len(rows), tokens.shape[-1])
        first = 0
        for (into, back), count in zip(self._experts, counts.tolist()):
            if count:
                part = slice(first, first + count)
                out[part] = back(activate(self.act, into(tokens[rows[part]])))
                first += count
        return out

    _run = _run_in_place


def _has_grouped_kernel(weight: Tensor, tokens: Tensor) -> bool:
    """Whether torch has one kernel for all experts here: bfloat16 on NVIDIA's Ampere or newer.

    Its rows must start at multiples of 16 bytes.
    """
    return (
        hasattr(F, "grouped_mm")
        and tokens.device.type == "cuda"
        and compute_dtype(tokens) == torch.bfloat16
        and torch.cuda.get_device_capability(tokens.device) >= (8, 0)
        and all(side % 8 == 0 for side in weight.shape[1:])
    )


def _routing(logits: Tensor, chosen: Tensor, num_experts: int) -> Routing:
    usage = torch.bincount(chosen.flatten(), minlength=num_experts) / chosen.numel()
    return Routing(usage, logits.softmax(dim=-1).mean(dim=0))


def moe_layers(module: nn.Module) -> list[MoeLayer]:
    """All mixture layers inside a module, in the order of registration."""
    return [m for m in module.modules() if isinstance(m, MoeLayer)]
