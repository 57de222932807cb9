"""The process that compares answers: one JSON object a line in, one out, until standard input closes.

Started by `thinkcap.grading.grader` as ``python -m thinkcap.grading.worker PROCESSOR_SECONDS CLOCK_SECONDS BYTES``.
What could take the machine down ends here instead: the address space is limited, and a comparison that outlives its
seconds is ended by the kernel's own timer, even where the parent is gone and Python is deep inside one big integer.
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
    replies = _own_standard_output()
    _lower(memory)
    try:
        importlib.import_module("thinkcap.grading.formulas")  # sympy: before the clock of the first comparison starts
        from thinkcap.grading.compare import same
    except Exception as error:
        _say(replies, {"ready": False, "error": f"{type(error).__name__}: {error}"})
        return
    _say(replies, {"ready": True})
    for line in sys.stdin:
        request = json.loads(line)
        _end_in(processor_seconds, clock_seconds)
        try:
            reply: dict[str, object] = {"equal": same(request["answer"], request["expected"])}
        except MemoryError:
            _say(replies, {"error": "MemoryError"})
            return  # what sympy keeps of a comparison that filled the memory is not worth keeping
        except Exception as error:
            reply = {"error": type(error).__name__}
        _end_in(0, 0)
        _say(replies, reply)


def _own_standard_output() -> TextIO:
    """The pipe to the parent; what libraries print goes nowhere."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return replies


def _lower(memory: int) -> None:
    """Limit this process's memory, core files and share of the processor, where the platform can."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        os.nice(NICENESS)
    with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _end_in(processor_seconds: float, clock_seconds: float) -> None:
    """End this process after so much processor time, or so much time by the clock (0: never mind).

    Processor time first, so that a verdict does not depend on how busy the machine is. The default action of the
    timers' signals, which is to end the process, needs no Python to run.
    """
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, processor_seconds)
        signal.setitimer(signal.ITIMER_REAL, clock_seconds)


def _say(replies: TextIO, reply: dict[str, object]) -> None:
    try:
        print(json.dumps(reply), file=replies, flush=True)
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
