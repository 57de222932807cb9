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
from typing import IO, Literal

from thinkcap.errors import ThinkcapError
from thinkcap.grading.compare import quick

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

    ``reason`` is ``equal`` or ``different`` where a comparison was made, ``timeout`` or ``error`` where it took too
    long or broke down (too much memory, say), ``no answer`` where there was nothing to compare.
    """

    correct: bool
    reason: Reason


EQUAL = Verdict(True, "equal")
DIFFERENT = Verdict(False, "different")
TIMED_OUT = Verdict(False, "timeout")
ERROR = Verdict(False, "error")
NO_ANSWER = Verdict(False, "no answer")


class Grader:
    """Compares answers in worker processes, beside whatever the calling process does.

    Plain cases (the same spelling, numbers, choices, words) are settled at once without a worker. A worker that takes
    too long or too much memory is killed and the next comparison gets a fresh one. Workers start when first needed, or
    with `warm`; they leave Ctrl-C to the caller and end with it, however it ends.

    Args:
        workers: processes that compare at the same time.
        timeout: seconds of processor time one comparison may take (and four times as many by the clock).
        memory: bytes of address space a worker may have (where the platform can limit it).
    """

    def __init__(self, workers: int = 1, timeout: float = TIMEOUT, memory: int = MEMORY) -> None:
        if workers < 1:
            raise ValueError(f"a grader needs at least one worker, not {workers}")
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
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

        The future raises `ThinkcapError` where workers can't run at all (a broken installation).
        """
        future: Future[Verdict] = Future()
        if answer is None or not answer.strip():
            future.set_result(NO_ANSWER)
        elif (settled := quick(answer, expected)) is not None:
            future.set_result(EQUAL if settled else DIFFERENT)
        elif self._closed:
            raise ThinkcapError("This grader is closed; open a new one to grade more answers.")
        else:
            self._jobs.put(_Job(answer, expected, future))
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
                    job.future.cancel()
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


@dataclass(frozen=True)
class _Job:
    answer: str
    expected: str
    future: "Future[Verdict]"


def _serve(worker: "_Worker", jobs: "queue.SimpleQueue[_Job | None]") -> None:
    """One thread a worker: it waits on the pipe so that nobody else has to."""
    with contextlib.suppress(ThinkcapError):
        worker.start()
    while job := jobs.get():
        if not job.future.set_running_or_notify_cancel():
            continue
        try:
            job.future.set_result(worker.compare(job.answer, job.expected))
        except BaseException as error:
            job.future.set_exception(error)


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
        ready, _late = self._reply(process, _START_TIMEOUT)
        if not ready or not ready.get("ready"):
            self.end()
            why = ready.get("error") if ready else "it ended while starting"
            raise ThinkcapError(
                f"Answers can't be graded because the grading worker does not start ({why}); "
                "install thinkcap again with its dependencies."
            )
        return process

    def compare(self, answer: str, expected: str) -> Verdict:
        request = json.dumps({"answer": answer, "expected": expected}) + "\n"
        for _ in range(2):
            process = self.start()
            try:
                _pipe(process.stdin).write(request)
                _pipe(process.stdin).flush()
            except (OSError, ValueError):  # it was lost between two comparisons: not this answer's fault
                self.end()
                continue
            return self._verdict(process)
        return ERROR

    def kill(self) -> None:
        """End the process from another thread; the thread that waits on it sees the pipe close."""
        self._killed = True
        if process := self._process:
            process.kill()

    def end(self) -> None:
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    _pipe(pipe).close()

    def _spawn(self) -> "subprocess.Popen[str]":
        package_root = str(Path(__file__).resolve().parents[2])
        search_path = os.pathsep.join(filter(None, (package_root, os.environ.get("PYTHONPATH"))))
        limits = map(str, (self.timeout, self.timeout * _PATIENCE, self.memory))
        command = [sys.executable, "-P", "-m", "thinkcap.grading.worker", *limits]
        try:
            return subprocess.Popen(
                command,
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
        reply, late = self._reply(process, self.timeout * _PATIENCE + _GRACE)
        if reply is None:
            late = process.wait() in _ENDED_BY_TIMER or late
            self.end()
            return TIMED_OUT if late else ERROR
        if late:
            self.end()
        if "error" in reply:
            return ERROR
        return EQUAL if reply.get("equal") else DIFFERENT

    def _reply(self, process: "subprocess.Popen[str]", seconds: float) -> tuple[dict[str, object] | None, bool]:
        """The next line the process says (None where it ended first), and whether it was killed after ``seconds``."""
        settled = threading.Lock()  # held for good by whichever comes first, the reply or the deadline
        expired = threading.Event()

        def expire() -> None:
            if settled.acquire(blocking=False):
                expired.set()
                process.kill()

        deadline = threading.Timer(seconds, expire)
        deadline.daemon = True
        deadline.start()
        try:
            line = _pipe(process.stdout).readline()
            return (dict(json.loads(line)) if line.endswith("\n") else None), not settled.acquire(blocking=False)
        except (OSError, ValueError):
            return None, expired.is_set()
        finally:
            deadline.cancel()


def _release(workers: list[_Worker], jobs: "queue.SimpleQueue[_Job | None]") -> None:
    for worker in workers:
        worker.kill()
        jobs.put(None)


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream
