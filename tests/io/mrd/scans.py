"""ISMRMRD files as scanners' converters write them, acquisition by acquisition."""

from __future__ import annotations

import ismrmrd
import numpy as np

from recon.io.kspace.read import read_mr
from recon.physics.fourier import to_image
from tests.conftest import head, multicoil

XML = """<?xml version="1.0"?>
<ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">
 <experimentalConditions><H1resonanceFrequency_Hz>63500000</H1resonanceFrequency_Hz></experimentalConditions>
 <encoding>
  <encodedSpace><matrixSize><x>{x}</x><y>{y}</y><z>{z}</z></matrixSize>
   <fieldOfView_mm><x>{fx}</x><y>180</y><z>{fz}</z></fieldOfView_mm></encodedSpace>
  <reconSpace><matrixSize><x>64</x><y>{y}</y><z>{z}</z></matrixSize>
   <fieldOfView_mm><x>192</x><y>180</y><z>{fz}</z></fieldOfView_mm></reconSpace>
  <encodingLimits>
   <kspace_encoding_step_1><minimum>0</minimum><maximum>{last}</maximum><center>{centre}</center></kspace_encoding_step_1>
   <kspace_encoding_step_2><minimum>0</minimum><maximum>{z}</maximum><center>{zc}</center></kspace_encoding_step_2>
  </encodingLimits>
  <trajectory>{trajectory}</trajectory>
 </encoding>
</ismrmrdHeader>"""
X, Y, COILS = 128, 60, 4


def xml(**changes):
    values = {
        "x": X,
        "y": Y,
        "z": 1,
        "fx": 384,
        "fz": 4,
        "last": Y - 1,
        "centre": Y // 2,
        "zc": 0,
        "trajectory": "cartesian",
    }
    return XML.format(**{**values, **changes})


def oversampled(slice_index=0):
    """k-space (coils, ky, kx) of an image (y, x) that fills the middle half of the readout."""
    image = np.zeros((Y, X))
    image[:, X // 4 : 3 * X // 4] = head((Y, X // 2)) * (1 + slice_index)
    return multicoil(image, COILS, seed=slice_index)


class Writer:
    """Writes acquisitions one by one."""

    def __init__(self, path, header):
        self.path = path
        self.data = ismrmrd.Dataset(str(path), create_if_needed=True)
        self.data.write_xml_header(header.encode())

    def add(
        self,
        samples,
        line=0,
        slice_index=0,
        flags=(),
        centre=None,
        partition=0,
        place=None,
        encoding=0,
        discard_post=0,
        **idx,
    ):
        acquisition = ismrmrd.Acquisition.from_array(np.ascontiguousarray(samples, np.complex64))
        acquisition.center_sample = samples.shape[1] // 2 if centre is None else centre
        acquisition.idx.kspace_encode_step_1, acquisition.idx.slice = line, slice_index
        acquisition.idx.kspace_encode_step_2 = partition
        for name, value in idx.items():
            setattr(acquisition.idx, name, value)
        acquisition.read_dir[:], acquisition.phase_dir[:], acquisition.slice_dir[:] = (0, 1, 0), (0, 0, 1), (1, 0, 0)
        acquisition.position[:] = ((5.0 * slice_index if place is None else place) - 10, 3, 7)
        acquisition.encoding_space_ref, acquisition.discard_post = encoding, discard_post
        for flag in flags:
            acquisition.setFlag(flag)
        self.data.append_acquisition(acquisition)

    def slice(self, kspace, slice_index=0, lines=range(Y), **idx):
        for line in lines:
            self.add(kspace[:, line], line, slice_index, **idx)
        return self

    def read(self):
        self.data.close()
        return read_mr(self.path)


def expected(kspace):
    """The readout's middle half, (coils, x, y)."""
    return to_image(kspace)[..., X // 4 : 3 * X // 4].transpose(0, 2, 1)
