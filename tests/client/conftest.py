"""A gateway in front of a model that is a function."""

from tests.gateway import channel, gateway, limits

__all__ = ["channel", "gateway", "limits"]
