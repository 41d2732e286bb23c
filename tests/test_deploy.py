"""deploy/: lint, schemas, and what its files promise each other."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import text_format
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tritonclient.grpc.model_config_pb2 import ModelConfig, ModelInstanceGroup

from recon.wire.endpoint import checked_address

DEPLOY = Path(__file__).parent.parent / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
_ADDRESSES = ("--listen", "--metrics", "--triton", "--server")


def _objects() -> list[dict[str, Any]]:
    return [entry for path in MANIFESTS for entry in yaml.safe_load_all(path.read_text())]


def _named(kind: str, name: str) -> dict[str, Any]:
    (found,) = [entry for entry in _objects() if (entry["kind"], entry["metadata"]["name"]) == (kind, name)]
    return found


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*Dockerfile")), ids=lambda path: str(path.relative_to(DEPLOY)))
def test_dockerfiles_lint(path: Path) -> None:
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _in_the_context(path: str) -> bool:
    """Whether a file or folder survives .dockerignore: the last line that fits it, or a folder above it, decides."""
    kept = True
    for line in (DEPLOY.parent / ".dockerignore").read_text().split():
        shape = re.escape(line.removeprefix("!")).replace(r"\*\*/", "(.*/)?").replace(r"\*", "[^/]*")
        if re.fullmatch(f"{shape}(/.*)?", path):
            kept = line.startswith("!")
    return kept


def test_what_the_dockerfiles_copy_is_sent_to_the_builder() -> None:
    assert not _in_the_context("docs")
    assert not _in_the_context("recon/__pycache__")
    copied = set()
    for path in DEPLOY.rglob("*Dockerfile"):
        for words in re.findall(r"^COPY (?!--from)(.*)$", path.read_text(), re.M):
            copied |= set(words.split()[:-1])
    assert "deploy/triton/requirements.txt" in copied
    for source in copied:
        assert (DEPLOY.parent / source).exists(), source
        assert _in_the_context(source), f"{source}: .dockerignore leaves it out"


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
    text = (DEPLOY / "triton" / "Dockerfile").read_text()
    base = re.search(r"^FROM nvcr\.io/nvidia/tritonserver:(\d+)\.(\d+)-py3$", text, re.M)
    assert base is not None
    assert tuple(map(int, base.groups())) >= (25, 7)
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert "ports" not in compose["services"]["triton"]
    assert compose["services"]["triton"]["networks"] == ["models"]
    assert compose["networks"]["models"]["internal"]


def test_a_batch_that_is_moved_goes_on() -> None:
    """A drained pod ends with 1, as a run with failures does: the first rule that fits decides."""
    first, *others = _named("Job", "recon-batch")["spec"]["podFailurePolicy"]["rules"]
    assert first == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert [rule["action"] for rule in others] == ["FailJob"]


def test_the_composed_batch_writes_as_its_caller() -> None:
    batch = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["batch"]
    assert batch["user"] == "${RECON_UID:-10001}"
    (folder,) = batch["volumes"]
    assert folder["source"] == "${RECON_DATA:-../data}"  # relative to deploy/
    assert folder["bind"] == {"create_host_path": False}


def _pins() -> dict[str, str]:
    """Versions by package, of every line of the list."""
    lines = (DEPLOY / "triton" / "requirements.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    assert all(len(pair) == 2 and re.fullmatch(r"[0-9][\w.]*", pair[1]) for pair in pairs), pairs
    return {canonicalize_name(name): version for name, version in pairs}


def test_each_package_of_the_models_has_a_version_and_its_dependencies_beside_it() -> None:
    pins = _pins()
    image = {"python_version": "3.12", "sys_platform": "linux", "platform_machine": "x86_64", "extra": ""}
    here = {canonicalize_name(one.name): one for one in metadata.distributions()}
    here["onnxruntime-gpu"] = here["onnxruntime"]  # with the same dependencies
    # of another version than the list's, as after the next release, nothing is known
    compared = [name for name, version in pins.items() if name in here and here[name].version == version]
    assert "numpy" in compared  # Triton's wheel keeps it where it is
    for name in compared:
        for line in here[name].requires or []:
            need = Requirement(line)
            if need.marker is None or need.marker.evaluate({**default_environment(), **image}):
                assert need.specifier.contains(pins[canonicalize_name(need.name)]), (name, line)


def test_the_image_has_what_the_served_code_imports() -> None:
    pins = _pins()
    provided = {"pywt": "pywavelets", "onnxruntime": "onnxruntime-gpu", "array_api_compat": "array-api-compat"}
    of_triton = {"triton_python_backend_utils"}
    imported = set()
    for path in (DEPLOY.parent / "triton_repo").glob("*/*/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(str(node.module).partition(".")[0])
    outside = imported - set(sys.stdlib_module_names) - of_triton - {"served"}
    assert {"numpy", "scipy", "pywt", "onnxruntime"} <= outside
    assert {provided.get(name, name) for name in outside} | {"torch"} <= set(pins)  # torch by name, on a GPU


def test_the_build_moves_every_model_to_the_gpu() -> None:
    (command,) = re.findall(
        r"^RUN (sed .*) /models/\*/config.pbtxt$", (DEPLOY / "triton" / "Dockerfile").read_text(), re.M
    )
    for path in (DEPLOY.parent / "triton_repo").glob("*/config.pbtxt"):
        script = command.replace("sed -i", "sed")
        done = subprocess.run(
            ["sh", "-c", f'KIND=KIND_GPU; {script} "{path}"'], capture_output=True, text=True, check=True
        )
        config = text_format.Parse(done.stdout, ModelConfig())
        assert [group.kind for group in config.instance_group] == [ModelInstanceGroup.KIND_GPU]


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
    image = re.findall(r"^CMD (\[.*\])$", (DEPLOY / "gateway.Dockerfile").read_text(), re.M)
    for given in (compose, args, job, *map(yaml.safe_load, image)):
        named = {word: after for word, after in pairwise(given) if word in _ADDRESSES}
        assert named
        for option, address in named.items():
            assert checked_address(address, option) == address
