"""Made by `make served` of recon/backend/automap.py; do not edit."""

from served.backend.automap import TritonPythonModel

__all__ = ["TritonPythonModel"]
