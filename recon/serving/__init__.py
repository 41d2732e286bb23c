"""The service: Triton launcher and client, gateway, server."""

import os

# grpc's fork handlers only warn here: the one child that is forked (Triton) executes at once
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
