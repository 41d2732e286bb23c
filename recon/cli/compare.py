"""``recon compare A B``: whether two results may be compared, and what has changed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from recon.cli.options import AsJson
from recon.errors import UnreadableInput
from recon.io.nifti import NiftiVolume, read_nifti, write_nifti
from recon.io.output_folder import write_json
from recon.quality.comparability import compare as held_against

if TYPE_CHECKING:
    from recon.comparison.change import Changes


def compare(
    before: Annotated[Path, typer.Argument(help="Result folder of the earlier scan.", metavar="A")],
    after: Annotated[Path, typer.Argument(help="Result folder of the later scan.", metavar="B")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for comparison.json, NIfTI and a picture.")],
    as_json: AsJson = False,
) -> None:
    """Say whether two results may be compared; then register, subtract, and mark what is beyond both intervals.

    Exit status 1 when they may not be compared: nothing is called a change then.
    """
    reports = [_report(folder) for folder in (before, after)]
    found = held_against(*(report["comparability"] for report in reports))
    result: dict[str, Any] = {
        "software": "recon",
        "before": str(before),
        "after": str(after),
        "comparable": found.comparable,
        "differences": found.differences,
        "unknown": found.unknown,
        "verdicts": [r["verdict"] for r in reports],
        "changes": None,
    }
    output.mkdir(parents=True, exist_ok=True)
    if found.comparable:
        result["changes"] = _subtract(before, after, output)
    write_json(output / "comparison.json", result)
    if as_json:
        json.dump(result, sys.stdout, indent=2)
        print()
    else:
        _tell(result)
    raise typer.Exit(0 if found.comparable else 1)


def _subtract(before: Path, after: Path, output: Path) -> dict[str, Any]:
    from recon.comparison.change import SMALLEST_MM, changes
    from recon.comparison.register import registered

    (one, width), (other, wide) = (_images(folder) for folder in (before, after))
    moved, moved_width, shift = registered(one.volume, other.volume, wide.volume.values)
    column_mm, row_mm, slice_mm = one.volume.geometry.spacing
    spacing = slice_mm, row_mm, column_mm
    found = changes(one.volume.values, moved, (width.volume.values, moved_width), spacing)
    write_nifti(np.nan_to_num(found.difference), one, output / "difference.nii.gz", "difference of two scans")
    write_nifti(found.beyond.astype(np.float32), one, output / "change.nii.gz", "changes between two scans")
    _draw(one, moved, found, output / "comparison.png")
    regions = [
        {"volume_mm3": round(r.volume_mm3, 2), "mean": round(r.mean, 5), "centre": list(r.centre)}
        for r in found.regions
    ]
    whole = sum(region.volume_mm3 for region in found.regions)
    return {
        "moved_mm": round(shift, 3),
        "smallest_mm": SMALLEST_MM,
        "volume_mm3": round(whole, 2),
        "regions": regions,
    }


def _draw(one: NiftiVolume, moved: Any, found: Changes, path: Path) -> None:
    """The slice with most change."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    index = int((found.beyond > 0).sum(axis=(1, 2)).argmax()) if found.regions else len(found.beyond) // 2
    first, later = one.volume.values[index], moved[index]
    low, high = np.nanpercentile(first, (1, 99))
    most = float(np.nanpercentile(found.joint[index], 99)) or 1.0
    figure, axes = plt.subplots(1, 4, figsize=(16, 4.4), layout="constrained")
    for axis, values, words in ((axes[0], first, "before"), (axes[1], later, "after, moved onto it")):
        axis.imshow(values, cmap="gray", vmin=low, vmax=high)
        axis.set_title(words)
    axes[2].imshow(found.difference[index], cmap="coolwarm", vmin=-2 * most, vmax=2 * most)
    axes[2].set_title("difference")
    axes[3].imshow(first, cmap="gray", vmin=low, vmax=high)
    axes[3].imshow(np.ma.masked_equal(found.beyond[index] > 0, False), cmap="autumn", alpha=0.8)
    axes[3].set_title(f"beyond both intervals: {len(found.regions)} regions")
    for axis in axes:
        axis.set_axis_off()
    figure.suptitle(f"slice {index + 1}. For research use.")
    figure.savefig(path, dpi=80)
    plt.close(figure)


def _report(folder: Path) -> dict[str, Any]:
    """What a result says of itself.

    Raises
    ------
    UnreadableInput
        When the folder is no result, or one of a version that kept no record.
    """
    try:
        content = json.loads((folder / "report.json").read_text())
    except (OSError, ValueError) as error:
        raise UnreadableInput(f"{folder}: no result of recon, its report.json can't be read") from error
    if not isinstance(content, dict) or not isinstance(content.get("comparability"), dict):
        raise UnreadableInput(f"{folder}: its report has no comparability; process the scan again")
    return content


def _images(folder: Path) -> tuple[NiftiVolume, NiftiVolume]:
    paths = [folder / f"{name}.nii.gz" for name in ("image", "uncertainty")]
    for path in paths:
        if not path.exists():
            raise UnreadableInput(
                f"{path}: no such file; results of NIfTI and k-space can be subtracted, DICOM not yet"
            )
    image, width = (read_nifti(path, own=True) for path in paths)
    return image, width


def _tell(result: dict[str, Any]) -> None:
    for words in result["differences"]:
        print(f"not comparable: {words}")
    for words in result["unknown"]:
        print(f"note: {words}")
    changes = result["changes"]
    if changes is None:
        print("nothing is called a change")
        return
    count = len(changes["regions"])
    print(f"{count} change{'s' if count != 1 else ''} beyond both intervals, {changes['volume_mm3']:g} mm³ in all")
    for region in changes["regions"][:10]:
        place = ", ".join(str(part + 1) for part in region["centre"])
        print(f"  {region['volume_mm3']:g} mm³, {region['mean']:+.4g}, at slice, row, column {place}")
