"""Where the embedded Triton lies, and how it must be laid out to start.

The wheel ``nvidia-pytriton`` carries the real server binary. Its Python backend looks for the stub
beside ``libtriton_python.so``, while the wheel keeps one stub per Python version elsewhere.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from recon.errors import MissingExtra, with_extra
from recon.serving.allocator import ENVIRONMENT


@dataclass(frozen=True)
class TritonInstall:
    """The server binary, a backend directory that works, and the environment it needs."""

    binary: Path
    backends: Path
    environment: dict[str, str]


def prepare_install(folder: Path) -> TritonInstall:
    """Lay out the embedded Triton in ``folder``.

    Raises
    ------
    MissingExtra
        When the wheel is not installed, or has no stub for this Python.
    """
    found = importlib.util.find_spec("pytriton")
    if found is None or not found.submodule_search_locations:
        raise MissingExtra(
            with_extra("no embedded Triton is here; name a server with --triton, or install it", "serve")
        )
    package = Path(found.submodule_search_locations[0])
    server = package / "tritonserver"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = server / "python_backend_stubs" / version / "triton_python_backend_stub"
    if not stub.exists():
        raise MissingExtra(f"the embedded Triton has no backend for Python {version}; use 3.11 or 3.12")
    _require_libpython(version)
    backend = folder / "backends" / "python"
    shutil.copytree(server / "backends" / "python", backend, dirs_exist_ok=True)
    shutil.copy2(stub, backend / stub.name)
    return TritonInstall(server / "bin" / "tritonserver", backend.parent, _environment(package.parent))


def _require_libpython(version: str) -> None:
    """The backend's stub is linked against libpython, which Debian keeps in a package of its own."""
    name = f"libpython{version}.so.1.0"
    beside = Path(sysconfig.get_config_var("LIBDIR") or "") / name
    try:
        ctypes.CDLL(str(beside) if beside.exists() else name)
    except OSError as error:
        raise MissingExtra(f"the embedded Triton needs {name}; apt install libpython{version}") from error


def _environment(site_packages: Path) -> dict[str, str]:
    environment = dict(os.environ)
    libraries = [str(site_packages / "nvidia_pytriton.libs"), sysconfig.get_config_var("LIBDIR") or ""]
    libraries.append(environment.get("LD_LIBRARY_PATH", ""))
    environment["LD_LIBRARY_PATH"] = ":".join(filter(None, libraries))
    # the stub imports its packages from the first python3 on the path
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment.get('PATH', '')}"
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    environment |= ENVIRONMENT
    environment["OPENBLAS_NUM_THREADS"] = "1"  # the network runs on threads of its own
    return environment
