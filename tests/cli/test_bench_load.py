"""What is asked of ``recon bench serve`` can be measured."""

from __future__ import annotations

import pytest

from recon.cli.bench_load import serve
from recon.errors import InvalidRequest


def test_more_callers_than_requests_of_a_block_are_refused() -> None:
    with pytest.raises(
        InvalidRequest, match=r"^--concurrency 4: no more than the --requests 2 of .*give --requests 4 or fewer"
    ):
        serve(requests=2, concurrency="1,4")
