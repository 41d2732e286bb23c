"""What a scan is made of."""

from __future__ import annotations

from enum import Enum


class Content(Enum):
    """What the files of a scan hold, whatever their format."""

    CT = "CT slices"
    MR = "MR slices"
    VOLUME = "a volume"
    """Of whatever unit: its values tell."""
    KSPACE = "k-space"
