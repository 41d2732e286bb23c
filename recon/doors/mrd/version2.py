"""Version 2 of the raw data protocol: a stream without a conversation, as pipes carry it.

The generated package ``mrd-python`` reads and writes it. A stream carries its schema, and a reader takes only its own:
the versions served are those of the package that is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, BinaryIO
from xml.etree import ElementTree

import numpy as np
from ismrmrd import Meta

from recon.doors.mrd.wire import Block, Close, Header, Image, Message, Waveform, layout
from recon.errors import InvalidRequest, MissingExtra, UnreadableInput, with_extra

#: First bytes of a stream.
MAGIC = b"yardl"
_COUNTERS = (
    "kspace_encode_step_1",
    "kspace_encode_step_2",
    "average",
    "slice",
    "contrast",
    "phase",
    "repetition",
    "set",
    "segment",
)
_NUMBERS = (
    "measurement_uid",
    "scan_counter",
    "acquisition_time_stamp",
    "discard_pre",
    "discard_post",
    "center_sample",
    "encoding_space_ref",
    "sample_time_us",
)
_VECTORS = ("position", "read_dir", "phase_dir", "slice_dir", "patient_table_position")
_LIMITS = ("average", "slice", "contrast", "phase", "repetition", "set", "segment")
_SAME_PLACES = (
    "measurement_uid",
    "field_of_view",
    "position",
    "slice_dir",
    "patient_table_position",
    "average",
    "slice",
    "contrast",
    "phase",
    "repetition",
    "set",
    "acquisition_time_stamp",
    "image_index",
    "image_series_index",
)
_TAGS = {
    "<u2": "ImageUint16",
    "<i2": "ImageInt16",
    "<u4": "ImageUint32",
    "<i4": "ImageInt32",
    "<f4": "ImageFloat",
    "<f8": "ImageDouble",
    "<c8": "ImageComplexFloat",
    "<c16": "ImageComplexDouble",
}


def schema_version() -> str:
    """Which streams are read: those of this version of the package."""
    return f"mrd-python {version('mrd-python')}"


def messages_of(source: BinaryIO) -> Iterator[Message]:
    """The stream's header, readouts and images as messages of version 1, then ``Close``.

    Raises
    ------
    InvalidRequest
        When it has another schema.
    UnreadableInput
        When it is damaged or ends too early.
    MissingExtra
        When ``mrd-python`` is not installed.
    """
    mrd = _package()
    try:
        reader = mrd.BinaryMrdReader(source)
    except RuntimeError as error:
        raise InvalidRequest(
            f"the stream can't be read ({str(error).lower()}); streams of {schema_version()} are, others are not"
        ) from error
    number = 0
    try:
        header = reader.read_header()
        if header is not None:
            yield Header(header_to_xml(header))
        for number, item in enumerate(reader.read_data()):
            value = item.value
            if isinstance(item, mrd.StreamItem.Acquisition):
                yield acquisition_of(value)
            elif isinstance(item, mrd.StreamItem.WaveformUint32):
                yield Waveform(np.zeros((), layout.WAVEFORM_HEAD)[()], np.asarray(value.data))
            else:
                raise InvalidRequest(f"item {number} of the stream is {type(item).__name__}; readouts are taken")
    except InvalidRequest:
        raise
    except Exception as error:  # the generated reader raises whatever it meets
        raise UnreadableInput(f"the stream ended or is damaged after item {number} ({error})") from error
    yield Close()


class Writer:
    """Writes images as a stream of version 2; texts have no place in it.

    Parameters
    ----------
    target
        Where to.
    """

    def __init__(self, target: BinaryIO) -> None:
        self._mrd = _package()
        self._writer = self._mrd.BinaryMrdWriter(target)
        self._writer.write_header(None)

    def send(self, message: Message) -> None:
        """Write an image; the end of a conversation ends the stream."""
        if isinstance(message, Image):
            item = getattr(self._mrd.StreamItem, _TAGS[message.values.dtype.newbyteorder("<").str])
            self._writer.write_data([item(image_of(message, self._mrd))])
        elif isinstance(message, Close):
            self._writer.write_data([])
            self._writer.close()


def acquisition_of(acquisition: Any) -> Block:
    """An acquisition of version 1."""
    made, head = np.zeros((), layout.ACQUISITION_HEAD), acquisition.head
    samples = np.ascontiguousarray(acquisition.data, "<c8")
    made["version"], made["flags"] = 1, int(head.flags.value)
    made["active_channels"], made["number_of_samples"] = samples.shape
    made["available_channels"] = samples.shape[0]
    for name in _NUMBERS:
        made[name] = getattr(head, name) or 0
    if head.center_sample is None:
        made["center_sample"] = samples.shape[1] // 2
    for name in _VECTORS:
        made[name] = getattr(head, name)
    for name in _COUNTERS:
        made["idx"][name] = getattr(head.idx, name) or 0
    stamps = list(head.physiology_time_stamp)[:3]
    made["physiology_time_stamp"][: len(stamps)] = stamps
    path = np.ascontiguousarray(np.asarray(acquisition.trajectory, "<f4").T)  # there (dimensions, samples)
    has_path = path.ndim == 2 and path.size > 0
    made["trajectory_dimensions"] = path.shape[1] if has_path else 0
    return Block.of_one(made, samples, path if has_path else None)


def image_of(image: Image, mrd: Any) -> Any:
    """An image of version 2."""
    head = image.head
    fields = {name: _plain(head[name]) for name in _SAME_PLACES}
    made = mrd.ImageHeader(
        **fields,
        image_type=mrd.ImageType(int(head["image_type"])),
        col_dir=_plain(head["read_dir"]),
        line_dir=_plain(head["phase_dir"]),
        physiology_time_stamp=head["physiology_time_stamp"].tolist(),
    )
    meta: dict[str, list[Any]] = {}
    for name, value in Meta.deserialize(image.attributes).items():
        words = value if isinstance(value, list) else [value]
        meta[name] = [mrd.ImageMetaValue.String(str(word or "")) for word in words]
    return mrd.Image(head=made, data=image.values, meta=meta)


def header_to_xml(header: Any) -> bytes:
    """What the readers of raw data look at, as a header of version 1."""
    root = ElementTree.Element("ismrmrdHeader", xmlns="http://www.ismrm.org/ISMRMRD")
    information = header.measurement_information
    if information is not None:
        part = ElementTree.SubElement(root, "measurementInformation")
        _add(part, "measurementID", information.measurement_id)
        _add(part, "patientPosition", information.patient_position.name)
        _add(part, "protocolName", information.protocol_name)
        for dependency in information.measurement_dependency:
            own = ElementTree.SubElement(part, "measurementDependency")
            _add(own, "dependencyType", dependency.dependency_type)
            _add(own, "measurementID", dependency.measurement_id)
        _add(part, "frameOfReferenceUID", information.frame_of_reference_uid)
    system = header.acquisition_system_information
    if system is not None:
        part = ElementTree.SubElement(root, "acquisitionSystemInformation")
        _add(part, "systemVendor", system.system_vendor)
        _add(part, "systemModel", system.system_model)
        _add(part, "receiverChannels", system.receiver_channels)
    conditions = ElementTree.SubElement(root, "experimentalConditions")
    _add(conditions, "H1resonanceFrequency_Hz", header.experimental_conditions.h1resonance_frequency_hz)
    for encoding in header.encoding:
        _add_encoding(ElementTree.SubElement(root, "encoding"), encoding)
    return bytes(ElementTree.tostring(root, "utf-8"))


def _add_encoding(part: Any, encoding: Any) -> None:
    for name, space in (("encodedSpace", encoding.encoded_space), ("reconSpace", encoding.recon_space)):
        own = ElementTree.SubElement(part, name)
        for kind, sides in (("matrixSize", space.matrix_size), ("fieldOfView_mm", space.field_of_view_mm)):
            sizes = ElementTree.SubElement(own, kind)
            for axis in "xyz":
                _add(sizes, axis, getattr(sides, axis))
    limits = ElementTree.SubElement(part, "encodingLimits")
    for name in ("kspace_encoding_step_1", "kspace_encoding_step_2", *_LIMITS):
        limit = getattr(encoding.encoding_limits, name)
        if limit is not None:
            own = ElementTree.SubElement(limits, name)
            for bound in ("minimum", "maximum", "center"):
                _add(own, bound, getattr(limit, bound))
    _add(part, "trajectory", encoding.trajectory.name.lower())
    parallel = encoding.parallel_imaging
    if parallel is not None:
        own = ElementTree.SubElement(part, "parallelImaging")
        factor, given = ElementTree.SubElement(own, "accelerationFactor"), parallel.acceleration_factor
        _add(factor, "kspace_encoding_step_1", given.kspace_encoding_step_1)
        _add(factor, "kspace_encoding_step_2", given.kspace_encoding_step_2)
        if parallel.calibration_mode is not None:
            _add(own, "calibrationMode", parallel.calibration_mode.name.lower())


def _add(parent: Any, name: str, value: Any) -> None:
    if value is not None:
        ElementTree.SubElement(parent, name).text = str(value)


def _plain(value: Any) -> Any:
    return np.asarray(value, np.float32) if getattr(value, "shape", ()) else int(value)


def _package() -> Any:
    try:
        import mrd
    except ModuleNotFoundError as error:
        raise MissingExtra(with_extra("version 2 of the raw data protocol needs mrd-python", "mrd")) from error
    return mrd
