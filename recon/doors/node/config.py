"""``node.yaml``: who the node is, whom it hears, where it sends; every mistake is one line with its place."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from recon.doors.node.rules import Otherwise, Rule
from recon.errors import InvalidRequest, UnreadableInput


def _title(value: str) -> str:
    if not re.fullmatch(r"[ -\[\]-~]{1,16}", value) or not value.strip():
        raise ValueError("an AE title has 1 to 16 printable ASCII characters, no backslash")
    return value.strip()


def _host_port(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ValueError("HOST:PORT is wanted, such as 0.0.0.0:11112")
    return value


def _peer(value: str) -> str:
    title, _, address = value.partition("@")
    if not address:
        raise ValueError("TITLE@HOST:PORT is wanted, such as PACS@10.0.0.9:104")
    _title(title)
    _host_port(address)
    return value


Title = Annotated[str, AfterValidator(_title)]
HostPort = Annotated[str, AfterValidator(_host_port)]
Peer = Annotated[str, AfterValidator(_peer)]


class Part(BaseModel):
    """A part of the file: unknown words in it are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TlsFiles(Part):
    """PEM files of a listener or of a connection.

    Attributes
    ----------
    cert, key
        Ours.
    ca
        Who signs the other side; for a listener: given, only callers with a certificate of its may in.
    """

    cert: Path | None = None
    key: Path | None = None
    ca: Path | None = None

    @model_validator(mode="after")
    def _pair(self) -> TlsFiles:
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key belong together")
        return self


class Sender(Part):
    """Who may send.

    Attributes
    ----------
    title
        Calling AE title; ``*`` is any.
    address
        Address or network that it calls from, such as ``10.0.0.0/24``; any when absent.
    report_to
        HOST:PORT where it takes reports on storage commitment; without it, it can't ask for any.
    report_tls
        Of the connection for those reports; in the clear when absent.
    most_associations
        At a time.
    """

    title: Literal["*"] | Title
    address: str | None = None
    report_to: HostPort | None = None
    report_tls: TlsFiles | None = None
    most_associations: int = Field(8, ge=1, le=1000)

    @model_validator(mode="after")
    def _network(self) -> Sender:
        if self.address is not None:
            ipaddress.ip_network(self.address, strict=False)
        return self


class Destination(Part):
    """Where objects go: exactly one of ``dicom``, ``stow`` and ``folder``.

    Attributes
    ----------
    dicom
        TITLE@HOST:PORT of a C-STORE SCP.
    stow
        Base URL of a DICOMweb service.
    folder
        A folder, one subfolder a study.
    tls
        Of a DICOM connection; in the clear when absent. For ``stow`` the files that https uses.
    commitment
        Ask for storage commitment after sending, at the same SCP.
    calling
        AE title that we call from; the node's first when absent.
    token_file
        Holds the bearer token of ``stow``.
    retry_first_s, retry_most_s
        Waiting times between tries double from the first to the longest.
    give_up_after_s
        Age at which a delivery becomes a dead letter.
    final_after
        Refusals of one object until it becomes a dead letter.
    timeout_s
        Without a byte or an answer, an association or a request is given up.
    commitment_wait_s
        Without a report, commitment is asked for again.
    plain_uncertainty
        Send the uncertainty also as plain images, for viewers that show no Parametric Map.
    """

    dicom: Peer | None = None
    stow: str | None = None
    folder: Path | None = None
    tls: TlsFiles | None = None
    commitment: bool = False
    calling: Title | None = None
    token_file: Path | None = None
    retry_first_s: float = Field(5.0, gt=0)
    retry_most_s: float = Field(600.0, gt=0)
    give_up_after_s: float = Field(3 * 86400.0, gt=0)
    final_after: int = Field(3, ge=1)
    timeout_s: float = Field(30.0, gt=0)
    commitment_wait_s: float = Field(300.0, gt=0)
    plain_uncertainty: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Destination:
        if sum(way is not None for way in (self.dicom, self.stow, self.folder)) != 1:
            raise ValueError("exactly one of dicom, stow and folder is wanted")
        if self.commitment and self.dicom is None:
            raise ValueError("commitment goes with dicom")
        return self


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
    """

    quiet_s: float = Field(60.0, gt=0)
    counted_quiet_s: float = Field(2.0, ge=0)
    longest_wait_s: float = Field(600.0, gt=0)
    pair_wait_s: float = Field(3600.0, gt=0)


class Limits(Part):
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
    limits: Limits = Limits()
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


def read_config(path: Path) -> NodeConfig:
    """Read a file; paths in it are relative to its folder.

    Raises
    ------
    UnreadableInput
        When it can't be read or is no YAML.
    InvalidRequest
        When something in it is wrong; the message names the place of every mistake.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise UnreadableInput(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnreadableInput(f"{path}: no YAML: {' '.join(str(error).split())}") from error
    return config_of(content, str(path), path.resolve().parent)


def config_of(content: Any, where: str, base: Path) -> NodeConfig:
    """A configuration from what a YAML file holds.

    Parameters
    ----------
    content
        Of the file.
    where
        What to call it in messages.
    base
        Folder that relative paths start from.

    Raises
    ------
    InvalidRequest
        When something in it is wrong.
    """
    if not isinstance(content, dict):
        raise InvalidRequest(f"{where}: names and values are wanted at the top, such as 'titles: [RECON]'")
    try:
        config = NodeConfig.model_validate(content)
    except ValidationError as error:
        words = "; ".join(_said(one) for one in error.errors())
        raise InvalidRequest(f"{where}: {words}") from error
    return NodeConfig.model_validate(_absolute(config.model_dump(exclude_unset=True), base))


def _said(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = "no such word here"
    return f"{place}: {message}" if place else message


def _absolute(value: Any, base: Path) -> Any:
    if isinstance(value, dict):
        return {name: _absolute(part, base) for name, part in value.items()}
    if isinstance(value, list):
        return [_absolute(part, base) for part in value]
    return base / value if isinstance(value, Path) else value


def split_address(address: str) -> tuple[str, int]:
    """Host and port of HOST:PORT."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
