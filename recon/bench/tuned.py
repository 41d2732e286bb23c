"""Records of tuning that are kept for this machine: measured once, when a model is first served here."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from recon.backend.configuration import FILE, of_version, parameters_in, warm_shapes
from recon.bench.other_work import OtherWork
from recon.bench.progress import Told
from recon.bench.tune import settings, tune
from recon.errors import InvalidRequest
from recon.machine import describe
from recon.serving.tuning import model_of, serves_settings

_ROUNDS = 3
#: After so long nothing more is begun for a network.
MOST_S = 20.0
#: Share of the cores that others may keep busy; what is measured beside more is not worth keeping.
_MOST_BUSY = 0.15
_LOOK_S = 0.5


def kept_records(
    repository: Path,
    tasks: Sequence[str],
    folder: Path,
    told: Told = lambda _: None,
    *,
    models: Sequence[str] = (),
    but: Collection[str] = (),
) -> list[Path]:
    """One record for each network that a service of these tasks runs; those that are missing are measured now.

    The runtime stays the one that is served without a record, so that images are the same. None where there is
    nothing to choose, no place to keep a record, or too much other work to measure beside: then the service runs as
    it would without.

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
    models
        Only these of them; none means all.
    but
        Models whose setting is known.
    """
    if len(settings(other_runtimes=False)) < 2:
        return []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = _networks(repository, tasks, models)
        records = [_kept(*network, folder, told) for network in found if network[0].parent.name not in but]
        return [path for path in records if path is not None]
    except OSError as error:
        told(f"not tuned: can't keep records in {folder} ({error.strerror}); set XDG_CACHE_HOME, or give --no-tune")
        return []


def cache() -> Path:
    """The user's folder for what can be made again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "recon" / "tuning"


def _networks(repository: Path, tasks: Sequence[str], models: Sequence[str]) -> Iterator[tuple[Path, dict[str, str]]]:
    """Newest versions that take settings, with their parameters."""
    for config in sorted(repository.glob(f"*/{FILE}")):
        version = max((path for path in config.parent.iterdir() if path.name.isdigit()), key=lambda p: int(p.name))
        parameters = of_version(parameters_in(config.parent), version.name)
        wanted = not tasks or parameters.get("task") in tasks
        if wanted and (not models or config.parent.name in models) and serves_settings(version):
            yield version, parameters


def _kept(version: Path, parameters: dict[str, str], folder: Path, told: Told) -> Path | None:
    name = version.parent.name
    path = folder / f"tune-{name}-{parameters['sha256'][:12]}-{_machine()}.json"
    if _is_record(path):
        return path
    beside = OtherWork()
    time.sleep(_LOOK_S)
    if _too_busy(name, beside, told):
        return None
    told(f"{name}: measuring which setting serves it best here; once a machine and network, about {MOST_S:.0f} s")
    beside = OtherWork()
    record = tune(
        version / parameters["files"],
        warm_shapes(parameters["warm_shape"], ""),
        rounds=_ROUNDS,
        other_runtimes=False,
        within_s=MOST_S,
    )
    if _too_busy(name, beside, told):
        return None
    part = path.with_suffix(f".{secrets.token_hex(4)}")  # processes of two containers have one number
    try:
        part.write_text(json.dumps(record, indent=2) + "\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _too_busy(name: str, beside: OtherWork, told: Told) -> bool:
    share = beside.share
    if share > _MOST_BUSY:
        told(f"{name}: not tuned, other programs keep {share:.0%} of the cores busy; the next start tries again")
    return share > _MOST_BUSY


def _is_record(path: Path) -> bool:
    """A file that was cut off is measured again."""
    try:
        return path.exists() and bool(model_of(path))
    except InvalidRequest:
        return False


def _machine() -> str:
    """What a record holds for."""
    facts = describe()
    words = json.dumps([facts[name] for name in ("cpu", "cores", "extensions", "memory_gib", "packages")])
    return hashlib.sha256(words.encode()).hexdigest()[:12]
