"""Strips are written in order, in a thread or not, and failures come out."""

import threading

import numpy as np
import pytest
from cwsam.engine.errors import OutputError
from cwsam.engine.types import ClassStrip
from cwsam.engine.write_behind import StripWriter


class Sink:
    def __init__(self, fails_at=None):
        self.rows, self.threads, self.fails_at = [], set(), fails_at

    def write(self, strip):
        if strip.row == self.fails_at:
            raise OutputError("The disk is full: choose another folder.")
        self.rows.append(strip.row)
        self.threads.add(threading.get_ident())


def strips(count):
    plane = np.zeros((1, 4), np.uint8)
    return [ClassStrip(row, plane, plane, plane) for row in range(count)]


def write_all(sinks, behind, count):
    with StripWriter(sinks, behind) as writer:
        for strip in strips(count):
            writer.write(strip)
        writer.wait()


@pytest.mark.parametrize("behind", [False, True])
def test_all_sinks_get_all_strips_in_order(behind):
    sinks = [Sink(), Sink()]
    write_all(sinks, behind, 9)
    assert [sink.rows for sink in sinks] == [list(range(9))] * 2
    own = {threading.get_ident()}
    assert all((sink.threads == own) is not behind for sink in sinks)


@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("fails_at", [0, 3, 4])
def test_a_failure_is_raised_and_nothing_follows(behind, fails_at):
    sink = Sink(fails_at)
    with pytest.raises(OutputError, match="disk is full"):
        write_all([sink], behind, 5)
    assert sink.rows == list(range(fails_at))


def test_no_strip_is_being_written_after_the_block():
    begun, sink = threading.Event(), Sink()

    class Slow(Sink):
        def write(self, strip):
            begun.set()
            threading.Event().wait(0.1)
            sink.write(strip)

    def interrupted():
        with StripWriter([Slow()], True) as writer:
            writer.write(strips(1)[0])
            begun.wait()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert sink.rows == [0]
