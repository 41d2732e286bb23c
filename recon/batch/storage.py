"""The order of writing: an attempt's own folder, fsync, rename, fsync of the directory, then the commit.

A result folder carries ``manifest.json``: whose it is and what each file hashes to. So a result whose
commit was lost is recognised and adopted, and anything else under a final name is not trusted.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from recon.batch.items import Item, Produced, sha256_of
from recon.errors import OutputFailed
from recon.io.disk import written
from recon.tasks.registry import task_of

MANIFEST = "manifest.json"
_ATTEMPTS = ".attempts"
_UNTRUSTED = ".untrusted"


class Storage:
    """The output folder of a run; every step is a method of its own, in the order in which they happen.

    Parameters
    ----------
    folder
        Exists, on one file system.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.options: Mapping[str, Mapping[str, Any]] = {}

    def recipe(self, item: Item) -> str:
        """SHA-256 over the options with which the run makes an item; with its input it is a result's identity."""
        return recipe_of(item.task, self.options.get(item.task, {}))

    def final(self, item: Item) -> Path:
        """Where the result of an item lies once it is whole."""
        return self.folder / item.name

    def begin(self, item: Item) -> Path:
        """An empty folder for one attempt."""
        with written(self.folder):
            attempt = self.folder / _ATTEMPTS / f"{item.number}.{item.attempts}"
            shutil.rmtree(attempt, ignore_errors=True)
            attempt.mkdir(parents=True)
            return attempt

    def seal(self, item: Item, attempt: Path, report: dict[str, Any]) -> Produced:
        """Hash what an attempt made and write its manifest."""
        with written(attempt):
            outputs = {
                str(path.relative_to(attempt)): (path.stat().st_size, sha256_of(path)) for path in _files(attempt)
            }
            content = {
                "key": item.key,
                "input_sha256": item.input_sha256,
                "recipe": self.recipe(item),
                "task": item.task,
                "report": report,
                "outputs": outputs,
            }
            text = json.dumps(content, sort_keys=True)
            sealed = {"sha256": hashlib.sha256(text.encode()).hexdigest(), **content}
            (attempt / MANIFEST).write_text(json.dumps(sealed, sort_keys=True, indent=1) + "\n")
            digest = sha256_of(attempt / MANIFEST)
            outputs[MANIFEST] = ((attempt / MANIFEST).stat().st_size, digest)
            return Produced(report, outputs)

    def sync_files(self, attempt: Path) -> None:
        """Bring every file and folder of an attempt to the disk."""
        with written(attempt):
            for path in _files(attempt):
                _sync(path)
            for folder, _, _ in os.walk(attempt, topdown=False):
                _sync(Path(folder))

    def rename(self, attempt: Path, item: Item) -> bool:
        """Give an attempt its final name; False when a result is there already."""
        with written(self.final(item)):
            try:
                os.rename(attempt, self.final(item))
            except OSError as error:
                if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                    return False
                raise
            return True

    def sync_directory(self) -> None:
        """Bring the new name to the disk."""
        with written(self.folder):
            _sync(self.folder)

    def publish(self, item: Item, attempt: Path, report: dict[str, Any]) -> Produced:
        """All steps up to the commit; a result that is there already, whole and of the same input, stays.

        Raises
        ------
        OutputFailed
            When the disk is full or the folder can't be written.
        """
        made = self.seal(item, attempt, report)
        self.sync_files(attempt)
        if not self.rename(attempt, item):
            there = self.adopt(item)
            if there is not None:
                self.discard(attempt)
                return there
            self.set_aside(item)
            if not self.rename(attempt, item):
                raise OutputFailed(f"{self.final(item)}: something else writes there; give each run its own -o")
        self.sync_directory()
        return made

    def adopt(self, item: Item) -> Produced | None:
        """What lies under an item's final name, if it is whole, of the item's input and of the run's options."""
        made = read_manifest(self.final(item))
        if made is None or made[0] != (item.key, item.input_sha256, self.recipe(item)) or not item.input_sha256:
            return None
        found = made[1]
        return found if not damage(self.final(item), found.outputs) else None

    def set_aside(self, item: Item) -> None:
        """Move what lies under an item's final name, and is not its result, out of the way; nothing is deleted."""
        final = self.final(item)
        if not os.path.lexists(final):
            return
        with written(final):
            target = self.folder / _UNTRUSTED / f"{item.name}.{time.time_ns()}"
            target.parent.mkdir(exist_ok=True)
            os.rename(final, target)

    def discard(self, attempt: Path) -> None:
        """Delete an attempt."""
        shutil.rmtree(attempt, ignore_errors=True)

    def clear_attempts(self) -> None:
        """Delete what killed runs were writing."""
        shutil.rmtree(self.folder / _ATTEMPTS, ignore_errors=True)


def chosen(task: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """All options of a task that its images depend on, whether they were named or left as they are."""
    return {name: value for name, value in asdict(task_of(task).options(**options)).items() if name != "timeout_s"}


def recipe_of(task: str, options: Mapping[str, Any]) -> str:
    """SHA-256 over what :func:`chosen` returns."""
    return hashlib.sha256(json.dumps(chosen(task, options), sort_keys=True).encode()).hexdigest()


def read_manifest(folder: Path) -> tuple[tuple[str, str, str], Produced] | None:
    """Whose result a folder is (key, SHA-256 of input and of options) and its files; None when it doesn't say."""
    try:
        content = json.loads((folder / MANIFEST).read_text())
        seal = content.pop("sha256")
        if hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest() != seal:
            return None
        outputs = {str(path): (int(size), str(digest)) for path, (size, digest) in content["outputs"].items()}
        outputs[MANIFEST] = ((folder / MANIFEST).stat().st_size, sha256_of(folder / MANIFEST))
        identity = str(content["key"]), str(content["input_sha256"]), str(content["recipe"])
        return identity, Produced(dict(content["report"]), outputs)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def damage(folder: Path, outputs: dict[str, tuple[int, str]]) -> list[str]:
    """What is wrong with a result, one line a file; empty when it is whole and nothing was added."""
    wrong = []
    for name, (size, digest) in sorted(outputs.items()):
        path = folder / name
        if path.is_symlink():
            wrong.append(f"{path}: is a link; the run wrote a file")
            continue
        try:
            there = path.stat().st_size
            if there != size:
                wrong.append(f"{path}: has {there} bytes, should have {size}")
            elif sha256_of(path) != digest:
                wrong.append(f"{path}: its content has changed")
        except OSError as error:
            wrong.append(f"{path}: {error.strerror or error}")
    if folder.is_symlink():
        wrong.append(f"{folder}: is a link; the run made a folder")
    elif folder.is_dir():
        known = {*outputs, *(str(parent) for name in outputs for parent in Path(name).parents)}
        found = [str(path.relative_to(folder)) for path in sorted(folder.rglob("*"))]
        wrong += [f"{folder / path}: not made by the run" for path in found if path not in known]
    return wrong


def _files(folder: Path) -> list[Path]:
    return sorted(Path(base) / name for base, _, names in os.walk(folder) for name in names)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
