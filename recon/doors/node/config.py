"""``node.yaml`` as a whole: who the node is, when a series is whole, what it takes on, and its rules."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from recon.doors.node.peers import Destination, HostPort, Part, Sender, Title, TlsFiles, split_address
from recon.doors.node.rules import Otherwise, Rule


class Completion(Part):
    """When a series is whole.

    Attributes
    ----------
    quiet_s
        Without a new instance, where it isn't known how many there will be.
    counted_quiet_s
        Without a new instance, where as many came as were announced.
    longest_wait_s
        Without a new instance, where fewer came than were announced: then it is worked on as it is.
    pair_wait_s
        How long the first scan of a pair waits for the second.
    early_s
        Without a new instance, when work on a series of a single scan begins although it doesn't count as whole
        yet; results leave when it does, and are thrown away should another instance come. None: never early.
    """

    quiet_s: float = Field(60.0, gt=0)
    counted_quiet_s: float = Field(2.0, ge=0)
    longest_wait_s: float = Field(600.0, gt=0)
    pair_wait_s: float = Field(3600.0, gt=0)
    early_s: float | None = Field(1.0, gt=0)


class NodeLimits(Part):
    """What the node takes on.

    Attributes
    ----------
    associations
        At a time, of all senders together.
    idle_s
        An association on which nothing comes for so long is closed.
    handshake_s
        For TLS.
    free_share, free_gb
        Below either no object is taken: status A700, out of resources.
    attempts
        Of a job, before it counts as failed.
    pending_commitments
        Of one sender; more are refused.
    """

    associations: int = Field(64, ge=1, le=1000)
    idle_s: float = Field(60.0, gt=0)
    handshake_s: float = Field(10.0, gt=0)
    free_share: float = Field(0.05, ge=0, lt=1)
    free_gb: float = Field(5.0, ge=0)
    attempts: int = Field(3, ge=1)
    pending_commitments: int = Field(1000, ge=1)


class Retention(Part):
    """How long files stay once everything that is to be sent was sent; what failed or is dead stays."""

    keep_s: float = Field(3 * 86400.0, ge=0)
    emergency_free_share: float = Field(0.10, ge=0, lt=1)


class NodeConfig(Part):
    """The whole file.

    Attributes
    ----------
    titles
        AE titles that the node answers to; the first is the one that it calls from.
    listen
        HOST:PORT for DICOM.
    http
        HOST:PORT for DICOMweb, health, metrics; none when absent.
    http_tokens_file
        Bearer tokens, one a line, that callers of DICOMweb need; without it only this machine may call.
    http_origins
        Origins of pages that may read DICOMweb in a browser, such as ``https://viewer.clinic``; none when empty.
    http_tls
        Of the HTTP listener; in the clear when absent.
    folder
        For the queue and the files.
    service
        HOST:PORT of a running ``recon serve``; one is started when absent.
    service_tls
        Of the connection to it.
    tls
        Of the DICOM listener; in the clear when absent.
    differing_duplicate
        Answer to an instance that came before with other content: the first is kept either way.
    off_peak
        HH:MM-HH:MM, local time, when work of priority ``off_peak`` is done.
    """

    titles: list[Title] = Field(min_length=1)
    listen: HostPort = "0.0.0.0:11112"
    http: HostPort | None = None
    http_tokens_file: Path | None = None
    http_origins: list[Annotated[str, Field(pattern=r"^https?://[^/]+$")]] = Field(default_factory=list)
    http_tls: TlsFiles | None = None
    folder: Path
    service: HostPort | None = None
    service_tls: TlsFiles | None = None
    tls: TlsFiles | None = None
    senders: list[Sender] = Field(min_length=1)
    destinations: dict[str, Destination] = Field(default_factory=dict)
    rules: list[Rule] = Field(default_factory=list)
    otherwise: Otherwise = Otherwise()
    completion: Completion = Completion()
    limits: NodeLimits = NodeLimits()
    retention: Retention = Retention()
    differing_duplicate: Literal["accept", "refuse"] = "accept"
    off_peak: Annotated[str, Field(pattern=r"^\d\d:\d\d-\d\d:\d\d$")] = "20:00-06:00"

    @model_validator(mode="after")
    def _named(self) -> NodeConfig:
        for place, files in (("tls", self.tls), ("http_tls", self.http_tls)):
            if files is not None and files.cert is None:
                raise ValueError(f"{place}: cert and key are wanted for a listener")
        for place, names in (
            *((f"rules.{rule.name}", rule.destinations) for rule in self.rules),
            ("otherwise", self.otherwise.originals_to),
        ):
            for name in names:
                if name not in self.destinations:
                    known = ", ".join(self.destinations) or "none"
                    raise ValueError(f"{place} sends to {name}, which is no destination (known: {known})")
        if self.http is not None and self.http_tokens_file is None and not _is_loopback(self.http):
            raise ValueError(f"http: {self.http} is open to other machines, so http_tokens_file is needed")
        taken = [rule.name for rule in self.rules]
        for name in taken:
            if taken.count(name) > 1:
                raise ValueError(f"two rules are called {name}")
        return self


def _is_loopback(address: str) -> bool:
    host, _ = split_address(address)
    return host == "localhost" or host.startswith("127.") or host == "::1"
