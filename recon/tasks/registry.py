"""Which tasks there are: the folders of this package, and what a site adds by entry point.

A task is a package with a module ``task`` that holds it as ``TASK``. A site's own is announced in the metadata
of its distribution::

    [project.entry-points."recon.tasks"]
    perfusion = "site_perfusion.task:TASK"
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

import recon.tasks
from recon.errors import InvalidRequest
from recon.plug_ins import loaded
from recon.tasks.base import Task

GROUP = "recon.tasks"


@cache
def tasks() -> Mapping[str, Task]:
    """All tasks by name, our own first.

    Raises
    ------
    InvalidRequest
        When two have the same name, or an entry point holds no task.
    """
    own = [name for _, name, folder in pkgutil.iter_modules(recon.tasks.__path__) if folder]
    found: dict[str, Task] = {}
    for task in (import_module(f"recon.tasks.{name}.task").TASK for name in own):
        found[task.name] = task
    for point, task in loaded(GROUP):
        if not isinstance(task, Task):
            raise InvalidRequest(f"entry point {point.name} of {GROUP} is no task: {point.value}")
        if task.name in found:
            raise InvalidRequest(f"two tasks are called {task.name}; one is {point.value}")
        found[task.name] = task
    return MappingProxyType(found)


def task_of(name: str) -> Task:
    """The task of a name.

    Raises
    ------
    InvalidRequest
        When there is none.
    """
    known = tasks()
    if name not in known:
        raise InvalidRequest(f"no task {name!r}; there are {', '.join(known)}", field="task")
    return known[name]
