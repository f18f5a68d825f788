"""Which files this process holds open, and objects that Qt deletes in a moment."""

import gc
import os
import sys

import pytest
from qgis.PyQt.QtCore import QCoreApplication, QEvent

only_where_told = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the system does not tell of open files"
)


def handles(path):
    """How often this process holds a file open, or files of a folder."""
    count = 0
    for number in os.listdir("/proc/self/fd"):
        try:
            count += os.readlink(f"/proc/self/fd/{number}").startswith(os.path.realpath(path))
        except OSError:  # closed meanwhile
            continue
    return count


def settle():
    """Let go of what nobody holds, and of what waits to be deleted."""
    gc.collect()
    for _ in range(3):  # what is deleted may ask for more
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QCoreApplication.processEvents()
