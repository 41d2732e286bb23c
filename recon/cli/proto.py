"""Builds ``recon/v1`` from ``proto/``; run by ``make proto``."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> int:
    """Generate messages, their types, and services."""
    from grpc_tools import protoc

    root = Path(__file__).parents[2]
    files = [str(path) for path in sorted((root / "proto").rglob("*.proto"))]
    targets = [f"--{kind}_out={root}" for kind in ("python", "pyi", "grpc_python")]
    return int(protoc.main(["protoc", f"-I{root / 'proto'}", *targets, *files]))


if __name__ == "__main__":
    sys.exit(main())
