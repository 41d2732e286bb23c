"""``recon bench gpu``: what the models do on a card, in less than ten minutes."""

from __future__ import annotations

from typing import Annotated

import typer

from recon.cli.bench_options import BenchFolder, console_of, one_of, progress
from recon.errors import InvalidRequest

#: Of the matrices by which the peak is measured; processors have no half precision of their own.
_SIDE, _SMALL_SIDE = 8192, 128


def gpu(
    output: BenchFolder = None,
    device: Annotated[
        str, typer.Option(help="gpu, or cpu: the same code with torch on the processor, a rehearsal.")
    ] = "gpu",
    model: Annotated[list[str] | None, typer.Option(help="Only these models; may be repeated.")] = None,
    quick: Annotated[bool, typer.Option(help="Short measurements, of single slices.")] = False,
) -> None:
    """Latency, throughput against batch, share of the card's peak, and equality with the processor.

    Exit status 1 when an image is not that of the processor, 2 on a machine without a GPU.
    """
    from recon.bench import record as records
    from recon.bench import table
    from recon.bench.gpu import BATCHES, MOST_DB, REHEARSAL, measure_gpu
    from recon.serving.triton.device import missing_for_gpu

    on_card = one_of("--device", device, ("gpu", "cpu")) == "gpu"
    if on_card and (missing := missing_for_gpu()):
        raise InvalidRequest(f"nothing to measure: {missing}")
    batches, least_s = ((1,), 0.1) if quick else (BATCHES, 1.0)
    where, runtimes = ("cuda:0", _providers()) if on_card else (REHEARSAL, ["onnxruntime"])
    with progress() as told:
        record = measure_gpu(where, runtimes, batches, model or (), told, least_s, _SIDE if on_card else _SMALL_SIDE)
    peaks = record["peaks"]
    title = f"{record['card'] or 'torch on the processor, no GPU'}: peak {peaks['flops'] / 1e12:.2f} TFLOP/s "
    title += f"(half {peaks['half_flops'] / 1e12:.2f}), {peaks['bytes'] / 1e9:.0f} GB/s, all measured here"
    console = console_of()
    table.show(console, title, table.GPU_HEADS, table.gpu_rows(record))
    for words in record["left_out"]:
        console.print(f"LEFT OUT, for want of time: {words}", markup=False)
    if output is not None:
        records.write(record, output / "gpu.json")
        (output / "gpu.md").write_text(f"{title}\n\n{table.markdown(table.GPU_HEADS, table.gpu_rows(record))}")
    if not all(row["equal"] for row in record["rows"]):
        console.print(f"NOT EQUAL: an image of 40 dB may move by {MOST_DB} dB", markup=False)
        raise typer.Exit(1)


def _providers() -> list[str]:
    """Of ONNX Runtime on this card."""
    import importlib.util

    import onnxruntime

    found = ["cuda"]
    if "TensorrtExecutionProvider" in onnxruntime.get_available_providers() and importlib.util.find_spec("tensorrt"):
        found.append("tensorrt")
    return found
