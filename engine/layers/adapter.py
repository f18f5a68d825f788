"""Bottleneck adapters: the few parameters that learn when the rest is frozen."""

from __future__ import annotations

from torch import Tensor, nn

from .common import activate, add_to


class Adapter(nn.Module):
    """Linear → GELU → Linear bottleneck (Houlsby et al. 2019; Wu et al. 2023 for SAM)."""

    def __init__(self, dim: int, ratio: float = 0.25, skip: bool = True) -> None:
        """Build the bottleneck.

        Args:
            dim: Channels in and out.
            ratio: Hidden width as a share of ``dim``.
            skip: Whether the input is added to the output.
        """
        super().__init__()
        hidden_dim = max(1, int(dim * ratio))
        self.fc1 = nn.Linear(dim, hidden_dim)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(hidden_dim, dim)
        self.skip = skip

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., dim) to (..., dim)."""
        delta = self.fc2(activate(self.act, self.fc1(x)))
        return add_to(delta, x) if self.skip else delta
