"""What one file is, told by its header; pixels stay on disk."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

from recon.batch.items import InputFile
from recon.batch.states import State
from recon.errors import UnreadableInput
from recon.io.dicom.read.skipped import Kind, Refused
from recon.io.formats import Content, Look, recognise
from recon.io.formats.format import START_BYTES
from recon.tasks.registry import tasks

_MODALITY = {Content.CT: "CT", Content.MR: "MR"}
_SAMPLE = 16384


def classify(path: Path, root: Path) -> InputFile:
    """Look at one file.

    Parameters
    ----------
    path
        Absolute.
    root
        Of the archive; labels are relative to it.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return InputFile(path, 0, 0, state=State.FAILED, reason="its name is not UTF-8; rename it")
    try:
        facts = path.stat()
    except OSError as error:
        return InputFile(path, 0, 0, state=State.FAILED, reason=f"can't be read: {error.strerror}")
    seen = InputFile(path, facts.st_size, facts.st_mtime_ns)
    if not stat.S_ISREG(facts.st_mode):
        return _left(seen, "not a regular file")
    if path.name.startswith("."):
        return _left(seen, "a hidden file")
    if facts.st_size == 0:
        return _left(seen, "an empty file", failed=recognise(path, b"") is not None)
    try:
        with path.open("rb") as file:
            found = recognise(path, file.read(START_BYTES))
        return _left(seen, "not a scan") if found is None else _scan(seen, root, found.look(path))
    except Refused as error:
        return _left(seen, error.problem, failed=error.kind is not Kind.OTHER)
    except OSError as error:
        return _left(seen, f"can't be read: {error.strerror or error}", failed=True)
    except UnreadableInput as error:
        return _left(seen, error.problem.removeprefix(f"{path}: "), failed=True)
    except Exception as error:  # readers raise whatever they like on damaged headers
        words = str(error).strip().splitlines()
        return _left(
            seen, f"damaged: {(words or [type(error).__name__])[0].replace(str(path), 'the file')[:160]}", failed=True
        )


def _half(text: str, modality: str) -> tuple[str, str, str]:
    """The task of which a name says that the scan is one of several inputs, which one, and the rest of the name."""
    for task in tasks().values():
        role, rest = task.half_of(text, modality)
        if role:
            return task.name, role, rest
    return "", "", ""


def _left(seen: InputFile, reason: str, failed: bool = False) -> InputFile:
    state = State.FAILED if failed else State.SKIPPED
    return InputFile(seen.path, seen.size, seen.mtime_ns, state=state, reason=reason)


def _label(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else path.name


def _scan(seen: InputFile, root: Path, look: Look) -> InputFile:
    """A file that is a scan, or part of one."""
    path, series = seen.path, bool(look.identity)
    label = f"{_label(path.parent, root)}_{look.name}" if series else _label(path.with_name(look.name), root)
    task, role, rest = _half(look.words, _MODALITY.get(look.content, ""))
    facts = {"detail": look.detail, **({"half_of": task} if role else {})}
    # descriptions of series differ in more than the half; of files that lie together the rest of the name tells
    pair = "" if not role else look.study if series else f"{look.study}|{rest}"
    return InputFile(
        path,
        seen.size,
        seen.mtime_ns,
        look.content.name,
        look.scan,
        look.identity or _sampled(seen),
        label.removeprefix("._"),
        facts,
        look.taken,
        pair=pair,
        role=role,
    )


def _sampled(seen: InputFile) -> str:
    """Size and a digest of the first, middle and last bytes: files that differ in it are no copies."""
    digest = hashlib.sha256()
    with seen.path.open("rb") as file:
        for start in (0, seen.size // 2, max(0, seen.size - _SAMPLE)):
            file.seek(start)
            digest.update(file.read(_SAMPLE))
    return f"{seen.size}:{digest.hexdigest()[:32]}"
