"""A generation: the handle of a request that was submitted."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Literal

from thinkcap.engine.events import Closed, Event, Finished, ForkFinished
from thinkcap.engine.interrupt import Interrupt
from thinkcap.engine.outcome import Outcome
from thinkcap.errors import ThinkcapError

if TYPE_CHECKING:
    from thinkcap.engine.core import EngineCore
    from thinkcap.engine.request import Request


class Generation:
    """A request in an engine. Iterate over it for its events, which end with `Finished`; or wait for its `result`.

    Whoever waits runs the engine's steps meanwhile, for all requests. It may be read from any thread, by one at a time.

    request        what was asked for
    outcomes       what has finished so far: one for each fork and answer, in the order in which they finish
    cached_tokens  tokens of its prompt that were in the KV cache already, from a request that began alike
    error          why it failed, None if it did not
    """

    def __init__(self, core: EngineCore, request: Request, *, keeps_prompt: bool = True) -> None:
        self.request = request
        self.outcomes: list[Outcome] = []
        self.cached_tokens = 0
        self.error: ThinkcapError | None = None
        self.answers_now = False
        self.keeps_prompt = keeps_prompt
        self.on_outcome: Callable[[Outcome], None] | None = None
        """Called with each outcome of what had begun, in the thread that runs the steps."""
        self.listener: Callable[[Generation], object] | None = None
        """Called in the thread that runs the steps whenever there is news. It must return at once."""
        self.events: deque[Event] = deque()
        """Events that nobody has read yet."""
        self.cancelled = False
        self._core = core
        self._begun = self._done = False

    def __repr__(self) -> str:
        return f"<Generation {self.request.id}: {self.state}>"

    @property
    def state(self) -> Literal["waiting", "running", "finished", "failed"]:
        """`waiting` for its turn, `running`, `finished` (also if it was cancelled), or `failed`."""
        if self.error is not None:
            return "failed"
        if self._done:
            return "finished"
        return "running" if self._begun else "waiting"

    @property
    def begun(self) -> bool:
        """Whether there was room for it, so that it has run."""
        return self._begun

    @property
    def done(self) -> bool:
        """Whether it has finished or failed."""
        return self._done

    def __iter__(self) -> Iterator[Event]:
        """Its events as they happen. Raises ThinkcapError if it fails."""
        while True:
            self._core.run_until(lambda: bool(self.events) or self._done)
            while self.events:
                yield self.events.popleft()
            if self._done:
                self._raise()
                return

    def stream(self, *, answer_first: bool = False) -> Generator[Event, None, None]:
        """The same, but dropping the iterator, or Ctrl-C, ends the generation.

        answer_first  whether Ctrl-C in a thought makes the model answer now, and only the next one ends it
        """
        try:
            with Interrupt(self.answer_now if answer_first else None) as interrupt:
                while not self._done or self.events:
                    self._core.run_until(
                        lambda: bool(self.events) or self._done or (interrupt.asked and not self.cancelled)
                    )
                    if interrupt.asked:
                        self.cancel()
                        self._core.run_until(lambda: self._done)
                    while self.events:
                        event = self.events.popleft()
                        if isinstance(event, Closed):
                            interrupt.first = None
                        yield event
            self._raise()
        finally:
            self.cancel()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """The same in an event loop; the engine's own thread runs the steps. Leaving the loop early cancels it."""
        import asyncio  # with TLS and all, which costs a program that needs no event loop a tenth of its start-up

        loop, news = asyncio.get_running_loop(), asyncio.Event()
        self.listener = lambda _: loop.call_soon_threadsafe(news.set)
        self._core.start()
        try:
            while True:
                done = self._done
                while self.events:
                    yield self.events.popleft()
                if done:
                    self._raise()
                    return
                await news.wait()
                news.clear()
        finally:
            self.listener = None
            self.cancel()

    def result(self) -> Outcome:
        """Waits for the outcome; a cancelled generation has a partial one, with reason `interrupted`. Of a request with
        forks, it is that of the largest budget. Raises ThinkcapError if it fails."""
        self._core.run_until(lambda: self._done)
        self._raise()
        return self._main()

    async def aresult(self) -> Outcome:
        """The same in an event loop."""
        async for _ in self:
            pass
        return self._main()

    def cancel(self) -> None:
        """Ends it where it is, with reason `interrupted`; its cells are free after the next step."""
        if not (self.cancelled or self._done):
            self.cancelled = True
            self._core.attend(self)

    def answer_now(self) -> None:
        """Closes the thought with its next token, with reason `interrupted`, and lets the model answer."""
        if not (self.answers_now or self._done):
            self.answers_now = True
            self._core.attend(self)

    # -- for the engine ----------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """It is admitted."""
        self._begun = True

    def finish(self, outcomes: Iterable[Outcome], last: bool) -> None:
        """Takes outcomes; `last` says that there are no more."""
        for outcome in outcomes:
            self.outcomes.append(outcome)
            if not self._is_main(outcome):
                self.events.append(ForkFinished(outcome))
            if self.on_outcome is not None and self._begun:
                self.on_outcome(outcome)
        if last:
            self.events.append(Finished(self._main()))
            self._end()

    def notify(self) -> None:
        """Calls the listener. One that fails, since its event loop is closed or the like, ends its generation."""
        if self.listener is not None:
            try:
                self.listener(self)
            except Exception:
                self.listener = None
                self.cancel()

    def fail(self, error: ThinkcapError) -> None:
        """It cannot go on."""
        self.error = error
        self._end()

    def _end(self) -> None:
        self._done = True
        self.notify()

    def _is_main(self, outcome: Outcome) -> bool:
        return outcome.budget == self.request.budget and outcome.answer_index == self.request.answer_index

    def _main(self) -> Outcome:
        """The outcome of the request itself; if it was ended before, what there is."""
        return next(filter(self._is_main, self.outcomes), self.outcomes[-1])

    def _raise(self) -> None:
        if self.error is not None:
            raise self.error
