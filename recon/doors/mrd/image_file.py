"""Images in an HDF5 file, as the format's own package writes and reads them: a group for each series."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import ismrmrd
import numpy as np

from recon.doors.mrd.wire import Image
from recon.doors.mrd.wire.layout import IMAGE_HEAD, PIXELS
from recon.errors import OutputFailed
from recon.io.hdf5 import dataset, reading


class ImageFile:
    """A file that images are appended to.

    Parameters
    ----------
    path
        Written anew.
    group
        That the series are in.
    """

    def __init__(self, path: Path, group: str = "dataset") -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            self._file = ismrmrd.Dataset(str(path), group)
        except OSError as error:
            raise OutputFailed(f"can't write {path}: {error.strerror or error}") from error
        self.path, self.images = path, 0
        self._shapes: dict[int, tuple[int, ...]] = {}

    def keep(self, image: Image) -> None:
        """Append an image to its series; one of another size begins a group of its own."""
        series = int(image.head["image_series_index"])
        kind = (*image.values.shape, int(image.head["data_type"]))
        name = f"image_{series}"
        if self._shapes.setdefault(series, kind) != kind:
            name += "_" + "x".join(map(str, kind))
        item = ismrmrd.Image(image.head.tobytes())
        item.attribute_string = image.attributes
        item.data[:] = image.values
        try:
            self._file.append_image(name, item)
        except OSError as error:
            raise OutputFailed(f"can't write {self.path}: {error}") from error
        self.images += 1

    def write_header(self, xml: bytes) -> None:
        """The header of the scan beside its images."""
        self._file.write_xml_header(xml)

    def close(self) -> None:
        """Complete the file."""
        self._file.close()


def images_in(path: Path, group: str = "dataset") -> Iterator[Image]:
    """The images of a file, series by series.

    Raises
    ------
    UnreadableInput
        When it can't be read.
    """
    with reading(path) as file:
        there = file.get(group)
        names = sorted((name for name in there if name.startswith("image")), key=_number) if there is not None else []
        for name in names:
            parts = [dataset(file, f"{group}/{name}/{part}") for part in ("header", "data", "attributes")]
            heads, data, attributes = parts
            if heads is None or data is None:
                continue
            for index in range(len(heads)):
                head = np.frombuffer(heads[index].tobytes(), IMAGE_HEAD)[0]
                words = attributes[index] if attributes is not None else b""
                text = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
                values = np.ascontiguousarray(data[index])
                yield Image(head, text, values.view(PIXELS[int(head["data_type"])]).reshape(values.shape))


def _number(name: str) -> tuple[int, str]:
    digits = "".join(c for c in name.partition("_")[2].partition("_")[0] if c.isdigit())
    return int(digits or 0), name
