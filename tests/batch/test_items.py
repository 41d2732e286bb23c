"""Names of result folders."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from recon.batch.items import folder_name


@given(st.text(max_size=300), st.text(min_size=1), st.sets(st.text(max_size=5)))
def test_folder_names_are_safe_and_distinct(label: str, key: str, taken: set[str]) -> None:
    taken = {name.lower() for name in taken}
    name = folder_name(label, key, taken)
    assert name.lower() not in taken
    assert name.isascii()
    assert not set(name) & set('/\\:*?"<>| \0')
    assert not name.startswith((".", "-"))
    assert len(name) < 130
