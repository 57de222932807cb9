"""How fast this machine reads memory and multiplies now, measured on the spot."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

SECONDS_BESIDES = 0.00015
"""Seconds a token takes besides: sampling and bookkeeping."""


@dataclass(frozen=True, slots=True)
class MachineSpeed:
    """What this machine does now: bytes it reads a second, floating-point operations a second."""

    bytes_per_second: float
    operations_per_second: float


def measure_speed(threads: int, seconds: float = 0.4) -> MachineSpeed:
    """Reads memory with `threads` threads, then multiplies matrices, for `seconds` each."""
    import numpy as np

    bandwidth = measure_bandwidth(threads, seconds)
    matrix = np.ones((1024, 1024), dtype=np.float32)
    matrix @ matrix
    began, count = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - began) < seconds:
        matrix @ matrix
        count += 1
    return MachineSpeed(bandwidth, count * 2 * 1024**3 / elapsed)


def measure_bandwidth(threads: int, seconds: float) -> float:
    """Bytes of memory that `threads` threads read a second, measured for `seconds`."""
    import numpy as np

    blocks = [np.ones(1 << 24, dtype=np.float32) for _ in range(threads)]

    def read(block: Any) -> float:
        began, count = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - began) < seconds:
            block.max()
            count += 1
        return float(count * block.nbytes / elapsed)

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(read, blocks))
