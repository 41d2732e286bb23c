"""Freed memory goes back to the system, and blocks in use stay whole."""

from __future__ import annotations

import subprocess
import sys

_SCATTERED = """
import threading
from recon.serving import allocator

allocator.keep_memory()
allocator._LEAST_PAUSE_S = 0.0
spare = allocator.SpareMemory()
kept = []

def work():
    blocks = [bytes([n % 256]) * (600_000 + n) for n in range(100)]  # below the size that is mapped by itself
    kept.append(blocks[50])  # what is kept holds the heap below it

threads = [threading.Thread(target=work) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
held = allocator.resident_bytes()
given = spare.give_back()
left = allocator.resident_bytes()
assert all(block == bytes([50]) * 600_050 for block in kept)
print(held - left, given, spare.give_back())
"""


def test_scattered_memory_is_given_back() -> None:
    """In a process of its own: the allocator's settings last as long as the process."""
    done = subprocess.run([sys.executable, "-c", _SCATTERED], capture_output=True, text=True, check=True, timeout=60)
    returned, reported, again = (int(word) for word in done.stdout.split())
    assert returned > 32 << 20
    assert abs(returned - reported) < 8 << 20
    assert again == 0  # nothing left to give
