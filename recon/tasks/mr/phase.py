"""The phase of an image, as one coil with the whole object in view would see it.

Sensitivities that are calibrated on the scan itself carry the smooth phase of the object, so that a combined image has
hardly any. It is put back from the low-resolution images of the coils, of which the first principal component is the
virtual coil that all phases refer to; Buehrer et al., MRM 57:1131 (2007), Parker et al., MRM 72:563 (2014).
"""

from __future__ import annotations

import numpy as np

from recon.physics.sampling import calibration_size
from recon.tasks.base import ModelFacts
from recon.values.readouts import Readouts
from recon.volumes import ComplexImage, FloatImage

#: Below this side of a calibrated centre the classical methods take equal sensitivities.
_LEAST_CALIBRATION = 6


def phase_of(complete: ComplexImage, readouts: Readouts, model: ModelFacts) -> FloatImage:
    """Phase (y, x) in radians of a combined image.

    Parameters
    ----------
    complete
        (y, x), as the model made it.
    readouts
        It was made from, on a Cartesian grid.
    model
        That made it.
    """
    if _keeps_phase(readouts, model):
        return np.asarray(np.angle(complete), np.float32)
    from recon.physics.espirit import centre_of, low_resolution  # brings in SciPy

    centre = centre_of(np.ascontiguousarray(readouts.grid), calibration_size(readouts.mask.T))
    samples = centre.reshape(len(centre), -1)
    _, vectors = np.linalg.eigh(samples @ samples.conj().T)
    virtual = vectors[:, -1]
    largest = virtual[np.abs(virtual).argmax()]
    virtual = virtual * (largest.conj() / np.abs(largest))  # the same for every slice and contrast of a scan
    rows, columns = complete.shape
    seen = np.tensordot(virtual.conj(), low_resolution(centre, (rows, columns)), 1)
    return np.asarray(np.angle(complete * seen), np.float32)


def _keeps_phase(readouts: Readouts, model: ModelFacts) -> bool:
    """Whether nothing that was calibrated on the scan took the phase away."""
    if "encoding" in model.parameters:  # a learned transform knows no coils
        return True
    _, coils, _ = readouts.samples.shape
    classical = model.name in model.parameters.get("methods", "").split(",")
    return classical and (coils == 1 or min(calibration_size(readouts.mask.T)) < _LEAST_CALIBRATION)
