"""llama-server as a user would run it for many problems: slots with continuous batching, and requests to it."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.peers import tool
from benchmarks.side import FRAME, SAMPLING

FLAGS = ("--kv-unified",)
"""Nothing is faster: a cache for each slot or batches of 512 make no difference, sampling in the graph is slower."""


@contextmanager
def server(model: Path, slots: int, cells: int, threads: int, flags: Sequence[str] = FLAGS) -> Iterator[str]:
    """A running server's address; `cells` are tokens of KV cache for all slots together."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [tool("llama-server"), "-m", model, "-np", slots, "-c", cells, "-t", threads, "--port", port, *flags]
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(process, f"{address}/health")
        yield address
    finally:
        process.terminate()
        process.wait()


def _wait_for(process: subprocess.Popen[bytes], health: str) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(health) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("llama-server did not start")


def complete(address: str, problem: str, tokens: int, count: int = 1) -> int:
    """Requests `count` completions of a problem, `tokens` long. Returns how many tokens the server sampled."""
    body: dict[str, Any] = {"prompt": problem.join(FRAME), "n_predict": tokens, "n_cmpl": count, "ignore_eos": True}
    body |= {**SAMPLING, "samplers": ["temperature", "top_p"]}
    head = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/completion", json.dumps(body).encode(), head)
    with urllib.request.urlopen(request, timeout=3600) as answer:
        found = json.load(answer)
    return sum(each["tokens_predicted"] for each in (found if isinstance(found, list) else [found]))


def serve(address: str, problems: Sequence[str], tokens: int, count: int = 1) -> tuple[float, int]:
    """Sends all problems at once. Returns the seconds they take and the tokens sampled."""
    complete(address, "1 + 1 = ?", 4)
    began = time.perf_counter()
    with ThreadPoolExecutor(len(problems)) as pool:
        sampled = sum(pool.map(lambda problem: complete(address, problem, tokens, count), problems))
    return time.perf_counter() - began, sampled
