"""The benchmark of a card, rehearsed with torch on the processor; without a card it says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from recon.bench.gpu import REHEARSAL, image_of, measure_gpu, moved_db, work_of
from recon.bench.record import check
from recon.bench.routes.network import served
from recon.cli.bench import app


def test_a_distance_moves_the_psnr_of_an_image_at_40_db() -> None:
    wanted = np.zeros((1, 8, 8))
    assert moved_db(wanted, wanted, 1.0) == 0
    truth = np.full(wanted.shape, 0.01)  # 40 dB from the image
    other = np.full(wanted.shape, -0.001)
    psnr = [-20 * np.log10(np.sqrt(np.mean((image - truth) ** 2))) for image in (wanted, other)]
    assert moved_db(other, wanted, 1.0) == pytest.approx(psnr[0] - psnr[1])


@pytest.mark.long
def test_the_record_says_what_each_model_does() -> None:
    record = measure_gpu(REHEARSAL, ["onnxruntime"], (1, 2), ["ct_denoise_light"], least_s=0.01, side=128)
    check(record)
    one, two = record["rows"]
    assert (one["batch"], two["batch"]) == (1, 2)
    assert one["equal"]
    assert two["equal"]
    assert one["moves_psnr_db"] < 1e-3
    assert two["gflops"] == one["gflops"] > 0
    for row in (one, two):
        assert row["slices_per_s"] == pytest.approx(row["batch"] / row["ms"] * 1e3)
        assert (
            0
            < row["share_of_peak_flops"]
            == pytest.approx(row["gflops"] * 1e9 * row["slices_per_s"] / record["peaks"]["flops"])
        )
    assert not record["left_out"]


class Made:
    """A model that has made this."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array

    def answer(self, given: Any, parameters: Any) -> dict[str, np.ndarray]:
        return {"output": self._array}


def test_images_are_compared_in_the_unit_of_the_input() -> None:
    steps = np.full((1, 2, 4, 4), 32, np.int16)
    assert (image_of(Made(steps), {}, {}) == 2.0).all()  # HU
    planes = np.zeros((1, 5, 4, 4), np.float32)
    planes[:, 0], planes[:, 1] = 3, 4
    assert (image_of(Made(planes), {}, {}) == 5.0).all()


def test_the_work_of_mr_is_that_of_all_its_cascades() -> None:
    model = served("mr_unrolled")
    small, large = (work_of(model, {"kspace": np.zeros((1, 4, *sides, 2))}) for sides in ((60, 64), (128, 64)))
    assert large[0] == pytest.approx(2 * small[0], rel=0.01)  # 60 lines are padded to 64
    assert large[1] > small[1] > 0


def test_without_a_card_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from recon.serving.triton import device

    monkeypatch.setattr(device, "missing_for_gpu", lambda: "this machine has no NVIDIA GPU")
    done = CliRunner().invoke(app, ["gpu"])
    assert "nothing to measure: this machine has no NVIDIA GPU" in str(done.exception)
