"""Sizes of tensors."""

from __future__ import annotations

import numpy as np
import pytest

from recon.tasks.work import TensorSpec


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        (TensorSpec((2, 3)), 24),
        (TensorSpec((2, 3), np.dtype(np.int16)), 12),
        (TensorSpec((5,), np.dtype(np.complex64)), 40),
        (TensorSpec(()), 4),
        (TensorSpec((4, 0)), 0),
        (TensorSpec((1 << 20, 1 << 14)), 1 << 36),  # beyond 32 bits
    ],
)
def test_bytes_of_a_tensor(spec: TensorSpec, size: int) -> None:
    assert spec.nbytes == size
