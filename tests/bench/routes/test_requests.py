"""Messages of a request are a whole input."""

from __future__ import annotations

import pytest

from recon.bench.routes.network import default_model, served
from recon.bench.routes.requests import messages_of
from recon.tasks.registry import task_of, tasks


@pytest.mark.parametrize("task", sorted(tasks()))
def test_the_messages_are_a_whole_input(task: str) -> None:
    header, *rest = messages_of(task, 0, 5)
    session = task_of(task).open(header.header, served(default_model(task)).facts)
    for message in rest:
        assert not session.is_complete
        list(session.add(message))
    assert session.is_complete
