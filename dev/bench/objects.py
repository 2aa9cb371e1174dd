"""What one watched Image costs: decoding it and keeping it, against plain JSON dictionaries."""

import gc
import json
import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import Final

from rich.console import Console
from rich.table import Table

from kpack_api.dialects.build_pivotal_io_v1alpha1 import decode
from kpack_api.types import Kind

OBJECTS: Final = 5_000
ROUNDS: Final = 5


def run(console: Console) -> None:
    """Measure and print: microseconds of CPU and bytes kept, per Image."""
    raw = [_image(number) for number in range(OBJECTS)]
    ours = measure(raw, lambda text: decode(Kind.IMAGE, text))
    peer = measure(raw, json.loads)
    table = Table("per Image", "reconciler", "json dictionaries", "ratio")
    for name, digits, mine, theirs in (("CPU, µs", 1, ours[0], peer[0]), ("memory, bytes", 0, ours[1], peer[1])):
        table.add_row(name, f"{mine:.{digits}f}", f"{theirs:.{digits}f}", f"{mine / theirs:.2f}")
    console.print(f"{OBJECTS} Images of {len(raw[0])} bytes, median of {ROUNDS} rounds")
    console.print(table)


def measure(raw: list[bytes], decode_one: Callable[[bytes], object]) -> tuple[float, float]:
    """Give the median CPU time in microseconds and the bytes kept, for one object."""
    times = []
    for _ in range(ROUNDS):
        gc.collect()
        start = time.process_time()
        kept = [decode_one(text) for text in raw]
        times.append((time.process_time() - start) / len(raw) * 1e6)
        del kept
    gc.collect()
    tracemalloc.start()
    kept = [decode_one(text) for text in raw]
    size = tracemalloc.get_traced_memory()[0] / len(kept)
    tracemalloc.stop()
    return statistics.median(times), size


def _image(number: int) -> bytes:
    condition = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    fields: dict[str, object] = {f"f:field{index}": {"f:inner": {}} for index in range(20)}
    body = {
        "apiVersion": "build.pivotal.io/v1alpha1",
        "kind": "Image",
        "metadata": {
            "name": f"app-{number}",
            "namespace": "team",
            "uid": f"00000000-0000-0000-0000-{number:012}",
            "resourceVersion": str(number),
            "generation": 1,
            "managedFields": [{"manager": "pulumi", "operation": "Apply", "fieldsV1": fields}],
        },
        "spec": {
            "tag": f"registry.example/team/app-{number}",
            "builder": {"kind": "ClusterBuilder", "name": "default"},
            "source": {"git": {"url": f"https://git.example/team/app-{number}.git", "revision": "main"}},
        },
        "status": {
            "latestImage": f"registry.example/team/app-{number}@sha256:{number:064x}",
            "conditions": [condition],
        },
    }
    return json.dumps(body).encode()
