"""What probes cost, by a clock that obeys."""

from __future__ import annotations

import socket
import time

import pytest

from recon.bench.probes import measure, processor_time
from recon.tasks.probe import Probes


def test_what_few_and_all_add_to_a_series_whatever_the_machine_does_meanwhile() -> None:
    now, order = [0.0], list[Probes]()
    costs = {Probes.OFF: 1.0, Probes.FEW: 1.1, Probes.ALL: 2.0}

    def run(way: Probes, number: int) -> None:
        order.append(way)
        now[0] += costs[way] * (1 + 0.3 * number)  # ever slower

    found = measure(run, 6, lambda: now[0], list(Probes))
    assert found["added"]["few"]["ratio"] == pytest.approx(0.1)
    assert found["added"]["all"]["ratio"] == pytest.approx(1.0)
    assert [len(values) for values in found["seconds"].values()] == [6, 6, 6]
    assert order[1:7] == [Probes.OFF, Probes.FEW, Probes.ALL, Probes.FEW, Probes.ALL, Probes.OFF]


def test_a_service_here_is_measured_by_the_time_that_it_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        clock = processor_time(f"127.0.0.1:{listening.getsockname()[1]}")
        assert clock is not None
        before, own = clock(), time.process_time()
        while time.process_time() - own < 0.1:
            pass
        assert clock() - before >= 0.05  # counted in hundredths
    assert processor_time("127.0.0.1:1") is None


def test_too_few_rounds_tell_nothing() -> None:
    with pytest.raises(ValueError, match="at least 6"):
        measure(lambda way, number: None, 3, iter(range(1000)).__next__)
