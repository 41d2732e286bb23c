"""A card takes its figures."""

from __future__ import annotations

import json

from recon.training.automap import card


def test_card_takes_figures(tmp_path) -> None:
    folder = tmp_path / "automap_radial"
    folder.mkdir()
    shipped = {
        "conformal_factor": 0.9,
        "coverage_on_other_slices": {"25 dB": 0.9},
        "bytes": 16_000_000,
        "psnr_decibel": {"as shipped": 28.123},
        "training": {"steps": 10, "minutes": 1.0},
    }
    (folder / "shipped.json").write_text(json.dumps(shipped))
    text = card.fill("a\n<!-- SIZE -->\nold\n<!-- /SIZE -->\nb", tmp_path)
    assert "old" not in text
    assert "28.12" in text
    assert text.startswith("a\n")
    assert text.endswith("\nb")
