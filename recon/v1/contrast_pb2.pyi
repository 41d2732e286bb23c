from recon.v1 import common_pb2 as _common_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SynthesizeRequest(_message.Message):
    __slots__ = ("header", "chunk")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    header: ContrastHeader
    chunk: _common_pb2.Chunk
    def __init__(self, header: _Optional[_Union[ContrastHeader, _Mapping]] = ..., chunk: _Optional[_Union[_common_pb2.Chunk, _Mapping]] = ...) -> None: ...

class ContrastHeader(_message.Message):
    __slots__ = ("series_name", "rows", "columns", "slices", "geometry", "low_rows", "low_columns", "low_slices", "low_geometry", "sample_type", "dose_fraction", "model", "model_version", "probes", "survival", "strength", "auto_strength", "required")
    SERIES_NAME_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    SLICES_FIELD_NUMBER: _ClassVar[int]
    GEOMETRY_FIELD_NUMBER: _ClassVar[int]
    LOW_ROWS_FIELD_NUMBER: _ClassVar[int]
    LOW_COLUMNS_FIELD_NUMBER: _ClassVar[int]
    LOW_SLICES_FIELD_NUMBER: _ClassVar[int]
    LOW_GEOMETRY_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_TYPE_FIELD_NUMBER: _ClassVar[int]
    DOSE_FRACTION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    PROBES_FIELD_NUMBER: _ClassVar[int]
    SURVIVAL_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    AUTO_STRENGTH_FIELD_NUMBER: _ClassVar[int]
    REQUIRED_FIELD_NUMBER: _ClassVar[int]
    series_name: str
    rows: int
    columns: int
    slices: int
    geometry: _common_pb2.Geometry
    low_rows: int
    low_columns: int
    low_slices: int
    low_geometry: _common_pb2.Geometry
    sample_type: _common_pb2.SampleType
    dose_fraction: float
    model: str
    model_version: str
    probes: _common_pb2.Probes
    survival: bool
    strength: float
    auto_strength: AutoBlend
    required: _common_pb2.RequiredLesion
    def __init__(self, series_name: _Optional[str] = ..., rows: _Optional[int] = ..., columns: _Optional[int] = ..., slices: _Optional[int] = ..., geometry: _Optional[_Union[_common_pb2.Geometry, _Mapping]] = ..., low_rows: _Optional[int] = ..., low_columns: _Optional[int] = ..., low_slices: _Optional[int] = ..., low_geometry: _Optional[_Union[_common_pb2.Geometry, _Mapping]] = ..., sample_type: _Optional[_Union[_common_pb2.SampleType, str]] = ..., dose_fraction: _Optional[float] = ..., model: _Optional[str] = ..., model_version: _Optional[str] = ..., probes: _Optional[_Union[_common_pb2.Probes, str]] = ..., survival: bool = ..., strength: _Optional[float] = ..., auto_strength: _Optional[_Union[AutoBlend, _Mapping]] = ..., required: _Optional[_Union[_common_pb2.RequiredLesion, _Mapping]] = ...) -> None: ...

class AutoBlend(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SynthesizeResponse(_message.Message):
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
