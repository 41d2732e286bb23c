"""Names for the array types that pass between rooms."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
DoubleArray: TypeAlias = npt.NDArray[np.float64]
ComplexArray: TypeAlias = npt.NDArray[np.complex64]
#: Pixels, or samples of one image.
FloatImage: TypeAlias = npt.NDArray[np.float32]
ComplexImage: TypeAlias = ComplexArray
IntegerArray: TypeAlias = npt.NDArray[np.int64]
ByteArray: TypeAlias = npt.NDArray[np.uint8]
#: True where something was measured, or lies inside.
Mask: TypeAlias = npt.NDArray[np.bool_]
#: How often each sample was measured.
Counts: TypeAlias = npt.NDArray[np.uint16]
