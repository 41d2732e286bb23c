"""The real service: gateway, embedded Triton, shipped model."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from recon.client import Client
from recon.errors import UnknownModel, UnusableData
from recon.quality.survival import Least, Lesion
from recon.quality.verdict import Verdict
from recon.v1 import common_pb2, ct_pb2, ct_pb2_grpc
from recon.volumes import Geometry, Volume
from recon.wire.messages import geometry_to_message
from tests.conftest import body


def _header(**changes: object) -> ct_pb2.DenoiseRequest:
    fields: dict[str, object] = {
        "rows": 64,
        "columns": 64,
        "slices": 2,
        "sample_type": common_pb2.SAMPLE_TYPE_FLOAT32,
        "unit": common_pb2.UNIT_HU,
        "geometry": geometry_to_message(Geometry.from_spacing(0.7, 0.7, 3)),
    }
    return ct_pb2.DenoiseRequest(header=ct_pb2.CtHeader(**{**fields, **changes}))


def _chunk(index: int, data: bytes = b"\0" * 64 * 64 * 4) -> ct_pb2.DenoiseRequest:
    return ct_pb2.DenoiseRequest(chunk=common_pb2.Chunk(slice_index=index, data=data))


def _stub(address: str) -> ct_pb2_grpc.CtServiceStub:
    return ct_pb2_grpc.CtServiceStub(grpc.insecure_channel(address))


def test_a_series_comes_back_less_noisy_with_uncertainty_and_verdict(client: Client, volume: Volume) -> None:
    run = client.denoise_ct(volume)
    results = list(run)
    assert [result.index for result in results] == [0, 1, 2, 3]
    clean = body(160, 0.0)[16:144]
    tissue = (clean > -200) & (clean < 200)
    for result, low in zip(results, volume.values, strict=True):
        assert np.abs(result.image - clean)[tissue].mean() < 0.75 * np.abs(low - clean)[tissue].mean()
        assert (result.uncertainty[tissue] > 0).all()
        assert result.verdict in (Verdict.PASS, Verdict.REVIEW)
        assert {check.name for check in result.checks} >= {"hu_range", "noise_level", "hu_shift"}
    assert run.report is not None
    assert run.model is not None
    assert run.model.name == "ct_denoise"
    assert len(run.model.sha256) == 64
    assert run.model.interval.coverage == 0.9


def test_results_do_not_depend_on_what_else_is_in_the_series(client: Client, volume: Volume) -> None:
    together = list(client.denoise_ct(volume))
    for index in range(4):
        (alone,) = client.denoise_ct(Volume(volume.values[index : index + 1], volume.geometry))
        np.testing.assert_array_equal(alone.image, together[index].image)


@pytest.mark.parametrize("shape", [(64, 64), (65, 97), (512, 512)])
def test_any_size(client: Client, shape: tuple[int, int]) -> None:
    values = body(512, 20)[: shape[0], : shape[1]]
    (result,) = client.denoise_ct(Volume(values[None], Geometry.from_spacing(0.7, 0.7, 3)))
    assert result.image.shape == shape
    assert np.isfinite(result.image).all()


def test_strength_zero_returns_the_input(client: Client, volume: Volume) -> None:
    for result in client.denoise_ct(volume, strength=0.0):
        np.testing.assert_array_equal(result.image, volume.values[result.index])


def test_a_strength_that_is_chosen_and_a_map_of_what_is_kept_at_it(client: Client) -> None:
    """Two places at the models are never held at once, so that maps of all slices can't wait for each other."""
    scan = Volume(np.stack([body(256, 20, seed) for seed in range(3)]), Geometry.from_spacing(0.7, 0.7, 3))
    least = Least(Lesion(3, 20, "HU"), 0.97)
    run = client.denoise_ct(scan, strength="auto", least=least, probes="all", survival=True)
    assert all(np.isfinite(result.extra["SURVIVAL"]).any() for result in run)
    assert run.model is not None
    assert run.model.strength is not None
    assert run.model.strength.full is not None
    assert run.report is not None
    (kept,) = run.report.probes
    full = run.model.strength.full.median
    assert kept.median == pytest.approx(1 - run.model.strength.strength * (1 - full), abs=0.01)
    assert kept.median > 0.96


def test_int16_samples(service: str) -> None:
    hu = np.rint(body(64, 20)).astype("<i2")
    header = _header(slices=1, sample_type=common_pb2.SAMPLE_TYPE_INT16)
    responses = list(_stub(service).Denoise(iter([header, _chunk(0, hu.tobytes())])))
    assert [response.WhichOneof("part") for response in responses] == ["accepted", "slice", "report"]


def test_a_slice_comes_back_before_the_next_is_sent(service: str) -> None:
    came = threading.Event()

    def requests() -> Iterator[ct_pb2.DenoiseRequest]:
        yield _header()
        yield _chunk(0)
        assert came.wait(30), "the first slice did not come back while the second was held"
        yield _chunk(1)

    slices = 0
    for response in _stub(service).Denoise(requests(), timeout=60):
        if response.WhichOneof("part") == "slice":
            slices += 1
            came.set()
    assert slices == 2


def test_nan_is_refused_and_earlier_slices_are_kept(client: Client, volume: Volume) -> None:
    values = volume.values.copy()
    values[2, 5, 5] = np.nan
    kept = []

    def read() -> None:
        for result in client.denoise_ct(Volume(values, volume.geometry)):
            kept.append(result.index)

    with pytest.raises(UnusableData, match="slice 2 has 1 NaN"):
        read()
    assert kept == [0, 1]


@pytest.mark.parametrize(
    ("requests", "field"),
    [
        ([_chunk(0)], "header"),
        ([_header(rows=10)], "rows"),
        ([_header(columns=100_000, rows=100_000)], "rows"),
        ([_header(slices=0)], "slices"),
        ([_header(strength=2.0)], "strength"),
        ([_header(unit=common_pb2.UNIT_UNSPECIFIED)], "unit"),
        ([_header(sample_type=common_pb2.SAMPLE_TYPE_UNSPECIFIED)], "sample_type"),
        ([_header(geometry=common_pb2.Geometry())], "geometry.affine_lps_mm"),
        ([_header(), _chunk(1)], "chunk.slice_index"),
        ([_header(), _chunk(0, b"\0" * 70_000)], "chunk.data"),
        ([_header(), _header()], "chunk"),
        ([_header(), _chunk(0)], "slices"),
    ],
)
def test_bad_requests_name_the_field(service: str, requests: list[ct_pb2.DenoiseRequest], field: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        list(_stub(service).Denoise(iter(requests), timeout=30))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    details = rpc_status.from_call(caught.value).details
    bad, info = error_details_pb2.BadRequest(), error_details_pb2.ErrorInfo()
    assert any(detail.Unpack(bad) for detail in details)
    assert bad.field_violations[0].field == field
    assert any(detail.Unpack(info) for detail in details)
    assert info.domain == "recon.v1"


def test_an_unknown_model_is_not_found(client: Client, volume: Volume) -> None:
    with pytest.raises(UnknownModel, match="served: ct_denoise:1"):
        list(client.denoise_ct(volume, model="red_cnn"))
    with pytest.raises(UnknownModel):
        list(client.denoise_ct(volume, model_version="7"))


def test_models_are_listed_with_their_checksum(client: Client) -> None:
    (model,) = (model for model in client.models() if model.task == "ct" and model.is_default)
    assert (model.name, model.task, model.ready) == ("ct_denoise", "ct", True)
    assert len(model.sha256) == 64


def test_a_cancelled_stream_leaves_the_service_free(client: Client, volume: Volume) -> None:
    long = Volume(np.broadcast_to(volume.values[0], (500, *volume.shape[1:])), volume.geometry)
    for _ in range(8):
        run = client.denoise_ct(long)
        next(run)
        run.cancel()
    began = time.monotonic()
    assert len(list(client.denoise_ct(volume))) == 4
    assert time.monotonic() - began < 60  # the slices that were cancelled would take minutes


def test_a_slow_reader_holds_up_nobody_else(client: Client, volume: Volume) -> None:
    slow = client.denoise_ct(Volume(np.broadcast_to(volume.values[0], (60, *volume.shape[1:])), volume.geometry))
    next(slow)
    assert len(list(client.denoise_ct(volume))) == 4
    assert sum(1 for _ in slow) == 59


def test_many_streams_at_once_get_their_own_answers(client: Client) -> None:
    volumes = [Volume(body(128, 20, seed)[None], Geometry.from_spacing(0.7, 0.7, 3)) for seed in range(8)]
    expected = [next(client.denoise_ct(volume)).image for volume in volumes]
    found: dict[int, np.ndarray] = {}

    def work(index: int) -> None:
        found[index] = next(client.denoise_ct(volumes[index])).image

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for index, image in enumerate(expected):
        np.testing.assert_array_equal(found[index], image)


def test_reflection_names_the_services(service: str) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(grpc.insecure_channel(service))
    answers = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
    names = {item.name for item in next(answers).list_services_response.service}
    assert names >= {"recon.v1.CtService", "recon.v1.ModelService", "grpc.health.v1.Health"}
