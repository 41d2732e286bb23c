"""A task that exists in the tests alone: two inputs, complex samples in, one plane out.

It adds what every task adds, a header and an implementation of the interface, and nothing else in the
product knows of it.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from PIL import Image

import recon
from recon.errors import InvalidRequest, UnusableData
from recon.io.nifti import NiftiVolume, read_nifti, write_nifti
from recon.quality.verdict import Check, measure
from recon.tasks.archive import ArchivedScan, Claim
from recon.tasks.base import FinishedSlice, Input, LookedAt, ModelFacts, Session, SliceWork, Task, TensorSpec
from recon.tasks.chunks import SliceAssembler
from recon.tasks.job import Found, Job, Loaded, Sink
from recon.tasks.names import name_of
from recon.tasks.options import Options, OptionSpec
from recon.tasks.sample import Sample
from recon.tasks.series import Series
from recon.values.content import Content
from recon.values.result import ImageSlice, ModelIdentity
from recon.wire.chunk_message import chunk_messages

PROTO = """
syntax = "proto3";
package recon.toy;
import "recon/v1/common.proto";
message Header { string name = 1; uint32 rows = 2; uint32 columns = 3; uint32 slices = 4; string model = 5;
  string model_version = 6; }
message Request { oneof part { Header header = 1; recon.v1.Chunk chunk = 2; } }
message Response { oneof part { recon.v1.Accepted accepted = 1; recon.v1.Chunk chunk = 2;
  recon.v1.SliceResult slice = 3; recon.v1.SeriesReport report = 4; } }
service ToyService { rpc Multiply(stream Request) returns (stream Response); }
"""


def _compile() -> Any:
    from grpc_tools import protoc

    proto = Path(recon.__file__).parents[1] / "proto"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "toy.proto").write_text(PROTO)
        assert protoc.main(["protoc", f"-I{proto}", f"-I{folder}", f"--python_out={folder}", "toy.proto"]) == 0
        spec = importlib.util.spec_from_file_location("toy_pb2", Path(folder) / "toy_pb2.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["toy_pb2"] = module
        spec.loader.exec_module(module)
    return module


toy_pb2 = _compile()
METHOD = toy_pb2.DESCRIPTOR.services_by_name["ToyService"].methods_by_name["Multiply"]


@dataclass(frozen=True)
class ToyOptions(Options):
    factor: Annotated[float, OptionSpec("What the gain is multiplied by.", least=0.0)] = 1.0


class ToyTask(Task):
    name = "toy"
    method = METHOD
    summary = "Multiply a wave by its gain."
    noun = "wave"
    inputs = (Input("inputs", "NIfTI volumes of waves.", many=True),)
    options = ToyOptions

    def open(self, header: Any, model: ModelFacts) -> Session:
        return ToySession(header)

    def series(self, *inputs: Any, **options: Any) -> Series:
        return ToySeries(*inputs)

    def find(self, given: Mapping[str, Sequence[Path]], looked_at: LookedAt = None) -> Iterator[Found]:
        for path in given["inputs"]:
            yield ToyJob(name_of(path), str(path), [path])

    def claim(self, scan: ArchivedScan) -> Claim:
        return Claim(scan.content is Content.VOLUME and scan.path.name.startswith("wave"), "its name says wave")

    def sample(self, item: int, slices: int) -> Sample:
        rng = np.random.default_rng(item)
        wave = rng.normal(size=(slices, 64, 48)) + 1j * rng.normal(size=(slices, 64, 48))
        return Sample((wave, rng.uniform(1, 2, wave.shape)), "64 x 48", 1.0, "of a wave", 0.01)


TASK = ToyTask()


class ToySession(Session):
    domain_checks = frozenset({"level", "gain"})

    def __init__(self, header: Any) -> None:
        self.name, self.rows, self.columns, self.slices = header.name, header.rows, header.columns, header.slices
        if not header.rows:
            raise InvalidRequest("rows is 0", field="rows")
        shape = header.rows, header.columns, header.slices
        self.inputs = {
            "wave": SliceAssembler(*shape, np.dtype("<c8"), "wave"),
            "gain": SliceAssembler(*shape, np.dtype("<f4"), "gain"),
        }
        self.waves: list[np.ndarray] = []

    @property
    def declared_checks(self) -> tuple[str, ...]:
        return ("gain", "level")

    @property
    def is_complete(self) -> bool:
        return all(part.complete for part in self.inputs.values())

    @property
    def progress(self) -> str:
        return f"{self.inputs['gain'].next_slice} of {self.slices} slices"

    def add(self, message: Any) -> Iterable[SliceWork]:
        if message.WhichOneof("part") != "chunk":
            raise InvalidRequest("after the header only chunks may follow", field="chunk")
        if message.chunk.input == "explode":
            raise RuntimeError("a defect")
        done = self.inputs[message.chunk.input or "wave"].add(message.chunk)
        if done is None:
            return ()
        if message.chunk.input == "wave":
            self.waves.append(done)
            return ()
        return (ToyWork(self.inputs["gain"].next_slice - 1, self.waves.pop(0), done),)


class ToyWork(SliceWork):
    def __init__(self, index: int, wave: np.ndarray, gain: np.ndarray) -> None:
        self.index, self.wave, self.gain = index, wave, gain

    @property
    def inputs(self) -> Mapping[str, TensorSpec]:
        return {
            "wave": TensorSpec(self.wave.shape, np.dtype(np.complex64)),
            "gain": TensorSpec(self.gain.shape),
        }

    @property
    def outputs(self) -> Mapping[str, TensorSpec]:
        return {"product": TensorSpec(self.gain.shape, np.dtype(np.float32))}

    def prepare(self, tensors: Mapping[str, np.ndarray]) -> None:
        if not np.isfinite(self.gain).all():
            raise UnusableData(f"slice {self.index} has NaN", field="data")
        tensors["wave"][:] = self.wave
        tensors["gain"][:] = self.gain

    def judge_input(self) -> list[Check]:
        return [measure("gain", float(self.gain.mean()), unit="", upper=100.0, message="mean gain", action="look")]

    def finish(self, tensors: Mapping[str, np.ndarray]) -> FinishedSlice:
        image = tensors["product"].copy()
        return FinishedSlice(
            image, 0.1 * image, [measure("level", float(image.mean()), unit="", message="mean", action="look")]
        )


class ToySeries(Series):
    """What a client of the toy sends."""

    def __init__(self, wave: np.ndarray, gain: np.ndarray) -> None:
        self.slices = len(wave)
        self._wave, self._gain = wave.astype("<c8"), gain.astype("<f4")

    def messages(self, offset: int = 0, model: Any = None) -> Iterable[Any]:
        _, rows, columns = self._wave.shape
        named = {"model": model.name, "model_version": model.version} if model is not None and offset else {}
        count = self.slices - offset
        yield toy_pb2.Request(header=toy_pb2.Header(rows=rows, columns=columns, slices=count, **named))
        for index in range(count):
            for name, stack in (("wave", self._wave), ("gain", self._gain)):
                yield from chunk_messages(toy_pb2.Request, index, stack[offset + index], name=name)


class ToyJob(Job):
    """A NIfTI volume whose values are the wave."""

    task = "toy"

    def load(self) -> Loaded[Any]:
        return ToyLoaded(read_nifti(self.files[0]))


class ToyLoaded(Loaded[ToyOptions]):
    def __init__(self, source: NiftiVolume) -> None:
        self.source, self.slices = source, source.volume.shape[0]
        self.notes, self.checks, self.skipped = [], [], []

    def series(self, options: ToyOptions) -> Series:
        wave = self.source.volume.values
        return ToySeries(1j * wave, np.full(wave.shape, options.factor))

    def sink(self, folder: Path, model: ModelIdentity, options: ToyOptions) -> Sink:
        return ToySink(self.source, folder)

    def preview(self, shown: ImageSlice, title: str, path: Path) -> None:
        Image.fromarray(np.uint8(np.clip(shown.image, 0, 255))).save(path)

    def parameters(self, options: ToyOptions) -> dict[str, Any]:
        return {"factor": options.factor}


class ToySink(Sink):
    def __init__(self, source: NiftiVolume, folder: Path) -> None:
        self.source, self.folder = source, folder
        self.image = np.full(source.volume.shape, np.nan, np.float32)

    def put(self, result: ImageSlice) -> None:
        self.image[result.index] = result.image

    def close(self) -> None:
        write_nifti(self.image, self.source, self.folder / "image.nii.gz", "product")
