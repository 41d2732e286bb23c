"""Made by `make served` of recon/backend/mr_classical.py; do not edit."""

from served.backend.mr_classical import TritonPythonModel

__all__ = ["TritonPythonModel"]
