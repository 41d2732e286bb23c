"""``recon mrd``: the scanner's door, and what a scanner does at it."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from recon.cli.options import AsJson, RunningService, TlsCa, TlsCert, TlsKey
from recon.cli.service_here import service_here
from recon.cli.session import connect, tls_of
from recon.client import Calls, Tls
from recon.errors import InvalidRequest, ReconError, ServiceUnavailable, plain

app = typer.Typer(help="The scanner's door: raw data in, images out, as scanners speak it.", no_args_is_help=True)

_DONE, _NOTHING_CAME = 0, 1
Address = Annotated[str, typer.Option("-a", "--address", help="Of the door, HOST:PORT.")]
Silence = Annotated[float, typer.Option(min=1.0, help="Longest silence of the other side, in seconds.")]


@app.command()
def serve(
    listen: Annotated[str, typer.Option(help="Address of the door, HOST:PORT.")] = "127.0.0.1:9002",
    allow: Annotated[
        list[str] | None, typer.Option(help="Address or network that may come in; may be repeated. Default: loopback.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Keep results in this folder, also for scanners that left; see fetch.")
    ] = None,
    noise: Annotated[
        Path | None, typer.Option(help="Keep noise scans in this folder for later scans, also across restarts.")
    ] = None,
    sessions: Annotated[int, typer.Option(min=1, help="Scans at a time.")] = 8,
    memory_gib: Annotated[float, typer.Option(min=0.01, help="Raw data that one scan may hold, GiB.")] = 8.0,
    idle: Silence = 600.0,
    timeout: Annotated[float, typer.Option(min=1.0, help="Seconds that one slice may take.")] = 600.0,
    server: RunningService = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    repository: Annotated[Path | None, typer.Option(help="Model repository of a service of its own.")] = None,
) -> None:
    """Take scans until SIGTERM; listens at once, and says when the models are there, too.

    Without --server the whole service runs in this process, and scans reach its engine without a wire.
    """
    from recon.doors.mrd.kept import Kept
    from recon.doors.mrd.noise import NoiseScans
    from recon.doors.mrd.noise_folder import NoiseFolder
    from recon.doors.mrd.server import Doorkeeper, ScannerServer, allowed_networks
    from recon.doors.mrd.surroundings import Bounds, Surroundings

    tls = tls_of(tls_ca, tls_cert, tls_key, server)
    if server is not None and repository is not None:
        raise InvalidRequest("--repository is for a service of its own; --server names a running one")
    host, port = _host_port(listen)
    service = _Service()
    keeper = Doorkeeper(allowed_networks(allow or [], host), sessions, idle)
    scans = NoiseScans(None if noise is None else NoiseFolder(noise))
    around = Surroundings(service.client, scans, bounds=Bounds(int(memory_gib * 2**30), timeout))
    door = ScannerServer((host, port), around, keeper, None if keep is None else Kept(keep))
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    threading.Thread(target=door.run, name="mrd-door", daemon=True).start()
    print(f"recon mrd listens on {door.address[0]}:{door.address[1]}", flush=True)
    with ExitStack() as stack:
        try:
            service.set(stack.enter_context(_models(server, tls, repository)))
            print("recon mrd is ready", flush=True)
            stopped.wait()
        except ReconError as error:
            service.fail(error)
            raise
        finally:
            door.close()


@app.command()
def send(
    file: Annotated[Path, typer.Argument(help="Raw data or images, ISMRMRD in HDF5.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="HDF5 file for the images that come back.")],
    address: Address = "127.0.0.1:9002",
    config: Annotated[str, typer.Option("-c", "--config", help="What is to be done: mr, a method, contrast.")] = "mr",
    parameter: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", help="NAME=VALUE, as a console sends it; may be repeated.")
    ] = None,
    silence: Silence = 600.0,
    as_json: AsJson = False,
) -> None:
    """Send a file as a scanner would; exit status 0 when images came and no error did."""
    from recon.doors.mrd.scanner import messages_of

    status = _talk(address, messages_of(file, config, _parameters(parameter or [])), output, silence, as_json)
    raise typer.Exit(status)


@app.command()
def fetch(
    session: Annotated[str, typer.Argument(help="Its name; without one, those that are kept are listed.")] = "",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="HDF5 file for the images.")] = None,
    address: Address = "127.0.0.1:9002",
    silence: Silence = 60.0,
    as_json: AsJson = False,
) -> None:
    """Get the results of a scan whose scanner had left."""
    from recon.doors.mrd.session import FETCH
    from recon.doors.mrd.wire import ConfigFile, Text

    if session and output is None:
        raise InvalidRequest("name the file for the images with -o FILE.h5")
    asked = Text(json.dumps({"parameters": {"session": session}}))
    status = _talk(address, [ConfigFile(FETCH), asked], output, silence, as_json, listing=not session)
    raise typer.Exit(status)


@app.command()
def stream(
    config: Annotated[str, typer.Option("-c", "--config", help="What is to be done: mr, a method, contrast.")] = "mr",
    parameter: Annotated[
        list[str] | None, typer.Option("-p", "--parameter", help="NAME=VALUE, as a console sends it; may be repeated.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=1.0, help="Seconds that one slice may take.")] = 600.0,
    server: RunningService = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
) -> None:
    """Read a scan from standard input, write its images to standard output: recon mrd stream < in > out.

    Takes a stream of version 1, an HDF5 file, or a stream of version 2 (extra mrd; of the schema of the mrd-python
    that is installed). Version 2 is answered in version 2, the others as a stream of version 1.
    """
    from recon.doors.mrd import pipe
    from recon.doors.mrd.surroundings import Bounds, Surroundings

    def show(text: str) -> None:
        print(plain(text), file=sys.stderr, flush=True)

    with _models(server, tls_of(tls_ca, tls_cert, tls_key, server)) as client:
        around = Surroundings(lambda: client, bounds=Bounds(timeout_s=timeout))
        source = open(sys.stdin.fileno(), "rb", 0, closefd=False)  # noqa: SIM115
        done = pipe.run(around, source, sys.stdout.buffer, config, _parameters(parameter or []), show)
    raise typer.Exit(_DONE if done.images and not done.errors else _NOTHING_CAME)


@app.command()
def check(address: Address = "127.0.0.1:9002", silence: Silence = 300.0, as_json: AsJson = False) -> None:
    """Send a phantom whose image is known, and compare; exit status 0 when it is right."""
    from recon.doors.mrd.check import check as checked

    outcome = checked(_host_port(address), silence)
    words = "right" if outcome.is_right else "WRONG"
    if as_json:
        print(json.dumps({"right": outcome.is_right, "images": outcome.images, "errors": outcome.errors}, indent=2))
    else:
        print(f"{outcome.images} images, {words}; largest difference {outcome.difference:.1e} of the maximum")
        for text in outcome.errors:
            print(text, file=sys.stderr)
    raise typer.Exit(_DONE if outcome.is_right else _NOTHING_CAME)


@app.command()
def openrecon(
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for label and manual.")] = None,
    emitter: Annotated[str, typer.Option(help="What the scanner sends: raw, or image for contrast.")] = "raw",
    verify: Annotated[
        typer.FileText | None, typer.Option(help="Check a label as it stands in an image; - is standard input.")
    ] = None,
) -> None:
    """Assemble an OpenRecon package, as far as that goes without building its image; or check a label."""
    from recon.doors.mrd.openrecon import label, package

    if verify is not None:
        contents = label.decoded(verify.read().strip())
        print(f"label of {label.base_name(contents)}: {len(contents['parameters'])} parameters, fits the schema")
    elif output is not None:
        for path in package.assemble(output, emitter):
            print(path)
    else:
        raise InvalidRequest("name a folder with -o DIR, or a label with --verify FILE")


@contextmanager
def _models(server: str | None, tls: Tls | None, repository: Path | None = None) -> Iterator[Calls]:
    """A service that runs, or all of one in this process."""
    from recon.doors.mrd.options import TASKS

    if server is None:
        with service_here(TASKS, repository) as here:
            print(f"recon mrd: its service answers gRPC on {here.address}", file=sys.stderr, flush=True)
            yield here
    else:
        with connect(server, tls, 120.0) as client:
            yield client


def _talk(
    address: str, outgoing: Any, output: Path | None, silence: float, as_json: bool, *, listing: bool = False
) -> int:
    from recon.doors.mrd.image_file import ImageFile
    from recon.doors.mrd.scanner import Received, converse

    texts: list[str] = []

    def show(text: str) -> None:
        texts.append(text)
        print(plain(text), file=sys.stderr, flush=True)

    file = ImageFile(output) if output is not None else None
    received = Received(file.keep if file is not None else lambda image: None, show)
    try:
        converse(_host_port(address), outgoing, received.take, silence)
    finally:
        if file is not None:
            file.close()
    if as_json:
        print(json.dumps({"images": received.images, "errors": received.errors, "texts": texts}, indent=2))
    elif not listing:
        print(f"{received.images} image{'s' if received.images != 1 else ''} -> {output}")
    return _DONE if (received.images or listing) and not received.errors else _NOTHING_CAME


def _parameters(words: list[str]) -> dict[str, str]:
    found = dict(word.partition("=")[::2] for word in words)
    if any("=" not in word for word in words):
        raise InvalidRequest("--parameter takes NAME=VALUE")
    return found


def _host_port(words: str) -> tuple[str, int]:
    host, _, port = words.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise InvalidRequest(f"{words!r} is no HOST:PORT")
    return host.strip("[]"), int(port)


class _Service:
    """The connection to the service, which scanners that come early wait for."""

    def __init__(self) -> None:
        self._known = threading.Event()
        self._client: Any = None
        self._failure: ReconError | None = None

    def set(self, client: Any) -> None:
        self._client = client
        self._known.set()

    def fail(self, error: ReconError) -> None:
        self._failure = error
        self._known.set()

    def client(self) -> Any:
        if not self._known.wait(180.0):
            raise ServiceUnavailable("the models are not there yet; try again later")
        if self._failure is not None:
            raise self._failure
        return self._client


COMMANDS = {"mrd": app}
