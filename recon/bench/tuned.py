"""Records of tuning that are kept for this machine: measured once, when a model is first served here."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from recon.backend.configuration import FILE, of_version, parameters_in, warm_shapes
from recon.bench.tune import tune
from recon.machine import describe
from recon.serving.tuning import serves_settings

_ROUNDS = 3


def kept_records(
    repository: Path, tasks: Sequence[str], folder: Path, told: Callable[[str], object] = lambda _: None
) -> list[Path]:
    """One record for each network that a service of these tasks runs; those that are missing are measured now.

    Parameters
    ----------
    repository
        Folder of models.
    tasks
        None means all.
    folder
        Where records are kept; made where it is not there.
    told
        Hears what is being done.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for config in sorted(repository.glob(f"*/{FILE}")):
        version = max((path for path in config.parent.iterdir() if path.name.isdigit()), key=lambda p: int(p.name))
        parameters = of_version(parameters_in(config.parent), version.name)
        if (tasks and parameters.get("task") not in tasks) or not serves_settings(version):
            continue
        name = config.parent.name
        path = folder / f"tune-{name}-{parameters['sha256'][:12]}-{_machine()}.json"
        if not path.exists():
            told(f"{name}: which setting serves it best here")
            record = tune(version / parameters["files"], warm_shapes(parameters["warm_shape"], ""), told, _ROUNDS)
            part = path.with_suffix(f".{os.getpid()}")
            part.write_text(json.dumps(record, indent=2) + "\n")
            part.replace(path)
        found.append(path)
    return found


def cache() -> Path:
    """The user's folder for what can be made again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "recon" / "tuning"


def _machine() -> str:
    """What a record holds for."""
    facts = describe()
    words = json.dumps([facts[name] for name in ("cpu", "cores", "extensions", "memory_gib", "packages")])
    return hashlib.sha256(words.encode()).hexdigest()[:12]
