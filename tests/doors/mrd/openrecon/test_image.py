"""The OpenRecon package: label, manual, scripts, and the image's command in an environment without a network."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import recon
from recon.doors.mrd.openrecon import label
from tests.namespaces import may_cut_off

ROOT = Path(recon.__file__).parent.parent

DEPLOY = ROOT / "deploy" / "openrecon"


def test_the_dockerfile_lints_names_the_label_and_runs_as_root() -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, DEPLOY / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    text = (DEPLOY / "Dockerfile").read_text()
    assert f'LABEL "{label.LABEL}"=' in text
    assert f"EXPOSE {label.PORT}" in text
    assert "\nUSER" not in text


@pytest.mark.parametrize("script", ["build.sh", "verify.sh"])
def test_the_scripts_are_shell(script) -> None:
    assert os.access(DEPLOY / script, os.X_OK)
    subprocess.run(["sh", "-n", DEPLOY / script], check=True)


@pytest.mark.service
@pytest.mark.skipif(
    not may_cut_off(), reason="NOT TESTED without a network: this user may not make one of its own, or ip is missing"
)
def test_the_images_command_in_a_clean_environment_without_a_network(tmp_path) -> None:
    (start,) = re.findall(r"^CMD (.*)$", (DEPLOY / "Dockerfile").read_text(), re.M)
    command, *words = json.loads(start)
    assert command == "recon"
    inside = f"{sys.executable} -m recon.cli"
    script = f"""
    ip link set lo up
    {inside} {" ".join(words)} > {tmp_path}/log 2>&1 &
    door=$!
    for i in $(seq 1000); do grep -q listens {tmp_path}/log && break; sleep 0.1; done
    awk '{{print "processor ticks: " $14 + $15}}' /proc/$door/stat
    grep -q 'listens on 0.0.0.0:9002' {tmp_path}/log && echo LISTENS
    {inside} mrd check -a 127.0.0.1:9002
    echo "check: $?"
    kill $door
    wait $door
    """
    clean = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["unshare", "-n", "sh", "-c", script], capture_output=True, text=True, env=clean, timeout=280)
    log = (tmp_path / "log").read_text()
    assert "LISTENS" in done.stdout, (log, done.stderr)
    # scanners want it to listen within 10 s; a machine that does other things as well takes longer by the clock
    (ticks,) = re.findall(r"processor ticks: (\d+)", done.stdout)
    assert int(ticks) / os.sysconf("SC_CLK_TCK") < 10
    assert "2 images, right" in done.stdout, (log, done.stdout, done.stderr)
    assert "check: 0" in done.stdout
