"""A message of each kind, and there and back."""

from __future__ import annotations

import io

import ismrmrd
import numpy as np

from recon.doors.mrd.wire import (
    Block,
    Close,
    ConfigFile,
    ConfigText,
    Header,
    Image,
    NDArray,
    Text,
    Waveform,
    encode,
    layout,
    read_messages,
)

RNG = np.random.default_rng(0)

META = ismrmrd.Meta({"DataRole": "Image"}).serialize()


def acquisition(coils: int = 3, samples: int = 5, dimensions: int = 0) -> Block:
    head = np.zeros((), layout.ACQUISITION_HEAD)
    head["version"], head["active_channels"], head["number_of_samples"] = 1, coils, samples
    head["trajectory_dimensions"], head["idx"]["slice"], head["position"] = dimensions, 7, (1, 2, 3)
    values = RNG.normal(size=(coils, samples, 2)).astype("<f4").view("<c8")[..., 0]
    path = RNG.normal(size=(samples, dimensions)).astype("<f4") if dimensions else None
    return Block.of_one(head, values, path)


def image(dtype: str = "<i2", attributes: str = META) -> Image:
    values = RNG.integers(0, 100, (2, 3, 4, 5)).astype(dtype)
    return Image.of(np.zeros((), layout.IMAGE_HEAD), attributes, values)


def waveform() -> Waveform:
    head = np.zeros((), layout.WAVEFORM_HEAD)
    head["channels"], head["number_of_samples"] = 2, 4
    return Waveform(head[()], RNG.integers(0, 100, (2, 4)).astype("<u4"))


EVERY = [
    ConfigFile("mr"),
    ConfigText("<x/>"),
    Header(b"<header/>"),
    Text('{"parameters": {}}'),
    acquisition(),
    acquisition(1, 4, 2),
    image(),
    image("<c8", ""),
    waveform(),
    NDArray(RNG.normal(size=(2, 3)).astype("<f4")),
    Close(),
]


def written(*messages: object) -> bytes:
    return b"".join(bytes(part) for message in messages for part in encode(message))  # type: ignore[arg-type]


def read(data: bytes) -> list[object]:
    return list(read_messages(io.BytesIO(data)))


def same(one: object, other: object) -> bool:
    return type(one) is type(other) and all(
        np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b
        for a, b in zip(vars(one).values(), vars(other).values(), strict=True)
    )
