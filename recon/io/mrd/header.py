"""What an ISMRMRD XML header says, checked; see https://ismrmrd.readthedocs.io."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

from recon.errors import UnreadableInput

_LARGEST_XML = 4 * 1024 * 1024
_LARGEST_MATRIX = 4096
_SMALLEST_PIXEL_MM, _LARGEST_PIXEL_MM = 0.02, 50.0


@dataclass(frozen=True)
class Space:
    """A matrix (x, y, z) and its field of view in mm."""

    matrix: tuple[int, int, int]
    field_mm: tuple[float, float, float]


@dataclass(frozen=True)
class HeaderEncoding:
    """One way in which a scan travels k-space.

    Attributes
    ----------
    encoded, recon
        Spaces of the measurement and of the image.
    trajectory
        ``cartesian``, ``radial``, ...
    centre
        Number of the central phase-encoding step, (step_1, step_2).
    steps
        First and last step_1; None where the header doesn't say.
    slices
        How many the header announces; 0 where it doesn't.
    """

    encoded: Space
    recon: Space
    trajectory: str
    centre: tuple[int, int]
    steps: tuple[int, int] | None = None
    slices: int = 0

    def kept(self, axis: int) -> int:
        """Pixels of the encoded field of view, along x, y or z, that lie in the image's field of view."""
        share = self.recon.field_mm[axis] / self.encoded.field_mm[axis]
        side = self.encoded.matrix[axis]
        return max(1, min(side, int(side * share + 0.5)))

    def fine(self, axis: int) -> tuple[int, int]:
        """Pixels of the image along an axis, and of the whole encoded field of view at that pixel size.

        Where the image's matrix is larger than what was encoded in its field of view, k-space is filled
        up with zeros; where it is smaller, the acquired resolution stays.
        """
        kept, side = self.kept(axis), self.encoded.matrix[axis]
        wanted = self.recon.matrix[axis]
        if wanted <= kept:
            return kept, side
        return wanted, int(side * wanted / kept + 0.5)


@dataclass(frozen=True)
class ScanHeader:
    """What matters of a scan's XML header.

    Attributes
    ----------
    encodings
        In the order that ``encoding_space_ref`` counts.
    coils
        Receive channels; 0 where the header doesn't say.
    document
        The header as it was parsed: values that don't fit their type are still text there.
    """

    encodings: tuple[HeaderEncoding, ...]
    coils: int = 0
    document: Any = field(default=None, repr=False, compare=False)


def document_of(xml: bytes, where: str) -> Any:
    """An ``ismrmrd.xsd.ismrmrdHeader``; values that don't fit their type are still text there.

    Raises
    ------
    UnreadableInput
        When it is no ISMRMRD header.
    """
    from ismrmrd import xsd

    if len(xml) > _LARGEST_XML or b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise UnreadableInput(f"{where}: the XML header is too large or declares entities")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of values that don't fit their type; those that matter are checked
            return xsd.CreateFromDocument(xml)
    except Exception as error:  # the parser raises whatever it likes on a broken document
        raise _unusable(where, error) from error


def parse_header(xml: bytes, where: str) -> ScanHeader:
    """Read an XML header; raises what :func:`document_of` and :func:`scan_header` do."""
    return scan_header(document_of(xml, where), where)


def scan_header(document: Any, where: str) -> ScanHeader:
    """What matters of a parsed header.

    Raises
    ------
    UnreadableInput
        When it describes no encoding, or its numbers are impossible.
    """
    try:
        encodings = tuple(_encoding(encoding) for encoding in document.encoding)
        coils = getattr(document.acquisitionSystemInformation, "receiverChannels", None)
    except Exception as error:  # parts that are missing, or text where numbers belong
        raise _unusable(where, error) from error
    if not encodings:
        raise UnreadableInput(f"{where}: no usable ISMRMRD header (it describes no encoding)")
    for encoding in encodings:
        for name, space in (("encodedSpace", encoding.encoded), ("reconSpace", encoding.recon)):
            possible = min(space.matrix) >= 1 and max(space.matrix) <= _LARGEST_MATRIX
            if not possible or not all(0 < field < 1e5 for field in space.field_mm):
                raise UnreadableInput(
                    f"{where}: {name} has matrix {space.matrix} and field of view {space.field_mm} mm"
                )
        pixel = min(
            field / side for field, side in zip(encoding.recon.field_mm[:2], encoding.recon.matrix, strict=False)
        )
        if not _SMALLEST_PIXEL_MM <= pixel <= _LARGEST_PIXEL_MM:
            raise UnreadableInput(
                f"{where}: a field of view of {encoding.recon.field_mm[0]:g} mm makes pixels of {pixel:.2g} mm; "
                "state it in millimetres, not in metres or in pixels"
            )
    return ScanHeader(encodings, coils if isinstance(coils, int) else 0, document)


def _unusable(where: str, error: Exception) -> UnreadableInput:
    text = str(error).splitlines()
    return UnreadableInput(f"{where}: no usable ISMRMRD header ({text[0][:120] if text else error})")


def _encoding(encoding: Any) -> HeaderEncoding:
    encoded, recon = (_space(space) for space in (encoding.encodedSpace, encoding.reconSpace))
    trajectory = str(getattr(encoding.trajectory, "value", encoding.trajectory)).lower()
    limits = encoding.encodingLimits
    steps = (limits.kspace_encoding_step_1, limits.kspace_encoding_step_2) if limits is not None else (None, None)
    centre = [
        int(limit.center) if limit is not None else side // 2
        for limit, side in zip(steps, encoded.matrix[1:], strict=True)
    ]
    first = steps[0]
    lines = None if first is None else (int(first.minimum), int(first.maximum))
    slices = limits.slice if limits is not None else None
    announced = int(slices.maximum) - int(slices.minimum) + 1 if slices is not None else 0
    return HeaderEncoding(encoded, recon, trajectory, (centre[0], centre[1]), lines, announced)


def _space(space: Any) -> Space:
    matrix, field = space.matrixSize, space.fieldOfView_mm
    return Space((int(matrix.x), int(matrix.y), int(matrix.z)), (float(field.x), float(field.y), float(field.z)))
