"""An output folder that is either whole or not there."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from recon.errors import OutputFailed
from recon.io.disk import write_error, written
from recon.quality.report import SOFTWARE


def is_result(folder: Path) -> bool:
    """Whether a folder holds a result of ours, which is no input."""
    return _wrote(folder / "report.json")


def is_ours(folder: Path) -> bool:
    """Whether we made a folder, so that it may be replaced: a result or a simulation."""
    return is_result(folder) or _wrote(folder / "simulation.json")


def is_comparison(folder: Path) -> bool:
    """Whether a folder holds a comparison of ours, which the next one replaces."""
    return _wrote(folder / "comparison.json")


def _wrote(path: Path) -> bool:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("software") == SOFTWARE


def result_path(parent: Path, name: str) -> Path:
    """Where a result may go: never in the place of anything that is not ours.

    Raises
    ------
    OutputFailed
        When both the name and the name with ``_recon`` behind it are taken.
    """
    for candidate in (parent / name, parent / f"{name}_recon"):
        if not candidate.exists() or is_ours(candidate):
            return candidate
    raise OutputFailed(f"{parent / name}: is there and is no result of recon; choose another folder with -o")


@contextmanager
def output_folder(target: Path) -> Iterator[Path]:
    """A folder to write into; it gets its name, replacing an older result, when the block ends well.

    Raises
    ------
    OutputFailed
        When it can't be made or written: no permission, disk full, or something of that name that is
        no result of ours. Nothing is left behind then.
    """
    parent, name = target.parent, target.name
    # drawn by chance: processes of two containers have one number
    working, old = (parent / f".{name}.{secrets.token_hex(4)}.{state}" for state in ("partial", "old"))
    new_parent = not parent.exists()
    try:
        working.mkdir(parents=True)
        yield working
        if target.exists():
            if not is_ours(target):
                raise OutputFailed(f"{target}: is there and is no result of recon; choose another folder with -o")
            os.rename(target, old)
            os.rename(working, target)
            shutil.rmtree(old)
        else:
            os.rename(working, target)
    except OSError as error:
        raise write_error(target, error) from error
    finally:
        shutil.rmtree(working, ignore_errors=True)
        if new_parent:
            with suppress(OSError):  # not empty: there is a result
                parent.rmdir()


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON for people and machines."""
    with written(path):
        path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n")
