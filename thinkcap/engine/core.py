"""The engine's core: takes sequences at any time, runs them in one batch, and gives outcomes to their owners."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from thinkcap.engine.driver import Driver
from thinkcap.engine.generation import Generation
from thinkcap.engine.interrupt import Interrupt
from thinkcap.engine.model import kv_pool
from thinkcap.engine.model.kv_cache import KvCache
from thinkcap.engine.model.kv_pool import KvPlan
from thinkcap.engine.model.llama import Model, free_memory
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.request import Request
from thinkcap.engine.scheduler import Counts, Scheduler
from thinkcap.engine.sequence import Sequence as Running
from thinkcap.engine.turns import Turn, WaitingLine
from thinkcap.errors import ClosedError, ThinkcapError

QUEUE_LIMIT = 10_000
"""Requests that may wait for their turn."""


class QueueFullError(ThinkcapError):
    """Too many requests wait already."""


class Step(NamedTuple):
    """Where a run of many requests is after a step.

    active, waiting   sequences in flight, requests still to come
    sampled, decoded  tokens so far, all sequences together: sampled ones, and all that went through llama.cpp
    seconds           wall-clock seconds since the run began
    decode_seconds    of these, spent in llama.cpp
    """

    active: int
    waiting: int
    sampled: int
    decoded: int
    seconds: float
    decode_seconds: float


class EngineCore:
    """Runs sequences of one model.

    context   KV cells to use, None for as many as the free memory allows
    parallel  sequences in flight at once unless a run says otherwise
    outcome   makes the outcome of a sequence that is over
    """

    def __init__(
        self, model: Model, threads: int, context: int | None, parallel: int, outcome: Callable[[Running], Outcome]
    ) -> None:
        self._model = model
        self._threads = threads
        self._context = context
        self._parallel = parallel
        self._outcome = outcome
        self._scheduler = Scheduler(self._new_cache, self._wanted_shape, model.recurrent)
        self._driver = Driver(self._step, lambda: bool(self._inbox or self._attention or self._scheduler.busy))
        self._inbox: deque[Running] = deque()
        self._attention: deque[Generation] = deque()
        self._owed: dict[Generation, int] = {}  # outcomes that are still to come
        self._steps = 0
        self.closed = False

    def close(self) -> None:
        """Ends what runs, with reason `interrupted`, and frees the model."""
        self.closed = True
        with self._driver.exclusive():
            self._take_inbox()
            self._end(list(self._owed))
            self._scheduler.close()
            if not self._model.caches:
                self._model.close()
        self._driver.stop()

    @property
    def shape(self) -> KvPlan | None:
        """The present KV cache's shape."""
        return self._scheduler.shape

    @property
    def counts(self) -> Counts:
        """What went through it so far."""
        return self._scheduler.counts

    @property
    def idle(self) -> bool:
        """Whether nothing runs and nothing is reserved: every cell and slot is free."""
        return not (self._owed or self._inbox) and self._scheduler.idle

    def send(self, sequence: Running) -> None:
        """Takes a sequence, to be run with the others. Raises ClosedError or QueueFullError."""
        if self.closed:
            raise ClosedError
        if len(self._owed) >= QUEUE_LIMIT:
            raise QueueFullError(f"{QUEUE_LIMIT:,} requests wait already; wait until some have finished.")
        self._owed[sequence.owner] = sequence.outcomes
        self._inbox.append(sequence)
        self._driver.wake()

    def attend(self, generation: Generation) -> None:
        """A generation was cancelled or has to answer: the next step sees to it. Safe at any point, also in the middle
        of a step and while an object is collected."""
        self._attention.append(generation)

    def run_until(self, ready: Callable[[], bool]) -> None:
        """Runs steps, or waits while another thread does, until `ready`."""
        self._driver.run_until(ready)

    def start(self) -> None:
        """Starts a thread that runs the steps."""
        if self.closed:
            raise ClosedError
        self._driver.start()

    def reserve(self, sequences: Sequence[Running], width: int) -> None:
        """Makes a KV cache for sequences like these, `width` at once, unless something is in flight."""
        with self._driver.exclusive():
            if self.closed:
                raise ClosedError
            self._scheduler.reserve(self._shape(sequences, width))

    def run_many(
        self,
        sequences: Sequence[Running],
        width: int,
        on_step: Callable[[Step], None] | None,
        turn: Callable[[Request], Turn],
    ) -> Iterator[Outcome]:
        """Runs sequences, `width` at once, and yields their outcomes as they finish. Ctrl-C ends it between two steps;
        what is in flight is yielded with reason `interrupted`, and so is what has no turn any more."""
        width = min(len(sequences), width)
        self.reserve(sequences, width)
        finished, ended = deque[Outcome](), deque[Generation]()
        line, flying = WaitingLine(sequences, lambda sequence: turn(sequence.request)), set[Generation]()
        began, before, seen = time.perf_counter(), self._scheduler.counts, self._steps

        def news() -> bool:
            nonlocal seen
            if on_step is not None and self._steps != seen:
                seen = self._steps
                on_step(self._progress(len(line), began, before))
            return bool(finished or ended) or interrupt.asked

        with Interrupt() as interrupt:
            try:
                while line or flying:
                    while len(flying) < width and (sequence := line.next()) is not None:
                        flying.add(generation := sequence.owner)
                        generation.on_outcome = finished.append
                        generation.listener = lambda heard: ended.append(heard) if heard.done else None
                        self.send(sequence)
                    finished.extend(map(self._unstarted, line.take_dropped()))
                    if not (flying or finished):
                        return  # everyone waits for the others
                    if flying:
                        self.run_until(news)
                    if interrupt.asked:
                        line.clear()
                        self._cancel(flying)
                        self.run_until(lambda: len(ended) == len(flying))
                    while finished:
                        yield finished.popleft()
                    while ended:
                        flying.remove(generation := ended.popleft())
                        if generation.error is not None:
                            raise generation.error
                        if not (generation.begun or interrupt.asked):  # it was not needed before there was room for it
                            yield from generation.outcomes
                    self._cancel(generation for generation in flying if turn(generation.request) == "never")
            finally:
                self._cancel(flying)

    def _unstarted(self, sequence: Running) -> Outcome:
        """The outcome of a sequence that was not needed before it began: no tokens, reason `interrupted`."""
        sequence.abandon("interrupted")
        return self._outcome(sequence)

    def _progress(self, coming: int, began: float, before: Counts) -> Step:
        now, scheduler = self._scheduler.counts, self._scheduler
        return Step(
            len(scheduler.active),
            len(scheduler.waiting) + coming,
            now.sampled - before.sampled,
            now.decoded - before.decoded,
            time.perf_counter() - began,
            now.decode_seconds - before.decode_seconds,
        )

    def _cancel(self, generations: Iterable[Generation]) -> None:
        for generation in generations:
            generation.cancel()

    # -- in the thread whose turn it is ------------------------------------------------------------------------------

    def _step(self) -> None:
        """Takes what has come, runs one step, and gives outcomes to their owners."""
        self._take_inbox()
        self._see_to_handles()
        try:
            finished = self._scheduler.step()
        except BaseException as error:
            self._recover(error)
            if not isinstance(error, ThinkcapError):
                raise
            return
        finally:
            self._steps += 1
        for sequence in finished:
            self._finish(sequence)
        for sequence in self._scheduler.active:
            if sequence.owner.events:
                sequence.owner.notify()
        if finished:
            self._scheduler.prepare()

    def _take_inbox(self) -> None:
        while self._inbox:
            self._scheduler.waiting.append(self._inbox.popleft())

    def _see_to_handles(self) -> None:
        """Ends what was cancelled, and closes the thoughts that have to answer."""
        while self._attention:
            generation = self._attention.popleft()
            if generation.cancelled:
                self._end({generation})
            else:
                self._scheduler.answer_now(generation)

    def _end(self, generations: Iterable[Generation]) -> None:
        """Ends generations where they are; forks that were still ahead have no outcome."""
        ending = [generation for generation in generations if generation in self._owed]
        for sequence in self._scheduler.drop(set(ending)):
            sequence.owner.finish([self._outcome(sequence)], last=False)
        for generation in ending:
            del self._owed[generation]
            generation.finish((), last=True)

    def _finish(self, sequence: Running) -> None:
        """A sequence is over: its outcome is its owner's, for itself and for the forks it ended before."""
        owner, outcome = sequence.owner, self._outcome(sequence)
        missed = [replace(outcome, budget=fork.request.budget, shared=True) for fork in sequence.forks.missed]
        outcomes = [outcome, *missed]
        owed = self._owed[owner] = self._owed[owner] - len(outcomes)
        if owed <= 0:
            del self._owed[owner]
        owner.finish(outcomes, last=owed <= 0)

    def _recover(self, error: BaseException) -> None:
        """A step failed or was broken off: nothing that was in flight can go on."""
        failed = error if isinstance(error, ThinkcapError) else None
        generations = list(self._owed)
        if failed is not None:
            self._owed.clear()
            self._scheduler.drop(set(generations))
            for generation in generations:
                generation.fail(failed)
        else:
            self._end(generations)
        self._scheduler.close()

    # -- the cache's shape -------------------------------------------------------------------------------------------

    def _new_cache(self, shape: KvPlan) -> KvCache:
        return KvCache(self._model, shape, self._threads)

    def _wanted_shape(self, sequences: Sequence[Running], only_pool: bool) -> KvPlan:
        """The cache for what is in flight and what waits; twice as many if there are several, since more may come."""
        several = list(islice(sequences, max(self._parallel, len(self._scheduler.active) + 1)))
        width = min(self._parallel, 2 * len(several)) if len(several) > 1 else 1
        return self._shape(several, max(width, len(self._scheduler.active) + 1), only_pool)

    def _shape(self, sequences: Sequence[Running], width: int, only_pool: bool = False) -> KvPlan:
        cells = self._context or kv_pool.affordable(self._model.bytes_per_cell, free_memory(self._model.offloaded))
        alone = width == 1 and self._model.batching.min_batch > 1  # it would be rounded in another way than by `solve`
        return kv_pool.plan(sequences, width, cells, only_pool or alone or self._model.recurrent)
