"""How many threads to decode with: the physical cores this process may use."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

BYTES_PER_THREAD = 8_000_000
"""Weights that make a thread worth its waiting for the others at every operation of every layer."""

_CPUS = Path("/sys/devices/system/cpu")
_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def suitable(weights: int) -> int:
    """Threads for a model of so many bytes: the physical cores, fewer where it is too small to share out."""
    return max(1, min(physical_cores(), weights // BYTES_PER_THREAD))


def physical_cores() -> int:
    """Physical cores this process may use, within its affinity and its container's CPU quota. At least 1."""
    if sys.platform == "darwin":
        return _mac_performance_cores()
    if hasattr(os, "sched_getaffinity"):
        usable = os.sched_getaffinity(0)
        cores = {_siblings(cpu) for cpu in usable}
        return max(1, min(len(cores), _quota(len(usable))))
    return max(1, (os.cpu_count() or 2) // 2)


def _siblings(cpu: int) -> str:
    """The hardware threads of a CPU's core, as the kernel spells them; the CPU itself where it does not say."""
    try:
        return (_CPUS / f"cpu{cpu}/topology/thread_siblings_list").read_text().strip()
    except OSError:
        return str(cpu)


def _quota(otherwise: int) -> int:
    """Whole CPUs that the container's quota grants."""
    try:
        quota, period = _QUOTA.read_text().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):
        return otherwise


def _mac_performance_cores() -> int:
    """Efficiency cores slow a decode down, so only performance cores count."""
    for key in ("hw.perflevel0.physicalcpu", "hw.physicalcpu"):
        answer = subprocess.run(["sysctl", "-n", key], capture_output=True, text=True, check=False)
        if answer.returncode == 0 and answer.stdout.strip().isdigit():
            return max(1, int(answer.stdout))
    return max(1, (os.cpu_count() or 2) // 2)
