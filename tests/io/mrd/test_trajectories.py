"""Readouts along a trajectory."""

from __future__ import annotations

import ismrmrd
import numpy as np

from tests.io.mrd.scans import COILS, Writer, X, xml


def test_a_trajectory_is_read_and_brought_to_cycles_per_pixel(tmp_path) -> None:
    for scale, words in ((1.0, ""), (128.0, "cycles per field of view"), (2 * np.pi, "radians")):
        path = tmp_path / f"radial{scale}.h5"
        writer = Writer(path, xml(y=128, trajectory="radial", centre=0))
        angles = np.pi * np.arange(20) / 20
        radius = (np.arange(X) - X // 2) / X
        for spoke, angle in enumerate(angles):
            acquisition = ismrmrd.Acquisition.from_array(
                np.full((COILS, X), spoke + 1, np.complex64),
                (scale * np.outer(radius, (np.cos(angle), np.sin(angle)))).astype(np.float32),
            )
            acquisition.center_sample = X // 2
            acquisition.idx.kspace_encode_step_1 = spoke
            writer.data.append_acquisition(acquisition)
        (series,) = writer.read()
        source = series.kspace
        assert (source.kind, source.coils, source.samples, source.lines) == ("radial", COILS, X, 20)
        assert source.image_shape == (128, 128)
        assert series.shape == (1, 128, 64)
        assert any(words in note for note in series.notes) or not words
        np.testing.assert_allclose(source.load(0).trajectory[5, :, 1], radius * np.sin(angles[5]), atol=1e-6)
        assert (source.load(0).samples[7] == 8).all()
