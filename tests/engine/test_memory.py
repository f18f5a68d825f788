"""What the process holds and may hold, on this system and as Windows would tell it."""

import ctypes
import struct
import sys
from types import SimpleNamespace

import numpy as np
from cwsam.engine.memory import available_bytes, resident_bytes

MIB = 2**20


class Kernel32:
    """Fills the structures at the offsets that Microsoft's reference gives for 64 bits."""

    def __init__(self):
        self.GetCurrentProcess = lambda: -1

    @staticmethod
    def _fill(place, size, offset, value):
        address = ctypes.addressof(place._obj)
        assert struct.unpack("<I", ctypes.string_at(address, 4)) == (size,), "told its own size"
        ctypes.memmove(address + offset, struct.pack("<Q", value), 8)
        return 1

    def GlobalMemoryStatusEx(self, place):
        return self._fill(place, 64, 16, 3000 * MIB)

    def K32GetProcessMemoryInfo(self, process, place, size):
        assert process.value == 2**64 - 1, "the handle of the process itself"
        assert size == 72
        return self._fill(place, 72, 16, 500 * MIB)


def test_memory_that_is_taken_counts():
    before = resident_bytes()
    held = np.ones(64 * MIB, np.uint8)
    assert 60 * MIB < resident_bytes() - before < 80 * MIB
    assert available_bytes() > resident_bytes()
    assert held.all()


def test_windows_is_asked_for_what_it_knows(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "WinDLL", {"kernel32": Kernel32()}.get, raising=False)
    assert resident_bytes() == 500 * MIB
    assert available_bytes() == 3500 * MIB


def test_windows_that_tells_nothing(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    silent = SimpleNamespace(
        GetCurrentProcess=lambda: -1,
        GlobalMemoryStatusEx=lambda *_: 0,
        K32GetProcessMemoryInfo=lambda *_: 0,
    )
    monkeypatch.setattr(ctypes, "WinDLL", {"kernel32": silent}.get, raising=False)
    assert resident_bytes() == 0
    assert available_bytes() is None
