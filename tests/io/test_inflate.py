"""Small files that unfold to gigabytes are refused before memory is taken for them."""

from __future__ import annotations

import gzip
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import nibabel as nib
import numpy as np
import pydicom
import pytest

from recon.errors import UnreadableInput
from recon.io.dicom import read_series
from recon.io.hdf5 import dataset, reading
from recon.io.inflate import FREE_BYTES, inflated, most_bytes
from recon.io.nifti import read_nifti

SHAPE = (40, 4, 1024, 1024)
DEFLATED = "1.2.840.10008.1.2.1.99"


def deflate(path: Path, more: int = 0) -> None:
    """Deflate a file's data set, with zeros behind it."""
    read = pydicom.dcmread(path)
    read.file_meta.TransferSyntaxUID = DEFLATED
    read.save_as(path, enforce_file_format=True)
    if more:
        raw = path.read_bytes()
        end = 144 + int.from_bytes(raw[140:144], "little")
        data = zlib.decompress(raw[end:], -zlib.MAX_WBITS)
        pack = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        parts = [raw[:end], pack.compress(data)]
        parts += [pack.compress(bytes(2**20)) for _ in range(more // 2**20)]
        path.write_bytes(b"".join([*parts, pack.flush()]))


def test_a_deflated_slice_is_read_as_it_was(make_slice: Callable[..., Path]) -> None:
    path = make_slice()
    (before,), _ = read_series([path])
    deflate(path)
    found, skipped = read_series([path])
    assert skipped == []
    (after,) = found
    np.testing.assert_array_equal(after.volume.values, before.volume.values)


def test_a_deflated_bomb_is_refused_with_little_memory(make_slice: Callable[..., Path]) -> None:
    path = make_slice()
    deflate(path, more=400 * 2**20)
    assert path.stat().st_size < 2**20
    code = (
        "import resource, sys; from pathlib import Path; from recon.io.dicom import read_series;"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "found, left = read_series([Path(sys.argv[1])]);"
        "print(len(found), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, left[0].reason)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    count, grown_kib, reason = done.stdout.split(maxsplit=2)
    assert count == "0"
    assert "unfolds to more than" in reason
    assert int(grown_kib) < 2.5 * FREE_BYTES / 1024


def test_a_packed_volume_that_declares_gigabytes_is_refused(tmp_path: Path) -> None:
    header = nib.Nifti1Header()
    header.set_data_shape((1000, 1000, 900))
    header.set_data_dtype(np.int16)
    header["vox_offset"] = 352
    header["magic"] = b"n+1"
    path = tmp_path / "bomb.nii.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header.binaryblock + bytes(4))
        file.write(bytes(2**20))
    with pytest.raises(UnreadableInput, match=r"too large for what it holds: 1\.7 GiB"):
        read_nifti(path)


def test_extensions_of_gigabytes_are_refused(tmp_path: Path) -> None:
    header = nib.Nifti1Header()
    header.set_data_shape((4, 4, 4))
    header["vox_offset"] = 2**27
    header["magic"] = b"n+1"
    path = tmp_path / "bomb.nii.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header.binaryblock + b"\1\0\0\0" + bytes(2**20))
    with pytest.raises(UnreadableInput, match="begin after"):
        read_nifti(path)


def test_a_dataset_of_packed_zeros_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "bomb.h5", "w") as file:
        made = file.create_dataset("kspace", SHAPE, np.complex64, chunks=(1, 1, *SHAPE[2:]), compression=1)
        for index in range(8):
            made[index, 0] = 0
    with reading(tmp_path / "bomb.h5") as file, pytest.raises(UnreadableInput, match="too large for what it holds"):
        dataset(file, "kspace")


def test_honest_files_have_room() -> None:
    assert most_bytes(1000) == FREE_BYTES
    assert most_bytes(100 * 2**20) > 9 * 2**30


def test_a_damaged_stream_gives_one_line(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xff" * 100)
    with pytest.raises(UnreadableInput, match="damaged"):
        inflated(tmp_path / "x", 0)
