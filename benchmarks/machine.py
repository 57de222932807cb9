"""Whether the machine was idle apart from what was being measured."""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

DISTURBED = 0.05
"""Share of the machine above which other processes spoil a measurement."""


class Watch:
    """Measures the share of the machine's cores used by other processes (or the host of a virtual machine).

    Two threads that wait for each other at every operation both stop while another process has one of their cores, so
    even a small share spoils a measurement.
    """

    def __init__(self) -> None:
        self._since = self._now()

    def others(self) -> float:
        """That share since this object was made; 0 if the system does not report it."""
        (busy, ours, clock), (busy_before, ours_before, before) = self._now(), self._since
        return max(0.0, (busy - busy_before - ours + ours_before) / ((clock - before) * (os.cpu_count() or 1)))

    @staticmethod
    def _now() -> tuple[float, float, float]:
        ours = 0.0
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
            used = resource.getrusage(who)
            ours += used.ru_utime + used.ru_stime
        try:
            user, nice, system, _, _, irq, soft, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
        except (OSError, ValueError):
            return ours, ours, time.monotonic()
        return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK"), ours, time.monotonic()
