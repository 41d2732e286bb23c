"""What a viewer sends, and how it reads answers."""

from __future__ import annotations

from typing import Any

import httpx

EXPLICIT = "1.2.840.10008.1.2.1"

ORIGIN = "https://viewer.clinic"

#: As cornerstone's loader sends it.
FRAMES = "multipart/related; type=application/octet-stream; transfer-syntax=*"


def value(dataset: dict[str, Any], tag: str) -> Any:
    return dataset[tag]["Value"][0]


def instance(web: httpx.Client) -> tuple[str, dict[str, Any]]:
    (series,) = web.get("/studies/1.2.3/series", params={"Modality": "CT"}).json()
    place = f"/studies/1.2.3/series/{value(series, '0020000E')}"
    (metadata,) = web.get(f"{place}/metadata", headers={"Accept": "application/dicom+json"}).json()
    return f"{place}/instances/{value(metadata, '00080018')}", metadata
