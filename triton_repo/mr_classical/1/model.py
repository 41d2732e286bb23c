"""The classical reconstructions that a network is compared with, inside Triton's Python backend.

Zero-filled root-sum-of-squares; CG-SENSE (Pruessmann et al., MRM 46:638, 2001) and L1-wavelet
compressed sensing (Lustig et al., MRM 58:1182, 2007) with ESPIRiT maps (Uecker et al., MRM 71:990,
2014). Along a trajectory: gridding with density compensation (Pipe and Menon, MRM 41:179, 1999) and
CG-SENSE by a non-uniform FFT. The non-uniform FFT and its densities are SigPy's.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import scipy.fft
import scipy.ndimage

try:
    import triton_python_backend_utils as pb_utils
except ImportError:  # imported outside Triton, by tests
    pb_utils = None

CALIBRATION = 24  # samples per side that ESPIRiT takes
KERNEL, SINGULAR, POWER_STEPS = 6, 0.02, 20  # its kernel's side, smallest singular value, power iterations
VIRTUAL_COILS = 12  # kept of more
SENSE_STEPS, SENSE_TOLERANCE = 40, 1e-3
SENSE_WEIGHT = 2.0  # of the identity beside the normal operator, in units of noise over signal power
WAVELET, WAVELET_STEPS = "db4", 60
WAVELET_WEIGHT = 0.2  # in standard deviations of the noise
REPLICAS = 3
HALF_WIDTH = 1.645  # standard deviations to each side of 90 % of a normal distribution


class Cartesian:
    """Sensitivities, Fourier transform and mask as one operator, and its normal equation.

    The transform runs only along axes that the mask cuts: along the others it cancels.
    """

    def __init__(self, kspace, maps):
        self.maps, self.mask = maps, np.any(kspace != 0, axis=0)
        rows, columns = self.mask.any(axis=1), self.mask.any(axis=0)
        # zeros by chance are rare: a mask of whole readouts is the outer product of one row
        self.whole = bool(rows.all()) and bool((self.mask == columns).all())
        self.axes = (-1,) if self.whole else (-2, -1)
        self.shown = np.ascontiguousarray(np.fft.ifftshift(self.mask, self.axes))

    def adjoint(self, kspace):
        return (self.maps.conj() * to_image(kspace)).sum(-3)

    def forward(self, image):
        return to_kspace(self.maps * image[..., None, :, :]) * self.mask

    def normal(self, image):
        # shifts of the image cancel against each other, shifts of k-space are in the mask
        coils = scipy.fft.fftn(np.fft.ifftshift(self.maps * image[..., None, :, :], self.axes), axes=self.axes)
        coils *= self.shown
        coils = np.fft.fftshift(scipy.fft.ifftn(coils, axes=self.axes), self.axes)
        return (self.maps.conj() * coils).sum(-3)


class Trajectory:
    """Sensitivities and the non-uniform Fourier transform, weighted by the density of sampling."""

    def __init__(self, maps, coordinates, weights):
        import sigpy

        self.maps, self.weights = maps, weights
        self.transform = sigpy.linop.NUFFT(maps.shape, coordinates)

    def adjoint(self, samples):
        return (self.maps.conj() * (self.transform.H * (samples * self.weights))).sum(0)

    def normal(self, image):
        return self.adjoint(self.transform * (self.maps * image))


def to_image(kspace):
    axes = (-2, -1)
    return scipy.fft.fftshift(scipy.fft.ifft2(scipy.fft.ifftshift(kspace, axes), norm="ortho"), axes)


def to_kspace(image):
    axes = (-2, -1)
    return scipy.fft.fftshift(scipy.fft.fft2(scipy.fft.ifftshift(image, axes), norm="ortho"), axes)


def conjugate_gradients(normal, right, weight, steps, tolerance):
    """Solves (normal + weight) x = right for stacks of images at once."""

    def dot(a, b):
        return (a.conj() * b).sum((-2, -1), keepdims=True).real

    x, r = np.zeros_like(right), right.copy()
    p, rho = r.copy(), dot(r, r)
    stop = tolerance**2 * np.maximum(rho, 1e-30)
    for _ in range(steps):
        q = normal(p) + np.float32(weight) * p
        alpha = rho / np.maximum(dot(p, q), 1e-30)
        x += alpha * p
        r -= alpha * q
        new = dot(r, r)
        if (new < stop).all():
            break
        p = r + (new / np.maximum(rho, 1e-30)) * p
        rho = new
    return x


def calibration_block(mask):
    """Slices of the largest fully sampled rectangle about the centre, at most CALIBRATION a side."""
    cy, cx = (side // 2 for side in mask.shape)
    best = (slice(cy, cy + 1), slice(cx, cx + 1))

    def side(line, centre):
        """Fully measured samples before and after the centre."""
        before = np.argmin(np.append(line[:centre][::-1], False))
        after = np.argmin(np.append(line[centre:], False))
        return int(before), int(after)

    for half in range(1, CALIBRATION // 2 + 1):
        up, down = side(mask[:, cx], cy)
        rows = slice(cy - min(half, up), cy + min(half, down))
        if rows.stop <= rows.start:
            break
        left, right = side(mask[rows].all(axis=0), cx)
        columns = slice(cx - min(CALIBRATION // 2, left), cx + min(CALIBRATION // 2, right))
        found, known = (rows.stop - rows.start, columns.stop - columns.start), [s.stop - s.start for s in best]
        if (min(found), found[0] * found[1]) > (min(known), known[0] * known[1]):
            best = rows, columns
    return best


def sensitivities(kspace, shape=None):
    """Maps (coils, y, x) over the whole field of view; ones for a single coil."""
    shape = kspace.shape[1:] if shape is None else shape
    if len(kspace) == 1:
        return np.ones((1, *shape), np.complex64)
    block = kspace[(slice(None), *calibration_block(np.any(kspace != 0, axis=0)))]
    if min(block.shape[1:]) < 6:  # nothing to calibrate with: equal coils, which sums them as they are
        return np.full((len(kspace), *shape), len(kspace) ** -0.5, np.complex64)
    return espirit(block, shape)


def espirit(block, shape):
    """ESPIRiT maps (coils, y, x) of a fully sampled block of k-space, which need not be centred or square.

    A kernel of width k makes the operator a trigonometric polynomial of degree k - 1, so that it is
    computed on 2 k points a side and interpolated exactly; that is what makes this many times faster than
    computing it pixel by pixel. The map is the eigenvector of the largest eigenvalue.
    """
    coils, width = len(block), min(KERNEL, min(block.shape[1:]) // 2)
    patches = np.lib.stride_tricks.sliding_window_view(block, (width, width), (1, 2))
    patches = patches.transpose(1, 2, 0, 3, 4).reshape(-1, coils * width * width)
    values, vectors = np.linalg.eigh((patches.conj().T @ patches).astype(np.complex128))
    kernels = vectors[:, values > SINGULAR**2 * values[-1]].conj().T.reshape(-1, coils, width, width)
    points = 2 * width
    small = np.zeros((len(kernels), coils, points, points), np.complex64)
    small[..., points // 2 - width // 2 :, points // 2 - width // 2 :][..., :width, :width] = kernels
    small = to_image(small)
    gram = np.einsum("niyx,njyx->yxij", small, small.conj())
    along_y, along_x = (trigonometric(points, side).astype(np.complex64) for side in shape)
    rows = np.tensordot(along_y, gram, 1)
    maps = np.empty((coils, *shape), np.complex64)
    for y, line in enumerate(rows):
        operator = np.tensordot(along_x, line, 1)
        vector = operator[..., :1]
        for _ in range(POWER_STEPS):
            vector = operator @ vector
            vector /= np.maximum(np.linalg.norm(vector, axis=1, keepdims=True), 1e-30)
        maps[:, y] = vector[..., 0].T
    # one phase for all coils is free; the first, strongest one sets it
    return maps * np.exp(-1j * np.angle(maps[:1]))


def trigonometric(points, side):
    """Matrix (side, points) that interpolates a trigonometric polynomial between centred grids."""
    frequencies = np.arange(1 - points // 2, points // 2)
    fine, coarse = ((np.arange(n) - n // 2) / n for n in (side, points))
    return np.exp(2j * np.pi * np.subtract.outer(fine, coarse)[..., None] * frequencies).sum(-1) / points


def compressed(kspace):
    """Virtual coils, strongest first (Buehrer et al., MRM 57:1131, 2007), and the energy that they leave out."""
    if len(kspace) == 1:
        return kspace, np.zeros(kspace.shape[1:], np.float32)
    flat = kspace.reshape(len(kspace), -1)
    measured = flat[:, np.any(flat != 0, axis=0)]
    _, vectors = np.linalg.eigh((measured @ measured.conj().T).astype(np.complex128))
    basis = vectors[:, ::-1][:, :VIRTUAL_COILS].conj().T.astype(np.complex64)
    kept = (basis @ flat).reshape(-1, *kspace.shape[1:])
    if len(kept) == len(kspace):
        return kept, np.zeros(kspace.shape[1:], np.float32)
    energy = (np.abs(kspace) ** 2).sum(0) - (np.abs(kept) ** 2).sum(0)
    return kept, np.maximum(energy, 0)


def regularisation(noise, power):
    """Tikhonov weight: noise of a complex sample over the mean power of a pixel, as Wiener's filter has it."""
    return max(SENSE_WEIGHT * 2 * noise**2 / max(power, 1e-30), 1e-4)


def measured_noise(kspace):
    """Standard deviation of a coil's real part, from the measured samples farthest from the centre."""
    mask = np.any(kspace != 0, axis=0)
    y, x = (np.linspace(-1, 1, side) for side in mask.shape)
    distance = np.where(mask, np.hypot(y[:, None], x), -1)
    outer = distance >= np.quantile(distance[mask], 0.95)
    return float(np.median(np.abs(kspace[:, outer])) / np.sqrt(2 * np.log(2)))


def propagated(solve, image, kspace, noise):
    """Standard deviation of the real part of a linear method's image, from pseudo-replicas of the scan.

    Robson et al., MRM 60:895 (2008): the same samples with more of their noise are solved again, up to the
    same accuracy. Real and imaginary part of the difference are two replicas; neighbours are averaged,
    since noise varies slowly over the image.
    """
    random = np.random.default_rng(0)
    step = np.float32(max(noise, 1e-5 * float(np.abs(kspace).max())))  # above the rounding of single precision
    power = np.zeros(image.shape, np.float32)
    for _ in range(REPLICAS):
        white = random.normal(size=(2, *kspace.shape)).astype(np.float32)
        power += np.abs(solve(kspace + step * (white[0] + 1j * white[1])) - image) ** 2 / (2 * REPLICAS)
    return noise / step * np.sqrt(scipy.ndimage.gaussian_filter(power, 1.5))


def zero_filled(kspace, noise):
    """Every sample is kept as it is; noise of each coil is that of k-space times the share measured."""
    image = np.sqrt((np.abs(to_image(kspace)) ** 2).sum(0))
    mask = np.any(kspace != 0, axis=0)
    return image, np.full(image.shape, noise * np.sqrt(mask.mean())), np.zeros(image.shape)


def sense(kspace, noise):
    kspace, left_out = compressed(kspace)
    operator = Cartesian(kspace, sensitivities(kspace))
    weight = regularisation(noise, float((np.abs(kspace) ** 2).sum()) / operator.mask.size)

    def solve(samples):
        right = operator.adjoint(samples * operator.mask)
        return conjugate_gradients(operator.normal, right, weight, SENSE_STEPS, SENSE_TOLERANCE)

    image = solve(kspace)
    spread = propagated(solve, image, kspace, noise)
    return image, spread, unexplained(operator, image, kspace, left_out)


def l1_wavelet(kspace, noise):
    """FISTA (Beck and Teboulle, 2009) with wavelets at a random shift in each step, against blocking."""
    kspace, left_out = compressed(kspace)
    operator = Cartesian(kspace, sensitivities(kspace))
    right = operator.adjoint(kspace)
    threshold = WAVELET_WEIGHT * noise * np.sqrt(2)
    random = np.random.default_rng(0)
    image, ahead, t = right, right, 1.0
    for _ in range(WAVELET_STEPS):
        step = ahead + right - operator.normal(ahead)
        new = shrink(step, threshold, random.integers(0, 16, 2))
        faster = 0.5 + np.sqrt(0.25 + t * t)
        ahead = new + np.float32((t - 1) / faster) * (new - image)
        image, t = new, faster
    unknown = np.full(image.shape, np.nan)
    return image, unknown, unexplained(operator, image, kspace, left_out)


def shrink(image, threshold, shift):
    """Wavelet coefficients pulled towards zero; the coarsest scale stays."""
    import pywt

    rolled = np.roll(image, shift, (0, 1))
    levels = max(1, min(4, int(np.log2(min(image.shape))) - 3))
    coarse, *fine = pywt.wavedec2(rolled, WAVELET, mode="periodization", level=levels)
    soft = [tuple(soft_threshold(part, threshold) for part in level) for level in fine]
    back = pywt.waverec2([coarse, *soft], WAVELET, mode="periodization")
    return np.roll(back[: image.shape[0], : image.shape[1]], -shift, (0, 1)).astype(np.complex64)


def soft_threshold(values, threshold):
    size = np.abs(values)
    return values * (np.maximum(size - threshold, 0) / np.maximum(size, 1e-30))


def unexplained(operator, image, kspace, left_out):
    """Magnitude over coils of what the image does not explain of the measured samples."""
    residual = operator.forward(image) - kspace
    return np.sqrt((np.abs(residual) ** 2).sum(0) + left_out)


CARTESIAN = {"zero-filled": zero_filled, "sense": sense, "l1-wavelet": l1_wavelet}


def sensitivities_along(kspace, coordinates, density, matrix):
    """ESPIRiT maps from the samples about the centre, brought onto a small grid by least squares.

    Gridding alone leaves side lobes at the edge of the field of view, which maps would take for coils.
    """
    import sigpy

    if len(kspace) == 1:
        return np.ones((1, *matrix), np.complex64)
    side = min(CALIBRATION + 8, *matrix)
    near = np.hypot(coordinates[..., 0], coordinates[..., 1]) <= side / 2
    transform = sigpy.linop.NUFFT((len(kspace), side, side), coordinates[near])
    weights = density[near] * np.float32(side * side / np.prod(matrix))
    images = conjugate_gradients(
        lambda image: transform.H * (weights * (transform * image)), transform.H * (weights * kspace[:, near]), 1e-3,
        15, 1e-3,
    )  # fmt: skip
    margin = (side - min(CALIBRATION, side)) // 2
    return espirit(to_kspace(images)[:, margin : side - margin, margin : side - margin].astype(np.complex64), matrix)


def along_trajectory(method, kspace, trajectory, matrix, noise):
    """Image, spread and one plane of the residual of samples (coils, samples, readouts)."""
    import sigpy
    from sigpy.mri import pipe_menon_dcf

    # coordinates in cycles per field of view, rows first
    coordinates = trajectory[..., ::-1].transpose(1, 0, 2) * np.array(matrix, np.float32)
    coordinates = np.ascontiguousarray(coordinates, np.float32)
    density = np.abs(pipe_menon_dcf(coordinates, matrix, max_iter=30, show_pbar=False)).astype(np.float32)
    # readouts that were not measured (padding) weigh nothing
    density *= np.any(kspace != 0, axis=0)
    # a sample's weight is the area of k-space that it stands for; SigPy's transform is unitary on the grid
    grid = sigpy.linop.NUFFT((1, *matrix), coordinates)
    flat = grid * (grid.H * density[None].astype(np.complex64))
    density /= max(float(np.vdot(density, np.abs(flat[0])) / density.sum()), 1e-30)
    if method == "zero-filled":
        coils = sigpy.linop.NUFFT((len(kspace), *matrix), coordinates).H * (kspace * density)
        image = np.sqrt((np.abs(coils) ** 2).sum(0))
        # noise of a gridded pixel: the weights' root of the sum of squares
        spread = np.full(matrix, noise * np.sqrt((density**2).sum() / np.prod(matrix)))
        return image, spread, np.zeros(matrix)
    kspace, left_out = compressed(kspace)
    maps = sensitivities_along(kspace, coordinates, density, matrix)
    operator = Trajectory(maps, coordinates, density)
    weight = regularisation(noise, float((np.abs(kspace) ** 2 * density).sum()) / np.prod(matrix))

    def solve(samples):
        return conjugate_gradients(operator.normal, operator.adjoint(samples), weight, 20, SENSE_TOLERANCE)

    image = solve(kspace)
    spread = propagated(solve, image, kspace, noise)
    difference = operator.transform * (maps * image) - kspace
    energy = float((np.abs(kspace) ** 2).sum() + left_out.sum())
    lost = float((np.abs(difference) ** 2).sum() + left_out.sum())
    return image, spread, np.full(matrix, np.sqrt(lost / energy))


def reconstruct(method, kspace, noise=np.nan, trajectory=None, matrix=None):
    """(5, y, x): image, half-width of its interval below and above, and what it leaves unexplained.

    Parameters
    ----------
    method
        One of METHODS.
    kspace
        (coils, ky, kx) complex64, zero where not measured; with a trajectory (coils, samples, readouts).
    noise
        Standard deviation of a coil's real part; NaN where unknown, then it is taken from the samples.
    trajectory
        (readouts, samples, 2): along x, then y, in cycles per pixel. Then the last plane is the relative
        residual everywhere.
    matrix
        Rows and columns of the image along a trajectory.
    """
    if not np.isfinite(noise):
        noise = measured_noise(kspace)
    if trajectory is None:
        image, spread, rest = CARTESIAN[method](kspace, noise)
    else:
        image, spread, rest = along_trajectory(method, kspace, trajectory, matrix, noise)
    width = HALF_WIDTH * spread
    return np.stack([np.real(image), np.imag(image), width, width, rest]).astype(np.float32)


def problem_with(method, parameters, trajectory, names):
    """Why a request can't be done; empty when it can."""
    if method not in names:
        return f"no method {method!r}; there are {', '.join(names)}"
    if trajectory is not None and method == "l1-wavelet":
        return "l1-wavelet takes Cartesian k-space; use sense or zero-filled along a trajectory"
    if trajectory is not None and not {"rows", "columns"} <= set(parameters):
        return "a trajectory needs the parameters rows and columns"
    return ""


class TritonPythonModel:
    """Triton's interface to a Python model."""

    def initialize(self, args):
        config = json.loads(args["model_config"])
        self.settings = {key: value["string_value"] for key, value in config["parameters"].items()}
        version = args["model_version"]
        folder = Path(args["model_repository"]) / version
        digest = hashlib.sha256()
        for name in self.settings[f"files.{version}"].split(","):
            digest.update((folder / name).read_bytes())
        if digest.hexdigest() != self.settings[f"sha256.{version}"]:
            raise pb_utils.TritonModelException(f"{folder} holds other files than config.pbtxt names")

    def execute(self, requests):
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        if request.is_cancelled():
            return pb_utils.InferenceResponse(error=pb_utils.TritonError("cancelled", pb_utils.TritonError.CANCELLED))
        parameters = json.loads(request.parameters() or "{}")
        method = str(parameters.get("method", ""))
        kspace, trajectory, noise = (self._input(request, name) for name in ("kspace", "trajectory", "noise_std"))
        problem = problem_with(method, parameters, trajectory, self.settings["methods"].split(","))
        if problem:
            error = pb_utils.TritonError(problem, pb_utils.TritonError.INVALID_ARG)
            return pb_utils.InferenceResponse(error=error)
        matrix = None if trajectory is None else (int(parameters["rows"]), int(parameters["columns"]))
        level = float("nan") if noise is None else float(noise[0])
        samples = np.ascontiguousarray(kspace).view(np.complex64)[0, ..., 0]
        planes = reconstruct(method, samples, level, trajectory, matrix)
        return pb_utils.InferenceResponse([pb_utils.Tensor("image_interval_residual", planes[None])])

    def _input(self, request, name):
        tensor = pb_utils.get_input_tensor_by_name(request, name)
        array = None if tensor is None else tensor.as_numpy()
        return None if array is None or array.size == 0 else array
