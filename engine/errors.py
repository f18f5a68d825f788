"""Errors that a file, a setting or a machine can cause; each message names the remedy."""


class CwsamError(Exception):
    """Root of all errors that are shown to the user as one sentence."""


class ConfigError(CwsamError, ValueError):
    """A configuration file or option holds a value that cannot be used."""


class UnknownNameError(CwsamError, LookupError):
    """A model, class or option is asked for by a name that does not exist."""


class CheckpointError(CwsamError, ValueError):
    """A weights file is missing parts, broken, unsafe or made for another model."""


class RasterError(CwsamError, ValueError):
    """A raster cannot be read or has a form that is not supported."""


class OutputError(CwsamError, OSError):
    """A result cannot be written where it was asked for."""


class DeviceError(CwsamError, RuntimeError):
    """The asked-for compute device is missing or too small."""


class DependencyError(CwsamError, ImportError):
    """An optional Python package is missing."""


class TrainingDataError(CwsamError, ValueError):
    """Images or labels cannot be used for training."""


class Cancelled(CwsamError):  # noqa: N818 - it is an outcome, not an error
    """The user stopped the run."""
