"""The optimisers of a run as one: AdamW alone, or Muon for matrices beside it."""

from __future__ import annotations

import torch
from torch import nn

from ..engine.errors import ConfigError

APART = ("token", "embed", "gate", "rel_pos", "head.")
"""Parts of the names of matrices that are tables or last layers: AdamW takes those."""


class Optimizers:
    """Several optimisers that step together."""

    def __init__(self, members: list[torch.optim.Optimizer]) -> None:
        self.members = members

    def set_rate(self, share: float) -> None:
        """Set the learning rates to a share 0-1 of their peaks."""
        for member in self.members:
            for group in member.param_groups:
                group["lr"] = share * group["peak"]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for member in self.members:
            member.zero_grad(set_to_none=True)

    def step(self, clip_norm: float, scaler: torch.amp.GradScaler | None = None) -> bool:
        """Clip the gradients of all parameters together and step, unless they are not finite.

        Args:
            clip_norm: Largest norm of the gradient of all.
            scaler: What the loss was scaled by; None where it was not.

        Returns:
            Whether the gradients were finite; those of a scaled loss may overflow now and then.
        """
        scaler = scaler or torch.amp.GradScaler("cpu", enabled=False)
        for member in self.members:
            scaler.unscale_(member)
        groups = (group for member in self.members for group in member.param_groups)
        parameters = [p for group in groups for p in group["params"]]
        norm = nn.utils.clip_grad_norm_(parameters, clip_norm)
        if not scaler.is_enabled() and not torch.isfinite(norm):
            return False
        for member in self.members:
            scaler.step(member)
        scaler.update()
        return True

    def state_dict(self) -> list[dict]:
        """State for a checkpoint."""
        return [member.state_dict() for member in self.members]

    def load_state_dict(self, states: list[dict]) -> None:
        """Take a state back."""
        for member, state in zip(self.members, states):
            member.load_state_dict(state)


def make_optimizers(
    trained: dict[str, nn.Parameter],
    learning_rate: float,
    weight_decay: float,
    muon_rate: float = 0.0,
    rate_factors: dict[str, float] | None = None,
) -> Optimizers:
    """Build the optimisers of a run; weight decay is for matrices only.

    Args:
        trained: Parameters by name.
        learning_rate: Peak of AdamW's.
        weight_decay: Decay of matrices.
        muon_rate: Peak of Muon's, on AdamW's scale; 0 leaves all to AdamW.
        rate_factors: By the beginning of a parameter's name, a factor of its rate.

    Raises:
        ConfigError: Muon is asked for, and this torch has none.

    Source: Loshchilov and Hutter 2019 (AdamW); Jordan et al. 2024 (Muon), with the rates matched
    to AdamW's as in Liu et al. 2025, "Muon is Scalable for LLM Training".
    """
    groups: dict[bool, dict[tuple[float, bool], list]] = {True: {}, False: {}}
    for name, parameter in trained.items():
        factors = [f for start, f in (rate_factors or {}).items() if name.startswith(start)]
        kind = (factors[0] if factors else 1.0, parameter.ndim > 1)
        apart = parameter.ndim != 2 or any(part in name for part in APART)
        groups[muon_rate > 0 and not apart].setdefault(kind, []).append(parameter)
    members = [torch.optim.AdamW(_groups(groups[False], learning_rate, weight_decay))]
    if groups[True]:
        if not has_muon():
            raise ConfigError(
                "This torch has no Muon; install torch 2.9 or newer, or set 'optimizer: adamw'."
            )
        matrices = _groups(groups[True], muon_rate, weight_decay)
        members.append(torch.optim.Muon(matrices, adjust_lr_fn="match_rms_adamw"))
    return Optimizers(members)


def has_muon() -> bool:
    """Whether this torch brings Muon (2.9 and newer)."""
    return hasattr(torch.optim, "Muon")


def _groups(kinds: dict[tuple[float, bool], list], rate: float, decay: float) -> list[dict]:
    return [
        {
            "params": members,
            "lr": factor * rate,
            "peak": factor * rate,
            "weight_decay": decay if is_matrix else 0.0,
        }
        for (factor, is_matrix), members in kinds.items()
    ]
