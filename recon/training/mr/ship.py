"""From a checkpoint to what is served: export, calibration through the exported file, configuration.

Run as ``python -m recon.training.mr.ship [--checkpoint FILE] --data DIR``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from recon.training import checkpoint
from recon.training.mr.calibrate import calibrate, table_of
from recon.training.mr.export import configure, export_mr
from recon.training.mr.recipe import MrRecipe
from recon.training.mr.served import load_unrolled
from recon.training.recipe import read


def ship(weights: Path | None, recipe: MrRecipe, roots: list[Path], folder: Path, card: Path) -> dict[str, Any]:
    """Export, calibrate and write ``config.pbtxt`` and ``calibration.json``.

    Parameters
    ----------
    weights
        Checkpoint; its averaged weights are exported. None calibrates the weights that are served again.
    recipe
        That they were trained with.
    roots
        Folders that hold the held-out volumes.
    folder
        The model's folder in the repository, where ``1/model.py`` is.
    card
        Folder of ``calibration.json``.
    """
    if weights is None:
        files = sorted((folder / "1").glob("cascade*.onnx"))
        interval = calibrate(load_unrolled(folder / "1", "onnxruntime"), recipe, roots)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            exported = export_mr(checkpoint.load_average(weights), recipe, 1.0, Path(scratch) / folder.name)
            interval = calibrate(load_unrolled(exported.weights[0].parent, "onnxruntime"), recipe, roots)
            # the served files change together, and only once the interval is known
            files = [Path(shutil.copy(path, folder / "1")) for path in exported.weights]
    configure(files, interval["conformal_factor"], folder, table_of(interval).dump())
    (card / "calibration.json").write_text(json.dumps(interval, indent=1) + "\n")
    return interval


def main() -> None:
    """Ship a checkpoint into the repository."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, help="without: the served weights, calibrated again")
    parser.add_argument("--data", type=Path, action="append", default=[])
    parser.add_argument("--repository", type=Path, default=Path("triton_repo"))
    parser.add_argument("--card", type=Path, default=Path("models/mr_unrolled"))
    options = parser.parse_args()
    recipe = read(options.card / "recipe.yaml", MrRecipe)
    folder = options.repository / "mr_unrolled"
    print(json.dumps(ship(options.checkpoint, recipe, options.data, folder, options.card), indent=1))


if __name__ == "__main__":
    main()
