"""A network behind pytriton, as its quick start has it; ``python -m recon.bench.peers.pytriton_server``.

Prints a line with its gRPC port on loopback and serves until its input ends.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer

from recon.backend.runtime import runtime_of

#: Begins the line that says so.
READY = "pytriton serves on port "


def free_port() -> int:
    """One of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serve(
    weights: Annotated[Path, typer.Argument(help="ONNX file.")],
    output: Annotated[str, typer.Argument(help="Of the network.")],
    inputs: Annotated[list[str], typer.Argument(help="Of the network.")],
) -> None:
    """Serve until the input ends."""
    from pytriton.model_config import ModelConfig, Tensor
    from pytriton.triton import Triton, TritonConfig

    network = runtime_of(weights)

    def infer(requests: list[Any]) -> list[dict[str, npt.NDArray[Any]]]:
        return [{output: network(dict(request.data), [output])[0].copy()} for request in requests]

    port = free_port()
    config = TritonConfig(
        http_address="127.0.0.1",
        http_port=free_port(),
        grpc_address="127.0.0.1",
        grpc_port=port,
        allow_metrics=False,
    )
    with Triton(config=config) as triton:
        triton.bind(
            model_name="network",
            infer_func=infer,
            inputs=[Tensor(name=name, dtype=np.float32, shape=(-1,) * 4) for name in inputs],
            outputs=[Tensor(name=output, dtype=np.int16, shape=(-1,) * 4)],
            config=ModelConfig(batching=False),
        )
        triton.run()
        print(f"{READY}{port}", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    typer.run(serve)
