"""A package is assembled, built and verified."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import recon
from recon.cli.main import app
from recon.doors.mrd.openrecon import label
from recon.doors.mrd.openrecon.package import assemble
from tests.namespaces import may_cut_off

ROOT = Path(recon.__file__).parent.parent

DEPLOY = ROOT / "deploy" / "openrecon"
HAS_ZIP = all(map(shutil.which, ("zip", "unzip")))


def text_of(pdf: bytes) -> str:
    """The lines that a PDF's pages show."""
    streams = [zlib.decompress(part) for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.S)]
    shown = [word for stream in streams for word in re.findall(rb"\((.*?)(?<!\\)\) Tj", stream, re.S)]
    return b"\n".join(shown).decode("latin-1")


@pytest.mark.parametrize("emitter", label.EMITTERS)
def test_what_can_be_assembled_here(tmp_path, emitter) -> None:
    files = assemble(tmp_path / "package", emitter)
    names = {path.name for path in files}
    base = label.base_name(label.label(emitter))
    assert re.fullmatch(r"OpenRecon_[a-z]+_[a-z]+_V\d+\.\d+\.\d+", base)
    assert {"label.json", "label.base64", "package.env", f"{base}.pdf"} == names
    words = text_of((tmp_path / "package" / f"{base}.pdf").read_bytes())
    assert "not a medical device" in words.replace("\n", " ")
    for parameter in label.label(emitter)["parameters"]:
        assert parameter["id"] in words
    assert max(map(len, words.splitlines())) <= 500
    done = CliRunner().invoke(app, ["mrd", "openrecon", "--verify", str(tmp_path / "package" / "label.base64")])
    assert done.exit_code == 0
    assert base in done.stdout


#: In the place of docker, which can't run here: an image is its label, a container the image's own command.
_DOCKER = """#!/bin/sh
state={state}
case "$1" in
build) while test $# -gt 0; do case "$2" in METADATA=*) echo "${{2#METADATA=}}" > $state/label;; esac; shift; done;;
save) tar -cf "$3" -C $state label;;
load) echo "Loaded image: $(cat $state/name)";;
inspect) case "$3" in *User*) cat $state/user;; *) cat $state/label;; esac;;
run) case " $* " in
    *" -d "*) {inside} {words} > $state/log 2>&1 & echo $! > $state/container; echo c0;;
    *) shift 7; {inside} "$@";;
    esac;;
logs) cat $state/log;;
exec) shift 3; {inside} "$@";;
rm) kill "$(cat $state/container)";;
esac
"""


def in_the_place_of_docker(folder: Path) -> dict[str, str]:
    """Environment whose docker keeps images and containers in a folder."""
    (start,) = re.findall(r"^CMD (.*)$", (DEPLOY / "Dockerfile").read_text(), re.M)
    script = _DOCKER.format(
        state=folder, inside=f"{sys.executable} -m recon.cli", words=" ".join(json.loads(start)[1:])
    )
    (folder / "docker").write_text(script)
    (folder / "docker").chmod(0o755)
    (folder / "user").write_text("")
    (folder / "name").write_text("openrecon")
    return {"PATH": f"{folder}:/usr/bin:/bin:/usr/sbin:/sbin", "PYTHONPATH": str(ROOT), "LISTEN_S": "200"}


def built(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A package as ``build.sh`` makes it."""
    state = tmp_path / "docker"
    state.mkdir()
    environment = in_the_place_of_docker(state)
    assemble(tmp_path / "package", "raw")
    done = subprocess.run(
        [DEPLOY / "build.sh", tmp_path / "package"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (package,) = (tmp_path / "package").glob("*.zip")
    assert package.with_suffix(".zip.sha256").read_text().split()[1] == package.name
    return package, environment


def spoilt_by_a_file(package: Path, state: Path) -> None:
    subprocess.run(["zip", "-q", "-j", package, __file__], check=True)


def stored(package: Path, state: Path) -> None:
    names = [path for path in package.parent.iterdir() if path.suffix in (".pdf", ".tar")]
    package.unlink()
    subprocess.run(["zip", "-q", "-0", "-j", package, *names], check=True)


def not_root(package: Path, state: Path) -> None:
    (state / "user").write_text("scanner")


def wrong_label(package: Path, state: Path) -> None:
    (state / "label").write_text("e30=")


@pytest.mark.service
@pytest.mark.skipif(not HAS_ZIP, reason="NOT TESTED: build.sh needs zip, verify.sh unzip")
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoilt_by_a_file, "holds not exactly"),
        (stored, "Deflate"),
        (not_root, "as scanner"),
        (wrong_label, "the label"),
    ],
)
def test_verifying_names_what_is_wrong_with_a_package(tmp_path, spoil, words) -> None:
    package, environment = built(tmp_path)
    spoil(package, tmp_path / "docker")
    done = subprocess.run([DEPLOY / "verify.sh", package], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert words in done.stdout + done.stderr
    assert done.stdout.startswith("FAILED")


@pytest.mark.service
@pytest.mark.skipif(
    not HAS_ZIP or not may_cut_off(),
    reason="NOT TESTED without a network: this user may not make one of its own, or ip, zip or unzip is missing",
)
def test_a_package_is_built_and_verified_without_a_network(tmp_path) -> None:
    package, environment = built(tmp_path)
    script = f"ip link set lo up; {DEPLOY / 'verify.sh'} {package}"
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", script], env=environment, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 images, right" in done.stdout
    assert done.stdout.splitlines()[-1] == f"VERIFIED: {package}"
