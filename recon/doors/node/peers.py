"""Whom the node hears and where it sends: AE titles, addresses, senders, destinations, as ``node.yaml`` names them."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


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
PeerAddress = Annotated[str, AfterValidator(_peer)]


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

    dicom: PeerAddress | None = None
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


def split_address(address: str) -> tuple[str, int]:
    """Host and port of HOST:PORT."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
