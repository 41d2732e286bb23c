"""MR: what a series' header says, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recon.errors import InvalidRequest
from recon.tasks.probe import Probes, probes_from_message, wants_maps

SMALLEST, LARGEST = 16, 1024
MOST_COILS = 128
#: Readouts of a trajectory may outnumber the lines of any matrix.
MOST_READOUTS = 8192
MOST_KSPACE_BYTES = 2 * 2**30
#: In the scanner's unit; samples reach 1e6.
MOST_NOISE = 1e9
KINDS = {1: "cartesian", 2: "radial", 3: "spiral"}


@dataclass(frozen=True)
class SeriesFacts:
    """A header's fields, checked.

    Attributes
    ----------
    kind
        ``cartesian``, ``radial`` or ``spiral``.
    coils, samples, lines, slices, averages
        Of the readouts.
    matrix
        (rows, columns) of the image.
    noise_std
        Of a coil's real part; 0 where unknown.
    encoding
        Name of the sampling pattern, for networks of one encoding.
    phase
        Whether the phase of the images is wanted.
    probes
        On which slices known lesions are added.
    survival
        Whether a picture of what they keep is wanted.
    spacing_mm
        Distance of rows and of columns of the image.
    """

    kind: str
    coils: int
    samples: int
    lines: int
    slices: int
    averages: int
    matrix: tuple[int, int]
    noise_std: float = 0.0
    encoding: str = ""
    phase: bool = False
    probes: Probes = Probes.OFF
    survival: bool = False
    spacing_mm: tuple[float, float] = (1.0, 1.0)


def series_facts(header: Any) -> SeriesFacts:
    """Check an ``MrHeader``.

    Raises
    ------
    InvalidRequest
        Naming the field that no slice could satisfy.
    """
    kind = KINDS.get(int(header.trajectory))
    if kind is None:
        raise InvalidRequest("trajectory is unspecified; cartesian, radial and spiral are known", field="trajectory")
    validate_header(header.coils, header.samples, header.lines, header.slices, header.averages, kind)
    rows, columns = int(getattr(header, "rows", 0)), int(getattr(header, "columns", 0))
    if (rows == 0) != (columns == 0):
        raise InvalidRequest(f"rows is {rows} and columns {columns}; give both or neither", field="rows")
    if not rows and kind != "cartesian":
        raise InvalidRequest(f"a {kind} trajectory has no matrix of its own; give rows and columns", field="rows")
    for name, side, least in (("rows", rows, header.samples), ("columns", columns, header.lines)):
        least = least if kind == "cartesian" else SMALLEST
        if side and not least <= side <= 2 * LARGEST:
            raise InvalidRequest(f"{name} is {side}; the image has {least} to {2 * LARGEST}", field=name)
    noise = float(getattr(header, "noise_std", 0.0))
    if not 0 <= noise <= MOST_NOISE:
        raise InvalidRequest(
            f"noise_std is {noise:g}; a standard deviation from 0 (unknown) to {MOST_NOISE:g}", field="noise_std"
        )
    probes = probes_from_message(int(getattr(header, "probes", 0)))
    return SeriesFacts(
        kind,
        header.coils,
        header.samples,
        header.lines,
        header.slices,
        max(1, header.averages),
        (rows, columns) if rows else (header.samples, header.lines),
        noise,
        str(getattr(header, "encoding", "")),
        bool(getattr(header, "phase", False)),
        probes,
        wants_maps(bool(getattr(header, "survival", False)), probes),
    )


def validate_header(coils: int, samples: int, lines: int, slices: int, averages: int, kind: str = "cartesian") -> None:
    """Refuse what no slice could satisfy.

    Raises
    ------
    InvalidRequest
        Naming the field.
    """
    most_lines = LARGEST if kind == "cartesian" else MOST_READOUTS
    for name, side, least, most in (
        ("samples", samples, SMALLEST, LARGEST if kind == "cartesian" else MOST_READOUTS),
        ("lines", lines, SMALLEST if kind == "cartesian" else 1, most_lines),
    ):
        if not least <= side <= most:
            raise InvalidRequest(f"{name} is {side}; k-space has {least} to {most} a side", field=name)
    if not 1 <= coils <= MOST_COILS:
        raise InvalidRequest(f"coils is {coils}; there are 1 to {MOST_COILS}", field="coils")
    if not 1 <= slices <= 100_000:
        raise InvalidRequest(f"slices is {slices}; a series has 1 to 100000", field="slices")
    if averages > 1024:
        raise InvalidRequest(f"averages is {averages}; at most 1024", field="averages")
    if 8 * coils * samples * lines > MOST_KSPACE_BYTES:
        raise InvalidRequest(
            f"a slice of {coils} coils, {samples} samples and {lines} lines is larger than 2 GiB", field="coils"
        )
