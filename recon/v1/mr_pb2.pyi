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
    __slots__ = ("series_name", "trajectory", "coils", "samples", "lines", "slices", "averages", "geometry", "model", "model_version")
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
    def __init__(self, series_name: _Optional[str] = ..., trajectory: _Optional[_Union[Trajectory, str]] = ..., coils: _Optional[int] = ..., samples: _Optional[int] = ..., lines: _Optional[int] = ..., slices: _Optional[int] = ..., averages: _Optional[int] = ..., geometry: _Optional[_Union[_common_pb2.Geometry, _Mapping]] = ..., model: _Optional[str] = ..., model_version: _Optional[str] = ...) -> None: ...

class Readouts(_message.Message):
    __slots__ = ("slice_index", "lines", "data", "last_in_slice")
    SLICE_INDEX_FIELD_NUMBER: _ClassVar[int]
    LINES_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    LAST_IN_SLICE_FIELD_NUMBER: _ClassVar[int]
    slice_index: int
    lines: _containers.RepeatedScalarFieldContainer[int]
    data: bytes
    last_in_slice: bool
    def __init__(self, slice_index: _Optional[int] = ..., lines: _Optional[_Iterable[int]] = ..., data: _Optional[bytes] = ..., last_in_slice: bool = ...) -> None: ...

class ReconstructResponse(_message.Message):
    __slots__ = ("accepted", "chunk", "slice", "report")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    SLICE_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    accepted: MrAccepted
    chunk: _common_pb2.Chunk
    slice: MrSliceReport
    report: MrSeriesReport
    def __init__(self, accepted: _Optional[_Union[MrAccepted, _Mapping]] = ..., chunk: _Optional[_Union[_common_pb2.Chunk, _Mapping]] = ..., slice: _Optional[_Union[MrSliceReport, _Mapping]] = ..., report: _Optional[_Union[MrSeriesReport, _Mapping]] = ...) -> None: ...

class MrAccepted(_message.Message):
    __slots__ = ("provenance", "interval", "image_type", "uncertainty_type")
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    IMAGE_TYPE_FIELD_NUMBER: _ClassVar[int]
    UNCERTAINTY_TYPE_FIELD_NUMBER: _ClassVar[int]
    provenance: _common_pb2.Provenance
    interval: _common_pb2.Interval
    image_type: _common_pb2.SampleType
    uncertainty_type: _common_pb2.SampleType
    def __init__(self, provenance: _Optional[_Union[_common_pb2.Provenance, _Mapping]] = ..., interval: _Optional[_Union[_common_pb2.Interval, _Mapping]] = ..., image_type: _Optional[_Union[_common_pb2.SampleType, str]] = ..., uncertainty_type: _Optional[_Union[_common_pb2.SampleType, str]] = ...) -> None: ...

class MrSliceReport(_message.Message):
    __slots__ = ("slice_index", "verdict", "checks")
    SLICE_INDEX_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    slice_index: int
    verdict: _common_pb2.Verdict
    checks: _containers.RepeatedCompositeFieldContainer[_common_pb2.Check]
    def __init__(self, slice_index: _Optional[int] = ..., verdict: _Optional[_Union[_common_pb2.Verdict, str]] = ..., checks: _Optional[_Iterable[_Union[_common_pb2.Check, _Mapping]]] = ...) -> None: ...

class MrSeriesReport(_message.Message):
    __slots__ = ("verdict", "checks", "timings", "provenance", "interval")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    verdict: _common_pb2.Verdict
    checks: _containers.RepeatedCompositeFieldContainer[_common_pb2.Check]
    timings: _common_pb2.Timings
    provenance: _common_pb2.Provenance
    interval: _common_pb2.Interval
    def __init__(self, verdict: _Optional[_Union[_common_pb2.Verdict, str]] = ..., checks: _Optional[_Iterable[_Union[_common_pb2.Check, _Mapping]]] = ..., timings: _Optional[_Union[_common_pb2.Timings, _Mapping]] = ..., provenance: _Optional[_Union[_common_pb2.Provenance, _Mapping]] = ..., interval: _Optional[_Union[_common_pb2.Interval, _Mapping]] = ...) -> None: ...
