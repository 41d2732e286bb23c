"""A recipe that trains in seconds."""

from __future__ import annotations

TINY = {
    "channels": [16, 16, 16, 16],
    "blocks": [1, 1, 1, 1],
    "steps": 60,
    "batch": 4,
    "patch": 32,
    "learning_rate": 1e-3,
    "texture_share": 0.0,
    "sources": [{"name": "bodies", "path": "bodies", "reader": "dicom", "role": "ct"}],
}
