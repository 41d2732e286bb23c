"""The unrolled network beside the classical methods on an object made of a measured scan.

A prospectively under-sampled scan has no reference, but its coils, phase and anatomy are real: its L1-wavelet image
times its ESPIRiT maps (both by SigPy) is taken for the object, sampled again with any mask, and compared.
The more that image is regularised, the smoother the object is, and the more it favours L1-wavelet: the figures
are given for a smooth object and for a rough one, and patients lie somewhere about.

Run as ``python -m recon.training.mr.evaluate_scan SCAN.h5``; writes ``scan.json`` of the model.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import h5py
import numpy as np
import sigpy.mri
import typer

from recon.arrays import ComplexArray, FloatArray
from recon.physics.fourier import to_image, to_kspace
from recon.training.mr.evaluate_unrolled import CALIBRATION, NOISE, evaluation_masks, psnr_ssim, served_methods
from recon.training.mr.served import Reconstruct

#: Of the image that is taken for the object: SigPy's usual order of magnitude, and one that leaves texture.
REGULARISATIONS = (5e-3, 2e-4)


@dataclass(frozen=True)
class Resampled:
    """A scan of a known object.

    Attributes
    ----------
    kspace
        (coils, ky, kx) complex64, every sample measured, noise added.
    noise_free
        (y, x) magnitude of the object.
    noisy
        (y, x) magnitude of the coils' noisy images combined with the object's maps: what full sampling gives.
    """

    kspace: ComplexArray
    noise_free: FloatArray
    noisy: FloatArray


def resampled(measured: ComplexArray, noise: float, regularisation: float, seed: int = 0) -> Resampled:
    """Make an object of a scan and scan it again, whole.

    Parameters
    ----------
    measured
        (coils, ky, kx) complex64, zero where not measured, zero frequency at index n // 2.
    noise
        Standard deviation of a coil's complex samples over the object's maximum.
    regularisation
        Of the image that is taken for the object.
    seed
        Of the noise.
    """
    maps = sigpy.mri.app.EspiritCalib(measured, calib_width=CALIBRATION, show_pbar=False).run()
    scale = np.abs(measured).max()
    image = sigpy.mri.app.L1WaveletRecon(measured / scale, maps, regularisation, show_pbar=False).run()
    image = np.asarray(image / np.abs(image).max(), np.complex64)
    white = np.random.default_rng(seed).standard_normal((*measured.shape, 2), dtype=np.float32)
    whole = to_kspace(maps * image) + noise / 2**0.5 * white.view(np.complex64)[..., 0]
    noisy = np.abs((maps.conj() * to_image(whole)).sum(0))
    # where there are no maps there is no object
    noise_free = np.abs(image) * (np.abs(maps) ** 2).sum(0)
    return Resampled(np.asarray(whole, np.complex64), noise_free, noisy)


def evaluate(methods: dict[str, Reconstruct], scan: Resampled) -> dict[str, Any]:
    """PSNR and SSIM of every method for every mask, against full sampling with its noise and without."""
    table: dict[str, Any] = {}
    for name, mask in evaluation_masks((scan.kspace.shape[1], scan.kspace.shape[2])).items():
        table[name] = {}
        for method, reconstruct in methods.items():
            planes = reconstruct(scan.kspace * mask, mask)
            image = np.hypot(planes[0], planes[1])
            (noisy, similar), (clean, _) = psnr_ssim(image, scan.noisy), psnr_ssim(image, scan.noise_free)
            table[name][method] = {
                "psnr_db": round(noisy, 2),
                "ssim": round(similar, 4),
                "psnr_db_noise_free": round(clean, 2),
            }
        print(name, table[name], flush=True)
    return table


def main(
    scan: Annotated[Path, typer.Argument(help="fastMRI layout, kspace (slice, coil, ky, kx); its first slice.")],
    repository: Annotated[Path, typer.Option(help="Whose models are evaluated.")] = Path("triton_repo"),
    output: Annotated[Path, typer.Option(help="File to write.")] = Path("models/mr_unrolled/scan.json"),
) -> None:
    """Evaluate what the repository serves on one scan."""
    with h5py.File(scan) as file:
        measured = np.asarray(file["kspace"][0], np.complex64)
    conditions = {
        "scan": scan.name,
        "object": "L1-wavelet image times ESPIRiT maps of the scan, by SigPy",
        "noise_of_a_coil": NOISE,
        "reference": "full sampling with noise, inside the head, best scalar fit",
    }
    methods = served_methods(repository)
    found = {
        "conditions": conditions,
        "masks_by_regularisation": {
            f"{strength:g}": evaluate(methods, resampled(measured, NOISE, strength)) for strength in REGULARISATIONS
        },
    }
    output.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
