from recon.v1 import common_pb2 as _common_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DenoiseRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: CtHeader
    chunk: _common_pb2.Chunk
    def __init__(self, header: _Optional[_Union[CtHeader, _Mapping]] = ..., chunk: _Optional[_Union[_common_pb2.Chunk, _Mapping]] = ...) -> None: ...

class CtHeader(_message.Message):
    __slots__ = ("series_name", "rows", "columns", "slices", "sample_type", "unit", "geometry", "strength", "auto_strength", "model", "model_version", "probes", "required", "survival")
    SERIES_NAME_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    SLICES_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_TYPE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    GEOMETRY_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    AUTO_STRENGTH_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    PROBES_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    SURVIVAL_FIELD_NUMBER: _ClassVar[int]
    series_name: str
    rows: int
    columns: int
    slices: int
    sample_type: _common_pb2.SampleType
    unit: _common_pb2.Unit
    geometry: _common_pb2.Geometry
    strength: float
    auto_strength: AutoStrength
    model: str
    model_version: str
    probes: _common_pb2.Probes
    required: _common_pb2.RequiredLesion
    survival: bool
    def __init__(self, series_name: _Optional[str] = ..., rows: _Optional[int] = ..., columns: _Optional[int] = ..., slices: _Optional[int] = ..., sample_type: _Optional[_Union[_common_pb2.SampleType, str]] = ..., unit: _Optional[_Union[_common_pb2.Unit, str]] = ..., geometry: _Optional[_Union[_common_pb2.Geometry, _Mapping]] = ..., strength: _Optional[float] = ..., auto_strength: _Optional[_Union[AutoStrength, _Mapping]] = ..., model: _Optional[str] = ..., model_version: _Optional[str] = ..., probes: _Optional[_Union[_common_pb2.Probes, str]] = ..., required: _Optional[_Union[_common_pb2.RequiredLesion, _Mapping]] = ..., survival: bool = ...) -> None: ...

class AutoStrength(_message.Message):
    __slots__ = ("surveyed",)
    SURVEYED_FIELD_NUMBER: _ClassVar[int]
    surveyed: int
    def __init__(self, surveyed: _Optional[int] = ...) -> None: ...

class DenoiseResponse(_message.Message):
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
