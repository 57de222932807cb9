"""Whether a model fits this machine's memory, and how fast it will think here: estimates, without loading it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from thinkcap.catalog.inventory import Listed
from thinkcap.runs.machine_speed import SECONDS_BESIDES, measure_bandwidth

BESIDE_WEIGHTS = 1_000_000_000
"""Bytes of memory that a run takes beside the weights, about: KV cache, logits, Python."""
_MEASURED_FOR = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class Memory:
    """A machine's memory: bytes in all, bytes free now, bytes that its CPU reads a second."""

    total: int
    free: int
    bandwidth: float

    @classmethod
    def of_this_machine(cls) -> Self:
        """Asks the system, and reads memory for a tenth of a second."""
        import psutil

        from thinkcap.engine.model.threads import physical_cores

        memory = psutil.virtual_memory()
        return cls(memory.total, memory.available, measure_bandwidth(physical_cores(), _MEASURED_FOR))


@dataclass(frozen=True, slots=True)
class Suitability:
    """How a model suits a machine.

    bytes              of the file that is judged: the first that is here, or else the first to fetch
    fits               yes: now; tight: if other programs are closed; no
    tokens_per_second  of one thought on the CPU, about: a token reads every weight once; None if it doesn't fit
    """

    bytes: int
    fits: Literal["yes", "tight", "no"]
    tokens_per_second: float | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def judge(model: Listed, memory: Memory) -> Suitability | None:
    """How a model suits a machine; None if nobody knows how large it is."""
    size = model.files[0].bytes if model.files else next(iter(model.to_fetch.values()), None)
    if size is None:
        return None
    needed = size + BESIDE_WEIGHTS
    if needed > memory.total:
        return Suitability(size, "no", None)
    entry, read = model.entry, float(size)
    if entry is not None and entry.active_parameters and entry.parameters:
        read *= entry.active_parameters / entry.parameters
    speed = 1 / (read / memory.bandwidth + SECONDS_BESIDES)
    return Suitability(size, "yes" if needed <= memory.free else "tight", round(speed, 1))
