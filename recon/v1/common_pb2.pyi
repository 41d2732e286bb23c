from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Unit(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNIT_UNSPECIFIED: _ClassVar[Unit]
    UNIT_HU: _ClassVar[Unit]

class SampleType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SAMPLE_TYPE_UNSPECIFIED: _ClassVar[SampleType]
    SAMPLE_TYPE_FLOAT32: _ClassVar[SampleType]
    SAMPLE_TYPE_INT16: _ClassVar[SampleType]
    SAMPLE_TYPE_FLOAT16: _ClassVar[SampleType]

class Plane(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PLANE_UNSPECIFIED: _ClassVar[Plane]
    PLANE_IMAGE: _ClassVar[Plane]
    PLANE_UNCERTAINTY: _ClassVar[Plane]

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_PASS: _ClassVar[Verdict]
    VERDICT_REVIEW: _ClassVar[Verdict]
    VERDICT_REJECT: _ClassVar[Verdict]
UNIT_UNSPECIFIED: Unit
UNIT_HU: Unit
SAMPLE_TYPE_UNSPECIFIED: SampleType
SAMPLE_TYPE_FLOAT32: SampleType
SAMPLE_TYPE_INT16: SampleType
SAMPLE_TYPE_FLOAT16: SampleType
PLANE_UNSPECIFIED: Plane
PLANE_IMAGE: Plane
PLANE_UNCERTAINTY: Plane
VERDICT_UNSPECIFIED: Verdict
VERDICT_PASS: Verdict
VERDICT_REVIEW: Verdict
VERDICT_REJECT: Verdict

class Geometry(_message.Message):
    __slots__ = ("affine_lps_mm",)
    AFFINE_LPS_MM_FIELD_NUMBER: _ClassVar[int]
    affine_lps_mm: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, affine_lps_mm: _Optional[_Iterable[float]] = ...) -> None: ...

class Chunk(_message.Message):
    __slots__ = ("slice_index", "plane", "offset_bytes", "data")
    SLICE_INDEX_FIELD_NUMBER: _ClassVar[int]
    PLANE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_BYTES_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    slice_index: int
    plane: Plane
    offset_bytes: int
    data: bytes
    def __init__(self, slice_index: _Optional[int] = ..., plane: _Optional[_Union[Plane, str]] = ..., offset_bytes: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class Interval(_message.Message):
    __slots__ = ("coverage", "conformal_factor")
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    CONFORMAL_FACTOR_FIELD_NUMBER: _ClassVar[int]
    coverage: float
    conformal_factor: float
    def __init__(self, coverage: _Optional[float] = ..., conformal_factor: _Optional[float] = ...) -> None: ...

class Check(_message.Message):
    __slots__ = ("name", "value", "lower_limit", "upper_limit", "unit", "outcome", "message")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    LOWER_LIMIT_FIELD_NUMBER: _ClassVar[int]
    UPPER_LIMIT_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: float
    lower_limit: float
    upper_limit: float
    unit: str
    outcome: Verdict
    message: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[float] = ..., lower_limit: _Optional[float] = ..., upper_limit: _Optional[float] = ..., unit: _Optional[str] = ..., outcome: _Optional[_Union[Verdict, str]] = ..., message: _Optional[str] = ...) -> None: ...

class Provenance(_message.Message):
    __slots__ = ("software", "software_version", "model", "model_version", "model_sha256")
    SOFTWARE_FIELD_NUMBER: _ClassVar[int]
    SOFTWARE_VERSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_SHA256_FIELD_NUMBER: _ClassVar[int]
    software: str
    software_version: str
    model: str
    model_version: str
    model_sha256: str
    def __init__(self, software: _Optional[str] = ..., software_version: _Optional[str] = ..., model: _Optional[str] = ..., model_version: _Optional[str] = ..., model_sha256: _Optional[str] = ...) -> None: ...

class Timings(_message.Message):
    __slots__ = ("receive_ms", "prepare_ms", "network_ms", "finish_ms", "total_ms")
    RECEIVE_MS_FIELD_NUMBER: _ClassVar[int]
    PREPARE_MS_FIELD_NUMBER: _ClassVar[int]
    NETWORK_MS_FIELD_NUMBER: _ClassVar[int]
    FINISH_MS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_MS_FIELD_NUMBER: _ClassVar[int]
    receive_ms: float
    prepare_ms: float
    network_ms: float
    finish_ms: float
    total_ms: float
    def __init__(self, receive_ms: _Optional[float] = ..., prepare_ms: _Optional[float] = ..., network_ms: _Optional[float] = ..., finish_ms: _Optional[float] = ..., total_ms: _Optional[float] = ...) -> None: ...
