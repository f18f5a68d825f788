"""The 33 land-cover classes: ids, names in English and Chinese, map colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True)
class LandCoverClass:
    """One class of the scheme.

    Attributes:
        id: Class id, the index of its channel in the network's output.
        name: English name.
        name_zh: Chinese name.
        colour: ``#rrggbb``, after land-cover conventions (greens for vegetation, reds for
            buildings, greys for sealed ground, blues for water).
    """

    id: int
    name: str
    name_zh: str
    colour: str

    @property
    def rgb(self) -> tuple[int, int, int]:
        """The colour as red, green, blue, 0-255 each."""
        return tuple(int(self.colour[i : i + 2], 16) for i in (1, 3, 5))


CLASSES: tuple[LandCoverClass, ...] = tuple(
    LandCoverClass(index, *row)
    for index, row in enumerate(
        (
            ("background", "背景", "#d2d3ca"),
            ("dry farmland", "旱地", "#f2dc7e"),
            ("orchard", "园地", "#d79a2b"),
            ("paddy field", "水田", "#8fd9b6"),
            ("shrubland", "灌木林", "#9c9a3e"),
            ("arbor forest", "乔木林", "#1c6330"),
            ("sparse woodland", "疏林", "#6aa84f"),
            ("other woodland", "其它林地", "#3f8f6b"),
            ("grassland", "草地", "#b7dc68"),
            ("dense built-up area", "密集建筑区", "#a81d2a"),
            ("isolated building", "独立建筑", "#ee6c55"),
            ("agricultural greenhouse", "农业大棚", "#f9c4dd"),
            ("airport", "机场", "#b39ddb"),
            ("tailings pond", "尾矿库", "#5c8a8a"),
            ("open-pit mine", "露天采矿场", "#5e3a26"),
            ("quarry", "露天采石场", "#93674b"),
            ("construction site", "建筑工地", "#ff9a1f"),
            ("cemetery", "墓地", "#6d7f52"),
            ("impervious surface", "不透水面", "#b0aeb0"),
            ("road", "道路", "#55565c"),
            ("railway", "铁路", "#241c2e"),
            ("bridge", "桥梁", "#c45ad0"),
            ("plaza", "广场", "#dfb9a4"),
            ("sports field", "体育场", "#12b886"),
            ("water", "水域", "#2f7fd1"),
            ("dam (hydropower)", "大坝（可发电）", "#0b3a86"),
            ("dam (non-hydropower)", "大坝（不可发电）", "#6f86e8"),
            ("desert", "沙漠", "#f6e7bf"),
            ("bare land", "裸地", "#c9ac7a"),
            ("glacier", "冰川", "#c4eefb"),
            ("cloud", "云", "#fbfbff"),
            ("parking lot", "停车场", "#7c8ba3"),
            ("photovoltaic panel", "光伏板", "#5410c4"),
        )
    )
)


NEW_COLOURS = (
    "#e6007e",
    "#00a3b4",
    "#8a4fff",
    "#d4a017",
    "#ff5a5f",
    "#2f9e44",
    "#4263eb",
    "#a0522d",
)
"""Map colours of classes that users add, in their order; unlike those of the scheme."""


def new_class(class_id: int, name: str, name_zh: str = "") -> LandCoverClass:
    """A class beyond the scheme, with a colour of its own.

    Args:
        class_id: ``len(CLASSES)`` and above.
        name: English name.
        name_zh: Chinese name; the English one where there is none.
    """
    colour = NEW_COLOURS[(class_id - len(CLASSES)) % len(NEW_COLOURS)]
    return LandCoverClass(class_id, name, name_zh or name, colour)


def find_class(text: str, classes: Sequence[LandCoverClass] = CLASSES) -> LandCoverClass:
    """Look a class up by id, English name or Chinese name.

    Args:
        text: For instance ``"24"``, ``"water"`` or ``"水域"``; case does not matter.
        classes: Where to look; a fine-tuned model may know more than the scheme.

    Raises:
        UnknownNameError: No class is called so.
    """
    wanted = text.strip().lower()
    for entry in classes:
        if wanted in (str(entry.id), entry.name.lower(), entry.name_zh.lower()):
            return entry
    near = [c.name for c in classes if wanted and wanted in c.name.lower()]
    hint = f"did you mean {' or '.join(near)}?" if near else "`cwsam models` lists all 33."
    raise UnknownNameError(f"There is no class called '{text.strip()}'; {hint}")


def unseen_notice(
    model: str, seen: Sequence[int], kept: Sequence[int] | None, classes: Sequence[LandCoverClass]
) -> list[str]:
    """Tell which of the classes to keep a model never predicts.

    Args:
        model: Its name.
        seen: Class ids that it has seen in training; empty when that is not known.
        kept: Class ids that are asked for; None for all.
        classes: The model's classes.

    Returns:
        One sentence or none.
    """
    names = [c.name for c in classes if seen and c.id in (kept or ()) and c.id not in seen]
    if not names:
        return []
    listed = ", ".join(names)
    return [f"{model} never predicts {listed}: it has seen no such class in training."]


def find_classes(
    texts: Iterable[str], classes: Sequence[LandCoverClass] = CLASSES
) -> tuple[int, ...]:
    """Look several classes up as :func:`find_class` does; returns sorted ids without repeats."""
    return tuple(sorted({find_class(text, classes).id for text in texts}))


def class_name(class_id: int, classes: Sequence[LandCoverClass] = CLASSES) -> str:
    """English name of a class id; a plain word where a map holds an id that no legend names."""
    return next((c.name for c in classes if c.id == class_id), f"class {class_id}")
