"""Whether a door answers rightly: a phantom whose image is known goes in, and what comes back is compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from ismrmrd import Meta

from recon.doors.mrd.scanner import converse, parameters_text
from recon.doors.mrd.wire import Block, ConfigFile, Header, Image, Message, Text, layout
from recon.physics.fourier import to_kspace
from recon.volumes import ComplexImage, FloatImage

_SIDE, _COILS, _SLICES = 64, 4, 2
_LAST_IN_SLICE = 1 << 7
#: Largest difference of an image, over its maximum: half a step of 11 bits, and single precision.
_TOLERANCE = 5e-4
_SPACE = (
    f"<matrixSize><x>{_SIDE}</x><y>{_SIDE}</y><z>1</z></matrixSize>"
    f"<fieldOfView_mm><x>{2 * _SIDE}</x><y>{2 * _SIDE}</y><z>5</z></fieldOfView_mm>"
)
_XML = (
    '<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD"><acquisitionSystemInformation><receiverChannels>'
    f"{_COILS}</receiverChannels></acquisitionSystemInformation><experimentalConditions><H1resonanceFrequency_Hz>"
    "123000000</H1resonanceFrequency_Hz></experimentalConditions><encoding>"
    f"<encodedSpace>{_SPACE}</encodedSpace><reconSpace>{_SPACE}</reconSpace><encodingLimits><kspace_encoding_step_1>"
    f"<minimum>0</minimum><maximum>{_SIDE - 1}</maximum><center>{_SIDE // 2}</center></kspace_encoding_step_1>"
    "</encodingLimits><trajectory>cartesian</trajectory></encoding></ismrmrdHeader>"
)


@dataclass(frozen=True)
class CheckOutcome:
    """What was found.

    Attributes
    ----------
    images
        How many came back.
    difference
        Largest, over the maximum of the image; NaN where none came.
    errors
        Texts that begin with ERR.
    """

    images: int
    difference: float
    errors: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether all images came, and are those of the phantom."""
        return self.images == _SLICES and self.difference <= _TOLERANCE


def check(address: tuple[str, int], timeout_s: float) -> CheckOutcome:
    """Send the phantom to a door, and compare; errors are those of :func:`converse`."""
    images: list[Image] = []
    texts: list[str] = []

    def take(message: Message) -> None:
        if isinstance(message, Image):
            images.append(message)
        elif isinstance(message, Text):
            texts.append(message.text)

    converse(address, messages(), take, timeout_s)
    differences = [_difference(image) for image in images]
    errors = tuple(text for text in texts if text.startswith("ERR"))
    return CheckOutcome(len(images), max(differences, default=float("nan")), errors)


def messages() -> Iterator[Message]:
    """The phantom as a scanner sends it."""
    yield ConfigFile("zero-filled")
    yield Header(_XML.encode())
    yield parameters_text({"uncertainty": False})
    for number in range(_SLICES):
        kspace = to_kspace(_coil_images(number))
        for line in range(_SIDE):
            head = np.zeros((), layout.ACQUISITION_HEAD)
            head["version"], head["active_channels"], head["number_of_samples"] = 1, _COILS, _SIDE
            head["center_sample"], head["sample_time_us"] = _SIDE // 2, 10
            head["read_dir"], head["phase_dir"], head["slice_dir"] = (1, 0, 0), (0, 1, 0), (0, 0, 1)
            head["position"], head["idx"]["slice"] = (0, 0, 6 * number), number
            head["idx"]["kspace_encode_step_1"] = line
            head["flags"] = _LAST_IN_SLICE if line == _SIDE - 1 else 0
            yield Block.of_one(head, np.ascontiguousarray(kspace[:, line], "<c8"))


def expected(number: int) -> FloatImage:
    """The image (y, x) of a slice: the root of the sum of squares over coils."""
    return np.sqrt((np.abs(_coil_images(number)) ** 2).sum(0)).astype(np.float32)


def _coil_images(number: int) -> ComplexImage:
    y, x = np.mgrid[-1 : 1 : _SIDE * 1j, -1 : 1 : _SIDE * 1j]
    body = np.where((x / 0.7) ** 2 + (y / 0.85) ** 2 < 1, 1.0, 0.0)
    body[(x - 0.25) ** 2 + (y + 0.3) ** 2 < 0.03] = 0.3 + 0.2 * number
    body += 0.2 * np.sin(20 * x) * body
    angles = 2 * np.pi * np.arange(_COILS)[:, None, None] / _COILS
    away = (x - 1.1 * np.cos(angles)) ** 2 + (y - 1.1 * np.sin(angles)) ** 2
    noise = np.random.default_rng(number).normal(0, 1e-3, (2, _COILS, _SIDE, _SIDE))
    return np.asarray(body * np.exp(1j * (angles + 0.5 * x)) / (1 + away) + noise[0] + 1j * noise[1], np.complex64)


def _difference(image: Image) -> float:
    truth = expected(int(image.head["slice"]))
    values = image.values[0, 0].astype(np.float64) * float(Meta.deserialize(image.attributes).get("RescaleSlope", 1))
    return float(np.abs(values - truth).max() / truth.max()) if values.shape == truth.shape else float("inf")
