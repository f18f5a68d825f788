"""Keeps the finished strips of a run, so that one that was cut off goes on where it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..engine.journal import Journal, open_journal, raster_facts
from .i18n import translator

if TYPE_CHECKING:
    from ..engine.pipeline import SegmentOptions
    from .layer_source import LayerSource
    from .network import Network

tr = translator("journals")


def run_journal(
    source: LayerSource, options: SegmentOptions, network: Network, fresh: bool = False
) -> Journal:
    """The journal of one run: the same layer, part, model and settings find it again.

    What is done to the class map afterwards, as simplification, may differ.

    Args:
        source: The part of the layer.
        options: The settings of the run.
        network: The model.
        fresh: Start over.
    """
    info, plan = source.info, network.predictor.plan
    identity = (
        source.uri,
        network.sha256,
        # What was chosen, not what was asked for: "auto" may choose otherwise another day.
        f"{plan.device} {plan.dtype} {plan.int8} {network.storage}",
        repr((options.bands, options.tile, options.overlap, options.stretch, options.radiometry)),
        repr((info.grid, info.width, info.height)),
        source.mask.digest if source.mask is not None else "",
    )
    facts = {"size": f"{info.width} x {info.height}, {info.dtypes}, {info.nodata}"}
    if not source.online:  # a server's pictures may differ from day to day, and cost time
        facts = raster_facts(source, source.uri.partition("|")[0], options.bands)
    journal = open_journal(identity, facts, info.width, fresh)
    if journal.rows_done:  # the engine speaks of its command line's options
        text = tr("An interrupted run of '{name}' was found: it continues after tile row {row}.")
        journal.notices[:] = [text.format(name=info.name, row=journal.rows_done)]
    return journal
