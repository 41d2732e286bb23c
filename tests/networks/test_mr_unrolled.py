"""The parts of the unrolled network that are physics."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from recon.networks import mr_unrolled
from recon.networks.mr_unrolled import DataTerm, UnrolledNetwork, calibration_images, noise_level, to_image, to_kspace
from recon.training.mr.coils import receive_maps
from recon.training.mr.sampler import acquire


def phantom(shape: tuple[int, int]) -> np.ndarray:
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    inside = (x / 0.7) ** 2 + (y / 0.85) ** 2 < 1
    return (inside * (1 + 0.3 * np.sin(9 * x) * np.cos(7 * y)) * np.exp(0.8j * x)).astype(np.complex64)


def unit_maps(coils: int, shape: tuple[int, int]) -> torch.Tensor:
    scan = acquire(
        np.ones(shape, np.complex64),
        receive_maps(coils, np.random.default_rng(0)),
        np.ones(shape, bool),
        0.0,
        np.random.default_rng(0),
    )
    return scan.coil_images / scan.coil_images.abs().square().sum(0).sqrt()


def some_mask(kind: str, shape: tuple[int, int]) -> torch.Tensor:
    if kind == "columns":
        mask = torch.zeros(shape)
        mask[:, ::2] = 1
        return mask
    return (torch.rand(shape, generator=torch.Generator().manual_seed(0)) < 0.4).float()


@pytest.mark.parametrize("shape", [(48, 40), (45, 37)])
def test_transforms_are_adjoint_and_inverse(shape) -> None:
    a, b = (torch.randn(shape, dtype=torch.complex128) for _ in range(2))
    torch.testing.assert_close(
        torch.vdot(to_kspace(a).flatten(), b.flatten()), torch.vdot(a.flatten(), to_image(b).flatten())
    )
    torch.testing.assert_close(to_image(to_kspace(a)), a)


@pytest.mark.parametrize("kind", ["columns", "points"])
@pytest.mark.parametrize("shape", [(48, 40), (45, 37)])
def test_the_normal_operator_is_the_data_terms(kind, shape) -> None:
    """Shifts left out and readouts not transformed, it is still Aᴴ A with centred transforms."""
    maps, mask = unit_maps(4, shape), some_mask(kind, shape)
    x = torch.randn(shape, dtype=torch.complex64)
    expected = (maps.conj() * to_image(mask * to_kspace(maps * x))).sum(0)
    torch.testing.assert_close(DataTerm(maps, mask).normal(x), expected, atol=1e-5, rtol=1e-4)


def test_conjugate_gradients_solve_the_normal_equations() -> None:
    shape = (48, 40)
    data = DataTerm(unit_maps(6, shape), some_mask("columns", shape))
    adjoint = data.normal(torch.from_numpy(phantom(shape)))
    prior = 0.1 * torch.randn(shape, dtype=torch.complex64)
    x, residual = data.solve(adjoint, prior, 0.05, 80)
    torch.testing.assert_close(data.normal(x) + 0.05 * x, adjoint + 0.05 * prior, atol=1e-4, rtol=1e-3)
    assert float(residual.abs().max()) < 1e-4


def test_the_gradient_through_data_consistency_is_right(monkeypatch) -> None:
    monkeypatch.setattr(mr_unrolled, "CG_STEPS", 40)
    monkeypatch.setattr(mr_unrolled, "BACKWARD_STEPS", 40)
    torch.manual_seed(0)
    shape = (6, 5)
    maps = torch.randn(3, *shape, dtype=torch.complex128)
    data = DataTerm(maps / maps.abs().square().sum(0).sqrt(), some_mask("points", shape).double())
    prior = torch.randn(shape, dtype=torch.complex128, requires_grad=True)
    weight = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    adjoint = torch.randn(shape, dtype=torch.complex128)
    assert torch.autograd.gradcheck(lambda z, w: mr_unrolled._Solve.apply(z, w, adjoint, data)[0], (prior, weight))


def test_an_untrained_network_is_regularised_sense_in_the_unit_of_the_kspace() -> None:
    torch.manual_seed(0)
    shape = (96, 80)
    scan = acquire(
        phantom(shape), receive_maps(6, np.random.default_rng(1)), np.ones(shape, bool), 0.0, np.random.default_rng(0)
    )
    truth = scan.coil_images.abs().square().sum(0).sqrt()
    with torch.no_grad():
        for unit in (1.0, 1e-6, 1e4):
            result = UnrolledNetwork((16, 16), (1, 1))(unit * scan.kspace, scan.mask, scan.calibration)
            assert float((result.estimates[-1].abs() / unit - truth).norm() / truth.norm()) < 0.1
            assert bool((result.widths > 0).all())
    combined = result.maps.abs().square().sum(0).sqrt()
    assert float((combined[truth > 0.1] - 1).abs().max()) < 1e-3


def test_noise_level_is_measured_from_the_corners() -> None:
    shape = (128, 120)
    generator = torch.Generator().manual_seed(0)
    noise = torch.complex(*(0.05 / 2**0.5 * torch.randn(4, *shape, generator=generator) for _ in range(2)))
    y, x = np.mgrid[-1:1:128j, -1:1:120j]
    smooth = torch.from_numpy(np.exp(-8 * (x**2 + y**2)).astype(np.complex64))  # edges would reach the corners
    kspace = to_kspace(smooth)[None].expand(4, -1, -1) + noise
    assert float(noise_level(kspace, torch.ones(shape))) == pytest.approx(0.05, rel=0.08)


def test_what_is_trained_with_is_what_is_served_with() -> None:
    """Noise, Fourier transform and low-resolution images carry gradients here; the served ones are those of physics."""
    from recon.physics import espirit, fourier, thermal_noise

    rng = np.random.default_rng(3)
    kspace = (rng.normal(size=(4, 48, 40)) + 1j * rng.normal(size=(4, 48, 40))).astype(np.complex64)
    mask = rng.random((48, 40)) < 0.5
    mask[12:36, 8:32] = True
    kspace *= mask
    ours = torch.from_numpy(kspace)
    np.testing.assert_allclose(to_image(ours).numpy(), fourier.to_image(kspace), atol=1e-5)
    np.testing.assert_allclose(to_kspace(ours).numpy(), fourier.to_kspace(kspace), atol=1e-5)
    level = float(noise_level(ours, torch.from_numpy(mask.astype(np.float32))))
    assert level == pytest.approx(thermal_noise.outer_noise(kspace, mask), rel=0.02)  # samples equally far out differ
    low = espirit.low_resolution(espirit.centre_of(kspace, (24, 24), 24), (48, 40))
    np.testing.assert_allclose(calibration_images(ours, (24, 24)).numpy(), low, atol=1e-5)
