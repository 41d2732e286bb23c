"""Simulated scans as fastMRI and ISMRMRD files, and the truth beside them."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from recon.errors import InvalidRequest
from recon.io.kspace.results import write_hdf5
from recon.physics.fourier import to_image, to_kspace
from recon.training.mr.simulate import SimulatedScan
from recon.volumes import ComplexImage

_NOISE_READOUTS = 16

_XML = """<?xml version="1.0" encoding="utf-8"?>
<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">
 <acquisitionSystemInformation><systemVendor>recon simulate</systemVendor>
  <receiverChannels>{coils}</receiverChannels></acquisitionSystemInformation>
 <experimentalConditions><H1resonanceFrequency_Hz>123200000</H1resonanceFrequency_Hz></experimentalConditions>
 <encoding>
  <encodedSpace><matrixSize><x>{x2}</x><y>{y}</y><z>1</z></matrixSize>
   <fieldOfView_mm><x>{fx2}</x><y>{fy}</y><z>{fz}</z></fieldOfView_mm></encodedSpace>
  <reconSpace><matrixSize><x>{x}</x><y>{y}</y><z>1</z></matrixSize>
   <fieldOfView_mm><x>{fx}</x><y>{fy}</y><z>{fz}</z></fieldOfView_mm></reconSpace>
  <encodingLimits>
   <kspace_encoding_step_1><minimum>0</minimum><maximum>{last}</maximum><center>{centre}</center>
   </kspace_encoding_step_1>
   <slice><minimum>0</minimum><maximum>{slices}</maximum><center>0</center></slice>
  </encodingLimits>
  <trajectory>{trajectory}</trajectory>
 </encoding>
</ismrmrdHeader>"""


def write_fastmri(scan: SimulatedScan, path: Path) -> None:
    """A fastMRI file: rows are the readout, columns the phase encoding; no oversampling.

    Raises
    ------
    InvalidRequest
        When the scan followed a trajectory: the format has no place for it.
    """
    if scan.trajectory is not None:
        raise InvalidRequest(f"fastMRI's layout holds Cartesian k-space, not {scan.protocol.encoding}; write ISMRMRD")
    kspace = scan.kspace.transpose(0, 1, 3, 2)
    header = _header(scan, oversampled=False)
    with h5py.File(path, "w") as file:
        file.create_dataset("kspace", data=kspace, compression="gzip", compression_opts=1)
        file["ismrmrd_header"] = header
        file["reconstruction_rss"] = scan.volume.values.transpose(0, 2, 1)
        file["mask"] = scan.mask[:, 0] if _has_whole_lines(scan) else np.ascontiguousarray(scan.mask.T)
        file.attrs["acquisition"], file.attrs["acceleration"] = "simulated", scan.protocol.acceleration


def write_ismrmrd(scan: SimulatedScan, path: Path) -> None:
    """An ISMRMRD file with a noise scan; Cartesian readouts are twofold oversampled.

    Raises
    ------
    InvalidRequest
        When readouts have holes, as a Poisson-disc pattern in the plane leaves them.
    """
    import ismrmrd

    if not _has_whole_lines(scan):
        raise InvalidRequest("a Poisson-disc pattern has no whole readouts; write fastMRI's layout")

    random = np.random.default_rng(scan.protocol.seed + 1)
    coils, cartesian = scan.kspace.shape[1], scan.trajectory is None
    path.unlink(missing_ok=True)
    with ismrmrd.Dataset(str(path), create_if_needed=True) as file:
        file.write_xml_header(_header(scan, oversampled=cartesian).encode())
        samples = scan.kspace.shape[-1] * (2 if cartesian else 1)
        for _ in range(_NOISE_READOUTS if scan.noise_std > 0 else 0):
            white = random.normal(size=(coils, samples)) + 1j * random.normal(size=(coils, samples))
            acquisition = ismrmrd.Acquisition.from_array((scan.noise_std * white).astype(np.complex64))
            acquisition.setFlag(ismrmrd.ACQ_IS_NOISE_MEASUREMENT)
            acquisition.sample_time_us = 5.0
            file.append_acquisition(acquisition)
        measured = np.flatnonzero(scan.mask[:, 0])
        for index, kspace in enumerate(scan.kspace):
            for line in measured:
                readout = kspace[:, line]
                if cartesian:
                    readout = _oversampled(readout, scan.noise_std, random)
                    acquisition = ismrmrd.Acquisition.from_array(readout)
                else:
                    assert scan.trajectory is not None
                    acquisition = ismrmrd.Acquisition.from_array(
                        np.ascontiguousarray(readout), scan.trajectory[line].astype(np.float32)
                    )
                acquisition.center_sample = 0 if scan.protocol.encoding == "spiral" else readout.shape[1] // 2
                acquisition.idx.kspace_encode_step_1, acquisition.idx.slice = int(line), index
                acquisition.sample_time_us = 5.0
                _place(acquisition, scan, index)
                if line == measured[-1]:
                    acquisition.setFlag(ismrmrd.ACQ_LAST_IN_SLICE)
                file.append_acquisition(acquisition)


def write_truth(scan: SimulatedScan, path: Path) -> None:
    """The volume that was scanned, as ``recon mr`` writes its images; its uncertainty is zero."""
    values = scan.volume.values
    write_hdf5(values, np.zeros_like(values), scan.volume.geometry, path)


def _has_whole_lines(scan: SimulatedScan) -> bool:
    """Whether every readout was measured whole or not at all."""
    return bool((scan.mask == scan.mask[:, :1]).all())


def _oversampled(readout: ComplexImage, noise_std: float, random: np.random.Generator) -> ComplexImage:
    """Twice the samples over twice the field of view, which holds only noise beyond the image."""
    length = readout.shape[1]
    line = to_image(readout, axes=(1,))
    wide = (random.normal(size=(len(line), 2 * length)) + 1j * random.normal(size=(len(line), 2 * length))) * noise_std
    start = length - length // 2
    wide[:, start : start + length] = line
    return np.ascontiguousarray(to_kspace(wide.astype(np.complex64), axes=(1,)))


def _place(acquisition: object, scan: SimulatedScan, index: int) -> None:
    affine = scan.volume.geometry.affine
    _, rows, columns = scan.volume.shape
    spacing = scan.volume.geometry.spacing
    names = (("read_dir", 0), ("phase_dir", 1), ("slice_dir", 2))
    for name, axis in names:
        getattr(acquisition, name)[:] = affine[:3, axis] / spacing[axis]
    acquisition.position[:] = (affine @ [columns // 2, rows // 2, index, 1])[:3]  # type: ignore[attr-defined]


def _header(scan: SimulatedScan, *, oversampled: bool) -> str:
    slices, rows, columns = scan.volume.shape
    column, row, depth = scan.volume.geometry.spacing
    over = 2 if oversampled else 1
    cartesian = scan.trajectory is None
    return _XML.format(
        coils=scan.kspace.shape[1],
        x=columns,
        x2=over * columns,
        y=rows,
        fx=columns * column,
        fx2=over * columns * column,
        fy=rows * row,
        fz=depth,
        slices=slices - 1,
        trajectory=scan.protocol.encoding,
        last=(rows if cartesian else scan.kspace.shape[2]) - 1,
        centre=rows // 2 if cartesian else 0,
    )
