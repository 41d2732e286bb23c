"""Made by `make served` of recon/backend/network.py; do not edit."""

from served.backend.network import TritonPythonModel

__all__ = ["TritonPythonModel"]
