"""The engine: a loaded model that solves problems under a budget."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Unpack

import thinkcap
from thinkcap.engine.budget import StopReason
from thinkcap.engine.events import Event, Finished
from thinkcap.engine.interrupt import Interrupt
from thinkcap.engine.model import kv_pool
from thinkcap.engine.model.llama import Context, Model
from thinkcap.engine.model.threads import suitable
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.profile import Profile
from thinkcap.engine.prompt import markers
from thinkcap.engine.prompt.prompter import Prompter
from thinkcap.engine.prompt.template import ChatTemplate
from thinkcap.engine.request import DEFAULT, BudgetLike, Options, Request, resolve, resolve_sweep
from thinkcap.engine.scheduler import Scheduler
from thinkcap.engine.sequence import Fork, Probe, Sequence
from thinkcap.engine.thought import Marker, Rules
from thinkcap.errors import ThinkcapError, UsageError

UNBOUNDED_CONTEXT = 32_768
"""Tokens of context for thoughts without a budget, where nobody says more: what E1's authors gave theirs."""

WIDTH = 16
"""Sequences in flight at once by default: on two cores 16 take 5.5 times one's step, while 2 take 2."""

WAIT = "Wait"
"""What goes on in the place of a close that came too early (s1, arXiv 2501.19393)."""

HEAD_BYTES = 1 << 20
"""How much of a model file its hash covers: enough to tell models apart, quick to read."""


class DoesNotFitError(UsageError):
    """A problem and its budget do not fit the context."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that could not be run, and why."""

    request: Request
    error: ThinkcapError


class Step(NamedTuple):
    """How a run of many stands after a step.

    active, waiting   sequences in flight and still to come
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


class Engine:
    """A loaded model. Make one with `thinkcap.load`; use it as a context manager, or `close` it.

    model         weights and vocabulary
    profile       the model's entry: prompt text, defaults
    threads       threads to decode with, None for the physical cores or what of them suits a small model
    context       KV cells to use, None for as many as each run needs
    width         sequences in flight at once where a run does not say
    read_answer   reads the answer out of a solution
    load_seconds  how long the model took to load

    Raises ThinkcapError for a model whose thought has no markers.
    """

    def __init__(
        self,
        model: Model,
        profile: Profile,
        *,
        threads: int | None = None,
        context: int | None = None,
        width: int | None = None,
        read_answer: Callable[[str], str | None] = lambda solution: None,
        load_seconds: float = 0.0,
    ) -> None:
        if threads is not None and threads < 1:
            raise UsageError(f"The number of threads must be at least 1, not {threads}.")
        if context is not None and context < 1:
            raise UsageError(f"The context must be at least 1 token, not {context}.")
        self.profile = profile
        self.width = width or WIDTH
        self.threads = threads or suitable(model.size)
        self.load_seconds = load_seconds
        self.model = model
        self._read_answer = read_answer
        self._asked_context = context
        self._context: Context | None = None
        template = (
            ChatTemplate(model.chat_template, model.token_text(model.bos), model.eos_text())
            if model.chat_template
            else None
        )
        found = markers.find(template, model.special_tokens, profile.think_start, profile.think_end)
        if found is None:
            raise ThinkcapError(
                f"{profile.name} has no thinking marker in its template or vocabulary, so it has no thought to budget; "
                "choose a reasoning model, or name its markers with --think-start and --think-end."
            )
        self.markers = found
        self._prompter = Prompter(model, template, found.opening)
        self._start, self._end = self._marker(found.start), self._marker(found.end)
        self._wait = tuple(self._prompter.trusted(WAIT))
        self._probe = Probe(tuple(self._prompter.trusted(profile.probe)), profile.probe, read_answer)

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Frees the model and its cache."""
        if self._context is not None:
            self._context.close()
            self._context = None
        self.model.close()

    @cached_property
    def model_sha256(self) -> str:
        """SHA-256, in hex, of the model file's first mebibyte."""
        with Path(self.model.path).open("rb") as file:
            return hashlib.sha256(file.read(HEAD_BYTES)).hexdigest()

    @property
    def longest(self) -> int:
        """Tokens that one generation can hold at most, its prompt included."""
        if self._asked_context is not None:
            return self._asked_context
        return self.model.context_length

    @property
    def cache_bytes(self) -> int:
        """Memory of the KV cache as it is now."""
        return self._context.cells * self.model.bytes_per_cell if self._context is not None else 0

    def request(self, problem: str, budget: BudgetLike = DEFAULT, **options: Unpack[Options]) -> Request:
        """A request with every choice made; see `thinkcap.engine.request.resolve` for the arguments."""
        return resolve(self.profile, problem, budget, **options)

    def stream(
        self, problem: str | Request, budget: BudgetLike = DEFAULT, **options: Unpack[Options]
    ) -> Iterator[Event]:
        """Solves one problem and yields what happens while it happens; the last event is `Finished`.

        problem  the problem, with `budget` and `options` as for `request`; or a ready request

        Ctrl-C ends it between steps with reason `interrupted`. Raises UsageError for what makes no sense or does not
        fit the context.
        """
        request = problem if isinstance(problem, Request) else self.request(problem, budget, **options)
        sequence = self._sequence(request, streams=True)
        loop = Scheduler(self._context_for([sequence], 1))
        loop.add(sequence)
        with Interrupt() as interrupt, _running(loop):
            while not sequence.finished:
                loop.step()
                if interrupt.asked and not sequence.finished:
                    loop.interrupt()
                yield from sequence.events()
        yield Finished(self._outcome(sequence))

    def solve(self, problem: str | Request, budget: BudgetLike = DEFAULT, **options: Unpack[Options]) -> Outcome:
        """Solves one problem; arguments and errors as for `stream`."""
        request = problem if isinstance(problem, Request) else self.request(problem, budget, **options)
        for result in self.solve_many([request], parallel=1):
            if isinstance(result, Failure):
                raise result.error
            return result
        raise ThinkcapError("Interrupted before the model was run.")

    def solve_many(
        self,
        requests: Iterable[Request],
        *,
        parallel: int | None = None,
        on_step: Callable[[Step], None] | None = None,
    ) -> Iterator[Outcome | Failure]:
        """Runs requests side by side and yields each one's outcome, or why it cannot be run, as it finishes.

        parallel  sequences in flight at most; None chooses
        on_step   called after every step

        Ctrl-C ends it between steps; what is in flight is yielded with reason `interrupted`.
        """
        sequences: list[Sequence] = []
        for request in requests:
            try:
                sequences.append(self._sequence(request))
            except ThinkcapError as error:
                yield Failure(request, error)
        if not sequences:
            return
        width = min(len(sequences), parallel or self.width)
        loop = Scheduler(self._context_for(sequences, width))
        for sequence in sequences:
            loop.add(sequence)
        began = time.perf_counter()
        with Interrupt() as interrupt, _running(loop):
            while loop.busy:
                for sequence in loop.step():
                    yield from self._outcomes(sequence)
                if on_step is not None:
                    seconds = time.perf_counter() - began
                    on_step(
                        Step(
                            len(loop.active),
                            len(loop.waiting),
                            loop.sampled,
                            loop.decoded,
                            seconds,
                            loop.decode_seconds,
                        )
                    )
                if interrupt.asked:
                    for sequence in loop.interrupt():
                        yield self._outcome(sequence)

    def sweep_requests(self, problem: str, budgets: Iterable[int | None], **options: Unpack[Options]) -> list[Request]:
        """The fewest requests that answer a problem under every budget; see `resolve_sweep`."""
        return resolve_sweep(self.profile, problem, budgets, **options)

    def sweep(
        self, problem: str, budgets: Iterable[int | None], *, samples: int = 1, **options: Unpack[Options]
    ) -> Iterator[Outcome]:
        """Solves a problem under many budgets for little more than the price of the largest: the thought forks at each
        budget, and the fork is closed and answered while the thought goes on.

        budgets  thinking tokens; None is as long as the context allows
        samples  thoughts, each with all its forks

        Yields an outcome for each budget and sample, as they finish: what `solve` gives with that budget, sample and
        seed. Budgets that the thought did not reach are marked `shared`. Raises UsageError as `stream` does.
        """
        requests = self.sweep_requests(problem, budgets, **options)
        for result in self.solve_many([r.with_sample(sample) for sample in range(samples) for r in requests]):
            if isinstance(result, Failure):
                raise result.error
            yield result

    def _marker(self, text: str) -> Marker:
        return Marker(text.encode(), tuple(self._prompter.trusted(text)))

    def _sequence(self, request: Request, streams: bool = False) -> Sequence:
        """A sequence for a request, its limits and those of its forks resolved. Raises DoesNotFitError."""
        prompt = self._prompter.tokens(request.prompt_text)
        forks = [
            Fork(smaller, self._rules(smaller, len(prompt)))
            for smaller in map(request.with_budget, request.fork_budgets)
        ]
        forks.sort(key=lambda fork: fork.at)
        rules = self._rules(request, len(prompt))
        usual = self.profile.usual_solution
        sequence = Sequence(request, prompt, rules, self.model.piece, usual, streams, forks, self._probe)
        if sequence.seats > kv_pool.MOST_SEQUENCES:
            raise DoesNotFitError(
                f"One thought would have {sequence.seats:,} answers, and {kv_pool.MOST_SEQUENCES} is the most; "
                "ask for fewer budgets, depths or answers."
            )
        return sequence

    def _rules(self, request: Request, prompt: int) -> Rules:
        """A request's limits behind a prompt of so many tokens."""
        message = self.profile.cut_message if request.cut_style == "message" else ""
        rules = Rules(
            thinking=0,
            thinking_reason="budget",
            solution=request.budget.solution,
            start=self._start,
            end=self._end,
            ends=self.model.end_of_generation,
            min_thinking=request.budget.min_thinking,
            style=request.cut_style,
            message=tuple(self._prompter.trusted(message)),
            message_text=message,
            wait=self._wait,
            wait_text=WAIT,
            loop_guard=request.loop_guard,
        )
        thinking, reason = self._thinking_limit(request, prompt + rules.most_tokens)
        return replace(rules, thinking=thinking, thinking_reason=reason)

    def _thinking_limit(self, request: Request, besides: int) -> tuple[int, StopReason]:
        """How long the thought may become, and why it ends there. `besides` is what else has to fit."""
        budget = request.budget.thinking
        room = self.longest - besides
        if room < 0:
            raise DoesNotFitError(
                f"The prompt, a solution of {request.budget.solution:,} tokens and the markers take {besides:,}, "
                f"but the context holds {self.longest:,}; shorten the problem or lower --solution-budget."
            )
        if budget is None:
            ceiling = self._asked_context or min(self.longest, self.profile.context or UNBOUNDED_CONTEXT)
            return max(0, min(room, ceiling - besides)), "context"
        if budget > room:
            raise DoesNotFitError(
                f"A thinking budget of {budget:,} tokens does not fit the context of {self.longest:,} tokens; "
                f"the largest that does here is {room:,}."
            )
        return budget, "budget"

    def _context_for(self, sequences: list[Sequence], width: int) -> Context:
        """A context that `width` of the sequences run in at once, each with its forks."""
        return self._apart(sequences, width) or self._together(sequences, width)

    def _apart(self, sequences: list[Sequence], width: int) -> Context | None:
        """A context that keeps `width` sequences and their forks apart, each with room for the longest; for fewer
        sequences where memory does not allow more. None where they have to share a pool."""
        longest = max(sequence.longest for sequence in sequences)
        seats = max(sequence.seats for sequence in sequences)
        lone = width == 1 and self.model.least > 1  # it would be rounded otherwise than by `solve`
        if lone or self.model.recurrent:
            return None
        count = kv_pool.apart(longest, seats, width, self._affordable)
        return self._cache(longest * count, count, apart=True) if count else None

    def _together(self, sequences: list[Sequence], width: int) -> Context:
        """A context for `width` sequences and their forks in one pool: their worst cases, within the memory there is;
        enough for one with all its forks in any case."""
        largest = sorted((sequence.cells for sequence in sequences), reverse=True)
        seats = min(kv_pool.MOST_SEQUENCES, width * max(sequence.seats for sequence in sequences))
        return self._cache(min(sum(largest[:width]), max(largest[0], self._affordable)), seats)

    @property
    def _affordable(self) -> int:
        """KV cells that a run may take: as many as the user said, or what the free memory allows."""
        return self._asked_context or kv_pool.affordable(self.model.bytes_per_cell)

    def _cache(self, cells: int, width: int, apart: bool = False) -> Context:
        """A context of at least `cells` for `width` sequences, kept for the next run where it suffices."""
        context = self._context
        if context is None or not context.serves(cells, width, apart):
            if context is not None:
                context.close()
            self._context = None
            self._context = context = self.model.context(cells, width, self.threads, apart=apart)
        return context

    def _outcomes(self, sequence: Sequence) -> Iterator[Outcome]:
        """A finished sequence's outcome, for itself and for the budgets that could not matter to it."""
        outcome = self._outcome(sequence)
        yield outcome
        for fork in sequence.unreached:
            yield replace(outcome, budget=fork.request.budget, shared=True)

    def _outcome(self, sequence: Sequence) -> Outcome:
        request, course = sequence.request, sequence.course
        thinking, solution = sequence.texts()
        return Outcome(
            id=request.id,
            problem=request.problem,
            prompt_text=request.prompt_text,
            sample=request.sample,
            model=self.profile.name,
            quant=self.profile.quant,
            seed=request.seed,
            budget=request.budget,
            style=request.cut_style,
            prompt_mode=request.prompt_mode,
            thinking=thinking,
            solution=solution,
            stop_reason=course.stop_reason,
            finish_reason=course.finish_reason,
            prompt_tokens=len(sequence.prompt),
            thinking_tokens=course.thinking_tokens,
            injected_tokens=course.injected_tokens,
            solution_tokens=course.solution_tokens,
            rolled_back_tokens=course.rolled_back_tokens,
            seconds=sequence.seconds(self.load_seconds),
            thinkcap_version=thinkcap.__version__,
            model_sha256=self.model_sha256,
            probe_tokens=sequence.probe_tokens,
            answer_index=request.answer_index,
            answer=self._read_answer(solution),
        )


@contextmanager
def _running(loop: Scheduler) -> Iterator[None]:
    """Leaves the KV cache empty behind a run, however it ends."""
    try:
        yield
    finally:
        loop.interrupt()
