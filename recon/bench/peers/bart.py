"""BART (Uecker et al., ISMRM 2015), as its users call it: ``ecalib``, then ``pics``, through files."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from recon.arrays import FloatArray
from recon.errors import InternalError
from recon.volumes import ComplexImage

#: What to say where it is not there.
MISSING = "bart is not installed; apt-get install bart"
_CALIBRATION = "24"


def installed() -> bool:
    """Whether the program is there."""
    return shutil.which("bart") is not None


def sense(kspace: ComplexImage, weight: float) -> FloatArray:
    """Magnitude (y, x) of SENSE with ESPIRiT maps of k-space (coils, ky, kx), and ``weight`` on the image's energy."""
    return _pics(kspace, "-l2", "-r", f"{weight:g}", "-i", "30")


def l1_wavelet(kspace: ComplexImage, weight: float) -> FloatArray:
    """Magnitude (y, x) of compressed sensing with ``weight`` on the wavelets of the image."""
    return _pics(kspace, "-l1", "-r", f"{weight:g}", "-i", "60")


def _pics(kspace: ComplexImage, *options: str) -> FloatArray:
    with tempfile.TemporaryDirectory(prefix="recon-bart-") as name:
        folder = Path(name)
        write_cfl(folder / "kspace", kspace.transpose(1, 2, 0)[:, :, None])
        _bart(folder, "ecalib", "-m1", "-c0", f"-r{_CALIBRATION}", "kspace", "maps")
        _bart(folder, "pics", "-S", *options, "kspace", "maps", "image")
        return np.abs(read_cfl(folder / "image").squeeze())


def _bart(folder: Path, *words: str) -> None:
    program = shutil.which("bart") or "bart"
    done = subprocess.run([program, *words], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.returncode}"]
        raise InternalError(f"bart {words[0]}: {said[-1]}")


def write_cfl(path: Path, array: ComplexImage) -> None:
    """Write BART's pair of files: sizes as text, complex64 samples with the first axis fastest."""
    path.with_suffix(".hdr").write_text(f"# Dimensions\n{' '.join(map(str, array.shape))}\n")
    array.astype(np.complex64).ravel(order="F").tofile(path.with_suffix(".cfl"))


def read_cfl(path: Path) -> ComplexImage:
    """The array of such a pair of files, with all of its axes."""
    lines = path.with_suffix(".hdr").read_text().splitlines()
    shape = [int(side) for side in lines[lines.index("# Dimensions") + 1].split()]
    return np.fromfile(path.with_suffix(".cfl"), np.complex64).reshape(shape, order="F")
