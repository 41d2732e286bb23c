"""Which extra holds a module, for the line that says what to install."""

from __future__ import annotations

from recon.errors import MissingExtra, with_extra

#: Extras by module; of several the first is named, unless the command is called like another one.
EXTRAS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("grpc_reflection", "openvino", "pydantic_settings", "pytriton", "pywt", "sigpy"), ("serve",)),
    **dict.fromkeys(("SimpleITK", "structlog", "threadpoolctl", "tritonclient"), ("serve",)),
    "prometheus_client": ("serve", "node"),
    "pydantic": ("serve", "node", "train"),
    "opentelemetry": ("traces",),
    **dict.fromkeys(("bm3d", "deepinv", "numba", "onnx", "onnxscript", "safetensors"), ("train",)),
    **dict.fromkeys(("skimage", "torchvision"), ("train",)),
    **dict.fromkeys(("onnxruntime", "torch"), ("train", "gpu")),
    "matplotlib": ("serve", "view", "node", "bench", "train"),
    "psutil": ("bench", "train"),
    "jsonschema": ("bench", "openrecon"),
    "mlperf_loadgen": ("bench",),
    **dict.fromkeys(("dask", "dask_jobqueue", "distributed", "tornado"), ("cluster",)),
    **dict.fromkeys(("httpx", "starlette", "uvicorn"), ("view", "node")),
    **dict.fromkeys(("dicomweb_client", "highdicom", "pynetdicom", "requests"), ("node",)),
    "mrd": ("mrd",),
    "fpdf": ("openrecon",),
    "grpc_tools": ("dev",),
}


def missing(module: str, command: str = "") -> MissingExtra:
    """The error for a module that is not there.

    Parameters
    ----------
    module
        Its name, with or without what lies inside of it.
    command
        The first word of the command, which may be called like one of several extras.
    """
    extras = EXTRAS.get(module.partition(".")[0], ())
    if not extras:
        return MissingExtra(f"{module} is not installed, and no extra of recon has it; --debug shows what needs it")
    return MissingExtra(with_extra(f"{module} is not installed", command if command in extras else extras[0]))
