"""Results of scanners that left are kept, and fetched later."""

from __future__ import annotations

import time

import numpy as np

from recon.doors.mrd.kept import Kept
from recon.doors.mrd.wire import Close, ConfigFile
from tests.doors.mrd.scans import (
    Scanner,
    images,
    opened,
    parameters,
    root_sum_of_squares,
    scan,
    simple_scan,
    texts,
    values,
)


def test_results_for_a_scanner_that_left_are_kept_and_fetched(client, tmp_path) -> None:
    client.gate.clear()
    with opened(client, Kept(tmp_path / "kept")) as door:
        scanner = Scanner(door)
        scanner.send(*simple_scan(3), Close())
        scanner.arrive()
        scanner.vanish()
        time.sleep(0.3)
        client.gate.set()
        for _ in range(600):
            listed = texts(scan(door, [ConfigFile("fetch")]), "DBG session")[1:]
            if listed:
                break
            time.sleep(0.1)
        assert "6 images, not delivered" in listed[0]
        name = listed[0].split()[2].rstrip(":")
        answers = scan(door, [ConfigFile("fetch"), parameters(session=name)])
        assert [int(image.head["slice"]) for image in images(answers, 99)] == [0, 1, 2]
        truth = root_sum_of_squares(1)
        np.testing.assert_allclose(values(images(answers, 99)[1]), truth, atol=truth.max() / 1000)
        assert texts(scan(door, [ConfigFile("fetch"), parameters(session="../../etc")]), "ERR no session")
        assert len(texts(scan(door, [ConfigFile("fetch")]), "DBG session")[1:]) == 1  # fetching keeps nothing again


def test_results_that_arrived_count_as_delivered(client, tmp_path) -> None:
    with opened(client, Kept(tmp_path / "kept")) as door:
        scan(door, simple_scan(1))
        for _ in range(600):
            listed = texts(scan(door, [ConfigFile("fetch")]), "DBG session")[1:]
            if listed:
                break
            time.sleep(0.1)
        assert "2 images, delivered" in listed[0]


def test_fetching_where_nothing_is_kept_is_refused(door) -> None:
    assert "--keep" in texts(scan(door, [ConfigFile("fetch")]), "ERR")[0]
