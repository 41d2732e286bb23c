"""Commands that are found, not listed: the files of a package, and a site's entry points."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from types import ModuleType

import typer

from recon.plug_ins import loaded


def add_found(app: typer.Typer, package: ModuleType, entry_point_group: str) -> None:
    """Add what every module of a package holds as ``COMMANDS``, and what entry points announce.

    Each is a function or a group of its own.
    """
    own = [import_module(f"{package.__name__}.{name}") for _, name, _ in pkgutil.iter_modules(package.__path__)]
    found = [member for module in own for member in module.COMMANDS.items()]
    found += [(point.name, command) for point, command in loaded(entry_point_group)]
    for name, command in found:
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)


def group_of(package: ModuleType, entry_point_group: str, help: str) -> typer.Typer:
    """A group of what :func:`add_found` finds."""
    app = typer.Typer(help=help, no_args_is_help=True)
    app.callback()(lambda: None)  # a group, also where it has one command only
    add_found(app, package, entry_point_group)
    return app
