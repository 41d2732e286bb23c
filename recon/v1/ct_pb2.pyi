from recon.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
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
    __slots__ = ("series_name", "rows", "columns", "slices", "sample_type", "unit", "geometry", "strength", "model", "model_version")
    SERIES_NAME_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    SLICES_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_TYPE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    GEOMETRY_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    series_name: str
    rows: int
    columns: int
    slices: int
    sample_type: _common_pb2.SampleType
    unit: _common_pb2.Unit
    geometry: _common_pb2.Geometry
    strength: float
    model: str
    model_version: str
    def __init__(self, series_name: _Optional[str] = ..., rows: _Optional[int] = ..., columns: _Optional[int] = ..., slices: _Optional[int] = ..., sample_type: _Optional[_Union[_common_pb2.SampleType, str]] = ..., unit: _Optional[_Union[_common_pb2.Unit, str]] = ..., geometry: _Optional[_Union[_common_pb2.Geometry, _Mapping]] = ..., strength: _Optional[float] = ..., model: _Optional[str] = ..., model_version: _Optional[str] = ...) -> None: ...

class DenoiseResponse(_message.Message):
    __slots__ = ("accepted", "chunk", "slice", "report")
    ACCEPTED_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    SLICE_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    accepted: CtAccepted
    chunk: _common_pb2.Chunk
    slice: CtSliceReport
    report: CtSeriesReport
    def __init__(self, accepted: _Optional[_Union[CtAccepted, _Mapping]] = ..., chunk: _Optional[_Union[_common_pb2.Chunk, _Mapping]] = ..., slice: _Optional[_Union[CtSliceReport, _Mapping]] = ..., report: _Optional[_Union[CtSeriesReport, _Mapping]] = ...) -> None: ...

class CtAccepted(_message.Message):
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

class CtSliceReport(_message.Message):
    __slots__ = ("slice_index", "verdict", "checks")
    SLICE_INDEX_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    slice_index: int
    verdict: _common_pb2.Verdict
    checks: _containers.RepeatedCompositeFieldContainer[_common_pb2.Check]
    def __init__(self, slice_index: _Optional[int] = ..., verdict: _Optional[_Union[_common_pb2.Verdict, str]] = ..., checks: _Optional[_Iterable[_Union[_common_pb2.Check, _Mapping]]] = ...) -> None: ...

class CtSeriesReport(_message.Message):
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
