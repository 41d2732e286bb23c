"""The command, as a user runs it."""

from __future__ import annotations

import subprocess
import sys


def recon(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "recon.cli", *map(str, words)], capture_output=True, text=True, check=False, timeout=240
    )
