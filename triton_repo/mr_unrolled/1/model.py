"""The unrolled MR network inside Triton's Python backend: data consistency here, U-Nets in ONNX.

The container of a site's own Triton has neither the recon package nor its dependencies, so this file
stands alone: it needs NumPy, SciPy and OpenVINO, or ONNX Runtime in its place. Step by step it does what
recon.networks.mr_unrolled does on torch tensors; a test compares the two.
"""

import hashlib
import json
import os
from collections import OrderedDict
from pathlib import Path

import numpy as np
import scipy.fft

try:
    import triton_python_backend_utils as pb_utils
except ImportError:  # imported outside Triton, by tests and by the evaluation
    pb_utils = None

CASCADES = ("cascade1.onnx", "cascade2.onnx", "cascade3.onnx")
REPEATS = 3  # of the last cascade, which goes on from its own result
CG_STEPS = 6
START_STEPS, START_WEIGHT = 7, 0.02
MEMORY = 8
STRIDE = 8
LARGEST_CALIBRATION = 32
ESPIRIT_CALIBRATION, KERNEL = 24, 6
COARSE, SQUARINGS, POWER_STEPS = 4, 8, 3
MOST_COILS = 12  # more are compressed to so many virtual ones: Huang et al., MRI 26:133 (2008)
LEAST = np.finfo(np.float32).tiny  # of an interval's half-width
MOST_SHAPES = 4  # compiled networks kept, one per matrix
WORKERS = max(1, len(os.sched_getaffinity(0)))


class OpenVino:
    """One cascade, compiled for each matrix that comes along."""

    def __init__(self, path):
        import openvino

        self.openvino, self.core, self.path = openvino, openvino.Core(), str(path)
        self.compiled = OrderedDict()

    def _request(self, inputs):
        shape = inputs["planes"].shape
        if shape not in self.compiled:
            network = self.core.read_model(self.path)
            network.reshape({name: list(array.shape) for name, array in inputs.items()})
            options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
            self.compiled[shape] = self.core.compile_model(network, "CPU", options).create_infer_request()
            while len(self.compiled) > MOST_SHAPES:
                self.compiled.popitem(last=False)
        self.compiled.move_to_end(shape)
        return self.compiled[shape]

    def __call__(self, **inputs):
        request = self._request(inputs)
        for name, array in inputs.items():
            request.set_tensor(name, self.openvino.Tensor(np.ascontiguousarray(array), shared_memory=True))
        request.infer()
        return [request.get_output_tensor(index).data.copy() for index in range(4)]


class OnnxRuntime:
    """One cascade where there is no OpenVINO."""

    def __init__(self, path):
        import onnxruntime

        self.session = onnxruntime.InferenceSession(str(path), providers=onnxruntime.get_available_providers())

    def __call__(self, **inputs):
        return self.session.run(None, inputs)


def runtime(path):
    """The faster of the two that is installed."""
    try:
        return OpenVino(path)
    except ImportError:
        return OnnxRuntime(path)


class DataTerm:
    """|mask F maps x - y|² of an image; transforms one axis only where whole lines are measured."""

    def __init__(self, maps, mask):
        self.maps, self.conjugate = maps, maps.conj()
        self.axes = (-1,) if (mask == mask[:1]).all() else (-2, -1)
        shifted = scipy.fft.ifftshift(mask.astype(np.float32), self.axes)
        self.mask = shifted[:1] if self.axes == (-1,) else shifted

    def normal(self, x):
        """AᴴA x; the shifts of image space cancel."""
        planes = self.maps * x
        planes = scipy.fft.fftn(planes, axes=self.axes, overwrite_x=True, workers=WORKERS)
        planes *= self.mask
        planes = scipy.fft.ifftn(planes, axes=self.axes, overwrite_x=True, workers=WORKERS)
        planes *= self.conjugate
        return planes.sum(0)

    def solve(self, adjoint, prior, weight, steps):
        """Conjugate gradients from ``prior``; the image and what is left of the normal equations."""
        weight = np.float32(weight)
        x = prior
        residual = adjoint - self.normal(x) if x.any() else adjoint
        direction = residual
        energy = _energy(residual)
        for _ in range(steps):
            applied = self.normal(direction) + weight * direction
            step = np.float32(energy / (np.vdot(direction, applied).real + 1e-20))
            x = x + step * direction
            residual = residual - step * applied
            renewed = _energy(residual)
            direction = residual + np.float32(renewed / (energy + 1e-20)) * direction
            energy = renewed
        return x, residual


class Unrolled:
    """The whole reconstruction of one slice."""

    def __init__(self, cascades, repeats=REPEATS):
        self.cascades = [*cascades, *[cascades[-1]] * (repeats - 1)]

    def __call__(self, kspace):
        """(5, y, x) float32: image, interval below and above, unexplained k-space, of (coils, ky, kx)."""
        mask = np.any(kspace != 0, axis=0)
        kspace, lost = compress(kspace, mask)
        height, width = mask.shape
        noise = noise_level(kspace, mask)
        maps, scale = sensitivities(kspace, calibration_size(mask), noise)
        if not scale > 0:  # nothing in the centre of k-space: there is no image to start from
            measured = np.sqrt((np.abs(kspace) ** 2).sum(0) + lost**2)
            unknown = np.full((height, width), max(np.sqrt((measured**2).sum()), LEAST))
            return np.stack([0 * measured, 0 * measured, unknown, unknown, measured]).astype(np.float32)
        data = DataTerm(maps, mask)
        adjoint = (data.conjugate * to_image(kspace / scale)).sum(0)
        image, residual = data.solve(adjoint, np.zeros_like(adjoint), START_WEIGHT, START_STEPS)
        gradient = np.float32(-START_WEIGHT) * image - residual
        given = conditions(noise / scale, mask.mean())
        padded = height + -height % STRIDE, width + -width % STRIDE
        memory = np.zeros((1, MEMORY, *padded), np.float32)
        planes = np.zeros((1, 4, *padded), np.float32)
        widths = planes[:, :2]
        for cascade in self.cascades:
            parts = image.real, image.imag, gradient.real, gradient.imag
            for plane, part in zip(planes[0], parts, strict=True):
                plane[:height, :width] = part
            update, widths, memory, weight = cascade(planes=planes, memory=memory, conditions=given)
            weight = np.float32(weight[0, 0])
            update = update[0, :, :height, :width]
            wanted = image + (update[0] + np.complex64(1j) * update[1])
            image, residual = data.solve(adjoint, wanted, weight, CG_STEPS)
            gradient = weight * (wanted - image) - residual
        image = image * scale
        below, above = np.maximum(widths[0, :, :height, :width] * scale, LEAST)
        unexplained = (to_kspace(maps * image) - kspace) * mask
        left = np.sqrt((np.abs(unexplained) ** 2).sum(0) + lost**2)
        return np.stack([image.real, image.imag, below, above, left]).astype(np.float32)


def compress(kspace, mask):
    """At most 12 virtual coils, and the root-sum-of-squares (ky, kx) of what that leaves out."""
    if len(kspace) <= MOST_COILS:
        return kspace, np.float32(0)
    height, width = (min(c, s) for c, s in zip(calibration_size(mask), kspace.shape[-2:], strict=True))
    rows, columns = (
        slice(s // 2 - t // 2, s // 2 - t // 2 + t) for s, t in zip(mask.shape, (height, width), strict=True)
    )
    centre = kspace[:, rows, columns].reshape(len(kspace), -1).astype(np.complex128)
    _, vectors = np.linalg.eigh(centre @ centre.conj().T)
    matrix = vectors[:, : -MOST_COILS - 1 : -1].conj().T.astype(np.complex64)
    virtual = np.tensordot(matrix, kspace, 1)
    lost = (np.abs(kspace) ** 2).sum(0) - (np.abs(virtual) ** 2).sum(0)
    return virtual, np.sqrt(np.maximum(lost, 0))


def sensitivities(kspace, calibration, noise):
    """Maps (coils, y, x) with root-sum-of-squares 1, and the maximum of the calibration image."""
    low = calibration_images(kspace, calibration)
    combined = np.sqrt((np.abs(low) ** 2).sum(0))
    scale = np.float32(combined.max())
    if not scale > 0:
        return low, scale
    return refine(low / (combined + np.float32(1e-6) * scale), kspace, calibration, noise), scale


def calibration_images(kspace, calibration):
    """Low-resolution coil images (coils, y, x) from the tapered centre of k-space."""
    sides = kspace.shape[-2:]
    taken = [min(c, s, LARGEST_CALIBRATION) for c, s in zip(calibration, sides, strict=True)]
    rows, columns = (slice(s // 2 - t // 2, s // 2 - t // 2 + t) for s, t in zip(sides, taken, strict=True))
    taper = np.outer(*(np.cos(np.pi * (np.arange(t) - t // 2) / (t + 2)) ** 2 for t in taken))
    centre = np.zeros_like(kspace)
    centre[:, rows, columns] = kspace[:, rows, columns] * taper.astype(np.float32)
    return to_image(centre)


def refine(maps, kspace, calibration, noise):
    """Sensitivities (coils, y, x) after ESPIRiT, with the phase of those that came in.

    Uecker et al., MRM 71:990 (2014), with two short cuts. The projection on the calibration matrix's row
    space becomes, summed over equal lags, a small convolution between each two coils, so that one transform
    of each pair gives the matrix at every pixel. Its first eigenvector is found by power iterations from
    the low-resolution maps, which leaves no phase to choose.

    Parameters
    ----------
    maps
        Low-resolution coil images over their root-sum-of-squares.
    kspace
        (coils, ky, kx).
    calibration
        Height and width of the fully sampled centre.
    noise
        Standard deviation of a sample.
    """
    coils, *sides = kspace.shape
    taken = [min(c, s, ESPIRIT_CALIBRATION) for c, s in zip(calibration, sides, strict=True)]
    if coils == 1 or min(taken) < 2 * KERNEL:
        return maps
    rows, columns = (slice(s // 2 - t // 2, s // 2 - t // 2 + t) for s, t in zip(sides, taken, strict=True))
    windows = np.lib.stride_tricks.sliding_window_view(kspace[:, rows, columns], (KERNEL, KERNEL), axis=(1, 2))
    matrix = windows.transpose(1, 2, 0, 3, 4).reshape(-1, coils * KERNEL**2)
    energies, vectors = np.linalg.eigh(matrix.conj().T @ matrix)
    # singular values of noise alone end at the sum of the roots of the sides: Marchenko & Pastur (1967)
    random = (np.sqrt(matrix.shape[0]) + np.sqrt(matrix.shape[1])) ** 2 * noise**2
    kept = energies > np.clip(random / energies[-1], 4e-4, 2.5e-3) * energies[-1]
    vectors = vectors[:, kept]
    projection = (vectors.conj() @ vectors.T).reshape(coils, KERNEL, KERNEL, coils, KERNEL, KERNEL)
    lags = np.zeros((coils, coils, *sides), np.complex64)
    middle = [s // 2 for s in sides]
    for i in range(KERNEL):
        for j in range(KERNEL):
            top, left = middle[0] - i, middle[1] - j
            lags[:, :, top : top + KERNEL, left : left + KERNEL] += projection[:, i, j].astype(np.complex64)
    between = np.empty_like(lags)
    for a in range(coils):
        between[a, a:] = scipy.fft.fft2(scipy.fft.ifftshift(lags[a, a:], (-2, -1)), workers=WORKERS)
        between[a:, a] = between[a, a:].conj()
    maps = _first_eigenvectors(between, scipy.fft.ifftshift(maps, (-2, -1)))
    return scipy.fft.fftshift(maps, (-2, -1))


def _first_eigenvectors(matrices, start):
    """Of Hermitian matrices (n, n, y, x), by power iterations from ``start`` (n, y, x).

    On every fourth pixel by squaring the matrix, which finds it where the second eigenvalue is close; in
    between by interpolation and a few plain steps.
    """
    coarse = np.ascontiguousarray(matrices[:, :, ::COARSE, ::COARSE].transpose(2, 3, 0, 1))
    for _ in range(SQUARINGS):
        coarse = coarse @ coarse
        coarse /= np.abs(np.trace(coarse, axis1=2, axis2=3))[..., None, None] + np.float32(1e-20)
    nodes = np.einsum("yxab,byx->ayx", coarse, start[:, ::COARSE, ::COARSE])
    rows, columns = (_between_nodes(count, side) for count, side in zip(nodes.shape[1:], start.shape[1:], strict=True))
    maps = rows @ _unit(nodes) @ columns.T
    for _ in range(POWER_STEPS):
        maps = _unit(np.einsum("abyx,byx->ayx", matrices, maps))
    return np.where(np.isfinite(maps).all(0), maps, start).astype(np.complex64)


def _between_nodes(count, side):
    """Matrix (side, count) of linear interpolation between every fourth pixel."""
    at = np.minimum(np.arange(side) / COARSE, count - 1)
    return np.maximum(1 - np.abs(at[:, None] - np.arange(count)), 0).astype(np.float32)


def _unit(maps):
    return maps / (np.sqrt((np.abs(maps) ** 2).sum(0)) + np.float32(1e-20))


def calibration_size(mask):
    """Height and width of the fully sampled centred rectangle of a mask (ky, kx), each at least 1."""
    cy, cx = (side // 2 for side in mask.shape)
    best = (1, 1)
    for height in range(2, mask.shape[0] + 1, 2):
        full = mask[cy - height // 2 : cy + height // 2].all(axis=0)
        left = cx - int(np.argmin(np.append(full[:cx][::-1], False)))
        right = cx + int(np.argmin(np.append(full[cx:], False)))
        width = 2 * min(cx - left, right - cx)
        if width < 2:
            break
        if min(height, width) > min(best) or (min(height, width) == min(best) and height * width > best[0] * best[1]):
            best = (height, width)
    return best


def noise_level(kspace, mask):
    """Standard deviation of a coil's complex noise, from the 5 % of the measured samples farthest out."""
    height, width = mask.shape
    y, x = (np.linspace(-1, 1, side, dtype=np.float32) for side in (height, width))
    distance = np.where(mask, np.hypot(y[:, None], x), 0).ravel()
    count = max(1, int(mask.sum()) // 20)
    outer = np.argpartition(distance, -count)[-count:]
    return float(np.sqrt(np.median(np.abs(kspace.reshape(len(kspace), -1)[:, outer]) ** 2) / np.log(2)))


def conditions(noise, share):
    """Logarithms of noise level and acceleration, each about within -1 to 1, (1, 2)."""
    level = (np.log(np.clip(noise, 1e-4, 1.0)) + 4.5) / 2.0
    return np.array([[level, -np.log(share) - 1.3]], np.float32)


def to_kspace(image):
    """Centred orthonormal transform of the last two axes."""
    axes = (-2, -1)
    spectrum = scipy.fft.fft2(scipy.fft.ifftshift(image, axes), norm="ortho", workers=WORKERS)
    return scipy.fft.fftshift(spectrum, axes)


def to_image(kspace):
    """Inverse and adjoint of :func:`to_kspace`."""
    axes = (-2, -1)
    image = scipy.fft.ifft2(scipy.fft.ifftshift(kspace, axes), norm="ortho", workers=WORKERS)
    return scipy.fft.fftshift(image, axes)


def _energy(x):
    return float(np.vdot(x, x).real)


class TritonPythonModel:
    """Triton's interface to a Python model."""

    def initialize(self, args):
        config = json.loads(args["model_config"])
        parameters = {key: value["string_value"] for key, value in config["parameters"].items()}
        version = args["model_version"]
        folder = Path(args["model_repository"]) / version
        files = [folder / name for name in parameters[f"files.{version}"].split(",")]
        found = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
        if found != parameters[f"sha256.{version}"]:
            raise pb_utils.TritonModelException(f"{folder} is not what config.pbtxt names: {found}")
        self.input, self.output = config["input"][0]["name"], config["output"][0]["name"]
        self.run = Unrolled([runtime(folder / name) for name in CASCADES])
        warm = [int(side) for side in parameters["warm_shape"].split(",")]
        self.run(np.ones(warm, np.complex64))

    def execute(self, requests):
        return [self._answer(request) for request in requests]

    def _answer(self, request):
        if request.is_cancelled():
            return pb_utils.InferenceResponse(error=pb_utils.TritonError("cancelled", pb_utils.TritonError.CANCELLED))
        array = np.ascontiguousarray(pb_utils.get_input_tensor_by_name(request, self.input).as_numpy())
        planes = self.run(array.view(np.complex64)[0, ..., 0])
        return pb_utils.InferenceResponse([pb_utils.Tensor(self.output, planes[None])])
