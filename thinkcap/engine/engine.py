"""The engine: a loaded model that solves problems under a budget, for as long as it is open."""

from __future__ import annotations

import atexit
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Self, Unpack

from thinkcap.engine.budget import Budget
from thinkcap.engine.core import EngineCore, Step
from thinkcap.engine.events import Event
from thinkcap.engine.generation import Generation
from thinkcap.engine.interrupt import Interrupt
from thinkcap.engine.model.llama import Model
from thinkcap.engine.model.threads import suitable
from thinkcap.engine.more import is_known, more_request
from thinkcap.engine.outcome import Failure, Outcome
from thinkcap.engine.profile import Profile
from thinkcap.engine.request import Problem, Request, resolve, resolve_sweep
from thinkcap.engine.scheduler import Counts
from thinkcap.engine.sequence_factory import SequenceFactory
from thinkcap.engine.settings import FROM_ENTRY, Options
from thinkcap.engine.turns import Turn
from thinkcap.errors import ClosedError, UsageError

PARALLEL = 16
"""Sequences in flight at once by default: on two cores 16 take 5.5 times one's step, while 2 take 2."""


class Engine:
    """A loaded model. Make one with `thinkcap.load`; use it in a `with` statement, or `close` it.

    `solve` gives one outcome, `stream` shows it while it happens, `more` thinks on, `solve_many` runs many problems
    side by side, `sweep` answers one under many budgets. `submit` takes a request at any time and returns its handle.
    All may be called from several threads at once, and run in one batch.

    model         weights and vocabulary
    profile       the model's entry: prompt text, defaults
    threads       threads that decode
    parallel      sequences in flight at once unless a run says otherwise
    load_seconds  how long the model took to load
    markers       the texts around its thought
    longest       tokens that one generation can hold at most, its prompt included
    answer_reserve  tokens that an answer which thinkcap begins can take beyond the solution budget

    Raises ThinkcapError for a model whose thought has no markers.
    """

    def __init__(
        self,
        model: Model,
        profile: Profile,
        *,
        threads: int | None = None,
        context: int | None = None,
        parallel: int | None = None,
        read_answer: Callable[[str], str | None] = lambda solution: None,
        load_seconds: float = 0.0,
        file_sha256: str = "",
    ) -> None:
        """See `thinkcap.load`. `read_answer` reads the answer out of a solution; `file_sha256` hashes the file."""
        if threads is not None and threads < 1:
            raise UsageError(f"The number of threads must be at least 1, not {threads}.")
        if context is not None and context < 1:
            raise UsageError(f"The context must be at least 1 token, not {context}.")
        self.model = model
        self.profile = profile
        self.threads = threads or suitable(model.size)
        self.parallel = parallel or PARALLEL
        self.load_seconds = load_seconds
        self._factory = SequenceFactory(model, profile, context, read_answer, load_seconds, file_sha256)
        self.markers = self._factory.markers
        self.longest = self._factory.longest
        self.answer_reserve = self._factory.answer_reserve
        self._core = EngineCore(model, self.threads, context, self.parallel, self._factory.outcome)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self.threads} threads"
        return f"<Engine {self.profile.name} {self.profile.quant}: {state}>"

    def close(self) -> None:
        """Ends what runs, with reason `interrupted`, and frees the model. Requests raise ClosedError from then on."""
        self._core.close()

    @property
    def model_sha256(self) -> str:
        """SHA-256, in hex, of the model file's first mebibyte."""
        return self.model.sha256

    @property
    def closed(self) -> bool:
        return self._core.closed

    @property
    def idle(self) -> bool:
        """Whether nothing runs, and every cell and slot of the KV cache is free."""
        return self._core.idle

    @property
    def counts(self) -> Counts:
        """Tokens that went through the engine so far."""
        return self._core.counts

    @property
    def cache_bytes(self) -> int:
        """Memory of the KV cache as it is now."""
        shape = self._core.shape
        return shape.cells * self.model.bytes_per_cell if shape is not None else 0

    # -- requests ----------------------------------------------------------------------------------------------------

    def request(
        self, problem: Problem, budget: Budget | int | None = FROM_ENTRY, **options: Unpack[Options]
    ) -> Request:
        """A request with every choice made.

        problem  a text, or a conversation: messages with a role and a content, the last one the user's
        budget   a Budget, or its thinking tokens alone; None is as many as the context holds
        options  see `thinkcap.Options`; what is not given comes from the model's entry

        Raises UsageError for what makes no sense.
        """
        return resolve(self.profile, problem, budget, **options)

    def sweep_requests(
        self, problem: Problem, budgets: Iterable[int | None], **options: Unpack[Options]
    ) -> list[Request]:
        """The fewest requests that answer a problem under every budget: one that forks, if the prompt doesn't state
        its budget. Raises UsageError for what makes no sense."""
        return resolve_sweep(self.profile, problem, budgets, **options)

    def submit(
        self, problem: Problem | Request, budget: Budget | int | None = FROM_ENTRY, **options: Unpack[Options]
    ) -> Generation:
        """Takes a request, to be run together with all others, and returns its handle at once.

        Arguments as for `request`, or a ready request. Raises UsageError for what makes no sense or does not fit the
        context, QueueFullError if too many requests wait, ClosedError if the engine is closed.
        """
        generation = Generation(self._core, self._ready(problem, budget, options))
        self._core.send(self._factory.make(generation, generation.events))
        return generation

    def stream(
        self, problem: Problem | Request, budget: Budget | int | None = FROM_ENTRY, **options: Unpack[Options]
    ) -> Generator[Event, None, None]:
        """Solves one problem and yields what happens while it happens; the last event is `Finished`.

        Arguments and errors as for `submit`. Ctrl-C, or dropping the stream, ends the generation between two steps.
        """
        return self.submit(problem, budget, **options).stream()

    def solve(
        self, problem: Problem | Request, budget: Budget | int | None = FROM_ENTRY, **options: Unpack[Options]
    ) -> Outcome:
        """Solves one problem. Arguments and errors as for `submit`.

        >>> engine.solve("What is 384 + 297 + 581?", thinkcap.Budget(thinking=256), temperature=0.6).answer
        """
        generation = Generation(self._core, self._ready(problem, budget, options))
        self._core.send(self._factory.make(generation))
        with Interrupt() as interrupt:
            self._core.run_until(lambda: generation.done or interrupt.asked)
        if interrupt.asked:
            generation.cancel()
        return generation.result()

    def more(self, outcome: Outcome, budget: int | None) -> Outcome:
        """What `solve` gives with a larger thinking budget (None is no limit) and the same seed, for the price of what
        is more: the thought goes on from where it was cut.

        >>> engine.more(engine.solve("What is 48 * 36?", 64), 256).answer

        A model whose prompt states the budget starts anew. `Outcome.resumed_tokens` says how many thinking tokens were
        taken over. Raises UsageError for an outcome of another model file, or a budget that is used up.
        """
        request = self.more_request(outcome, budget)
        if is_known(request):
            return replace(outcome, budget=request.budget, request=request, shared=True)
        return self.solve(request)

    def more_request(self, outcome: Outcome, budget: int | None) -> Request:
        """The request for that, to be run by `stream`, `submit` or `solve_many`. A stream begins where the thought was
        cut. Errors as for `more`."""
        if outcome.model_sha256 != self.model_sha256:
            raise UsageError(
                f"The outcome is of another model file, {outcome.model} {outcome.quant}; go on with the file it is of."
            )
        return more_request(self.profile, outcome, budget)

    def solve_many(
        self,
        problems: Iterable[Problem | Request],
        budget: Budget | int | None = FROM_ENTRY,
        *,
        parallel: int | None = None,
        on_step: Callable[[Step], None] | None = None,
        turn: Callable[[Request], Turn] | None = None,
        **options: Unpack[Options],
    ) -> Iterator[Outcome | Failure]:
        """Runs problems or requests side by side. Yields each one's outcomes as they finish, or why it can't be run.

        parallel  how many at once; None chooses
        on_step   called after every step
        turn      says whether a request may start `now`, waits for the outcomes of others (`later`), or is not needed
                  (`never`). It is asked again after each outcome. What is not needed is ended or not begun, and its
                  outcome has the reason `interrupted`

        Other arguments as for `submit`. Ctrl-C ends it between two steps; what is in flight is yielded with reason
        `interrupted`. Raises UsageError, when called, for what makes no sense.
        """
        if parallel is not None and parallel < 1:
            raise UsageError(f"At least 1 must run at once, not {parallel}.")
        requests = [self._ready(problem, budget, options) for problem in problems]
        if self.closed:
            raise ClosedError
        return self._run(requests, parallel or self.parallel, on_step, turn)

    def sweep(
        self, problem: Problem, budgets: Iterable[int | None], *, samples: int = 1, **options: Unpack[Options]
    ) -> Iterator[Outcome]:
        """Solves a problem under many budgets for little more than the price of the largest: the thought forks at each
        budget, and the fork is closed and answered while the thought goes on.

        budgets  thinking tokens; None is as many as the context holds
        samples  thoughts, each with all its forks

        Yields an outcome for each budget and sample, as they finish: what `solve` gives with that budget, sample and
        seed. Budgets that the thought did not reach are marked `shared`. Errors as for `submit`.
        """
        requests = self.sweep_requests(problem, budgets, **options)
        results = self.solve_many([each.with_sample(sample) for sample in range(samples) for each in requests])
        return map(_outcome_or_raise, results)

    def start(self) -> None:
        """Runs what is submitted in a thread of the engine's, instead of in those that wait for results. For programs
        that do not wait: servers and event loops."""
        self._core.start()
        atexit.register(_close_at_exit, weakref.ref(self))

    def reserve(self, problem: Problem | Request, parallel: int | None = None) -> None:
        """Makes room in advance for `parallel` requests like this one, so that the cache need not grow later."""
        parallel = parallel or self.parallel
        sequence = self._factory.make(Generation(self._core, self._ready(problem, FROM_ENTRY, {})))
        self._core.reserve([sequence] * parallel, parallel)

    def _ready(self, problem: Problem | Request, budget: Budget | int | None, options: Options) -> Request:
        """The request, made if it is not ready."""
        if not isinstance(problem, Request):
            return self.request(problem, budget, **options)
        if budget is not FROM_ENTRY or options:
            raise UsageError("A ready request has its budget and options already; use dataclasses.replace on it.")
        return problem

    def _run(
        self,
        requests: list[Request],
        parallel: int,
        on_step: Callable[[Step], None] | None,
        turn: Callable[[Request], Turn] | None,
    ) -> Iterator[Outcome | Failure]:
        sequences = []
        for request in requests:
            try:
                # What waits for others may begin when none with its prompt is left to share it with.
                generation = Generation(self._core, request, keeps_prompt=turn is not None)
                sequences.append(self._factory.make(generation))
            except UsageError as error:
                yield Failure(request, error)
        if sequences:
            yield from self._core.run_many(sequences, parallel, on_step, turn or (lambda request: "now"))


def _outcome_or_raise(result: Outcome | Failure) -> Outcome:
    if isinstance(result, Failure):
        raise result.error
    return result


def _close_at_exit(engine: weakref.ref[Engine]) -> None:
    """A thread must not be in llama.cpp when the interpreter ends."""
    if (still := engine()) is not None:
        still.close()
