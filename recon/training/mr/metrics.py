"""How far a reconstructed image is from the truth."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from recon.errors import InvalidRequest
from recon.volumes import FloatImage

_LOG_SIGMA = 1.5


@dataclass(frozen=True)
class ImageScores:
    """Of one image or the mean of several.

    Attributes
    ----------
    nmse
        Squared error over squared truth.
    psnr_db
        Peak of the truth inside over the root mean square error there.
    ssim
        Structural similarity (Wang et al., TIP 13:600, 2004) inside, Gaussian window, range of the truth.
    hfen
        High-frequency error norm (Ravishankar and Bresler, TMI 30:1028, 2011), relative to the truth.
    coverage
        Share of pixels inside whose truth lies in the 90 % interval; NaN where there is none.
    half_width
        Mean half-width of the interval inside over the mean of the truth there; NaN where there is none.
    data_consistency
        Share of the measured samples left unexplained, as the reconstruction reported it; NaN where unknown.
    """

    nmse: float
    psnr_db: float
    ssim: float
    hfen: float
    coverage: float
    half_width: float
    data_consistency: float = float("nan")


def object_mask(truth: FloatImage) -> npt.NDArray[np.bool_]:
    """Where the object is: above a tenth of the bright end, holes filled."""
    from scipy.ndimage import binary_closing, binary_fill_holes

    bright = truth > 0.1 * np.percentile(truth, 99)
    return np.asarray(binary_fill_holes(binary_closing(bright, iterations=2)))


def score(
    image: FloatImage,
    truth: FloatImage,
    uncertainty: FloatImage | None = None,
    *,
    inside: npt.NDArray[np.bool_] | None = None,
    data_consistency: float = float("nan"),
) -> ImageScores:
    """Compare an image (y, x) with the truth after the best scalar fit, since its unit is arbitrary.

    Parameters
    ----------
    image, truth, uncertainty
        (y, x) magnitudes; half-widths of the interval in the image's unit.
    inside
        Pixels that count; by default :func:`object_mask`.
    data_consistency
        Passed on.

    Raises
    ------
    InvalidRequest
        When shapes differ.
    """
    from skimage.metrics import structural_similarity

    if image.shape != truth.shape:
        raise InvalidRequest(f"the image has shape {image.shape}, the truth {truth.shape}")
    inside = object_mask(truth) if inside is None else inside
    y, t = image.astype(np.float64), truth.astype(np.float64)
    factor = float((y * t)[inside].sum() / max((y * y)[inside].sum(), 1e-300))
    y *= factor
    error = (y - t)[inside]
    peak, span = float(t[inside].max()), float(t.max() - t.min())
    _, similar = structural_similarity(
        y, t, data_range=span, full=True, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    coverage = width = float("nan")
    if uncertainty is not None and np.isfinite(uncertainty[inside]).all():
        half = uncertainty[inside] * abs(factor)
        coverage = float((np.abs(error) <= half).mean())
        width = float(half.mean() / t[inside].mean())
    return ImageScores(
        float((error**2).sum() / (t[inside] ** 2).sum()),
        float(20 * np.log10(peak / max(np.sqrt(np.mean(error**2)), 1e-300))),
        float(similar[inside].mean()),
        _high_frequency_error(y, t, inside),
        coverage,
        width,
        data_consistency,
    )


def mean_scores(scores: list[ImageScores]) -> ImageScores:
    """Mean of each figure over the images that have it."""
    means = {}
    for name in asdict(scores[0]):
        values = np.array([getattr(item, name) for item in scores])
        known = values[np.isfinite(values)]
        means[name] = float(known.mean()) if len(known) else float("nan")
    return ImageScores(**means)


def _high_frequency_error(
    image: npt.NDArray[np.float64], truth: npt.NDArray[np.float64], inside: npt.NDArray[np.bool_]
) -> float:
    from scipy.ndimage import gaussian_laplace

    edges = gaussian_laplace(truth, _LOG_SIGMA)
    difference = gaussian_laplace(image, _LOG_SIGMA) - edges
    return float(np.linalg.norm(difference[inside]) / max(float(np.linalg.norm(edges[inside])), 1e-300))
