"""Groups of commands whose members are found, not listed: the files of a package, and a site's entry points."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from importlib.metadata import entry_points
from types import ModuleType

import typer


def group_of(package: ModuleType, entry_point_group: str, help: str) -> typer.Typer:
    """The commands that every module of a package holds as ``COMMANDS``, and functions announced by entry points.

    A member may be a group itself.
    """
    app = typer.Typer(help=help, no_args_is_help=True)
    app.callback()(lambda: None)  # a group, also where it has one command only
    for _, name, _ in pkgutil.iter_modules(package.__path__):
        for command, member in import_module(f"{package.__name__}.{name}").COMMANDS.items():
            if isinstance(member, typer.Typer):
                app.add_typer(member, name=command)
            else:
                app.command(command)(member)
    for point in entry_points(group=entry_point_group):
        app.command(point.name)(point.load())
    return app
