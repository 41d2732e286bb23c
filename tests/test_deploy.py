"""deploy/: lint, schemas, and what its files promise each other."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

DEPLOY = Path(__file__).parent.parent / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))


def _objects() -> list[dict[str, Any]]:
    return [entry for path in MANIFESTS for entry in yaml.safe_load_all(path.read_text())]


def _named(kind: str, name: str) -> dict[str, Any]:
    (found,) = [entry for entry in _objects() if (entry["kind"], entry["metadata"]["name"]) == (kind, name)]
    return found


@pytest.mark.parametrize("path", sorted(DEPLOY.glob("*.Dockerfile")), ids=lambda path: path.name)
def test_dockerfiles_lint(path: Path) -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_manifests_fit_their_schemas(path: Path) -> None:
    import kubernetes_validate

    for entry in yaml.safe_load_all(path.read_text()):
        kubernetes_validate.validate(entry, kubernetes_validate.latest_version(), strict=True)


def test_workloads_have_probes_limits_and_replicas() -> None:
    for name in ("triton", "gateway"):
        spec = _named("Deployment", name)["spec"]
        assert spec["replicas"] >= 2
        for container in spec["template"]["spec"]["containers"]:
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
            assert {"cpu", "memory"} <= set(container["resources"]["limits"])
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
        assert _named("PodDisruptionBudget", name)["spec"]["selector"] == spec["selector"]
        service = _named("Service", name)["spec"]
        assert service["selector"] == spec["selector"]["matchLabels"]
        ports = {port["name"] for c in spec["template"]["spec"]["containers"] for port in c["ports"]}
        assert {port["targetPort"] for port in service["ports"]} <= ports


def test_scaling_follows_the_time_in_queue() -> None:
    scaler = _named("HorizontalPodAutoscaler", "triton")["spec"]
    assert scaler["scaleTargetRef"]["name"] == "triton"
    (metric,) = [entry["pods"]["metric"]["name"] for entry in scaler["metrics"]]
    rules = yaml.safe_load(_named("ConfigMap", "triton-queue-rules")["data"]["config.yaml"])["rules"]
    assert [rule["name"]["as"] for rule in rules] == [metric]
    assert "queue_duration" in rules[0]["metricsQuery"]


def test_triton_is_recent_enough_and_out_of_reach() -> None:
    text = (DEPLOY / "triton.Dockerfile").read_text()
    base = re.search(r"^FROM nvcr\.io/nvidia/tritonserver:(\d+)\.(\d+)-py3$", text, re.M)
    assert base is not None
    assert tuple(map(int, base.groups())) >= (25, 7)
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert "ports" not in compose["services"]["triton"]
    assert compose["services"]["triton"]["networks"] == ["models"]
    assert compose["networks"]["models"]["internal"]


def test_compose_names_files_that_exist() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    for service in compose["services"].values():
        assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        assert set(service["networks"]) <= set(compose["networks"])
        assert set(service.get("depends_on", {})) <= set(compose["services"])


def test_commands_in_the_files_are_understood() -> None:
    """The arguments that the containers start with are those of the command."""
    import typer.main

    from recon.cli.batch import app as batch
    from recon.cli.serve import serve

    one = typer.Typer()
    one.command()(serve)
    options = {name for parameter in typer.main.get_command(one).params for name in parameter.opts}
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["gateway"]["command"]
    args = _named("Deployment", "gateway")["spec"]["template"]["spec"]["containers"][0]["args"]
    for given in (compose, args):
        assert given[0] == "serve"
        assert {word for word in given if str(word).startswith("--")} <= options
    job = _named("Job", "recon-batch")["spec"]["template"]["spec"]["containers"][0]["args"]
    assert job[:2] == ["batch", "run"]
    run = typer.main.get_command(batch).commands["run"]  # type: ignore[attr-defined]
    known = {name for parameter in run.params for name in parameter.opts}
    assert {word for word in job if word.startswith("-")} <= known
