"""All formats: those of this folder, and a site's own by entry point."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import cast

from recon.errors import ReconError, one_line
from recon.io.dicom.read.find import find_files
from recon.io.formats.format import START_BYTES, Content, Format, LeftOut, OnFile, Opened
from recon.io.output_folder import is_result
from recon.plug_ins import loaded

_NO_FORMATS = {"format", "registry", "signature"}
_GROUP = "recon.formats"


@cache
def formats() -> tuple[Format, ...]:
    """Every format there is, in the order in which they are asked: a site's own first, those that guess last."""
    own = [one for _, one in loaded(_GROUP)]
    package = importlib.import_module("recon.io.formats")
    names = sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    modules = [importlib.import_module(f"recon.io.formats.{name}") for name in names if name not in _NO_FORMATS]
    in_turn = sorted((*own, *modules), key=lambda one: getattr(one, "GUESSES", False))
    return tuple(cast("Format", one) for one in in_turn)


def recognise(path: Path, start: bytes | None = None) -> Format | None:
    """The format of a file; None when it is of none.

    Parameters
    ----------
    path
        Of the file.
    start
        Its first bytes; read from it by default.

    Raises
    ------
    OSError
        When it can't be read.
    """
    if start is None:
        with path.open("rb") as file:
            start = file.read(START_BYTES)
    return next((one for one in formats() if one.recognise(path, start)), None)


def look_into(given: Path, wanted: Collection[Content], on_file: OnFile = None) -> Iterator[Opened | LeftOut]:
    """The scans in a file or folder, and what was left out; recon's own results are named and not read.

    Parameters
    ----------
    given
        File or folder.
    wanted
        Contents that the caller can use.
    on_file
        Told how many files have been read.

    Raises
    ------
    UnreadableInput
        When it is not there or can't be read at all.
    """
    files = find_files([given])
    own = {folder for folder in {path.parent for path in files} if is_result(folder) or is_result(folder.parent)}
    yield from (LeftOut(str(folder), "a result of recon, no input") for folder in sorted(own))
    yield from open_files([path for path in files if path.parent not in own], wanted, on_file)


def open_files(
    files: Sequence[Path], wanted: Collection[Content], on_file: OnFile = None
) -> Iterator[Opened | LeftOut]:
    """The scans of some files, each opened by its format, and what was left out."""
    sorted_out: dict[str, tuple[Format, list[Path]]] = {}
    for path in files:
        found = _sorted(path)
        if isinstance(found, LeftOut):
            yield found
        else:
            sorted_out.setdefault(found.NAME, (found, []))[1].append(path)
    for one, paths in sorted_out.values():
        try:
            yield from one.open(paths, wanted, on_file)
        except ReconError as error:
            yield from (LeftOut(str(path), error.problem, lost=True) for path in paths)


def _sorted(path: Path) -> Format | LeftOut:
    """The format of a path, or why it has none."""
    try:
        if path.is_dir():
            os.listdir(path)
            return LeftOut(str(path), "a folder, not a file")
        if not path.is_file():
            return LeftOut(str(path), "no regular file")
        return recognise(path) or LeftOut(str(path), "of no known format")
    except OSError as error:
        return LeftOut(str(path), f"can't be read: {error.strerror or error}", lost=True)
    except Exception as error:  # a site's own format may do anything
        return LeftOut(str(path), f"can't be recognised: {one_line(error)}", lost=True)
