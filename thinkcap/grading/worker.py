"""The process that compares answers: a JSON list of two a line in, one word out, until standard input closes.

Started by `thinkcap.grading.grader` as ``python -m thinkcap.grading.worker PROCESSOR_SECONDS CLOCK_SECONDS BYTES``.
What could take the machine down ends here instead: the address space is limited, and a comparison that outlives its
seconds is ended by the kernel's own timer, even if the parent is gone and Python is deep inside one big integer.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
from typing import TextIO

NICENESS = 5
"""Below the process that generates, so that grading takes the cores it leaves."""


def main() -> None:
    processor_seconds, clock_seconds, memory = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    replies = _take_standard_output()
    _limit(memory)
    try:
        importlib.import_module("thinkcap.grading.algebra")  # sympy: before the clock of the first comparison starts
        from thinkcap.grading.equivalence import same
    except Exception as error:
        _say(replies, " ".join(f"{type(error).__name__}: {error}".split()))
        return
    _say(replies, "ready")
    for line in sys.stdin:
        answer, expected = json.loads(line)
        _end_in(processor_seconds, clock_seconds)
        try:
            reply = "equal" if same(answer, expected) else "different"
        except MemoryError:
            _say(replies, "MemoryError")
            return  # what sympy keeps of a comparison that filled the memory is not worth keeping
        except Exception as error:
            reply = type(error).__name__
        _end_in(0, 0)
        _say(replies, reply)


def _take_standard_output() -> TextIO:
    """The pipe to the parent; what libraries print goes nowhere."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return replies


def _limit(memory: int) -> None:
    """Limit this process's memory, core files and share of the processor, if the platform can."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        os.nice(NICENESS)
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _end_in(processor_seconds: float, clock_seconds: float) -> None:
    """End this process after that much processor time, or that much time by the clock. 0 stops the timers.

    Processor time comes first, so that a verdict does not depend on how busy the machine is. The default action of the
    timers' signals, which is to end the process, needs no Python to run.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, processor_seconds)
        signal.setitimer(signal.ITIMER_REAL, clock_seconds)


def _say(replies: TextIO, reply: str) -> None:
    try:
        print(reply, file=replies, flush=True)
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
