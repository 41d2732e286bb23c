"""Time and memory of a call in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from recon.bench.peers.apart import OwnProcess


def test_time_and_memory_are_those_of_the_call_alone() -> None:
    with OwnProcess() as call:
        slept, waited = call(time.sleep, 0.2)
        made, spent = call(eval, "len(b'x' * (700 << 20))")
    assert slept is None
    assert waited.seconds >= 0.2
    assert waited.cpu_s < 0.1
    assert made == 700 << 20
    assert 700 < spent.peak_mib < 1100


def test_a_program_hides_no_memory_of_the_process_that_started_it() -> None:
    with OwnProcess() as call:
        call(os.system, "true")  # what is imported looks a library up so
        _, held = call(eval, "len(b'x' * (700 << 20))")
        _, program = call(subprocess.run, [sys.executable, "-c", "len(b'x' * (900 << 20))"])
    assert 700 < held.peak_mib < 900
    assert program.peak_mib > 900


def test_what_is_loaded_into_a_process_of_its_own_is_small() -> None:
    """Otherwise the memory in the table would be that of what this house trains with."""
    code = "import sys, recon.bench.peers.scikit_image, recon.training.ct.classical; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "skimage" in loaded
    assert not loaded & {"torch", "openvino"}
