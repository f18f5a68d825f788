"""Processing in this process, and ``qgis_process`` with the plugin in one of its own."""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Debian's wrapper adds an option that its own program refuses.
QGIS_PROCESS = shutil.which("qgis_process.bin") or "qgis_process"
PLUGINS = "/usr/share/qgis/python/plugins"
_TIMEOUT_S = 500


class QgisProcess:
    """``qgis_process`` with a profile of its own, in which the plugin is enabled."""

    def __init__(self, folder):
        """Make the profile.

        Args:
            folder: Where it lies, and where the program is started.
        """
        plugins = folder / "plugins"
        plugins.mkdir()
        (plugins / "cwsam").symlink_to(ROOT)
        self._folder = folder
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
            "QGIS_PLUGINPATH": str(plugins),
            "QGIS_CUSTOM_CONFIG_PATH": str(folder / "profile"),
            "CWSAM_PACKAGES": sysconfig.get_path("purelib"),
            "QT_QPA_PLATFORM": "offscreen",
            "XDG_RUNTIME_DIR": str(folder),
        }
        self._call("plugins", "enable", "cwsam")

    def run(self, algorithm, **parameters):
        """Run an algorithm to its end; returns what the program has printed."""
        done = self._run(algorithm, parameters)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, algorithm, **parameters):
        """Run an algorithm that fails; returns all that the program has printed."""
        done = self._run(algorithm, parameters)
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    def _run(self, algorithm, parameters):
        given = [f"{name}={value}" for name, value in parameters.items()]
        return self._call("run", f"cwsam:{algorithm}", "--", *given)

    def _call(self, *arguments):
        return subprocess.run(
            [QGIS_PROCESS, *arguments], env=self._environment, cwd=self._folder,
            capture_output=True, text=True, check=False, timeout=_TIMEOUT_S,
        )  # fmt: skip
