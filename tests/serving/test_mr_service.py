"""The MR stream of the real service: images, order, and every way in which a stream can be wrong."""

from __future__ import annotations

from pathlib import Path

import grpc
import nibabel as nib
import numpy as np
import pytest
from grpc_status import rpc_status

from recon.client import Client
from recon.errors import InvalidRequest, UnknownModel, UnusableData
from recon.physics.coil_sensitivity import coil_array
from recon.physics.fourier import to_image, to_kspace
from recon.quality.interval import IntervalKind
from recon.training.mr.simulate import ScanProtocol, simulate
from recon.v1 import common_pb2, mr_pb2, mr_pb2_grpc
from recon.values.readouts import KSpace, Readouts
from recon.volumes import Geometry, Unit, Volume
from recon.wire.readouts import messages_of
from recon.wire.status import from_status
from tests.conftest import head, multicoil

COILS, SHAPE = 4, (96, 80)
EXAMPLE = Path(nib.__file__).parent / "tests" / "data" / "example4d.nii.gz"


def scan(index=0):
    return multicoil(head(SHAPE) * (1 + index), COILS, noise=0.001, seed=index)


def stack(slices, load=scan, mask=None):
    return KSpace(slices, COILS, *SHAPE, Geometry.from_spacing(1, 1, 4), lambda i: Readouts.of_grid(load(i), mask))


def whole(lines):
    """Mask (samples, lines) of whole lines."""
    return np.broadcast_to(lines, SHAPE)


def one_slice(kspace, geometry):
    """Of k-space (coils, samples, lines) that is zero where nothing was measured."""
    readouts = Readouts.of_grid(kspace, np.abs(kspace).sum(0) > 0)
    return KSpace(1, *kspace.shape, geometry, lambda _: readouts)


def header(**changes):
    values = {
        "trajectory": mr_pb2.TRAJECTORY_CARTESIAN,
        "coils": COILS,
        "samples": SHAPE[0],
        "lines": SHAPE[1],
        "slices": 2,
        "geometry": common_pb2.Geometry(affine_lps_mm=np.eye(4).ravel()),
        "model": "zero-filled",
    }
    return mr_pb2.ReconstructRequest(header=mr_pb2.MrHeader(**{**values, **changes}))


def data(index=0, kspace=None):
    kspace = scan(index) if kspace is None else kspace
    return [mr_pb2.ReconstructRequest(readouts=part) for part in messages_of(index, Readouts.of_grid(kspace))]


def test_zero_filled_is_the_root_sum_of_squares(client) -> None:
    results = list(client.reconstruct_mr(stack(3), model="zero-filled"))
    assert [result.index for result in results] == [0, 1, 2]
    for result in results:
        expected = np.sqrt((np.abs(to_image(scan(result.index))) ** 2).sum(0))
        np.testing.assert_allclose(result.image, expected, atol=1e-4 * expected.max())
        # the noise of the samples, as it is in every pixel but for the coils' differences
        assert (result.uncertainty > 0).all()
        assert np.ptp(result.uncertainty) < 0.5 * result.uncertainty.max()


@pytest.mark.parametrize("method", ["sense", "l1-wavelet", "mr_unrolled"])
def test_methods_undo_the_folding(client, method) -> None:
    mask = (np.arange(80) % 3 == 0) | (abs(np.arange(80) - 40) < 12)
    (result,) = client.reconstruct_mr(stack(1, mask=whole(mask)), model=method)
    (folded,) = client.reconstruct_mr(stack(1, mask=whole(mask)), model="zero-filled")
    truth = head(SHAPE)
    errors = []
    for image in (result.image, folded.image):
        image = image * (image * truth).sum() / (image**2).sum()
        errors.append(np.linalg.norm(image - truth) / np.linalg.norm(truth))
    assert errors[0] < 0.6 * errors[1], errors


def test_the_network_is_the_default_and_says_why_and_how_sure_it_is(client) -> None:
    mask = (np.arange(80) % 4 == 0) | (abs(np.arange(80) - 40) < 12)
    run = client.reconstruct_mr(stack(2, mask=whole(mask)))
    results = list(run)
    assert run.model.name == "mr_unrolled"
    assert "calibrate" in run.model.reason
    for result in results:
        assert (result.uncertainty > 0).all()


def test_the_interval_covers_a_real_head_as_it_says(client) -> None:
    """Scans simulated of an image that ships in nibabel, which nothing was trained or calibrated on."""
    spacing = (2.0, 2.0)
    truth = np.asarray(nib.load(EXAMPLE).dataobj[:, :, 14, 0], np.float32).T[::-1].copy()
    truth /= np.percentile(truth, 99.5)
    volume = Volume(truth[None], Geometry.from_spacing(*spacing, 3.0), Unit.ARBITRARY)
    maps = coil_array(truth.shape, (truth.shape[0] * spacing[1], truth.shape[1] * spacing[0]), 8)
    seen = (np.sqrt((np.abs(maps) ** 2).sum(0)) * truth).T
    inside = seen > 0.1 * np.percentile(seen, 98)
    covered = {}
    for acceleration, mask in ((2.0, "equispaced"), (4.0, "equispaced"), (2.5, "random"), (4.0, "poisson")):
        measured = simulate(volume, ScanProtocol("cartesian", acceleration, mask, 24, coils=8, seed=1))
        run = client.reconstruct_mr(
            one_slice(measured.kspace[0].transpose(0, 2, 1), volume.geometry), model="mr_unrolled"
        )
        (result,) = run
        assert run.report.interval.kind is IntervalKind.CALIBRATED
        assert run.report.interval.coverage == 0.9
        covered[mask, acceleration] = float((abs(result.image - seen) <= result.uncertainty)[inside].mean())
    # the card states 89 to 93 % over many scans of a mask; one slice strays further, and of this one it says 94 to 96
    assert all(0.80 <= share <= 0.99 for share in covered.values()), covered
    assert 0.86 <= np.mean(list(covered.values())) <= 0.97, covered


def test_slices_leave_while_others_arrive(service) -> None:
    """The second slice is not sent before the first has come back."""
    came = []

    def requests():
        yield header()
        yield from data(0)
        while not came:
            yield from ()
            import time

            time.sleep(0.01)
        yield from data(1)

    with grpc.insecure_channel(service) as channel:
        for response in mr_pb2_grpc.MrServiceStub(channel).Reconstruct(requests(), timeout=60):
            if response.WhichOneof("part") == "slice":
                came.append(response.slice.slice_index)
    assert came == [0, 1]


def failure(service, requests):
    """Finished slices, and the error that ended the stream."""
    finished = []
    with grpc.insecure_channel(service) as channel:
        try:
            for response in mr_pb2_grpc.MrServiceStub(channel).Reconstruct(iter(requests), timeout=60):
                if response.WhichOneof("part") == "slice":
                    finished.append(response.slice.slice_index)
        except grpc.RpcError as error:
            known, _ = from_status(rpc_status.from_call(error))
            return finished, error.code(), known
    pytest.fail("the stream ended well")


def test_a_stream_that_stops_half_way_keeps_its_finished_slices(service) -> None:
    finished, code, error = failure(service, [header(), *data(0)])
    assert finished == [0]
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert "ended after 1 of 2 slices" in error.problem


@pytest.mark.parametrize(
    ("request_", "field", "words"),
    [
        (header(coils=0), "coils", "0"),
        (header(lines=5000), "lines", "5000"),
        (header(trajectory=mr_pb2.TRAJECTORY_RADIAL), "rows", "radial"),
        (
            header(trajectory=mr_pb2.TRAJECTORY_RADIAL, rows=64, columns=64, model="l1-wavelet"),
            "trajectory",
            "sense or zero-filled",
        ),
        (header(geometry=common_pb2.Geometry()), "geometry.affine_lps_mm", "16"),
        (header(model="none"), "model", "zero-filled"),
        (data()[0], "header", "first message"),
    ],
)
def test_headers_that_do_not_fit(service, request_, field, words) -> None:
    _, _, error = failure(service, [request_])
    assert error.field == field
    assert words in error.problem


@pytest.mark.parametrize(
    ("requests", "words"),
    [
        ([*data(0), *data(0)], "finished already"),
        ([data(0, scan()[:2])[0]], "2 coils; the header says 4"),
        ([mr_pb2.ReconstructRequest(readouts=mr_pb2.Readouts(slice_index=9))], "has 2 slices"),
        ([header()], "only readouts"),
    ],
)
def test_readouts_that_do_not_fit(service, requests, words) -> None:
    _, code, error = failure(service, [header(), *requests])
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert words in error.problem


def test_nan_and_zero_slices_are_refused_by_number(client) -> None:
    def second(index, value):
        return scan() * (value if index else 1)

    for value, words in ((np.float32("nan"), "slice 1 has"), (0, "slice 1 is zero")):
        run = client.reconstruct_mr(stack(2, lambda i, v=value: second(i, v)), model="zero-filled")
        with pytest.raises(UnusableData, match=words):
            list(run)
        assert run.finished == 1


def test_a_slice_that_can_not_be_read_is_the_error_that_the_caller_sees(client) -> None:
    def load(index):
        if index == 1:
            raise InvalidRequest("the disk is gone")
        return scan()

    run = client.reconstruct_mr(stack(2, load), model="zero-filled")
    with pytest.raises(InvalidRequest, match="the disk is gone"):
        list(run)
    assert run.finished == 1


def test_models_are_listed_by_the_name_that_requests_use(service) -> None:
    with Client(service) as client:
        names = {model.name for model in client.models() if model.task == "mr"}
        assert {"zero-filled", "sense", "l1-wavelet"} <= names
        with pytest.raises(UnknownModel, match="l1-wavelet"):
            list(client.reconstruct_mr(stack(1), model="mr_classical"))


@pytest.mark.parametrize("method", ["sense", "mr_unrolled"])
def test_the_phase_comes_where_it_is_wanted(client, method) -> None:
    """What is added to the phase of the object is what the image's phase gains."""
    mask = whole((np.arange(80) % 2 == 0) | (abs(np.arange(80) - 40) < 14))
    added = 0.02 * np.arange(SHAPE[1])[None] * np.ones((SHAPE[0], 1))

    def made(kspace):
        (result,) = client.reconstruct_mr(stack(1, lambda _: kspace, mask), phase=True, model=method)
        return result.image, result.extra["PHASE"]

    image, before = made(scan())
    _, after = made(to_kspace((to_image(scan()) * np.exp(1j * added)).astype(np.complex64)))
    rest = np.exp(1j * (after - before - added))[image > 0.3 * image.max()]
    assert np.abs(np.angle(rest / rest.mean())).mean() < 0.03


def test_no_phase_comes_where_none_is_wanted_or_known(client) -> None:
    (combined,) = client.reconstruct_mr(stack(1), phase=True, model="zero-filled")
    assert "PHASE" not in combined.extra
    (silent,) = client.reconstruct_mr(stack(1), model="sense")
    assert "PHASE" not in silent.extra
