"""The card, the training record and the pictures of an adapter."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from ...engine.classes import CLASSES
from ...engine.types import NODATA_CLASS
from .outcome import Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...engine.models.card import ModelCard
    from .learner import Learner, Score
    from .plates import Plate
    from .run import Session


MAX_PICTURES = 6


def adapter_card(session: Session, after: Score, title: str) -> ModelCard:
    """What the fine-tuned model has seen.

    Args:
        session: The run.
        after: Score of the adapter.
        title: Name of the adapter.
    """
    base = session.base.card
    infos = [raster.source.info for raster in session.rasters]
    sizes = [info.gsd_m for info in infos if info.gsd_m]
    low, high = base.gsd_m
    figures = {"validation blocks, mIoU": after.miou, "base model, mIoU": session.before.miou}
    for class_id, value in after.iou.items():
        figures[f"validation blocks, IoU of {class_id}"] = value
    return replace(
        base,
        title=f"{title}, fine-tuned from {session.base.name}",
        version="1",
        classes_seen=session.classes,
        gsd_m=(min([low, *sizes]), max([high, *sizes])),
        data=(*base.data, f"Labels of the user on {', '.join(info.name for info in infos)}."),
        scores=figures,
        notes=(*base.notes, *session.notices),
        extra_classes=tuple(asdict(c) for c in session.legend[len(CLASSES) :]),
    )


def training_record(session: Session, learner: Learner, after: Score, seconds: float) -> dict:
    """How an adapter was trained, for people.

    Args:
        session: The run.
        learner: Its loop.
        after: Score of the adapter.
        seconds: Wall time.
    """
    split, expert = session.split, learner.model.colour_expert
    return {
        "settings": asdict(session.config),
        "labelled": list(session.labelled),
        "polygons": {c.name: c.polygons for c in session.check.classes},
        "blocks": [len(split.train), len(split.validation), split.side],
        "steps": learner.at.step - session.refit_steps,
        "refit_steps": session.refit_steps,
        "best_step": learner.at.best_step,
        "colours_share": round(float(expert.share), 2) if expert is not None else 0.0,
        "seconds": round(seconds, 1),
        "miou": [session.before.miou, after.miou],
        "unchanged_sha256": session.frozen,
    }


def pictures(learner: Learner, names: Sequence[str]) -> tuple[Picture, ...]:
    """The validation blocks that show most classes, before and after.

    Args:
        learner: With the best state loaded.
        names: Of the rasters.
    """

    def worth(plate: Plate) -> tuple[int, int]:
        known = plate.labels != NODATA_CLASS
        return len(plate.labels[known].unique()), int(known.sum())

    shown = sorted(learner.validation, key=worth, reverse=True)[:MAX_PICTURES]
    found = []
    for plate in shown:
        part = (slice(0, plate.window.height), slice(0, plate.window.width))
        image = plate.image[(slice(None), *part)].permute(1, 2, 0)
        maps = (plate.labels, learner.base_map(plate), learner.predict(plate))
        planes = (t[part].contiguous().numpy() for t in maps)
        found.append(Picture(names[plate.raster], image.contiguous().numpy(), *planes))
    return tuple(found)
