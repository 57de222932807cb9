"""The grading workers of a process, as the system sees them."""

import os
from pathlib import Path


def worker_pids(parent: int | None = None) -> set[int]:
    """The processes that grade for ``parent``, by default for this one; of graders shared and own alike."""
    tasks = Path(f"/proc/{parent or os.getpid()}/task").glob("*/children")
    children = {int(pid) for task in tasks for pid in task.read_text().split()}
    return {pid for pid in children if b"thinkcap.grading.worker" in _command(pid)}


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
