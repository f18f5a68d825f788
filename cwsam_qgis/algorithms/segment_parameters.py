"""Parameters that the segmenting algorithms share, and how they are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import (
    QgsProcessingAlgorithm,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFile,
    QgsProcessingParameterNumber,
)

from ...engine.classes import CLASSES, NEW_COLOURS
from ..i18n import class_label, engine_text, translator
from ..run_settings import DEVICES, PRECISIONS

if TYPE_CHECKING:
    from typing import Callable

    from qgis.core import QgsProcessingContext, QgsProcessingFeedback

    from ..network import ModelChoice
    from ..run_settings import Settings

# What reads pixels needs numpy and GDAL: it is imported when an algorithm runs, so that
# the plugin starts quickly.

tr = translator("segment_parameters")


def add_model(algorithm: QgsProcessingAlgorithm) -> None:
    """Declare the files of model and adapter."""
    kinds = tr("CWSAM models") + " (*.safetensors);;" + tr("All files") + " (*)"
    for name, text, help_text in (
        ("MODEL", tr("Model file (empty: the plugin's own)"), tr("Weights of the network.")),
        ("ADAPTER", tr("Adapter file"), tr("What fine-tuning has added to that model.")),
    ):
        parameter = QgsProcessingParameterFile(name, text, optional=True, fileFilter=kinds)
        _add(algorithm, parameter, help_text)


def add_settings(algorithm: QgsProcessingAlgorithm) -> None:
    """Declare classes and sizes, and what is advanced."""
    keep = QgsProcessingParameterEnum(
        "KEEP", tr("Classes to keep (none chosen: all)"),
        [class_label(c) for c in CLASSES] + _added_classes(), allowMultiple=True, optional=True,
    )  # fmt: skip
    _add(algorithm, keep, tr("Pixels of other classes become no data."))
    _add(algorithm, _size("MIN_AREA", tr("Smallest polygon")),
         tr("Smaller polygons are merged into the neighbour around them."))  # fmt: skip
    _add(algorithm, _size("SIMPLIFY", tr("Simplify borders by")),
         tr("Borders may move by this much; neighbours stay joined."))  # fmt: skip
    units = [tr("pixels"), tr("metres")]
    _add(algorithm, QgsProcessingParameterEnum("UNIT", tr("Unit of sizes"), units, defaultValue=0),
         tr("Unit of smallest polygon (squared) and of simplification."))  # fmt: skip
    for parameter, help_text in _advanced():
        parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        _add(algorithm, parameter, help_text)


def read_settings(
    algorithm: QgsProcessingAlgorithm,
    parameters: dict,
    context: QgsProcessingContext,
    bands: tuple[int, int, int] | None = None,
) -> Settings:
    """The settings of a run.

    Args:
        algorithm: Whose parameters were declared with :func:`add_settings`.
        parameters: What the user has given.
        context: Processing's.
        bands: Bands for red, green, blue from 1; None to choose by colour interpretation.
    """
    from ..run_settings import Settings

    keep = ()
    if parameters.get("KEEP"):  # without a value QGIS answers with the first class
        keep = tuple(algorithm.parameterAsEnums(parameters, "KEEP", context))
    return Settings(
        bands=bands,
        tile=algorithm.parameterAsInt(parameters, "TILE", context),
        overlap=algorithm.parameterAsInt(parameters, "OVERLAP", context),
        keep_classes=keep or None,
        min_area=algorithm.parameterAsDouble(parameters, "MIN_AREA", context),
        simplify=algorithm.parameterAsDouble(parameters, "SIMPLIFY", context),
        metric=algorithm.parameterAsEnum(parameters, "UNIT", context) == 1,
        smooth=algorithm.parameterAsInt(parameters, "SMOOTH", context),
    )


def read_choice(
    algorithm: QgsProcessingAlgorithm, parameters: dict, context: QgsProcessingContext
) -> ModelChoice:
    """Model, adapter, device and precision.

    Raises:
        CheckpointError: There is no such file.
    """
    from ..model_list import find_model
    from ..network import ModelChoice

    adapter = algorithm.parameterAsString(parameters, "ADAPTER", context)
    return ModelChoice(
        find_model(algorithm.parameterAsString(parameters, "MODEL", context)),
        find_model(adapter) if adapter else None,
        DEVICES[algorithm.parameterAsEnum(parameters, "DEVICE", context)],
        PRECISIONS[algorithm.parameterAsEnum(parameters, "PRECISION", context)],
    )


def reporter(
    feedback: QgsProcessingFeedback, number: int = 0, count: int = 1
) -> Callable[[float, float, str], None]:
    """Tells Processing's feedback; tiles count for nine tenths.

    Args:
        feedback: Processing's.
        number: Number of the raster, from 0.
        count: Rasters altogether.
    """
    last = []

    def report(done: float, total: float, message: str) -> None:
        if last[-1:] != [message]:
            last.append(message)
            feedback.setProgressText(engine_text(message))
        share = done / max(total, 1)
        share = 0.9 * share if message == "Segmenting" else 0.9 + 0.1 * share
        feedback.setProgress(100 * (number + share) / count)

    return report


def _added_classes() -> list[str]:
    """Choices for classes that an adapter adds; their names are known when it is read only."""
    numbers = range(len(CLASSES), len(CLASSES) + len(NEW_COLOURS))
    return [tr("class {number} of the adapter").format(number=number) for number in numbers]


def _advanced() -> list[tuple[QgsProcessingParameterDefinition, str]]:
    integer = QgsProcessingParameterNumber.Type.Integer
    automatic = tr("Automatic")
    devices = [automatic, "CPU", "GPU (CUDA)", "GPU (Metal)"]
    return [
        (QgsProcessingParameterNumber("SMOOTH", tr("Smoothing iterations"), integer, 0,
                                      minValue=0, maxValue=3),
         tr("How often shared borders are smoothed.")),
        (QgsProcessingParameterNumber("TILE", tr("Tile in pixels (0: the model's own)"),
                                      integer, 0, minValue=0),
         tr("Side of the squares that the network sees.")),
        (QgsProcessingParameterNumber("OVERLAP", tr("Overlap of tiles in pixels (-1: tile / 8)"),
                                      integer, -1, minValue=-1),
         tr("Overlap of these squares.")),
        (_size("PIXEL_SIZE", tr("Pixel size of map-server layers, in layer units")),
         tr("Resolution that is asked of the server; other layers have their own.")),
        (QgsProcessingParameterEnum("DEVICE", tr("Device"), devices, defaultValue=0),
         tr("What computes; the best there is, if automatic.")),
        (QgsProcessingParameterEnum("PRECISION", tr("Precision"),
                                    [automatic, *PRECISIONS[1:]], defaultValue=0),
         tr("Numbers that the network computes with; smaller ones are faster and coarser.")),
    ]  # fmt: skip


def _size(name: str, text: str) -> QgsProcessingParameterNumber:
    kind = QgsProcessingParameterNumber.Type.Double
    return QgsProcessingParameterNumber(name, text, kind, 0.0, minValue=0.0)


def _add(
    algorithm: QgsProcessingAlgorithm, parameter: QgsProcessingParameterDefinition, help_text: str
) -> None:
    parameter.setHelp(help_text)
    algorithm.addParameter(parameter)


def output_path(text: str) -> Path | None:
    """A file that was asked for, or None."""
    return Path(text) if text else None
