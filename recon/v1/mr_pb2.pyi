from recon.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Trajectory(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRAJECTORY_UNSPECIFIED: _ClassVar[Trajectory]
    TRAJECTORY_CARTESIAN: _ClassVar[Trajectory]
    TRAJECTORY_RADIAL: _ClassVar[Trajectory]
    TRAJECTORY_SPIRAL: _ClassVar[Trajectory]
TRAJECTORY_UNSPECIFIED: Trajectory
TRAJECTORY_CARTESIAN: Trajectory
TRAJECTORY_RADIAL: Trajectory
TRAJECTORY_SPIRAL: Trajectory

class ReconstructRequest(_message.Message):
    __slots__ = ("header", "readouts")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    READOUTS_FIELD_NUMBER: _ClassVar[int]
    header: MrHeader
    readouts: Readouts
    def __init__(self, header: _Optional[_Union[MrHeader, _Mapping]] = ..., readouts: _Optional[_Union[Readouts, _Mapping]] = ...) -> None: ...

class MrHeader(_message.Message):
    __slots__ = ("series_name", "trajectory", "coils", "samples", "lines", "slices", "averages", "geometry", "model", "model_version", "rows", "columns", "noise_std", "phase", "probes", "survival")
    SERIES_NAME_FIELD_NUMBER: _ClassVar[int]
    TRAJECTORY_FIELD_NUMBER: _ClassVar[int]
    COILS_FIELD_NUMBER: _ClassVar[int]
    SAMPLES_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    SLICES_FIELD_NUMBER: _ClassVar[int]
    AVERAGES_FIELD_NUMBER: _ClassVar[int]
    GEOMETRY_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    NOISE_STD_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    PROBES_FIELD_NUMBER: _ClassVar[int]
    SURVIVAL_FIELD_NUMBER: _ClassVar[int]
    series_name: str
    trajectory: Trajectory
    coils: int
    samples: int
    lines: int
    slices: int
    averages: int
    geometry: _common_pb2.Geometry
    model: str
    model_version: str
    rows: int
    columns: int
    noise_std: float
    phase: bool
    probes: _common_pb2.Probes
    survival: bool
    def __init__(self, series_name: _Optional[str] = ..., trajectory: _Optional[_Union[Trajectory, str]] = ..., coils: _Optional[int] = ..., samples: _Optional[int] = ..., lines: _Optional[int] = ..., slices: _Optional[int] = ..., averages: _Optional[int] = ..., geometry: _Optional[_Union[_common_pb2.Geometry, _Mapping]] = ..., model: _Optional[str] = ..., model_version: _Optional[str] = ..., rows: _Optional[int] = ..., columns: _Optional[int] = ..., noise_std: _Optional[float] = ..., phase: bool = ..., probes: _Optional[_Union[_common_pb2.Probes, str]] = ..., survival: bool = ...) -> None: ...

class Readouts(_message.Message):
    __slots__ = ("slice_index", "lines", "data", "last_in_slice", "trajectory", "counts")
    SLICE_INDEX_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    LAST_IN_SLICE_FIELD_NUMBER: _ClassVar[int]
    TRAJECTORY_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    slice_index: int
    lines: _containers.RepeatedScalarFieldContainer[int]
    data: bytes
    last_in_slice: bool
    trajectory: bytes
    counts: bytes
    def __init__(self, slice_index: _Optional[int] = ..., lines: _Optional[_Iterable[int]] = ..., data: _Optional[bytes] = ..., last_in_slice: bool = ..., trajectory: _Optional[bytes] = ..., counts: _Optional[bytes] = ...) -> None: ...

class ReconstructResponse(_message.Message):
    __slots__ = ("accepted", "chunk", "slice", "report")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    SLICE_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    accepted: _common_pb2.Accepted
    chunk: _common_pb2.Chunk
    slice: _common_pb2.SliceResult
    report: _common_pb2.SeriesReport
    def __init__(self, accepted: _Optional[_Union[_common_pb2.Accepted, _Mapping]] = ..., chunk: _Optional[_Union[_common_pb2.Chunk, _Mapping]] = ..., slice: _Optional[_Union[_common_pb2.SliceResult, _Mapping]] = ..., report: _Optional[_Union[_common_pb2.SeriesReport, _Mapping]] = ...) -> None: ...
