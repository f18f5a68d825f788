"""Sparse mixture of experts with noisy top-k routing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ROUTER_NOISE = 0.01
"""Standard deviation of the noise on the router's logits in training."""


@dataclass
class Routing:
    """What the router decided in the last training forward.

    Attributes:
        balance_loss: () load-balancing loss, 1 when all experts are used equally.
        usage: (E,) share of the kept token slots that each expert got; sums to 1.
    """

    balance_loss: Tensor
    usage: Tensor


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

        order = chosen.flatten().argsort(stable=True)
        counts = torch.bincount(chosen.flatten(), minlength=self.num_experts).tolist()
        mixed = self._run_experts(tokens[order // self.top_k], counts)
        back = torch.empty_like(order).scatter_(0, order, torch.arange(len(order), device=x.device))
        mixed = mixed[back].view(-1, self.top_k, tokens.shape[-1])
        return torch.bmm(gates[:, None], mixed).view_as(x)

    def _run_experts(self, tokens: Tensor, counts: list[int]) -> Tensor:
        """Pass (T*k, d) tokens, sorted by expert, through their experts' slices."""
        slices = tokens.split(counts)
        return torch.cat(
            [
                F.linear(self.act(F.linear(part, self.w1[e], self.b1[e])), self.w2[e], self.b2[e])
                for e, part in enumerate(slices)
                if len(part)
            ]
        )


def _routing(logits: Tensor, chosen: Tensor, num_experts: int) -> Routing:
    """Switch-style balance loss (Fedus et al. 2022, eq. 4) over the k kept experts."""
    usage = torch.bincount(chosen.flatten(), minlength=num_experts) / chosen.numel()
    probability = logits.softmax(dim=-1).mean(dim=0)
    return Routing(num_experts * (usage * probability).sum(), usage)


def moe_layers(module: nn.Module) -> list[MoeLayer]:
    """All mixture layers inside a module, in the order of registration."""
    return [m for m in module.modules() if isinstance(m, MoeLayer)]
