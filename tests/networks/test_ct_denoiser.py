"""What the CT network gives back of the noise that it found."""

from __future__ import annotations

import torch
from scipy.ndimage import gaussian_filter

from recon.networks.ct_denoiser import CtDenoiser, LowPass


def test_the_low_pass_is_a_gaussian() -> None:
    image = torch.randn(2, 1, 48, 32, generator=torch.Generator().manual_seed(0))
    found = LowPass(2.0)(image)
    for plane, made in zip(image[:, 0].numpy(), found[:, 0].numpy(), strict=True):
        wanted = gaussian_filter(plane, 2.0, mode="mirror", truncate=3.0)
        torch.testing.assert_close(torch.from_numpy(made), torch.from_numpy(wanted), atol=1e-4, rtol=1e-3)


def test_low_frequencies_of_the_noise_stay_in_the_image_and_the_interval_stays_where_it_was() -> None:
    torch.manual_seed(1)
    plain = CtDenoiser((8, 8, 8, 8), (1, 1, 1, 1))
    torch.nn.init.normal_(plain.tail.weight, std=0.3)
    returning = CtDenoiser((8, 8, 8, 8), (1, 1, 1, 1), return_px=2.0)
    returning.load_state_dict(plain.state_dict())  # the filter adds nothing to store
    hu = 50 + 20 * torch.randn(1, 1, 64, 64)
    with torch.no_grad():
        noise, below, above = plain(hu).unbind(1)
        less, lower, upper = returning(hu).unbind(1)
    low = LowPass(2.0)(noise[:, None])[:, 0]
    torch.testing.assert_close(less, noise - low)
    assert float(LowPass(4.0)(less[:, None]).std()) < 0.5 * float(LowPass(4.0)(noise[:, None]).std())
    image, changed = hu[:, 0] - noise, hu[:, 0] - less
    torch.testing.assert_close(changed - lower, image - below, atol=1e-3, rtol=0)
    torch.testing.assert_close(changed + upper, image + above, atol=1e-3, rtol=0)
