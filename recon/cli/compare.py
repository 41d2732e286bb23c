"""``recon compare A B``: whether two results may be compared, and what has changed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from recon.cli.options import AsJson


def compare(
    before: Annotated[Path, typer.Argument(help="Earlier result: its folder, or its DICOM series.", metavar="A")],
    after: Annotated[Path, typer.Argument(help="Later result.", metavar="B")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="Folder for comparison.json, NIfTI, DICOM and a picture.")
    ],
    as_json: AsJson = False,
) -> None:
    """Say whether two results may be compared; then register, subtract, and mark what is beyond both intervals.

    Exit status 1 when they may not be compared: nothing is called a change then.
    """
    from recon.comparison.compared import compared
    from recon.comparison.files import require_place, write
    from recon.comparison.result import open_result

    results = open_result(before), open_result(after)
    require_place(output, before, after)
    found = compared(*results)
    write(found, output)
    if as_json:
        json.dump(found.to_json(), sys.stdout, indent=2)
        print()
    else:
        _tell(found.to_json())
    raise typer.Exit(0 if found.comparison.comparable else 1)


def _tell(result: dict[str, Any]) -> None:
    for words in result["differences"]:
        print(f"not comparable: {words}")
    for words in result["unknown"]:
        print(f"note: {words}")
    changes = result["changes"]
    if changes is None:
        print("nothing is called a change")
        return
    print(f"moved by {changes['moved_mm']:.3g} mm; the later scan shows {changes['covered']:.0%} of the earlier one")
    count = len(changes["regions"])
    print(f"{count} change{'s' if count != 1 else ''} beyond both intervals, {changes['volume_mm3']:g} mm³ in all")
    for region in changes["regions"][:10]:
        place = ", ".join(str(part + 1) for part in region["centre"])
        print(f"  {region['volume_mm3']:g} mm³, {region['mean']:+.4g}, at slice, row, column {place}")
