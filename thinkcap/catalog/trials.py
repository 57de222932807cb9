"""Trials in a child process of what may end the process it runs in, and the files that remember how they went."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thinkcap.engine.model import llama
from thinkcap.engine.model.kv_cache import KvCache
from thinkcap.engine.model.kv_pool import KvPlan

_FAULTS = {-signal.SIGILL, -signal.SIGSEGV, -signal.SIGFPE, -signal.SIGABRT}
if sys.platform != "win32":
    _FAULTS.add(-signal.SIGBUS)
_NT_FAULT = 0xC0000000  # an exit status of Windows from here on is a fault, too
_MSVC_ABORT = 3  # what abort() exits with on Windows
_PROBLEM = "What is 384 + 297 + 581?"
_TOKENS = 8
_REMEMBERED = 1_000  # trials of one kind


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended.

    code     its exit code; None if it did not start
    said     the words it wrote to standard output
    finding  what went wrong, to follow “a trial run”; empty if nothing did
    """

    code: int | None
    said: tuple[str, ...] = ()
    finding: str = ""

    @property
    def faulty(self) -> bool:
        """Whether what was tried ended the process by a fault: it will do so again."""
        code = self.code
        return code is not None and (code in _FAULTS or code >= _NT_FAULT or (os.name == "nt" and code == _MSVC_ABORT))

    @property
    def ended(self) -> bool:
        """Whether Python came to its end, be it with an error."""
        return self.code is None or self.code in (0, 1)


def run(module: str, *arguments: str, timeout: float) -> Ending:
    """Runs a module of thinkcap's as a child. Nothing of what llama.cpp writes there is seen."""
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path, "GGML_NO_BACKTRACE": "1"},
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Ending(-signal.SIGTERM, finding=f"did not end within {timeout:g} seconds")
    except OSError as error:
        return Ending(None, finding=f"could not start ({error.strerror or error})")
    finding = f"ended in {_status(done.returncode)}" if done.returncode else ""
    return Ending(done.returncode, tuple(done.stdout.decode("utf-8", "replace").split()), finding)


def likeliest_tokens(path: Path, extra_buffers: bool) -> list[int]:
    """What a model says after a problem: the prompt in one decode, then token for token."""
    model = llama.Model(path, gpu_layers=0, extra_buffers=extra_buffers)
    tokens = model.tokenize(_PROBLEM)
    cache = KvCache(model, KvPlan(len(tokens) + _TOKENS, 1), threads=1)
    cache.add(0, 0, tokens, wants_logits=True)
    found: list[int] = []
    while len(found) < _TOKENS:
        found.append(int(cache.decode()[0].argmax()))
        cache.add_one(0, len(tokens) + len(found) - 1, found[-1])
    cache.close()
    model.close()
    return found


def leave_no_core() -> None:
    """Called by a child: a fault shall leave no file."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def memory(name: str) -> Path:
    """The file in the user's cache folder that remembers one kind of trial."""
    from platformdirs import user_cache_path

    return user_cache_path("thinkcap", appauthor=False) / f"{name}.json"


def remembered(file: Path) -> dict[str, Any]:
    """What a file remembers, by key; nothing if it is damaged or missing."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def remember(file: Path, key: str, finding: Any) -> None:
    """Adds to a file in one step. If it can't be written, the next process tries again."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}")
        kept = [*remembered(file).items(), (key, finding)][-_REMEMBERED:]
        draft.write_text(json.dumps(dict(kept), indent=2), encoding="utf-8")
        draft.replace(file)


def _status(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit status {code:#x}" if code >= _NT_FAULT else f"exit status {code}"
