"""How messages lie on the wire, little endian: ids, fixed parts and types of pixels.

Sources: "MRD Streaming Format" of python-ismrmrd-server, and the ``ismrmrd`` package, whose header types are those of
the wire.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from ismrmrd import hdf5

CONFIG_FILE, CONFIG_TEXT, HEADER, CLOSE, TEXT = 1, 2, 3, 4, 5
ACQUISITION, IMAGE, WAVEFORM, ARRAY = 1008, 1022, 1026, 1030
CONFIG_FILE_BYTES = 1024

#: Messages that others send and that have no meaning here; their length is not known.
FOREIGN = {
    6: "query",
    7: "response",
    8: "error",
    1009: "acquisition of the first version",
    1012: "DICOM",
    1013: "cloud job",
    1014: "Gadgetron cloud job",
    1015: "image with attributes, compressed",
    1018: "DICOM with name",
    1019: "dependency query",
    1023: "reconstruction data",
    1050: "acquisition bucket",
    1051: "image array",
}

ACQUISITION_HEAD: np.dtype[Any] = hdf5.acquisition_header_dtype
IMAGE_HEAD: np.dtype[Any] = hdf5.image_header_dtype
WAVEFORM_HEAD: np.dtype[Any] = hdf5.waveform_header_dtype

#: The attributes' length stands twice: last in the header, and as 64 bits after it.
ATTRIBUTES_LENGTH = np.dtype("<u8")
ARRAY_HEAD = np.dtype([("data_type", "<u2"), ("version", "<u2"), ("dimensions", "<u2")])

#: ``data_type`` of images and arrays.
PIXELS: dict[int, np.dtype[Any]] = {
    1: np.dtype("<u2"),
    2: np.dtype("<i2"),
    3: np.dtype("<u4"),
    4: np.dtype("<i4"),
    5: np.dtype("<f4"),
    6: np.dtype("<f8"),
    7: np.dtype("<c8"),
    8: np.dtype("<c16"),
}
PIXEL_NUMBERS = {dtype: number for number, dtype in PIXELS.items()}

#: Bits of an acquisition's flags that say that its samples are compressed.
COMPRESSED = sum(1 << bit for bit in (52, 53, 54, 55))


@lru_cache(maxsize=64)
def acquisition(coils: int, samples: int, dimensions: int) -> np.dtype[Any]:
    """A whole acquisition as it lies on the wire, from its id to its last sample."""
    return np.dtype(
        [
            ("id", "<u2"),
            ("head", ACQUISITION_HEAD),
            ("trajectory", "<f4", (samples, dimensions)),
            ("samples", "<c8", (coils, samples)),
        ]
    )
