"""The model card: what a set of weights has seen and how well it does."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field

from ..classes import CLASSES, LandCoverClass
from ..errors import ConfigError

_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class ModelCard:
    """Facts about one set of weights, stored beside them.

    Attributes:
        title: For people.
        version: Of the weights.
        classes_seen: Class ids that training data had labels for.
        gsd_m: Smallest and largest ground sample distance in metres that it is good for.
        data: What it was trained on, a line each with licence and attribution.
        licence: Licence of the weights.
        scores: Figures on scenes that training never saw, by name; shares 0-1.
        notes: Honest limits, a sentence each.
        extra_classes: Classes beyond the scheme, in the order of their channels: mappings with
            ``id``, ``name``, ``name_zh`` and ``colour``.
    """

    title: str
    version: str = "1"
    classes_seen: tuple[int, ...] = ()
    gsd_m: tuple[float, float] = (0.1, 10.0)
    data: tuple[str, ...] = ()
    licence: str = ""
    scores: dict = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    extra_classes: tuple[dict, ...] = ()

    def __post_init__(self) -> None:
        for number, entry in enumerate(self.extra_classes, len(CLASSES)):
            texts = ("name", "name_zh", "colour")
            sound = isinstance(entry, dict) and set(entry) == {"id", *texts}
            sound = sound and entry["id"] == number
            sound = sound and all(isinstance(entry[t], str) and entry[t].strip() for t in texts)
            if not (sound and _COLOUR.fullmatch(entry["colour"])):
                raise ConfigError(
                    f"The model card's extra class {number} is not described by id, name, name_zh "
                    "and colour (#rrggbb); fetch the file again."
                )

    @property
    def legend(self) -> tuple[LandCoverClass, ...]:
        """All classes that the model has a channel for: the scheme's and its own."""
        return (*CLASSES, *(LandCoverClass(**entry) for entry in self.extra_classes))

    def to_dict(self) -> dict:
        """Plain values for JSON."""
        return asdict(self)

    def to_markdown(self, name: str) -> str:
        """The card as a Markdown page.

        Args:
            name: Name of the model.
        """
        seen = [c for c in self.legend if c.id in self.classes_seen]
        unseen = [c for c in self.legend if c.id not in self.classes_seen]
        lines = [
            f"# {name}: {self.title}",
            "",
            f"Version {self.version}. Licence: {self.licence}",
            "",
        ]
        low, high = self.gsd_m
        lines += [f"Ground sample distance: {low:g} to {high:g} m a pixel.", ""]
        lines += ["## Classes with training labels", ""]
        lines += [f"- {c.id} {c.name} ({c.name_zh})" for c in seen]
        lines += ["", "## Classes of the scheme never seen in training", ""]
        lines += ["The network has an output for each, but no label taught it; they are left out"]
        lines += [f"of predictions: {', '.join(f'{c.id} {c.name}' for c in unseen)}.", ""]
        lines += [
            "## Scores on scenes that training never saw",
            "",
            "| figure | value |",
            "|---|---|",
        ]
        lines += [f"| {key} | {value:.3f} |" for key, value in self.scores.items()]
        lines += ["", "## Data, licences and attributions", ""]
        lines += [f"- {line}" for line in self.data]
        lines += ["", "## Limits", ""]
        lines += [f"- {line}" for line in self.notes]
        return "\n".join(lines) + "\n"
