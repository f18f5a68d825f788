"""Is torch there, which device will it use, and what to do when it is missing."""

from __future__ import annotations

import ctypes
import gc
import importlib
import importlib.machinery
import importlib.util
import os
import platform
import re
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from qgis.core import Qgis, QgsApplication
from qgis.PyQt.QtCore import QT_VERSION_STR

from .. import __version__
from ..engine.errors import CwsamError, DeviceError
from .i18n import engine_text, translator

if TYPE_CHECKING:
    from collections.abc import Iterator

tr = translator("environment")

PACKAGES_VARIABLE = "CWSAM_PACKAGES"
"""Environment variable that names another folder to look for torch in."""


_OLD_RUNTIME = (126, 1114)  # module not found, its initialisation failed


class TorchMissingError(CwsamError, ImportError):
    """PyTorch is not installed in QGIS's Python or cannot be loaded."""


def packages_folder() -> Path:
    """The folder of the plugin's own Python packages, in the user's profile."""
    asked = os.environ.get(PACKAGES_VARIABLE)
    if asked:
        return Path(asked)
    return Path(QgsApplication.qgisSettingsDirPath()) / "cwsam" / "packages"


_added: list[str] = []
"""Folders that were put on ``sys.path`` here; the user may choose another meanwhile."""


def add_packages_folder() -> None:
    """Look for packages in the private folder too, after all other places."""
    _settle()
    folder = str(packages_folder())
    if Path(folder).is_dir() and folder not in sys.path:
        sys.path.append(folder)
        _added.append(folder)
        importlib.invalidate_caches()


def _settle() -> None:
    """Put in place what was installed while QGIS still used an older copy; delete leftovers."""
    folder = packages_folder()
    waits = folder.with_name(folder.name + ".new").is_dir() and "torch" not in sys.modules
    if waits or any(folder.parent.glob("*.doomed-*")):
        from .packages import Folders, is_ours

        folders = Folders(folder)
        if waits and is_ours(folders.incoming):
            folders.settle()
        folders.sweep()


def remove_packages_folder() -> None:
    """Undo :func:`add_packages_folder`."""
    while _added:
        folder = _added.pop()
        if folder in sys.path:
            sys.path.remove(folder)


def has_torch() -> bool:
    """Whether torch is installed; it is not loaded for the answer."""
    if sys.modules.get("torch") is not None:
        return True
    try:
        return importlib.util.find_spec("torch") is not None
    except (ImportError, ValueError):  # a blocked or half-removed package
        return False


_loading = threading.Lock()
"""Two workers would put back each other's settings of the interpreter."""


def load_torch() -> None:
    """Load torch, which takes seconds: in a worker only.

    Raises:
        TorchMissingError: It is missing or broken; the sentence says what to do.
    """
    if not has_torch():
        raise TorchMissingError(missing_sentence())
    try:
        with _loading, _own_packages_first(), _collector_at_rest(), _short_turns():
            _open_library()
            importlib.import_module("torch")
            importlib.import_module("sympy")  # torch asks for it later, outside of this block
    except (ImportError, OSError, RuntimeError) as error:
        code = _of_old_runtime(error)
        if code:
            raise TorchMissingError(
                tr(
                    "PyTorch cannot be loaded (WinError {code}) as the Microsoft Visual C++ "
                    "Redistributable is too old or missing: install the newest one and start QGIS "
                    "again, or reinstall PyTorch under Raster ▸ CWSAM ▸ PyTorch…."
                ).format(code=code)
            ) from error
        cause = str(error).strip().splitlines()[0] if str(error).strip() else "?"
        raise TorchMissingError(
            tr("PyTorch is installed but cannot be loaded ({cause}): {remedy}").format(
                cause=cause.rstrip("."), remedy=_remedy()
            )
        ) from error


def _of_old_runtime(error: Exception) -> int:
    """Windows's number for a library that does not find what it was built for; 0 for others."""
    code = getattr(error, "winerror", None)
    if code in _OLD_RUNTIME:
        return code
    found = re.search(r"WinError (\d+)\b", str(error))
    return int(found.group(1)) if found and int(found.group(1)) in _OLD_RUNTIME else 0


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep Python's search for unreachable cycles out of the ``with`` block, once a session.

    torch brings hundreds of thousands of objects. Each full search among them holds Python's
    lock for 100 to 180 ms here, in which the window stands still; there are several while
    torch is loaded, and they would come back during every run. What is alive afterwards stays
    for the session anyway and is taken out of later searches.
    """
    if "torch" in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


TURN = 0.0002
"""Seconds after which a waiting thread may ask for Python's lock while torch is loaded."""


@contextmanager
def _short_turns() -> Iterator[None]:
    """Let the window's thread ask for Python's lock early, inside the ``with`` block.

    While torch registers its operators it lets go of the lock every half millisecond and takes it
    again at once. Each time the waiting thread wakes up in vain and starts to count its turn of
    5 ms anew, so that it never gets to ask for the lock: the window stood still for 80 ms here.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(min(usual, TURN))
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _open_library() -> None:
    """Let the system load torch's largest library before Python asks for it.

    Python holds its lock while it loads a library, for half a second here, and the window
    stands still for as long; a call through ctypes lets go of it. Where this does not work,
    the import does it later, with torch's own message.
    """
    if not sys.platform.startswith("linux") or "torch" in sys.modules:
        return
    spec = importlib.util.find_spec("torch")
    if spec is not None and spec.origin is not None:
        path = Path(spec.origin).parent / "lib" / "libtorch_cpu.so"
        dlopen = ctypes.CDLL(None).dlopen
        dlopen.restype = ctypes.c_void_p
        dlopen(os.fsencode(path), os.RTLD_LAZY | os.RTLD_LOCAL)


class _OwnPackages:
    """Finds torch and what it needs in the private folder, before an older copy elsewhere.

    Debian's sympy, for one, is too old for current torch. numpy and GDAL are not among the
    names: of these only QGIS's own may be loaded.
    """

    names = (
        "torch",
        "torchgen",
        "functorch",
        "sympy",
        "mpmath",
        "networkx",
        "jinja2",
        "markupsafe",
        "filelock",
        "fsspec",
        "typing_extensions",
    )

    @classmethod
    def find_spec(cls, name: str, path: object = None, target: object = None):
        """The package in the private folder; None leaves the search to Python."""
        if path is not None or name not in cls.names:
            return None
        return importlib.machinery.PathFinder.find_spec(name, [str(packages_folder())], target)


@contextmanager
def _own_packages_first() -> Iterator[None]:
    """Let :class:`_OwnPackages` answer inside the ``with`` block."""
    sys.meta_path.insert(0, _OwnPackages)
    try:
        yield
    finally:
        sys.meta_path.remove(_OwnPackages)


def missing_sentence() -> str:
    """What to do when torch is missing, in one sentence."""
    return tr("PyTorch, which computes the map, is missing in QGIS's Python: {remedy}").format(
        remedy=_remedy()
    )


def _remedy() -> str:
    return tr("install it under Raster ▸ CWSAM ▸ PyTorch….")


def install_command() -> str:
    """The command that puts torch into the private folder and nowhere else."""
    from .packages import requirement

    python = "python3" if os.name != "nt" else "python"
    return f'{python} -m pip install --target "{packages_folder()}" "{requirement()}"'


def device_sentence(device: str = "auto", precision: str = "auto") -> str:
    """Which device a run will use and why, as far as is known without loading torch.

    Args:
        device: What the user asks for; ``auto`` for the best there is.
        precision: Likewise.
    """
    if not has_torch():
        return tr("PyTorch is not installed.")
    torch = sys.modules.get("torch")
    if torch is None and (device, precision) != ("auto", "auto"):
        return tr("As chosen under Advanced; checked when a run starts.")
    if torch is None and sys.platform == "darwin" and platform.machine() == "arm64":
        return tr("GPU: Apple Metal.")
    if torch is None and _cuda_of_installed_torch() is None:
        return tr("CPU: this build of torch has no CUDA support.")
    if torch is None:
        return tr("GPU if PyTorch finds a usable one, else CPU; decided when a run starts.")
    from ..engine.device import choose_device

    try:
        return engine_text(choose_device(device, precision).reason)
    except DeviceError as error:
        return engine_text(str(error))


def _cuda_of_installed_torch() -> str | None:
    """CUDA version that torch was built for, read from its ``version.py``; None for none."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    try:
        text = (Path(spec.origin).parent / "version.py").read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(r"^cuda\b.*=\s*['\"]([\d.]+)['\"]", text, re.MULTILINE)
    return found.group(1) if found else None


def diagnostics() -> str:
    """Versions for a bug report; names no folder of the user."""
    from importlib import metadata

    try:
        numpy = metadata.version("numpy")
    except metadata.PackageNotFoundError:
        numpy = "missing"
    lines = [
        f"CWSAM {__version__}",
        f"QGIS {Qgis.QGIS_VERSION}, Qt {QT_VERSION_STR}",
        f"Python {platform.python_version()}, {platform.system()} {platform.machine()}",
        f"torch {_torch_line()}",
        f"numpy {numpy}",
        f"cores {os.cpu_count()}, memory {_memory_text()}",
    ]
    return "\n".join(lines)


def _torch_line() -> str:
    from .packages import read_torch

    spec = None if "torch" in sys.modules or not has_torch() else importlib.util.find_spec("torch")
    if "torch" in sys.modules and sys.modules["torch"] is not None:
        return f"{sys.modules['torch'].__version__}, loaded"
    if spec is None or spec.origin is None:
        return "missing"
    facts = read_torch(Path(spec.origin).parents[1])
    where = "own folder" if packages_folder() in Path(spec.origin).parents else "QGIS's Python"
    return f"{facts.version if facts else '?'}, not loaded, {where}"


def _memory_text() -> str:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows
        return "unknown"
    return f"{total / 2**30:.0f} GiB"
