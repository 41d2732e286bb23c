from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from typer.testing import CliRunner

from recon.cli.main import app
from recon.doors.node.conformance import dicomweb_routes, sections

ROOT = Path(__file__).parents[3]


@cache
def names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_each_line_of_the_statement_names_a_test_that_is_there() -> None:
    lines = [line for _, rows in sections(dicomweb_routes()) for line in rows]
    assert len(lines) > 40
    for what, how, test in lines:
        path, _, name = test.partition("::")
        assert name in names_in(path), (what, how)


def test_it_is_a_command() -> None:
    done = CliRunner().invoke(app, ["node", "conformance"])
    assert done.exit_code == 0
    for words in ("Storage Commitment Push Model", "A-ASSOCIATE-RJ 1 1 7", "TLS 1.2 and 1.3", "GET /dicom-web/studies"):
        assert words in done.stdout


def test_the_published_statement_is_what_the_code_says() -> None:
    made = CliRunner().invoke(app, ["node", "conformance"]).stdout
    assert (ROOT / "deploy" / "node" / "conformance.md").read_text() == made
