"""What an ISMRMRD XML header says, checked; see https://ismrmrd.readthedocs.io."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recon.errors import UnreadableInput

_LARGEST_XML = 4 * 1024 * 1024


@dataclass(frozen=True)
class Space:
    """A matrix (x, y, z) and its field of view in mm."""

    matrix: tuple[int, int, int]
    field_mm: tuple[float, float, float]


@dataclass(frozen=True)
class MrHeader:
    """Encoding of a scan.

    Attributes
    ----------
    encoded, recon
        Spaces of the measurement and of the image.
    trajectory
        ``cartesian``, ``radial``, ...
    centre
        Number of the central phase-encoding step, (step_1, step_2).
    """

    encoded: Space
    recon: Space
    trajectory: str
    centre: tuple[int, int]

    @property
    def kept(self) -> tuple[float, float, float]:
        """Share of the encoded field of view that the image shows, along x, y, z; at most 1."""
        pairs = zip(self.recon.field_mm, self.encoded.field_mm, strict=True)
        x, y, z = (min(1.0, image / measured) for image, measured in pairs)
        return x, y, z


def parse_header(xml: bytes, where: str) -> MrHeader:
    """Read the first encoding of an XML header.

    Raises
    ------
    UnreadableInput
        When it is no ISMRMRD header, or its numbers are impossible.
    """
    from ismrmrd import xsd

    if len(xml) > _LARGEST_XML or b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise UnreadableInput(f"{where}: the XML header is too large or declares entities")
    try:
        encoding: Any = xsd.CreateFromDocument(xml).encoding[0]
        spaces = [_space(space) for space in (encoding.encodedSpace, encoding.reconSpace)]
        trajectory = str(getattr(encoding.trajectory, "value", encoding.trajectory)).lower()
        limits = encoding.encodingLimits
        _, y, z = spaces[0].matrix
        centre = tuple(
            int(limit.center) if limit is not None else side // 2
            for limit, side in ((limits.kspace_encoding_step_1, y), (limits.kspace_encoding_step_2, z))
        )
    except Exception as error:  # the parser raises whatever it likes on a broken document
        text = str(error).splitlines()
        raise UnreadableInput(f"{where}: no usable ISMRMRD header ({text[0][:120] if text else error})") from error
    for name, space in zip(("encodedSpace", "reconSpace"), spaces, strict=True):
        if min(space.matrix) < 1 or max(space.matrix) > 4096 or min(space.field_mm) <= 0:
            raise UnreadableInput(f"{where}: {name} has matrix {space.matrix} and field of view {space.field_mm} mm")
    return MrHeader(spaces[0], spaces[1], trajectory, (centre[0], centre[1]))


def _space(space: Any) -> Space:
    matrix, field = space.matrixSize, space.fieldOfView_mm
    return Space((int(matrix.x), int(matrix.y), int(matrix.z)), (float(field.x), float(field.y), float(field.z)))
