"""The scanner-side SDK: send a series, get images with uncertainty and verdict.

>>> from recon.client import Client
>>> with Client("127.0.0.1:50051") as client:
...     for result in client.denoise_ct(volume):
...         show(result.image, result.verdict)

Small on purpose: gRPC, NumPy and the file readers, no torch.
"""

from recon.client.calls import Calls
from recon.client.connection import Client, Tls
from recon.client.resume import Run
from recon.values.result import ImageSlice, ModelIdentity, SeriesReport

__all__ = ["Calls", "Client", "ImageSlice", "ModelIdentity", "Run", "SeriesReport", "Tls"]
