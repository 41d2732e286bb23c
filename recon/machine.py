"""What machine this is: benchmarks write it down, and what was measured elsewhere is not used here."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("openvino", "onnxruntime", "torch", "nvidia-pytriton", "grpcio", "numpy")

_IDENTITY = ("cpu", "cores", "extensions", "memory_gib")


def describe() -> dict[str, Any]:
    """Processor, cores, memory, operating system, and the software that matters."""
    cpu, flags = platform.processor(), ""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
        if line.startswith("flags"):
            flags = f"{line} "
    wanted = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
    packages = {}
    for name in _PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            packages[name] = version(name)
    return {
        "cpu": cpu,
        "cores": len(os.sched_getaffinity(0)),
        "extensions": [name for name in wanted if f" {name} " in flags],
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "governor": _first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "virtual": "hypervisor" in flags,
        "system": platform.platform(),
        "libc": " ".join(platform.libc_ver()),
        "python": platform.python_version(),
        "packages": packages,
    }


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    """What makes two descriptions those of different machines; nothing when they are of the same."""
    return [f"{key}: {first[key]} and {second[key]}" for key in _IDENTITY if first[key] != second[key]]


def _first_line(path: str) -> str | None:
    with contextlib.suppress(OSError):
        return Path(path).read_text().strip()
    return None
