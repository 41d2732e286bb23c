"""Image reconstruction and dose recovery, served on Triton, with a verdict on every image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recon.client.local import Local

__version__ = "0.1.0"


def local(repository: Path | None = None) -> Local:
    """The calls of :class:`recon.client.Client` in this process: no service, no socket, no Triton.

    >>> with recon.local() as here:
    ...     for result in here.denoise_ct(volume):
    ...         show(result.image, result.verdict)

    Parameters
    ----------
    repository
        Folder of models; by default that of this installation.

    Raises
    ------
    MissingExtra
        When the runtime of the models is not installed.
    """
    from recon.client.local import Local

    return Local(repository)
