"""Writes a result layer in another format, in the background, styled as the first one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qgis.core import NULL, QgsFeatureRequest, QgsProject, QgsVectorLayerFeatureSource

from ..engine.errors import Cancelled, OutputError
from .class_areas import FIELDS
from .compat import quiet_task_flags
from .edit_watch import EditWatch, file_of
from .i18n import translator
from .layer_legend import layer_legend
from .output_path import check_name, refuse_precious
from .vector_formats import vector_format
from .vector_sink import VectorSink
from .watched_task import Told, WatchedTask

if TYPE_CHECKING:
    from pathlib import Path

    from qgis.core import QgsVectorLayer

tr = translator("export_task")

_BATCH = 2000  # features
_NAMES = ("class_id", "class_name", ("class_name_zh", "class_zh"), "confidence", "runner_up",
          "area_m2")  # fmt: skip


class ExportTask(WatchedTask):
    """Copies the features that a layer shows into a file.

    Attributes:
        path: The file.
    """

    def __init__(self, layer: QgsVectorLayer, path: Path) -> None:
        """Take over the layer's features and its record.

        Args:
            layer: A result layer; what its filter hides is left out.
            path: Final path; the ending says the format.

        Raises:
            OutputError: The ending is unknown, or the file is the layer's own or not to be
                replaced.
        """
        super().__init__(tr("Export {name}").format(name=path.name), quiet_task_flags(), Told())
        vector_format(path)
        check_name(path)
        own = file_of(layer)  # which may have been deleted since
        if path.exists() and os.path.exists(own) and os.path.samefile(path, own):
            raise OutputError(
                tr("{path} is the layer itself: choose another name.").format(path=path)
            )
        refuse_precious(path, FIELDS)
        self.path = path
        self._edits = EditWatch()
        self._crs = layer.crs()
        self._context = QgsProject.instance().transformContext()
        self._legend = layer_legend(layer)
        self._source = QgsVectorLayerFeatureSource(layer)
        self._count = max(1, layer.featureCount())
        names = layer.fields().names()
        self._places = [_place(names, wanted) for wanted in _NAMES]
        history = layer.metadata().history()
        self._record = dict(line.partition(": ")[::2] for line in history)

    def work(self) -> None:
        """Write the file."""
        with VectorSink(
            self.path, self._crs, self._context, self._record, self._legend, self._edits
        ) as sink:
            self._copy(sink)

    def close(self) -> None:
        """Let go of the project."""
        self._edits.close()

    def _copy(self, sink: VectorSink) -> None:
        rows, number = [], 0
        for number, feature in enumerate(self._source.getFeatures(QgsFeatureRequest()), 1):
            values = feature.attributes()
            picked = [values[place] if place >= 0 else None for place in self._places]
            rows.append((feature.geometry(), [None if v == NULL else v for v in picked]))
            if len(rows) == _BATCH:
                sink.write_rows(rows)
                rows = []
                self.setProgress(100 * number / self._count)
            if self.isCanceled():
                raise Cancelled(tr("Stopped; nothing was written."))
        if not number:
            text = tr("No polygon is shown: lower the least confidence or change the filter.")
            raise OutputError(text)
        sink.write_rows(rows)


def _place(names: list[str], wanted: str | tuple[str, ...]) -> int:
    """Where a layer has a field; -1 where it has none."""
    options = (wanted,) if isinstance(wanted, str) else wanted
    return next((names.index(name) for name in options if name in names), -1)
