"""Made by `make served` of recon/backend/mr_unrolled.py; do not edit."""

from served.backend.mr_unrolled import TritonPythonModel

__all__ = ["TritonPythonModel"]
