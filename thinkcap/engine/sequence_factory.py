"""From a request to the sequence that runs it: prompt tokens, limits, forks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from collections.abc import Sequence as Tokens
from dataclasses import replace

import thinkcap
from thinkcap.engine.deadline import Deadline
from thinkcap.engine.events import Event
from thinkcap.engine.fork import Fork
from thinkcap.engine.generation import Generation
from thinkcap.engine.limits import DoesNotFitError, LimitResolver
from thinkcap.engine.model.kv_pool import MAX_SEQUENCES
from thinkcap.engine.model.llama import Model
from thinkcap.engine.more import is_settled
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.profile import Profile
from thinkcap.engine.prompt import markers
from thinkcap.engine.prompt.prompter import Prompter
from thinkcap.engine.prompt.template import ChatTemplate
from thinkcap.engine.sequence import Sequence
from thinkcap.engine.thought import ThoughtState
from thinkcap.engine.transcript import Transcript
from thinkcap.errors import ThinkcapError


class SequenceFactory:
    """Makes the sequences of one model, and their outcomes.

    context      KV cells that a generation may take, None for the model's own context
    read_answer  reads the answer out of a solution
    load_seconds  how long the model took to load
    file_sha256  SHA-256, in hex, of its file
    markers      the texts around the model's thought
    longest      tokens that one generation can hold at most, its prompt included
    answer_reserve  tokens that an answer which thinkcap begins can take beyond the solution budget

    Raises ThinkcapError for a model whose thought has no markers.
    """

    def __init__(
        self,
        model: Model,
        profile: Profile,
        context: int | None,
        read_answer: Callable[[str], str | None],
        load_seconds: float,
        file_sha256: str,
    ) -> None:
        source = model.chat_template
        template = ChatTemplate(source, model.token_text(model.bos), model.eos_text()) if source else None
        found = markers.find(template, model.special_tokens, profile.think_start, profile.think_end)
        if found is None:
            raise ThinkcapError(
                f"{profile.name} has no thinking marker in its template or vocabulary, so it has no thought to budget; "
                "choose a reasoning model, or name its markers with `think_start` and `think_end`."
            )
        self.markers = found
        self._profile = profile
        self._read_answer = read_answer
        self._load_seconds = load_seconds
        self._model_sha256 = model.sha256
        self._file_sha256 = file_sha256
        self._prompter = prompter = Prompter(model, template, found.opening)
        end_tokens, length = model.end_of_generation, model.context_length
        self._limits = LimitResolver(profile, prompter, found, end_tokens, length, context, read_answer)
        self._usual_solution = profile.usual_solution
        self._piece = model.piece
        self.longest = self._limits.longest
        self.answer_reserve = self._limits.answer_reserve

    def make(self, generation: Generation, events: deque[Event] | None = None) -> Sequence:
        """The sequence of a generation; its events go to `events`. Raises DoesNotFitError."""
        request, settings = generation.request, generation.request.settings
        prompt = self._prompter.tokens(request.prompt_text, request.history)
        limits = self._limits.limits(request, len(prompt))
        state = ThoughtState(limits)
        begun = state.replay(self._drawn(request.earlier), self._piece)
        smaller = map(request.with_budget, request.fork_budgets)
        usual = min(self._usual_solution, limits.solution)
        sequence = Sequence(
            request,
            prompt,
            state,
            self._piece,
            generation,
            begun=begun,
            forks=[Fork(each, self._limits.limits(each, len(prompt))) for each in smaller],
            deadline=Deadline(settings.time_limit, usual) if settings.time_limit is not None else None,
            transcript=Transcript(events, state.settled) if events is not None else None,
        )
        if sequence.kv_sequences > MAX_SEQUENCES:
            raise DoesNotFitError(
                f"One thought would have {sequence.kv_sequences:,} answers, and {MAX_SEQUENCES} is the most; "
                "ask for fewer budgets, depths or answers."
            )
        return sequence

    def outcome(self, sequence: Sequence) -> Outcome:
        """What a sequence ended in."""
        request, settings, state = sequence.request, sequence.request.settings, sequence.state
        thinking, solution = sequence.texts()
        outcome = Outcome(
            id=request.id,
            problem=request.problem,
            prompt_text=request.prompt_text,
            sample=request.sample,
            model=self._profile.name,
            quant=self._profile.quant,
            seed=settings.seed,
            budget=request.budget,
            style=settings.cut_style,
            prompt_mode=settings.prompt_mode,
            thinking=thinking,
            solution=solution,
            stop_reason=state.stop_reason,
            finish_reason=state.solution.finish_reason,
            prompt_tokens=len(sequence.prompt),
            thinking_tokens=state.thinking_tokens,
            injected_tokens=state.injected_tokens,
            solution_tokens=state.solution.tokens,
            rolled_back_tokens=state.rolled_back_tokens,
            seconds=sequence.times.seconds(self._load_seconds),
            thinkcap_version=thinkcap.__version__,
            model_sha256=self._model_sha256,
            model_file_sha256=self._file_sha256,
            answer_forced=state.solution.forced,
            probe_tokens=state.solution.probe_tokens,
            resumed_tokens=sequence.resumed_tokens,
            answer_index=request.answer_index,
            mean_log_probability=sequence.confidence.mean if not sequence.resumed_tokens else None,
            lowest_log_probability=sequence.confidence.lowest if not sequence.resumed_tokens else None,
            answer=self._read_answer(solution),
            thought_ids=tuple(state.drawn),
            request=request,
        )
        spelled = is_settled(outcome) or self._prompter.plain(thinking) == state.drawn
        return outcome if spelled else replace(outcome, spelled=False)

    def _drawn(self, earlier: Outcome | None) -> Tokens[int]:
        """The tokens from which a thought goes on; none if its outcome does not tell them."""
        if earlier is None or earlier.thought_ids:
            return earlier.thought_ids if earlier is not None else ()
        spelled = self._prompter.plain(earlier.thinking)
        return spelled if len(spelled) == earlier.thinking_tokens else ()
