"""The picture of all measures: every one has a place, and no row is fuller than its titles bear."""

from __future__ import annotations

from recon.preservation.limits import BIAS, KEPT, judged, told
from recon.preservation.page import page
from recon.preservation.plots import _PANELS, _ROOM, _room, _rows, plots

_LESIONS = tuple(f"{size} mm lesion of {percent} %" for size in (3, 5, 10) for percent in (10, 20, 50))
_METHODS = {
    "network": {
        **{
            f"kept, {lesion}": judged(0.9, KEPT, f"contrast kept of a {lesion}", p10=0.8, p90=1.0)
            for lesion in _LESIONS
        },
        **{f"found, {lesion}": told(float("nan"), f"share found of a {lesion}") for lesion in _LESIONS},
        "bias, fat": judged(3.0, BIAS, "mean difference to the full dose", signed=-3.0),
    },
    "other": {"kept, 3 mm lesion of 10 %": told(0.5, "contrast kept of a 3 mm lesion of 10 %")},
}


def test_every_kind_that_there_is_has_a_panel_and_rows_are_not_too_full() -> None:
    rows = _rows(_METHODS)
    assert [panel.start for row in rows for panel in row] == ["kept, ", "found, ", "bias, "]
    assert all(sum(_room(_METHODS, panel) for panel in row) <= _ROOM for row in rows)
    assert len({panel.start for panel in _PANELS}) == len(_PANELS)
    assert plots(_METHODS).startswith(b"\x89PNG")


def test_neighbours_that_differ_in_the_lesion_alone_are_explained_once() -> None:
    control = {"words": "half by theory", "value": None, "interval": None}
    shown = page({"valid": True, "conditions": "c", "control": control, "methods": _METHODS}, "t")
    assert shown.count("contrast kept of a lesion</td>") == 1
    assert f'rowspan="{len(_LESIONS)}"' in shown
    assert "mean difference to the full dose</td>" in shown
