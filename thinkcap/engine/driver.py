"""Who runs the steps: whoever waits for a result runs them for everybody.

A caller that waits is the driver, and the others wait beside it; when it has what it wants, one of them takes over. So
a program with one thread runs in that thread, a suspended stream costs nothing, and Ctrl-C is seen between steps. A
server, whose callers do not wait, starts one thread that does nothing but drive.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident

from thinkcap.errors import ThinkcapError

_POLL = 0.1
"""Seconds after which a waiting caller looks at its own condition again, which a Ctrl-C may have changed."""


class Driver:
    """Gives the turn to one thread at a time.

    step  runs one step
    busy  whether there is anything to run
    """

    def __init__(self, step: Callable[[], None], busy: Callable[[], bool]) -> None:
        self._step = step
        self._busy = busy
        self._turn = threading.Condition()
        self._driving: int | None = None  # the thread whose turn it is
        self._waiting = self._claims = 0
        self._thread: threading.Thread | None = None
        self._stopped = False

    def run_until(self, ready: Callable[[], bool]) -> None:
        """Runs steps until `ready`, or waits while another thread does."""
        while not ready():
            if self._take_turn(ready):
                try:
                    while not ready() and not self._claims:
                        self._step()
                        if self._waiting:
                            self.wake()
                finally:
                    self._give_turn()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """No step runs while it is entered. Raises ThinkcapError if it is entered from within a step."""
        if self._driving == get_ident():
            raise ThinkcapError("This can't be done from within a step of the engine; do it after the step.")
        with self._turn:
            self._claims += 1
            try:
                while self._driving is not None:
                    self._turn.wait()
                self._driving = get_ident()
            finally:
                self._claims -= 1
        try:
            yield
        finally:
            self._give_turn()

    def start(self) -> None:
        """Starts a thread that runs steps whenever there is something to run."""
        with self._turn:
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._drive, name="thinkcap engine", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Ends that thread."""
        self._stopped = True
        self.wake()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def wake(self) -> None:
        """Lets everybody who waits look again."""
        with self._turn:
            self._turn.notify_all()

    def _take_turn(self, ready: Callable[[], bool]) -> bool:
        """Waits for the turn. Returns whether this thread has it; not if it is `ready` before."""
        if self._driving == get_ident():
            raise ThinkcapError("A step of the engine can't wait for another; wait for the result after the step.")
        with self._turn:
            self._waiting += 1
            try:
                while (self._driving is not None or self._claims) and not ready():
                    self._turn.wait(_POLL)
            finally:
                self._waiting -= 1
            if ready():
                return False
            self._driving = get_ident()
            return True

    def _give_turn(self) -> None:
        with self._turn:
            self._driving = None
            self._turn.notify_all()

    def _drive(self) -> None:
        while not self._stopped:
            with self._turn:
                while not (self._busy() or self._stopped):
                    self._turn.wait()
            try:
                self.run_until(lambda: self._stopped or not self._busy())
            except Exception as error:  # what was in flight has ended; what comes next must not wait for ever
                arguments = (type(error), error, error.__traceback__, threading.current_thread())
                threading.excepthook(threading.ExceptHookArgs(arguments))
