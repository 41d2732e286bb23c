"""What of Triton's log is passed on."""

from __future__ import annotations

import asyncio
import os

from recon.serving.triton.triton_log import forward


def test_errors_are_passed_on_and_a_missing_gpu_is_none() -> None:
    read, write = os.pipe()
    os.write(write, b"I1 fine\nE1 CudaDriverHelper has not been initialized.\nE2 broken\nF3 gone\n")
    os.close(write)
    assert asyncio.run(forward(read)) == ["E2 broken", "F3 gone"]
