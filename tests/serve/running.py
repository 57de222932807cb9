"""A real `thinkcap serve` with the built-in model, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

PROBLEM = "What is 384 + 297 + 581?"
ASKED = [{"role": "user", "content": PROBLEM}]
THOUGHT = 162
"""Thinking tokens that abacus takes for PROBLEM without a budget, in f16."""


@dataclass
class Running:
    """A server: where it is, its process, and what it wrote."""

    url: str
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def get(self, path: str, **options: Any) -> httpx.Response:
        return httpx.get(self.url + path, timeout=60, **options)

    def post(self, path: str, body: Any, **options: Any) -> httpx.Response:
        return httpx.post(self.url + path, json=body, timeout=60, **options)

    def chat(self, **body: Any) -> httpx.Response:
        return self.post("/v1/chat/completions", {"messages": ASKED} | body)

    def health(self) -> dict[str, Any]:
        health: dict[str, Any] = self.get("/health").json()
        return health

    def wait_until_idle(self, seconds: float = 10.0) -> None:
        """Waits until nothing runs. Fails if something still does after some seconds."""
        deadline = time.monotonic() + seconds
        while (health := self.health()) and not (health["idle"] and health["open"] == 0):
            assert time.monotonic() < deadline, health
            time.sleep(0.02)


@contextlib.contextmanager
def serve(*arguments: str, **environment: str) -> Iterator[Running]:
    """Runs `thinkcap serve` with abacus in f16 on a free port."""
    command = [sys.executable, "-m", "thinkcap", "serve", "--model", "abacus", "--quant", "f16", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--threads", "1", *arguments],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=os.environ | environment,
    )
    assert process.stderr is not None
    first = process.stderr.readline()
    found = re.search(r"http://\S+?:\d+", first)
    assert found, first + process.stderr.read()
    running = Running(found[0].replace("0.0.0.0", "127.0.0.1"), process)
    reader = threading.Thread(target=lambda pipe: running.lines.extend(pipe), args=(process.stderr,), daemon=True)
    reader.start()
    try:
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        reader.join(5)
