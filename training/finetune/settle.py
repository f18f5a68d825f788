"""Decides which classes train and on which ground; no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from ...engine.classes import LandCoverClass, class_name
from ...engine.errors import TrainingDataError
from .check import TOO_FEW, LabelCheck, judge
from .split import Split, split_blocks, starved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .config import FinetuneConfig
    from .survey import Survey


def settle(
    survey: Survey,
    config: FinetuneConfig,
    legend: Sequence[LandCoverClass],
    ask: Callable[[], None] = lambda: None,
) -> tuple[LabelCheck, tuple[int, ...], Split, list[str]]:
    """Decide which classes train, and divide the ground.

    Args:
        survey: The labels.
        config: The settings.
        legend: Names of the classes, new ones included.
        ask: Called now and then; ends the search by raising.

    Returns:
        ``(check, labelled, split, notices)``.

    Raises:
        TrainingDataError: Classes have too few labels.
    """
    check = judge(survey, legend)
    poor = [c for c in check.classes if c.light == TOO_FEW]
    notices = list(check.notices)
    if poor and not (config.skip_sparse and check.usable):
        sentences = " ".join(c.sentence for c in poor)
        others = " Or choose to leave such classes out." if check.usable else ""
        raise TrainingDataError(f"{sentences}{others}")
    notices += [f"Left out: {c.sentence}" for c in poor]
    notices += [c.sentence for c in check.classes if c not in poor and c.sentence]
    labelled = check.usable
    while True:
        split = split_blocks(survey, labelled, config.validation_share, config.seed, ask)
        lacking = starved(survey, split, labelled)
        if not lacking:
            return check, labelled, split, notices
        sentences = [
            f"All labels of '{class_name(c, legend)}' lie so close together that none are left to "
            "learn from beside those that are held back for validation: label it in 2 more places, "
            "away from these."
            for c in lacking
        ]
        labelled = tuple(c for c in labelled if c not in lacking)
        if not (config.skip_sparse and labelled):
            raise TrainingDataError(" ".join(sentences))
        notices += [f"Left out: {sentence}" for sentence in sentences]
