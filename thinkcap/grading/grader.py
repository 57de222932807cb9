"""A pool of grading workers: comparisons go in, futures of verdicts come out, nobody waits for algebra."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import weakref
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast

from thinkcap.errors import ThinkcapError
from thinkcap.grading.equivalence import quick

Reason = Literal["equal", "different", "timeout", "error", "no answer"]

TIMEOUT = 5.0
"""Seconds of processor time one comparison may take."""
MEMORY = 1 << 30
"""Bytes of address space a worker may have."""

_PATIENCE = 4
"""Seconds by the clock for each second of processor time, on a machine that does other things as well."""
_START_TIMEOUT = 120.0
_GRACE = 1.0
"""Seconds by the clock after which a worker that should have ended itself is killed."""
_ENDED_BY_TIMER = {-getattr(signal, name, 0) for name in ("SIGPROF", "SIGALRM")} - {0}


@dataclass(frozen=True)
class Verdict:
    """What grading one answer came to.

    ``reason`` is ``equal`` or ``different`` if the two were compared, ``timeout`` if that took too long, ``error`` if
    it broke down (too much memory, say), ``no answer`` if there was nothing to compare.
    """

    correct: bool
    reason: Reason


class Grader:
    """Compares answers in worker processes, beside whatever the calling process does.

    Plain cases (the same spelling, numbers, choices, words) are settled at once without a worker. A worker that takes
    too long or too much memory is killed, and the next comparison gets a fresh one. Workers start when first needed, or
    with `warm`; they leave Ctrl-C to the caller and end with it, however it ends.

    Args:
        workers: processes that compare at the same time.
        timeout: seconds of processor time one comparison may take (and four times as many by the clock).
        memory: bytes of address space a worker may have (if the platform can limit it).
    """

    def __init__(self, workers: int = 1, timeout: float = TIMEOUT, memory: int = MEMORY) -> None:
        if workers < 1:
            raise ValueError(f"a grader needs at least one worker, not {workers}")
        self._jobs: _Jobs = queue.SimpleQueue()
        self._workers = [_Worker(timeout, memory) for _ in range(workers)]
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._closed = False
        self._release = weakref.finalize(self, _release, self._workers, self._jobs)

    def warm(self) -> None:
        """Start the workers now, so that their imports are done when the first comparison comes. Returns at once."""
        with self._lock:
            if self._closed or self._threads:
                return
            for worker in self._workers:
                thread = threading.Thread(target=_serve, args=(worker, self._jobs), daemon=True, name="thinkcap-grader")
                thread.start()
                self._threads.append(thread)

    def submit(self, answer: str | None, expected: str) -> "Future[Verdict]":
        """The verdict on ``answer``, as a future. Returns at once, whatever the answer is.

        The future raises `ThinkcapError` if workers can't run at all (a broken installation).
        """
        future: Future[Verdict] = Future()
        if answer is None or not answer.strip():
            future.set_result(_verdict("no answer"))
        elif (settled := quick(answer, expected)) is not None:
            future.set_result(_verdict("equal" if settled else "different"))
        elif self._closed:
            raise ThinkcapError("This grader is closed; open a new one to grade more answers.")
        else:
            self._jobs.put((answer, expected, future))
            self.warm()
        return future

    def grade(self, answer: str | None, expected: str) -> Verdict:
        """The verdict on ``answer``, waited for."""
        return self.submit(answer, expected).result()

    def close(self, cancel: bool = False) -> None:
        """End the workers, after what was submitted is graded, or at once with ``cancel``."""
        with self._lock:
            self._closed = True
        if cancel:
            with contextlib.suppress(queue.Empty):
                while job := self._jobs.get_nowait():
                    job[-1].cancel()
            for worker in self._workers:
                worker.kill()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        for worker in self._workers:
            worker.end()
        self._release.detach()

    def __enter__(self) -> "Grader":
        return self

    def __exit__(self, exception_type: type[BaseException] | None, *_: object) -> None:
        self.close(cancel=exception_type is not None)


def equivalent(answer: str, expected: str) -> bool:
    r"""Whether ``answer`` means what ``expected`` does: ``\frac{1}{2}`` and ``0.5``, ``(B)`` and ``B``.

    Compared in a worker process that all callers in this process share, for a few seconds at most: an answer that can't
    be compared in that time is not equivalent. For many answers, or to know why, use `Grader`.

    Raises:
        ThinkcapError: the worker can't be started (a broken installation).
    """
    return shared_grader().grade(answer, expected).correct


def shared_grader() -> Grader:
    """The grader that this process shares, with one worker, which starts with the first comparison that needs it."""
    global _shared
    with _lock:
        if _shared is None:
            _shared = Grader()
        return _shared


def _forget_in_a_fork() -> None:
    global _shared, _lock
    _shared, _lock = None, threading.Lock()  # the parent's threads did not come along


_shared: Grader | None = None
_lock = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_a_fork)


class _Worker:
    """One worker process, started when needed and started again when it was lost."""

    def __init__(self, timeout: float, memory: int) -> None:
        self.timeout = timeout
        self.memory = memory
        self._process: subprocess.Popen[str] | None = None
        self._killed = False

    def start(self) -> "subprocess.Popen[str]":
        """The running process, ready to compare."""
        if self._process and self._process.poll() is None:
            return self._process
        self.end()
        self._process = process = self._spawn()
        if self._killed:
            process.kill()
        said, _late = _reply(process, _START_TIMEOUT)
        if said != "ready":
            self.end()
            raise ThinkcapError(
                f"Answers can't be graded because the grading worker does not start ({said or 'it ended at once'}); "
                "install thinkcap again with its dependencies."
            )
        return process

    def compare(self, answer: str, expected: str) -> Verdict:
        request = json.dumps([answer, expected]) + "\n"
        for _ in range(2):
            process = self.start()
            try:
                requests = cast("IO[str]", process.stdin)
                requests.write(request)
                requests.flush()
            except (OSError, ValueError):  # it was lost between two comparisons: not this answer's fault
                self.end()
            else:
                return self._verdict(process)
        return _verdict("error")

    def kill(self) -> None:
        """End the process from another thread; the thread that waits on it sees the pipe close."""
        self._killed = True
        if process := self._process:
            process.kill()

    def end(self) -> None:
        process, self._process = self._process, None
        if process:
            process.kill()
            with contextlib.suppress(OSError), process:  # closes the pipes and waits
                pass

    def _spawn(self) -> "subprocess.Popen[str]":
        package_root = str(Path(__file__).resolve().parents[2])
        search_path = os.pathsep.join(filter(None, (package_root, os.environ.get("PYTHONPATH"))))
        limits = map(str, (self.timeout, self.timeout * _PATIENCE, self.memory))
        try:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "thinkcap.grading.worker", *limits],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                encoding="utf-8",
                env={**os.environ, "PYTHONPATH": search_path},
                start_new_session=True,  # out of the terminal's foreground group: Ctrl-C does not reach it
            )
        except OSError as error:
            raise ThinkcapError(f"Answers can't be graded: no grading worker can be started ({error}).") from error

    def _verdict(self, process: "subprocess.Popen[str]") -> Verdict:
        said, late = _reply(process, self.timeout * _PATIENCE + _GRACE)
        late = late or (not said and process.wait() in _ENDED_BY_TIMER)
        if late or not said:
            self.end()
        if not said:
            return _verdict("timeout" if late else "error")
        return _verdict("equal" if said == "equal" else "different" if said == "different" else "error")


_Jobs = queue.SimpleQueue[tuple[str, str, "Future[Verdict]"] | None]


def _serve(worker: _Worker, jobs: _Jobs) -> None:
    """One thread a worker: it waits on the pipe so that nobody else has to."""
    with contextlib.suppress(ThinkcapError):
        worker.start()
    while job := jobs.get():
        answer, expected, future = job
        if not future.set_running_or_notify_cancel():
            continue
        try:
            future.set_result(worker.compare(answer, expected))
        except BaseException as error:
            future.set_exception(error)


def _reply(process: "subprocess.Popen[str]", seconds: float) -> tuple[str, bool]:
    """The next line a worker says ("" if it ends first), and whether it was killed because ``seconds`` were over."""
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        process.kill()

    deadline = threading.Timer(seconds, expire)
    deadline.daemon = True
    deadline.start()
    try:
        line = cast("IO[str]", process.stdout).readline()
    except (OSError, ValueError):
        line = ""
    finally:
        deadline.cancel()
        deadline.join()
    return line.removesuffix("\n") if line.endswith("\n") else "", expired.is_set()


def _release(workers: list[_Worker], jobs: _Jobs) -> None:
    for worker in workers:
        worker.kill()
        jobs.put(None)


def _verdict(reason: Reason) -> Verdict:
    return Verdict(reason == "equal", reason)
