"""Puts PyTorch into the private folder: what pip is told, and what is kept of its work."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from ..engine.errors import CwsamError
from ..engine.files import replace
from .i18n import translator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

tr = translator("packages")

MARK = ".cwsam-packages"
"""A file in every folder that was made here; no other folder is ever replaced or removed."""

BUILDS = ("auto", "cpu", "cuda")
_REQUIREMENT = "torch>=2.6"
_BELOW_ON_WINDOWS, _LAST_PYTHON_WITH_IT = ",<2.9", (3, 13)
_QGIS_HAS = ("numpy", "gdal", "pyproj", "shapely", "pyqt5", "pyqt6", "scipy", "pandas", "rasterio")
_COMPILED = (".so", ".pyd", ".dylib", ".dll")


class InstallError(CwsamError, RuntimeError):
    """PyTorch could not be installed or removed."""


@dataclass(frozen=True)
class Request:
    """What is to be installed, and from where.

    Attributes:
        build: ``cpu``, ``cuda``, or ``auto`` for what the source offers first.
        source: Address of a package source; empty for the one that pip is set up with.
        wheels: Folder of wheels to install from without a network, or None.
    """

    build: str = "auto"
    source: str = ""
    wheels: Path | None = None


@dataclass(frozen=True)
class Folders:
    """The private folder and its neighbours, on the same disk so that they can change places.

    Attributes:
        final: Where packages are looked for.
    """

    final: Path

    @property
    def incoming(self) -> Path:
        """Where pip installs to; becomes :attr:`final` when it is whole."""
        return self.final.with_name(self.final.name + ".new")

    @property
    def old(self) -> Path:
        """What is being replaced."""
        return self.final.with_name(self.final.name + ".old")

    @property
    def temporary(self) -> Path:
        """Pip's own temporary files and the constraints."""
        return self.final.with_name(self.final.name + ".tmp")

    def prepare(self) -> Path:
        """Make empty folders for pip; returns the file of constraints.

        Raises:
            InstallError: The folder cannot be written.
        """
        if self.final.is_dir() and any(self.final.iterdir()) and not is_ours(self.final):
            raise InstallError(_not_ours(self.final))
        try:
            self.clean()
            for folder in (self.incoming, self.temporary):
                folder.mkdir(parents=True)
            constraints = self.temporary / "constraints.txt"
            constraints.write_text(constraints_text(), encoding="utf-8")
        except OSError as error:
            text = tr("{path} cannot be written ({cause}): choose another folder in the settings.")
            raise InstallError(
                text.format(path=self.final.parent, cause=error.strerror or error)
            ) from error
        return constraints

    def clean(self) -> None:
        """Put out of the way what an install has left, and :meth:`sweep`; nobody waits."""
        for folder in (self.incoming, self.temporary, self.old):
            if folder.exists():
                with suppress(OSError):  # in use on Windows: the next time
                    replace(folder, self._doomed())
        self.sweep()

    def sweep(self) -> None:
        """Delete in the background what is out of the way, also what an earlier QGIS left."""
        name = re.compile(rf"{re.escape(self.final.name)}\.doomed-[0-9a-f]{{8}}")
        doomed = [
            path for path in self.final.parent.glob("*.doomed-*") if name.fullmatch(path.name)
        ]
        if doomed:
            # Not a task: QGIS would wait for it when it quits.
            threading.Thread(target=_delete, args=(doomed,), daemon=True).start()

    def _doomed(self) -> Path:
        return self.final.with_name(f"{self.final.name}.doomed-{secrets.token_hex(4)}")

    def swap(self) -> bool:
        """Put a whole new folder in place; returns False while QGIS still uses the old one."""
        done = self._rename(replace)
        if done:
            self.clean()
        return done

    def settle(self) -> None:
        """The same at start, where nobody waits for files that are held."""
        if self._rename(os.replace):
            threading.Thread(target=self.clean, daemon=True).start()

    def _rename(self, move: Callable[[Path, Path], None]) -> bool:
        try:
            if self.final.exists():
                if self.old.exists():
                    move(self.old, self._doomed())
                move(self.final, self.old)
            move(self.incoming, self.final)
        except OSError:  # on Windows the files of a loaded torch cannot be moved
            if self.old.exists() and not self.final.exists():
                move(self.old, self.final)
            return False
        return True

    def remove(self) -> None:
        """Delete the private folder and everything beside it.

        Raises:
            InstallError: It was not made here, or its files are in use.
        """
        if self.final.is_dir():
            if not is_ours(self.final):
                raise InstallError(_not_ours(self.final))
            try:
                replace(self.final, self._doomed())
            except OSError as error:
                text = tr("PyTorch is in use ({cause}): restart QGIS and remove it first thing.")
                raise InstallError(text.format(cause=error.strerror or error)) from error
        self.clean()


def _delete(folders: list[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def is_ours(folder: Path) -> bool:
    """Whether a folder is a finished install of this plugin."""
    return (folder / MARK).is_file()


def _not_ours(folder: Path) -> str:
    text = tr("{path} was not made by this plugin: choose another folder in the settings.")
    return text.format(path=folder)


def python_executable() -> str:
    """QGIS's own Python, which in QGIS's process is not ``sys.executable`` everywhere.

    Raises:
        InstallError: There is none.
    """
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if os.name == "nt":
        names, folders = ("python3.exe", "python.exe"), (sys.exec_prefix, sys.base_exec_prefix)
    else:
        names = (f"python{version}", "python3")
        here = os.path.dirname(sys.executable)
        prefixes = (sys.exec_prefix, sys.base_exec_prefix)
        folders = (here, *(os.path.join(prefix, "bin") for prefix in prefixes))
    if re.fullmatch(r"python[\d.]*(\.exe)?", os.path.basename(sys.executable or "")):
        return sys.executable
    for folder in folders:
        for name in names:
            path = os.path.join(folder, name)
            if os.access(path, os.X_OK):
                return path
    raise InstallError(tr("QGIS's Python was not found: install PyTorch by hand, see the help."))


def constraints_text() -> str:
    """The versions that QGIS has of what it must not get a second copy of."""
    return "".join(f"{name}=={version}\n" for name, version in _own_versions(_QGIS_HAS))


def _own_versions(names: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for name in names:
        own = _own(name)
        if own is not None:
            yield name, own.version


def _own(name: str) -> metadata.Distribution | None:
    """A package that QGIS has outside of the private folder."""
    paths = [path for path in sys.path if not is_ours(Path(path or "."))]
    return next(iter(metadata.distributions(name=name, path=paths)), None)


def requirement(
    platform: str = sys.platform, python: tuple[int, int] = sys.version_info[:2]
) -> str:
    """Which torch is asked for.

    From 2.9 on torch needs a newer Visual C++ runtime than the one that comes with QGIS for
    Windows, which the process has loaded by then.

    Args:
        platform: As ``sys.platform`` says it.
        python: Major and minor version.
    """
    bounded = platform == "win32" and python <= _LAST_PYTHON_WITH_IT
    return _REQUIREMENT + (_BELOW_ON_WINDOWS if bounded else "")


def pip_arguments(request: Request, target: Path, constraints: Path) -> list[str]:
    """What Python is called with. Wheels only: nothing that is fetched runs code.

    Args:
        request: What the user chose.
        target: Folder to install into.
        constraints: File of :func:`constraints_text`.
    """
    arguments = ["-m", "pip", "install", "--no-input", "--disable-pip-version-check",
                 "--no-warn-script-location", "--no-compile", "--progress-bar", "off",
                 "--only-binary", ":all:", "--target", str(target),
                 "-c", str(constraints)]  # fmt: skip
    if request.wheels is not None:
        arguments += ["--no-index", "-f", str(request.wheels)]
    elif request.source:
        arguments += ["-i", request.source]
    return [*arguments, requirement()]


def download_command() -> str:
    """The command that fetches wheels of that torch, for a computer without a network."""
    return f'pip download "{requirement()}"'


def check_request(request: Request) -> None:
    """Refuse what cannot end well before anything is downloaded.

    Raises:
        InstallError: With a sentence.
    """
    wheels = request.wheels
    if wheels is not None and not any(wheels.glob("torch-*.whl")):
        text = tr("{path} holds no torch wheel: choose a folder made with '{command}'.")
        raise InstallError(text.format(path=wheels, command=download_command()))
    if request.source and not re.match(r"(https|file)://", request.source):
        text = tr("'{source}' is no address of a package source: it begins with https://.")
        raise InstallError(text.format(source=request.source))
    if request.build == "auto" or request.source or wheels is not None:
        return
    if (request.build == "cpu") == sys.platform.startswith("linux"):
        raise InstallError(
            tr("This build needs a package source that offers it: enter its address, see the help.")
        )


def finish(folders: Folders) -> None:
    """Take out what QGIS has and mark the new folder as whole.

    Raises:
        InstallError: There is no torch in it.
    """
    for package in list(metadata.distributions(path=[str(folders.incoming)])):
        if _is_superfluous(package):
            _take_out(package, folders.incoming)
    if read_torch(folders.incoming) is None:
        raise InstallError(tr("pip reported success but installed no torch: see the log."))
    (folders.incoming / MARK).write_text("", encoding="utf-8")


def _is_superfluous(package: metadata.Distribution) -> bool:
    """QGIS's own, or a copy that QGIS has in the same version or with compiled parts."""
    name = _canonical(package.metadata["Name"])
    if name in _QGIS_HAS:
        return True
    if name in ("torch", "triton") or name.startswith("nvidia"):
        return False
    own = _own(name)
    compiled = any(str(path).endswith(_COMPILED) for path in package.files or ())
    return own is not None and (compiled or own.version == package.version)


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _take_out(package: metadata.Distribution, folder: Path) -> None:
    root = folder.resolve()
    files = [Path(os.path.normpath(root / path)) for path in package.files or ()]
    for path in files:
        if root in path.parents and not path.is_dir():
            path.unlink(missing_ok=True)
    parents = {parent for path in files for parent in path.parents if root in parent.parents}
    for parent in sorted(parents, key=lambda path: -len(path.parts)):
        with suppress(OSError):  # others have files there too
            parent.rmdir()


@dataclass(frozen=True)
class TorchFacts:
    """What torch's own ``version.py`` says.

    Attributes:
        version: As ``2.13.0+cpu``.
        cuda: Version of CUDA that it was built for; empty for none.
    """

    version: str
    cuda: str


def read_torch(folder: Path) -> TorchFacts | None:
    """What is known of the torch in a folder, without loading it; None for none."""
    try:
        text = (folder / "torch" / "version.py").read_text(encoding="utf-8")
    except OSError:
        return None
    version = re.search(r"^__version__\b.*?=\s*['\"]([^'\"]+)['\"]", text, re.MULTILINE)
    cuda = re.search(r"^cuda\b.*=\s*['\"]([\d.]+)['\"]", text, re.MULTILINE)
    return TorchFacts(version.group(1) if version else "?", cuda.group(1) if cuda else "")


_CAUSES = (
    (r"No module named pip",
     "pip_missing"),
    (r"No matching distribution found for ([^\s(]+)", "no_package"),
    (r"No space left|Errno 28|not enough space", "disk_full"),
    (r"Permission denied|Errno 13|Access is denied", "no_permission"),
    (r"NewConnectionError|ConnectTimeout|ReadTimeout|name resolution|getaddrinfo|ProxyError|"
     r"SSLError|Connection (?:aborted|reset|refused|broken)|IncompleteRead", "network"),
    (r"ResolutionImpossible|conflicting dependencies", "conflict"),
    (r"DO NOT MATCH THE HASHES|BadZipFile|Wheel .* is invalid", "broken"),
)  # fmt: skip


def failure_sentence(log: str) -> str:
    """One sentence on why pip stopped, out of what it wrote."""
    sentences = {
        "pip_missing": tr("QGIS's Python has no pip: install it (Debian: python3-pip)."),
        "no_package": tr(
            "No {name} for Python {python} and this system: use another source or folder."
        ),
        "disk_full": tr("The disk is full: free some gigabytes and click Install again."),
        "no_permission": tr("The folder cannot be written: choose another in the settings."),
        "network": tr("The package source was not reached: check network and proxy, try again."),
        "conflict": tr("No torch there goes with QGIS's numpy: use another source or folder."),
        "broken": tr("A downloaded file is broken: click Install again."),
    }
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    for pattern, key in _CAUSES:
        found = re.search(pattern, log, re.IGNORECASE)
        if found:
            name = found.group(1) if found.groups() else ""
            return sentences[key].format(name=name, python=python)
    errors = [line[6:].strip() for line in log.splitlines() if line.startswith("ERROR:")]
    text = tr("pip stopped ({cause}): see the log.")
    return text.format(cause=errors[-1].rstrip(".") if errors else "?")
