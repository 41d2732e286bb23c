"""How fast input is taken in: k-space by the service, and the headers of an archive of CT files.

k-space goes through the whole service to a model that does nothing, so that what is timed is client, wire, gateway and
the copies to Triton. The files are made for the measurement: plain CT slices whose headers are as long as a scanner's.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from recon.backend.configuration import Entry, ModelConfig, write_config
from recon.client import Client
from recon.io.dicom import find_files, scan
from recon.machine import describe
from recon.values.readouts import KSpace, Readouts
from recon.volumes import Geometry

_SIDE = 256
_INPUT = Entry("kspace", (1, -1, -1, -1, 2))
_OUTPUT = Entry("image_interval_residual", (1, 5, -1, -1))
_MODEL = """
import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            _, _, rows, columns, _ = pb_utils.get_input_tensor_by_name(request, "kspace").as_numpy().shape
            planes = np.zeros((1, 5, rows, columns), np.float32)
            answers.append(pb_utils.InferenceResponse([pb_utils.Tensor("image_interval_residual", planes)]))
        return answers
"""


def kspace(serve: Callable[..., Any], coils: int = 32, slices: int = 20, rounds: int = 5) -> dict[str, Any]:
    """Megabytes of k-space (256x256) that the service takes in per second, median over rounds.

    Parameters
    ----------
    serve
        Context manager that starts a service with the given options and yields its address.
    coils, slices
        Of a series.
    rounds
        Series; one more goes before to warm up.
    """
    rng = np.random.default_rng(0)
    one = rng.standard_normal((coils, _SIDE, _SIDE, 2), dtype=np.float32).view(np.complex64)[..., 0]
    series = KSpace(slices, coils, _SIDE, _SIDE, Geometry.from_spacing(1.0, 1.0, 3.0), lambda _: Readouts.of_grid(one))
    spent = []
    with tempfile.TemporaryDirectory(prefix="recon-intake-") as folder:
        write_model(Path(folder), "mr_echo")
        with serve("--repository", folder) as address, Client(address) as client:
            client.wait_ready(60)
            for _ in range(rounds + 1):
                began = time.perf_counter()
                if sum(1 for _ in client.reconstruct_mr(series, probes="off")) != slices:
                    raise RuntimeError("slices are missing")
                spent.append(time.perf_counter() - began)
    megabytes = one.nbytes * slices / 1e6
    speeds = [megabytes / seconds for seconds in spent[1:]]
    return {
        "coils": coils,
        "slices": slices,
        "megabytes": round(megabytes, 1),
        "mb_per_s": round(float(np.median(speeds)), 1),
        "mb_per_s_least": round(min(speeds), 1),
        "mb_per_s_most": round(max(speeds), 1),
    }


def write_model(repository: Path, name: str) -> None:
    """A model repository with an MR model that does nothing."""
    model = repository / name
    (model / "1").mkdir(parents=True)
    (model / "1" / "model.py").write_text(_MODEL)
    config = ModelConfig("mr", "Does nothing", "", [_INPUT], [_OUTPUT], is_default=True)
    write_config(model, "1", config, ["model.py"], 1.0, "")


def headers(count: int = 10_000, attributes: int = 250) -> dict[str, Any]:
    """Files a second that are sorted out into series, by the clock and by the processor, and the peak of memory.

    Parameters
    ----------
    count
        Files, in series of 200.
    attributes
        Of each header, about.
    """
    with tempfile.TemporaryDirectory(prefix="recon-intake-") as folder:
        root = Path(folder)
        _write_archive(root, count, attributes)
        began, processor = time.perf_counter(), time.process_time()
        found = scan(find_files([root]))
        spent, processor = time.perf_counter() - began, time.process_time() - processor
    return {
        "files": count,
        "attributes": attributes,
        "series": len(found.series),
        "seconds": round(spent, 2),
        "files_per_s": round(count / spent),
        "files_per_cpu_s": round(count / processor),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _write_archive(root: Path, count: int, attributes: int) -> None:
    study, pixels = generate_uid(), np.zeros((64, 64), "<u2").tobytes()
    series = ""
    for number in range(count):
        if number % 200 == 0:
            series = generate_uid()
            (root / series).mkdir()
        dataset = Dataset()
        dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
        dataset.PatientName, dataset.PatientID, dataset.Modality = "Made^Up", "INTAKE", "CT"
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = study, series, f"{series}.1"
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.ImageOrientationPatient, dataset.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, 3.0 * (number % 200)]
        dataset.PixelSpacing, dataset.SliceThickness, dataset.InstanceNumber = [0.7, 0.7], 3.0, number % 200 + 1
        dataset.Rows = dataset.Columns = 64
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PixelRepresentation = 1, "MONOCHROME2", 0
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
        dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, -1024, "HU"
        block = dataset.private_block(0x0029, "RECON INTAKE", create=True)
        for element in range(max(0, attributes - len(dataset))):
            block.add_new(element, "LO", f"a scanner's own value {element}")
        dataset.add_new("PixelData", "OW", pixels)
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.save_as(root / series / f"{number}.dcm", enforce_file_format=True)


def measure(serve: Callable[..., Any], files: int = 10_000) -> dict[str, Any]:
    """Both, with the machine that they were measured on."""
    return {"machine": describe(), "headers": headers(files), "kspace": kspace(serve)}
