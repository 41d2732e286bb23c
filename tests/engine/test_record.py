"""Each stream has a record of its own, whatever runs beside it."""

from __future__ import annotations

import asyncio

from recon.engine.record import begin, current


def test_streams_side_by_side_do_not_mix() -> None:
    async def stream(name: str) -> dict[str, object]:
        record = begin(name)
        await asyncio.sleep(0)
        current().note(series=name)
        await asyncio.sleep(0)
        assert current() is record
        return record.fields

    async def both() -> list[dict[str, object]]:
        return await asyncio.gather(stream("one"), stream("two"))

    assert asyncio.run(both()) == [{"series": "one"}, {"series": "two"}]


def test_outside_of_a_stream_a_note_is_lost_and_nothing_else() -> None:
    current().note(series="nobody's")
    assert current().fields == {}
