"""Data that the tests make themselves, and one real service for all tests that only read from it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, settings
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from recon.cli.session import own_service
from recon.client import Client
from recon.physics.fourier import to_kspace
from recon.volumes import Geometry, Volume

# A stall of the machine is no failure, and examples share the fixtures of their test.
settings.register_profile(
    "fuzz", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
# The same examples each time, so that a rerun says something; RECON_FUZZ=1 looks for others.
settings.register_profile("gate", settings.get_profile("fuzz"), derandomize=True, database=None)
settings.load_profile("fuzz" if os.environ.get("RECON_FUZZ") else "gate")


def body(size: int, noise_hu: float, seed: int = 0) -> np.ndarray:
    """A noisy cross-section (size, size) in HU: tissue with a fatty rim, two bones, a lesion."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    image = np.full((size, size), -1000.0)
    image[(x / 0.85) ** 2 + (y / 0.65) ** 2 < 1] = -100
    image[(x / 0.75) ** 2 + (y / 0.55) ** 2 < 1] = 50
    for side in (-0.4, 0.4):
        image[(x - side) ** 2 + y**2 < 0.02] = 700
    image[x**2 + (y - 0.25) ** 2 < 0.008] = 90
    return (image + rng.normal(0, noise_hu, image.shape)).astype(np.float32)


def head(shape: tuple[int, int]) -> np.ndarray:
    """A head (y, x): scalp, skull, brain with ventricles and a lesion; 1 at its brightest."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    radius = np.hypot(x / 0.72, y / 0.88)
    image = np.select([radius < 0.8, radius < 0.88, radius < 1.0], [0.6, 0.05, 1.0], 0.0)
    image[(np.hypot((abs(x) - 0.12) / 0.08, y / 0.25) < 1) & (radius < 0.8)] = 0.2
    image[np.hypot((x - 0.3) / 0.06, (y + 0.3) / 0.06) < 1] = 0.9
    return image + 0.08 * np.sin(25 * x) * np.cos(21 * y) * (radius < 0.8)


def multicoil(image: np.ndarray, coils: int, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """k-space (coils, ky, kx) complex64 of an image seen by coils around it, with a smooth phase."""
    rng = np.random.default_rng(seed)
    height, width = image.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angles = 2 * np.pi * np.arange(coils) / coils
    distance = (x - 1.1 * np.cos(angles)[:, None, None]) ** 2 + (y - 1.1 * np.sin(angles)[:, None, None]) ** 2
    maps = (1 + distance) ** -1.5 * np.exp(1j * (angles[:, None, None] + 0.5 * x))
    kspace = to_kspace((maps * image * np.exp(1j * (0.4 * x - 0.3 * y * x))).astype(np.complex64))
    return kspace + (noise * (rng.normal(size=kspace.shape) + 1j * rng.normal(size=kspace.shape))).astype(np.complex64)


def pytest_configure() -> None:
    """A shell's background job ignores interrupts, and so would every command that a test starts and interrupts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that asks for the shared service needs one: `make fast` leaves it out."""
    for item in items:
        if "service" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.service)


@pytest.fixture
def volume() -> Volume:
    """Four slices of 128x160."""
    planes = [body(160, 20, seed)[16:144] for seed in range(4)]
    return Volume(np.stack(planes), Geometry.from_spacing(0.7, 0.8, 3.0))


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    """Address of a running service: gateway and embedded Triton with the shipped model."""
    with own_service() as address:
        yield address


@pytest.fixture
def client(service: str) -> Iterator[Client]:
    with Client(service) as connection:
        connection.wait_ready(30)
        yield connection


@pytest.fixture
def real_ct() -> Path:
    """A real CT slice from pydicom's wheel (128x128, GE)."""
    return Path(str(get_testdata_file("CT_small.dcm", download=False)))


@pytest.fixture
def make_slice(tmp_path: Path) -> Callable[..., Path]:
    """Writes one CT slice as DICOM; keyword arguments replace attributes, None removes them."""
    study, series = generate_uid(), generate_uid()

    def write(name: str = "slice.dcm", z: float = 0.0, size: int = 128, seed: int = 0, **changes: object) -> Path:
        dataset = Dataset()
        dataset.SOPClassUID = CTImageStorage
        dataset.SOPInstanceUID = generate_uid()
        dataset.PatientName, dataset.PatientID = "Test^Patient", "T1"
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
        dataset.StudyDate, dataset.StudyTime = "20260101", "120000"
        dataset.Modality, dataset.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.SeriesNumber, dataset.SeriesDescription = 3, "ABDOMEN"
        dataset.FrameOfReferenceUID = study + ".9"
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.ImagePositionPatient = [-50.0, -60.0, z]
        dataset.PixelSpacing, dataset.SliceThickness = [0.8, 0.7], 3.0
        dataset.Rows = dataset.Columns = size
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, -1024, "HU"
        stored = np.clip(np.rint(body(size, 20, seed) + 1024), 0, 4095).astype("<u2")
        dataset.add_new("PixelData", "OW", stored.tobytes())
        for key, value in changes.items():
            if value is None:
                delattr(dataset, key)
            else:
                setattr(dataset, key, value)
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.file_meta = meta
        path = tmp_path / "series" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        dataset.save_as(path, enforce_file_format=True)
        return path

    return write


def read_hu(path: Path) -> np.ndarray:
    """Pixels of a single-frame file in HU."""
    dataset = pydicom.dcmread(path)
    return dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
