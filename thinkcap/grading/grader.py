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
from functools import cache
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
        self._workers = [_Worker(self._jobs, timeout, memory) for _ in range(workers)]
        self._lock = threading.Lock()
        self._started_workers = self._closed = False
        self._release = weakref.finalize(self, _release, self._workers, self._jobs)

    def warm(self) -> None:
        """Start the workers now, so that their imports are done when the first comparison comes. Returns at once."""
        with self._lock:
            if not self._started_workers and not self._closed:
                self._started_workers = True
                for worker in self._workers:
                    worker.start()

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
        if self._started_workers:
            for _ in self._workers:
                self._jobs.put(None)
            for worker in self._workers:
                worker.join()
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
    return _grader_of(os.getpid())


@cache
def _grader_of(_pid: int) -> Grader:
    """By process, because the parent's threads do not come along into a fork."""
    return Grader()


class _Worker(threading.Thread):
    """One worker process, and the thread that waits on its pipe so that nobody else has to.

    The process starts with the thread, and again when it was lost.
    """

    def __init__(self, jobs: "_Jobs", timeout: float, memory: int) -> None:
        super().__init__(name="thinkcap-grader", daemon=True)
        self._jobs = jobs
        self._timeout = timeout
        self._memory = memory
        self._process: subprocess.Popen[str] | None = None
        self._killed = False

    def run(self) -> None:
        with contextlib.suppress(ThinkcapError):
            self._ready_process()
        while job := self._jobs.get():
            answer, expected, future = job
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(_verdict(self._compare(answer, expected)))
                except BaseException as error:
                    future.set_exception(error)
        self._end()

    def kill(self) -> None:
        """End the process from another thread; the thread that waits on it sees the pipe close."""
        self._killed = True
        if process := self._process:
            process.kill()

    def _compare(self, answer: str, expected: str) -> Reason:
        request = json.dumps([answer, expected]) + "\n"
        for _ in range(2):
            process = self._ready_process()
            try:
                _write(process, request)
            except (OSError, ValueError):  # it was lost between two comparisons: not this answer's fault
                self._end()
                continue
            said, late = _reply(process, self._timeout * _PATIENCE + _GRACE)
            late = late or (not said and process.wait() in _ENDED_BY_TIMER)
            if late or not said:
                self._end()
            if not said:
                return "timeout" if late else "error"
            return "equal" if said == "equal" else "different" if said == "different" else "error"
        return "error"

    def _ready_process(self) -> "subprocess.Popen[str]":
        if self._process and self._process.poll() is None:
            return self._process
        self._end()
        self._process = process = self._spawn()
        if self._killed:
            process.kill()
        said, _late = _reply(process, _START_TIMEOUT)
        if said != "ready":
            self._end()
            raise ThinkcapError(
                f"Answers can't be graded because the grading worker does not start ({said or 'it ended at once'}); "
                "install thinkcap again with its dependencies."
            )
        return process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process:
            process.kill()
            with contextlib.suppress(OSError), process:  # closes the pipes and waits
                pass

    def _spawn(self) -> "subprocess.Popen[str]":
        package_root = str(Path(__file__).resolve().parents[2])
        search_path = os.pathsep.join(filter(None, (package_root, os.environ.get("PYTHONPATH"))))
        limits = map(str, (self._timeout, self._timeout * _PATIENCE, self._memory))
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


_Jobs = queue.SimpleQueue[tuple[str, str, "Future[Verdict]"] | None]


def _write(process: "subprocess.Popen[str]", request: str) -> None:
    requests = cast("IO[str]", process.stdin)
    requests.write(request)
    requests.flush()


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
