"""The window follows the answers, and lets suspects run alone."""

from __future__ import annotations

import threading
import time

from recon.batch.flow import FlowWindow


def test_the_window_follows_the_answers() -> None:
    window = FlowWindow(start=2, most=8)
    for _ in range(100):
        window.succeeded()
    assert window.size == 8
    began = time.monotonic()
    window.refused(0.05)
    window.refused(0.05)  # answers to one burst count once
    assert window.size == 4
    with window.place() as granted:
        assert granted
    assert time.monotonic() - began > 0.04


def test_a_suspect_runs_alone() -> None:
    window = FlowWindow(start=4, most=4)
    order: list[str] = []

    def suspect() -> None:
        with window.place(alone=True):
            assert window.busy == 1
            order.append("suspect")

    with window.place():
        thread = threading.Thread(target=suspect)
        thread.start()
        time.sleep(0.05)
        order.append("other")
    thread.join()
    assert order == ["other", "suspect"]


def test_a_stopped_window_lets_nobody_wait() -> None:
    window = FlowWindow(start=1, most=1)
    window.refused(60.0)
    threading.Timer(0.05, window.stop).start()
    with window.place() as granted:
        assert not granted
