"""The perf_analyzer kit holds the messages that a client would send."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from recon.bench.kit import framed, unframed, write_kit
from recon.tasks.registry import task_of
from recon.v1 import ct_pb2


def test_messages_come_back_from_their_frames() -> None:
    messages = [b"", b"one", b"x" * 70000]
    assert list(unframed(framed(messages))) == messages


def test_the_kit_holds_whole_series(tmp_path: Path) -> None:
    write_kit(tmp_path / "kit", "127.0.0.1:50051", task_of("ct"), items=2, slices=2)
    entries = json.loads((tmp_path / "kit" / "messages.json").read_text())["data"]
    assert len(entries) == 2
    streams = []
    for entry in entries:
        parts = unframed(base64.b64decode(entry["message_generator"]["b64"]))
        header, *chunks = (ct_pb2.DenoiseRequest.FromString(part) for part in parts)
        assert header.header.slices == 2
        assert sum(len(part.chunk.data) for part in chunks) == 2 * 4 * header.header.rows * header.header.columns
        streams.append(b"".join(part.chunk.data for part in chunks))
    assert streams[0] != streams[1]
    script = (tmp_path / "kit" / "run.sh").read_text()
    assert "--service-kind dynamic_grpc" in script
    assert "--grpc-method recon.v1.CtService/Denoise" in script
    assert "never looks at the status" in (tmp_path / "kit" / "README.md").read_text()
