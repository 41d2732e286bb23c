"""Fewer virtual coils in the place of many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from served.arrays import ComplexArray


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
        return np.eye(coils, dtype=np.complex64)
    samples = representative.reshape(coils, -1).astype(np.complex128)
    _, vectors = np.linalg.eigh(samples @ samples.conj().T)
    return np.asarray(vectors[:, : -most - 1 : -1].conj().T, np.complex64)


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
        return kspace, np.zeros(kspace.shape[1:], np.float32)
    virtual = np.asarray(np.tensordot(combinations(representative, most), kspace, 1), np.complex64)
    left_out = (np.abs(kspace) ** 2).sum(0) - (np.abs(virtual) ** 2).sum(0)
    return virtual, np.maximum(left_out, 0)
