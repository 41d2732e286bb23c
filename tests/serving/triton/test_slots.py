"""A request's tensors in one segment: none overlaps another, and only this user can open it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recon.serving.triton.slots import create_slot, layout
from recon.tasks.base import TensorSpec

specs = st.dictionaries(
    st.text(min_size=1, max_size=3),
    st.builds(
        TensorSpec,
        st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple),
        st.sampled_from([np.dtype("f4"), np.dtype("u2"), np.dtype("c8")]),
    ),
    max_size=4,
)


@given(specs)
def test_tensors_lie_aligned_and_apart(tensors: dict[str, TensorSpec]) -> None:
    offsets, size = layout(tensors)
    end = 0
    for name, spec in tensors.items():
        assert offsets[name] % 64 == 0
        assert offsets[name] >= end
        end = offsets[name] + spec.nbytes
    assert size >= max(end, 64)


def test_a_slot_is_private_and_its_name_can_go(tmp_path: Path) -> None:
    inputs, outputs = {"a": TensorSpec((2, 3))}, {"b": TensorSpec((4,), np.dtype("u2"))}
    offsets, size = layout(inputs, outputs)
    slot = create_slot(tmp_path, "recon", size, generation=1)
    assert slot.path.stat().st_mode & 0o777 == 0o600
    slot.view(offsets["a"], inputs["a"])[:] = 1
    slot.view(offsets["b"], outputs["b"])[:] = 7
    slot.unlink()
    slot.unlink()
    assert not slot.path.exists()
    assert slot.view(offsets["a"], inputs["a"]).sum() == 6
    assert list(slot.view(offsets["b"], outputs["b"])) == [7] * 4
    assert create_slot(tmp_path, "recon", size, generation=1).path != slot.path
