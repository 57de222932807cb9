"""Between the engine's thread and the event loop: submits what clients ask for, and brings them the news.

The engine calls a generation's listener after every step. Waking the loop each time would cost more than a step of a
small model, so an exchange wakes it at once for its first news, then at most every `PACE` seconds, and at the end.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence

from thinkcap.engine.core import QueueFullError
from thinkcap.engine.engine import Engine
from thinkcap.engine.events import Event
from thinkcap.engine.generation import Generation
from thinkcap.engine.request import Request
from thinkcap.errors import ThinkcapError

PACE = 0.02
"""Seconds between two pieces of a stream at least."""

MAX_OPEN = 512
"""Generations that run or wait at most; more are refused with 429."""

LONG_TEXT = 20_000
"""Characters from which on a prompt is tokenised beside the event loop."""


class Dispatcher:
    """Runs exchanges on an engine. Belongs to one event loop.

    open       generations that run or wait
    exchanges  what is being followed, by id
    """

    def __init__(self, engine: Engine, max_open: int = MAX_OPEN) -> None:
        self.engine = engine
        self.open = 0
        self.exchanges: dict[str, Exchange] = {}
        self._max_open = max_open
        self._loop = asyncio.get_running_loop()
        self._called: deque[Exchange] = deque()
        self._awake = False

    async def exchange(
        self, submit: Callable[[], Sequence[Generation]], count: int, characters: int, live: bool
    ) -> Exchange:
        """Submits generations and returns their exchange, to be closed by the caller.

        submit      submits them to the engine
        count       how many they are going to be
        characters  how much text they have to read
        live        whether news are wanted as they come, or at the end

        Raises QueueFullError if there are too many already, and what `submit` raises.
        """
        if self.open + count > self._max_open:
            raise QueueFullError(f"{self.open:,} requests run or wait already; try again in a moment.")
        self.open += count
        try:
            if characters < LONG_TEXT:
                generations = submit()
            else:
                generations = await self._submit_beside(submit)
        except BaseException:
            self.open -= count
            raise
        return Exchange(self, generations, count, live)

    async def _submit_beside(self, submit: Callable[[], Sequence[Generation]]) -> Sequence[Generation]:
        """Submits in another thread. What a client that has gone had asked for is cancelled."""
        submitting = asyncio.ensure_future(asyncio.to_thread(submit))
        try:
            return await asyncio.shield(submitting)
        except asyncio.CancelledError:
            submitting.add_done_callback(_cancel_all)
            raise

    def call(self, exchange: Exchange) -> None:
        """Wakes the loop for an exchange. Called in the engine's thread."""
        self._called.append(exchange)
        if not self._awake:
            self._awake = True
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._awake = False
        while self._called:
            self._called.popleft().news.set()


class Exchange:
    """One client's generations. Iterate over it for their events, and close it.

    id           what its client may call it by; nobody else can guess it
    generations  in the order in which they were asked for
    news         set when there is something to read
    """

    def __init__(self, dispatcher: Dispatcher, generations: Sequence[Generation], count: int, live: bool) -> None:
        self.id = secrets.token_urlsafe(12)
        self.generations = generations
        self.news = asyncio.Event()
        self._dispatcher = dispatcher
        self._count = count
        self._live = live
        self._due = 0.0
        dispatcher.exchanges[self.id] = self
        for generation in generations:
            generation.listener = self._hear
        if any(generation.done for generation in generations):
            self.news.set()  # no listener will hear of it

    def close(self) -> None:
        """Cancels what still runs. To be called once, however the exchange ends."""
        self._dispatcher.exchanges.pop(self.id, None)
        for generation in self.generations:
            generation.listener = None
            generation.cancel()
        self._dispatcher.open -= self._count

    async def __aiter__(self) -> AsyncGenerator[tuple[int, list[Event]]]:
        """The events of each generation, by its number, as many as there are at a time. Raises ThinkcapError if one
        fails."""
        running = dict(enumerate(self.generations))
        while running:
            await self.news.wait()
            self.news.clear()
            for index, generation in list(running.items()):
                done = generation.done
                events = list[Event]()
                while generation.events:
                    events.append(generation.events.popleft())
                if events:
                    yield index, events
                if done:
                    del running[index]
                    if generation.error is not None:
                        raise generation.error

    def _hear(self, generation: Generation) -> None:
        """In the engine's thread: there is news of a generation."""
        if not generation.done:
            now = time.monotonic()
            if not self._live or now < self._due:
                return
            self._due = now + PACE
        self._dispatcher.call(self)


def submit_all(engine: Engine, requests: Iterable[Request]) -> list[Generation]:
    """Submits all of some requests or none. Raises what `Engine.submit` raises."""
    generations: list[Generation] = []
    try:
        for request in requests:
            generations.append(engine.submit(request))
    except ThinkcapError:
        for generation in generations:
            generation.cancel()
        raise
    return generations


def _cancel_all(submitting: asyncio.Future[Sequence[Generation]]) -> None:
    if not submitting.cancelled() and submitting.exception() is None:
        for generation in submitting.result():
            generation.cancel()
