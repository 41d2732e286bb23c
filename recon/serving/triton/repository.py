"""A model repository on disk: what its configurations say, and the same models with settings of this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import structlog
from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig, ModelInstanceGroup

from recon.backend.configuration import FILE, parameters_in
from recon.engine.models import ServedModel, models_of
from recon.errors import InvalidRequest
from recon.serving.triton.scratch import is_plain
from recon.serving.tuning import Tuning, read_tunings

log = structlog.get_logger()


def models_in(folder: Path) -> list[ServedModel]:
    """Every version of a model's folder, as its configuration describes it.

    Raises
    ------
    InvalidRequest
        When the configuration can't be read.
    """
    values = _parameters(folder)
    versions = sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name.isdigit())
    return [model for version in versions for model in models_of(folder.name, values, version)]


def _parameters(folder: Path) -> dict[str, str]:
    try:
        return parameters_in(folder)
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"can't read {folder / FILE}: {error}") from error


def models_of_tasks(repository: Path, tasks: Sequence[str]) -> list[str]:
    """Names of the models of a repository whose configuration names one of the tasks; no task means all.

    Raises
    ------
    InvalidRequest
        When there is no such model.
    """
    found = []
    for config in sorted(repository.glob(f"*/{FILE}")):
        if not tasks or _parameters(config.parent).get("task") in tasks:
            found.append(config.parent.name)
    if not found:
        raise InvalidRequest(f"{repository} holds no model{' for ' * bool(tasks)}{', '.join(tasks)}")
    return found


def tunings_of(paths: Sequence[Path], repository: Path) -> list[Tuning]:
    """Settings of this machine for the models of a repository; see :func:`recon.serving.tuning.read_tunings`."""
    if not paths:
        return []
    folders = sorted(config.parent for config in repository.glob(f"*/{FILE}"))
    found = read_tunings(paths, [model for folder in folders for model in models_in(folder)], repository)
    for tuning in found:
        log.info("tuned", **asdict(tuning))
    return found


def tuned_repository(repository: Path, folder: Path, tunings: Sequence[Tuning], *, gpu: bool = False) -> Path:
    """A repository whose configurations name the settings, made of links; the same one where there are none.

    Parameters
    ----------
    repository
        As it was installed; it is not changed.
    folder
        Where the other is made.
    tunings
        At most one for a model.
    gpu
        Whether all models run there.
    """
    if not (tunings or gpu):
        return repository
    folder.mkdir()
    chosen = {tuning.model: tuning for tuning in tunings}
    for model in repository.iterdir():
        if model.name not in chosen and not (gpu and (model / FILE).exists()):
            (folder / model.name).symlink_to(model)
            continue
        (folder / model.name).mkdir()
        for part in model.iterdir():
            if part.name != FILE:
                (folder / model.name / part.name).symlink_to(part)
        config = _read(model)
        if gpu:
            config.instance_group[0].kind = ModelInstanceGroup.KIND_GPU
        if model.name in chosen:
            for name, value in chosen[model.name].parameters.items():
                config.parameters[name].string_value = value
            config.instance_group[0].count = chosen[model.name].instances
        (folder / model.name / FILE).write_text(text_format.MessageToString(config, as_utf8=True))
    return folder


def plain_repository(repository: Path, link: Path) -> Path:
    """The repository, by a link where its own path has blanks or letters that Triton does not take."""
    if is_plain(repository):
        return repository
    link.symlink_to(repository)
    return link


def _read(folder: Path) -> Any:
    try:
        return text_format.Parse((folder / FILE).read_text(), ModelConfig())
    except (OSError, text_format.ParseError) as error:
        raise InvalidRequest(f"can't read {folder / FILE}: {error}") from error
