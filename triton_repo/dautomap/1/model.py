"""Made by `make served` of recon/backend/dautomap.py; do not edit."""

from served.backend.dautomap import TritonPythonModel

__all__ = ["TritonPythonModel"]
