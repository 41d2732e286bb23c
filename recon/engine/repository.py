"""Where the models of this installation are."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path

from recon.errors import InvalidRequest


def default_repository() -> Path:
    """The model repository that ``RECON_REPOSITORY`` names, or the one that belongs to this installation.

    Raises
    ------
    InvalidRequest
        When there is none.
    """
    if named := os.environ.get("RECON_REPOSITORY"):
        return Path(named)
    package = Path(str(resources.files("recon")))
    for candidate in (package / "triton_repo", package.parent / "triton_repo"):
        if candidate.is_dir():
            return candidate
    raise InvalidRequest("no model repository beside this installation; name one with --repository")
