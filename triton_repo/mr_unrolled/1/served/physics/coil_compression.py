"""Fewer virtual coils in the place of many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from served.arrays import ComplexArray
from served.physics.fourier import as_single
from served.physics.namespace import beside, namespace, zeros


def combinations(representative: ComplexArray, most: int) -> ComplexArray:
    """Matrix (virtual, coils) of at most so many combinations of coils that hold the most energy, strongest first.

    Huang et al., MRI 26:133 (2008). Fewer coils are kept as they are.

    Parameters
    ----------
    representative
        (coils, ...) samples by which coils are combined, such as the centre of k-space.
    most
        Coils that stay.
    """
    coils = len(representative)
    if coils <= most:
        return beside(np.eye(coils, dtype=np.complex64), representative)
    xp = namespace(representative)
    samples = xp.astype(representative.reshape(coils, -1), xp.complex128)
    _, vectors = xp.linalg.eigh(samples @ samples.conj().T)
    return as_single(xp.flip(vectors[:, -most:], axis=1).conj().T)


def virtual_coils(
    kspace: ComplexArray, representative: ComplexArray, most: int
) -> tuple[ComplexArray, npt.NDArray[np.float32]]:
    """At most so many virtual coils, strongest first, and the energy that they leave out; see :func:`combinations`.

    Parameters
    ----------
    kspace
        (coils, ky, kx).
    representative
        (coils, ...) samples by which coils are combined, such as the centre of k-space.
    most
        Coils that stay; fewer are kept as they are.

    Returns
    -------
    tuple
        k-space of the virtual coils, and (ky, kx) the squared magnitude, summed over coils, that is left out.
    """
    if len(kspace) <= most:
        return kspace, zeros(kspace.shape[1:], kspace.real)
    xp = namespace(kspace)
    virtual = as_single(xp.tensordot(combinations(representative, most), kspace, axes=1))
    left_out = (abs(kspace) ** 2).sum(0) - (abs(virtual) ** 2).sum(0)
    return virtual, xp.clip(left_out, 0, None)
