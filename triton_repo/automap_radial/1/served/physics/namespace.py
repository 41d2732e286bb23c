"""Arrays of any library: NumPy in the memory of the processor, torch or CuPy on a GPU.

Computations ask an array whose it is and go on with the functions of that library, named as in the array API
standard (https://data-apis.org/array-api), so that there is one code path. What an annotation calls an array is
one of the library that came in.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace, is_numpy_array

from served.arrays import Array


def namespace(array: Any) -> Any:
    """The functions of an array's library."""
    return array_namespace(array)


def beside(array: Any, other: Any) -> Any:
    """An array of any library as one of the library of ``other``, in the memory where that lies."""
    if is_numpy_array(other):
        return on_host(array)
    return placed(array, namespace(other), other.device)


def placed(array: Any, xp: Any, device: Any) -> Any:
    """An array as one of a library, on a device; never to write into memory that is only lent."""
    if is_numpy_array(array) and not array.flags.writeable:
        array = array.copy()
    return xp.asarray(array, device=device)


def on_host(array: Any) -> Array:
    """An array of any library as NumPy's, in the memory of the processor; NumPy's own as it is."""
    if is_numpy_array(array):
        return array
    return array.get() if hasattr(array, "get") else np.asarray(array.cpu().resolve_conj())


def zeros(shape: tuple[int, ...], other: Any) -> Any:
    """Zeros of the library and type of ``other``, where that lies."""
    return namespace(other).zeros(shape, dtype=other.dtype, device=other.device if hasattr(other, "device") else None)


def flat(array: Any) -> Any:
    """All elements in one axis."""
    return namespace(array).reshape(array, (-1,))


def single(value: float) -> float:
    """A number as single precision has it: products with arrays are the same in each library."""
    return float(np.float32(value))
