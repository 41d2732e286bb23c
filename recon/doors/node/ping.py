"""Whether a peer answers: C-ECHO, or a question to a DICOMweb service, or a look at a folder."""

from __future__ import annotations

import os
import time

from recon.doors.node.association import associated
from recon.doors.node.config import NodeConfig
from recon.doors.node.peers import Destination
from recon.errors import InvalidRequest, ServiceUnavailable

_VERIFICATION = "1.2.840.10008.1.1"


def ping(config: NodeConfig, name: str) -> float:
    """How long a destination takes to answer, s.

    Raises
    ------
    InvalidRequest
        When there is no such destination.
    ServiceUnavailable
        When it doesn't answer; says why.
    """
    destination = config.destinations.get(name)
    if destination is None:
        known = ", ".join(config.destinations) or "none"
        raise InvalidRequest(f"{name} is no destination (known: {known})")
    began = time.monotonic()
    if destination.dicom is not None:
        _echo(config, destination)
    elif destination.stow is not None:
        from recon.doors.node.stow import ask

        ask(destination)
    elif not os.access(str(destination.folder), os.W_OK):
        raise ServiceUnavailable(f"{destination.folder}: is no folder that can be written")
    return time.monotonic() - began


def _echo(config: NodeConfig, destination: Destination) -> None:
    assert destination.dicom is not None
    calling = destination.calling or config.titles[0]
    with associated(
        destination.dicom, calling, [(_VERIFICATION, None)], destination.tls, destination.timeout_s
    ) as association:
        status = association.send_c_echo()
        if not status or status.Status != 0:
            answer = f"status {status.Status:04X}" if status else "no answer"
            raise ServiceUnavailable(f"{destination.dicom}: associates, but answers C-ECHO with {answer}")
