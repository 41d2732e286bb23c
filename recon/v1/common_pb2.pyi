from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Unit(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNIT_UNSPECIFIED: _ClassVar[Unit]
    UNIT_HU: _ClassVar[Unit]
    UNIT_ARBITRARY: _ClassVar[Unit]

class SampleType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SAMPLE_TYPE_UNSPECIFIED: _ClassVar[SampleType]
    SAMPLE_TYPE_FLOAT32: _ClassVar[SampleType]
    SAMPLE_TYPE_INT16: _ClassVar[SampleType]
    SAMPLE_TYPE_FLOAT16: _ClassVar[SampleType]
    SAMPLE_TYPE_UINT16: _ClassVar[SampleType]
    SAMPLE_TYPE_COMPLEX64: _ClassVar[SampleType]

class Plane(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PLANE_UNSPECIFIED: _ClassVar[Plane]
    PLANE_IMAGE: _ClassVar[Plane]
    PLANE_UNCERTAINTY: _ClassVar[Plane]
    PLANE_DETECTABILITY: _ClassVar[Plane]
    PLANE_PHASE: _ClassVar[Plane]
    PLANE_SURVIVAL: _ClassVar[Plane]

class IntervalKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INTERVAL_KIND_UNSPECIFIED: _ClassVar[IntervalKind]
    INTERVAL_KIND_CALIBRATED: _ClassVar[IntervalKind]
    INTERVAL_KIND_PROPAGATED_NOISE: _ClassVar[IntervalKind]
    INTERVAL_KIND_NONE: _ClassVar[IntervalKind]

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_PASS: _ClassVar[Verdict]
    VERDICT_REVIEW: _ClassVar[Verdict]
    VERDICT_REJECT: _ClassVar[Verdict]

class Probes(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROBES_UNSPECIFIED: _ClassVar[Probes]
    PROBES_OFF: _ClassVar[Probes]
    PROBES_FEW: _ClassVar[Probes]
    PROBES_ALL: _ClassVar[Probes]
UNIT_UNSPECIFIED: Unit
UNIT_HU: Unit
UNIT_ARBITRARY: Unit
SAMPLE_TYPE_UNSPECIFIED: SampleType
SAMPLE_TYPE_FLOAT32: SampleType
SAMPLE_TYPE_INT16: SampleType
SAMPLE_TYPE_FLOAT16: SampleType
SAMPLE_TYPE_UINT16: SampleType
SAMPLE_TYPE_COMPLEX64: SampleType
PLANE_UNSPECIFIED: Plane
PLANE_IMAGE: Plane
PLANE_UNCERTAINTY: Plane
PLANE_DETECTABILITY: Plane
PLANE_PHASE: Plane
PLANE_SURVIVAL: Plane
INTERVAL_KIND_UNSPECIFIED: IntervalKind
INTERVAL_KIND_CALIBRATED: IntervalKind
INTERVAL_KIND_PROPAGATED_NOISE: IntervalKind
INTERVAL_KIND_NONE: IntervalKind
VERDICT_UNSPECIFIED: Verdict
VERDICT_PASS: Verdict
VERDICT_REVIEW: Verdict
VERDICT_REJECT: Verdict
PROBES_UNSPECIFIED: Probes
PROBES_OFF: Probes
PROBES_FEW: Probes
PROBES_ALL: Probes

class Geometry(_message.Message):
    __slots__ = ("affine_lps_mm",)
    AFFINE_LPS_MM_FIELD_NUMBER: _ClassVar[int]
    affine_lps_mm: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, affine_lps_mm: _Optional[_Iterable[float]] = ...) -> None: ...

class Chunk(_message.Message):
    __slots__ = ("slice_index", "plane", "offset_bytes", "data", "input")
    SLICE_INDEX_FIELD_NUMBER: _ClassVar[int]
    PLANE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_BYTES_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    INPUT_FIELD_NUMBER: _ClassVar[int]
    slice_index: int
    plane: Plane
    offset_bytes: int
    data: bytes
    input: str
    def __init__(self, slice_index: _Optional[int] = ..., plane: _Optional[_Union[Plane, str]] = ..., offset_bytes: _Optional[int] = ..., data: _Optional[bytes] = ..., input: _Optional[str] = ...) -> None: ...

class PlaneData(_message.Message):
    __slots__ = ("plane", "sample_type", "scale", "data")
    PLANE_FIELD_NUMBER: _ClassVar[int]
    SAMPLE_TYPE_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    plane: Plane
    sample_type: SampleType
    scale: float
    data: bytes
    def __init__(self, plane: _Optional[_Union[Plane, str]] = ..., sample_type: _Optional[_Union[SampleType, str]] = ..., scale: _Optional[float] = ..., data: _Optional[bytes] = ...) -> None: ...

class Interval(_message.Message):
    __slots__ = ("coverage", "conformal_factor", "kind", "basis")
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    CONFORMAL_FACTOR_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    coverage: float
    conformal_factor: float
    kind: IntervalKind
    basis: str
    def __init__(self, coverage: _Optional[float] = ..., conformal_factor: _Optional[float] = ..., kind: _Optional[_Union[IntervalKind, str]] = ..., basis: _Optional[str] = ...) -> None: ...

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

class Probe(_message.Message):
    __slots__ = ("size_mm", "contrast", "unit", "kept", "places")
    SIZE_MM_FIELD_NUMBER: _ClassVar[int]
    CONTRAST_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    PLACES_FIELD_NUMBER: _ClassVar[int]
    size_mm: float
    contrast: float
    unit: str
    kept: KeptContrast
    places: int
    def __init__(self, size_mm: _Optional[float] = ..., contrast: _Optional[float] = ..., unit: _Optional[str] = ..., kept: _Optional[_Union[KeptContrast, _Mapping]] = ..., places: _Optional[int] = ...) -> None: ...

class KeptContrast(_message.Message):
    __slots__ = ("median", "p10", "p90")
    MEDIAN_FIELD_NUMBER: _ClassVar[int]
    P10_FIELD_NUMBER: _ClassVar[int]
    P90_FIELD_NUMBER: _ClassVar[int]
    median: float
    p10: float
    p90: float
    def __init__(self, median: _Optional[float] = ..., p10: _Optional[float] = ..., p90: _Optional[float] = ...) -> None: ...

class RequiredLesion(_message.Message):
    __slots__ = ("size_mm", "contrast", "kept")
    SIZE_MM_FIELD_NUMBER: _ClassVar[int]
    CONTRAST_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    size_mm: float
    contrast: float
    kept: float
    def __init__(self, size_mm: _Optional[float] = ..., contrast: _Optional[float] = ..., kept: _Optional[float] = ...) -> None: ...

class ChosenStrength(_message.Message):
    __slots__ = ("strength", "reason", "at_full_strength")
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    AT_FULL_STRENGTH_FIELD_NUMBER: _ClassVar[int]
    strength: float
    reason: str
    at_full_strength: Probe
    def __init__(self, strength: _Optional[float] = ..., reason: _Optional[str] = ..., at_full_strength: _Optional[_Union[Probe, _Mapping]] = ...) -> None: ...

class Provenance(_message.Message):
    __slots__ = ("software", "software_version", "model", "model_version", "model_sha256", "model_tuning")
    SOFTWARE_FIELD_NUMBER: _ClassVar[int]
    SOFTWARE_VERSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    MODEL_SHA256_FIELD_NUMBER: _ClassVar[int]
    MODEL_TUNING_FIELD_NUMBER: _ClassVar[int]
    software: str
    software_version: str
    model: str
    model_version: str
    model_sha256: str
    model_tuning: str
    def __init__(self, software: _Optional[str] = ..., software_version: _Optional[str] = ..., model: _Optional[str] = ..., model_version: _Optional[str] = ..., model_sha256: _Optional[str] = ..., model_tuning: _Optional[str] = ...) -> None: ...

class Timings(_message.Message):
    __slots__ = ("receive_ms", "prepare_ms", "network_ms", "finish_ms", "total_ms", "queue_ms", "send_ms", "probe_ms")
    RECEIVE_MS_FIELD_NUMBER: _ClassVar[int]
    PREPARE_MS_FIELD_NUMBER: _ClassVar[int]
    NETWORK_MS_FIELD_NUMBER: _ClassVar[int]
    FINISH_MS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_MS_FIELD_NUMBER: _ClassVar[int]
    QUEUE_MS_FIELD_NUMBER: _ClassVar[int]
    SEND_MS_FIELD_NUMBER: _ClassVar[int]
    PROBE_MS_FIELD_NUMBER: _ClassVar[int]
    receive_ms: float
    prepare_ms: float
    network_ms: float
    finish_ms: float
    total_ms: float
    queue_ms: float
    send_ms: float
    probe_ms: float
    def __init__(self, receive_ms: _Optional[float] = ..., prepare_ms: _Optional[float] = ..., network_ms: _Optional[float] = ..., finish_ms: _Optional[float] = ..., total_ms: _Optional[float] = ..., queue_ms: _Optional[float] = ..., send_ms: _Optional[float] = ..., probe_ms: _Optional[float] = ...) -> None: ...

class Accepted(_message.Message):
    __slots__ = ("provenance", "interval", "unit", "rows", "columns", "slices", "model_reason", "declared_checks", "series_checks", "strength", "domain_checks")
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    COLUMNS_FIELD_NUMBER: _ClassVar[int]
    SLICES_FIELD_NUMBER: _ClassVar[int]
    MODEL_REASON_FIELD_NUMBER: _ClassVar[int]
    DECLARED_CHECKS_FIELD_NUMBER: _ClassVar[int]
    SERIES_CHECKS_FIELD_NUMBER: _ClassVar[int]
    STRENGTH_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_CHECKS_FIELD_NUMBER: _ClassVar[int]
    provenance: Provenance
    interval: Interval
    unit: Unit
    rows: int
    columns: int
    slices: int
    model_reason: str
    declared_checks: _containers.RepeatedScalarFieldContainer[str]
    series_checks: _containers.RepeatedScalarFieldContainer[str]
    strength: ChosenStrength
    domain_checks: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, provenance: _Optional[_Union[Provenance, _Mapping]] = ..., interval: _Optional[_Union[Interval, _Mapping]] = ..., unit: _Optional[_Union[Unit, str]] = ..., rows: _Optional[int] = ..., columns: _Optional[int] = ..., slices: _Optional[int] = ..., model_reason: _Optional[str] = ..., declared_checks: _Optional[_Iterable[str]] = ..., series_checks: _Optional[_Iterable[str]] = ..., strength: _Optional[_Union[ChosenStrength, _Mapping]] = ..., domain_checks: _Optional[_Iterable[str]] = ...) -> None: ...

class SliceResult(_message.Message):
    __slots__ = ("slice_index", "verdict", "checks", "planes")
    SLICE_INDEX_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    PLANES_FIELD_NUMBER: _ClassVar[int]
    slice_index: int
    verdict: Verdict
    checks: _containers.RepeatedCompositeFieldContainer[Check]
    planes: _containers.RepeatedCompositeFieldContainer[PlaneData]
    def __init__(self, slice_index: _Optional[int] = ..., verdict: _Optional[_Union[Verdict, str]] = ..., checks: _Optional[_Iterable[_Union[Check, _Mapping]]] = ..., planes: _Optional[_Iterable[_Union[PlaneData, _Mapping]]] = ...) -> None: ...

class SeriesReport(_message.Message):
    __slots__ = ("verdict", "checks", "timings", "provenance", "interval", "probes")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    CHECKS_FIELD_NUMBER: _ClassVar[int]
    TIMINGS_FIELD_NUMBER: _ClassVar[int]
    PROVENANCE_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    PROBES_FIELD_NUMBER: _ClassVar[int]
    verdict: Verdict
    checks: _containers.RepeatedCompositeFieldContainer[Check]
    timings: Timings
    provenance: Provenance
    interval: Interval
    probes: _containers.RepeatedCompositeFieldContainer[Probe]
    def __init__(self, verdict: _Optional[_Union[Verdict, str]] = ..., checks: _Optional[_Iterable[_Union[Check, _Mapping]]] = ..., timings: _Optional[_Union[Timings, _Mapping]] = ..., provenance: _Optional[_Union[Provenance, _Mapping]] = ..., interval: _Optional[_Union[Interval, _Mapping]] = ..., probes: _Optional[_Iterable[_Union[Probe, _Mapping]]] = ...) -> None: ...
