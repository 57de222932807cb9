"""Whether two answers are equivalent, for callers with one question at a time."""

import os
import threading

from thinkcap.grading.grader import Grader

_shared: Grader | None = None
_lock = threading.Lock()


def equivalent(answer: str, expected: str) -> bool:
    r"""Whether ``answer`` means what ``expected`` does: ``\frac{1}{2}`` and ``0.5``, ``(B)`` and ``B``.

    Compared by math-verify in a worker process shared by all callers in this one, which is ended after a few seconds:
    an answer that can't be compared in that time is not equivalent. For many answers, or to know why, use `Grader`.

    Raises:
        ThinkcapError: the worker can't be started (a broken installation).
    """
    return shared_grader().grade(answer, expected).correct


def shared_grader() -> Grader:
    """The grader this process shares, with one worker; it starts with the first comparison that needs it."""
    global _shared
    with _lock:
        if _shared is None:
            _shared = Grader()
        return _shared


def _forget_in_a_fork() -> None:
    global _shared, _lock
    _shared, _lock = None, threading.Lock()  # the parent's threads did not come along


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_a_fork)
