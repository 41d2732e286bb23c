"""Every command that README and the guides print is one that the parser takes; what they link to is there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from recon.cli.main import app

ROOT = Path(__file__).parents[1]
RECON = typer.main.get_command(app)
DOCS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))
GUIDES = ("README.md", "deploy/README.md", *DOCS)
CARDS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "models").glob("*/card.md"))


def printed() -> Iterator[str]:
    """Commands of the guides' shell blocks, and those that stand in a sentence with an option."""
    for guide in GUIDES:
        text = (ROOT / guide).read_text()
        lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.S) for line in block.splitlines()]
        lines += [" ".join(words.split()) for words in re.findall(r"`(recon [^`]* -[^`]*)`", text)]
        for line in lines:
            for command in re.split(r"[;|]", line.partition(" #")[0]):
                if command.strip().startswith("recon "):
                    yield command.strip()


@pytest.mark.parametrize("line", sorted(set(printed())))
def test_the_parser_takes_it(line: str) -> None:
    words = shlex.split(re.split(r"\s[<>]", line)[0])[1:]
    command: Any = RECON
    context = typer.Context(command)
    while isinstance(command, TyperGroup):
        name, found, words = command.resolve_command(context, words)
        assert found is not None, f"no command {name}"
        command, context = found, typer.Context(found, parent=context)
    try:
        command.make_context(command.name, words, parent=context.parent)
    except typer.Exit:  # of --version or --help
        return
    except typer.BadParameter as error:
        if "does not exist" not in str(error):  # files are those of whoever types it
            raise


def connecting(command: Any, name: str = "recon") -> Iterator[tuple[str, bool]]:
    """Commands that take a service, and whether they take certificates for it."""
    if isinstance(command, TyperGroup):
        for word, part in command.commands.items():
            yield from connecting(part, f"{name} {word}")
        return
    options = {option for parameter in command.params for option in parameter.opts}
    if "--server" in options:
        yield name, options >= {"--tls-ca", "--tls-cert", "--tls-key"}


def test_the_guide_names_the_commands_that_reach_a_service_with_tls() -> None:
    text = (ROOT / "docs" / "service.md").read_text().partition("## TLS")[2].partition("\n## ")[0]
    with_tls, _, without = text.partition("for such a service")
    named = set(re.findall(r"`(recon [a-z ]+)`", with_tls))
    assert named == {name for name, encrypted in connecting(RECON) if encrypted}
    others = tuple(re.findall(r"`(recon [a-z]+(?: [a-z]+)?)", without))
    plain = [name for name, encrypted in connecting(RECON) if not encrypted]
    assert [name for name in plain if not name.startswith(others)] == []


@pytest.mark.parametrize("line", ["recon nonsense", "recon batch nonsense", "recon models --nonsense"])
def test_the_parser_refuses_what_it_does_not_know(line: str) -> None:
    with pytest.raises(Exception, match=r"No such (command|option)"):
        test_the_parser_takes_it(line)


def test_there_are_commands_in_it() -> None:
    assert len(set(printed())) > 40


@pytest.mark.parametrize("guide", [*GUIDES, "recon/README.md", *CARDS])
def test_what_it_links_to_is_there(guide: str) -> None:
    text = (ROOT / guide).read_text()
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if not target.startswith("http")]
    missing = [target for target in targets if not ((ROOT / guide).parent / target).exists()]
    assert not missing
