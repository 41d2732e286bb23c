"""The ways to the images that are compared: network, Triton, the task in one process, gateway."""

from recon.bench.routes.opened import BARE, BODY, GATEWAY, SHARED, TASK, Agreement, Routes
from recon.bench.routes.opening import open_routes, routes_of

__all__ = ["BARE", "BODY", "GATEWAY", "SHARED", "TASK", "Agreement", "Routes", "open_routes", "routes_of"]
