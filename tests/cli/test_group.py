"""Commands that nobody lists: the files of a package, and a site's own."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from recon import plug_ins
from recon.cli import doors, group
from recon.cli.main import app

SITE = """
import typer

def knock() -> None:
    print("who is there")

bell = typer.Typer(no_args_is_help=True)
bell.command()(knock)
"""


def test_every_door_has_a_command() -> None:
    names = {path.name for path in (Path(doors.__file__).parents[2] / "doors").iterdir() if path.is_dir()}
    known = CliRunner().invoke(app, ["--help"]).output
    assert {name for name in names - {"__pycache__"} if name not in known} == set()


@pytest.mark.parametrize(("member", "words"), [("knock", ["own"]), ("bell", ["own", "knock"])])
def test_a_sites_own_is_found_by_its_entry_point(
    member: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site_door.py").write_text(SITE)
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("own", f"site_door:{member}", "recon.doors")
    monkeypatch.setattr(plug_ins, "entry_points", lambda group: [point])
    made = typer.Typer()
    group.add_found(made, doors, "recon.doors")
    done = CliRunner().invoke(made, words)
    assert done.output == ("who is there\n")
