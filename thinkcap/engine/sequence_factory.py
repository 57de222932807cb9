"""From a request to the sequence that runs it: prompt tokens, limits, forks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from thinkcap.engine.deadline import Deadline
from thinkcap.engine.early_answer import EarlyAnswers, Question
from thinkcap.engine.events import Event
from thinkcap.engine.fork import Fork
from thinkcap.engine.generation import Generation
from thinkcap.engine.limits import DoesNotFitError, LimitResolver
from thinkcap.engine.model.kv_pool import MAX_SEQUENCES
from thinkcap.engine.model.llama import Model
from thinkcap.engine.profile import Profile
from thinkcap.engine.prompt import markers
from thinkcap.engine.prompt.prompter import Prompter
from thinkcap.engine.prompt.template import ChatTemplate
from thinkcap.engine.sequence import Sequence
from thinkcap.engine.thought import ThoughtState
from thinkcap.engine.transcript import Transcript
from thinkcap.errors import ThinkcapError


class SequenceFactory:
    """Makes the sequences of one model.

    context      KV cells that a generation may take, None for the model's own context
    read_answer  reads the answer out of a solution
    markers      the texts around the model's thought
    longest      tokens that one generation can hold at most, its prompt included

    Raises ThinkcapError for a model whose thought has no markers.
    """

    def __init__(
        self, model: Model, profile: Profile, context: int | None, read_answer: Callable[[str], str | None]
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
        self._prompter = prompter = Prompter(model, template, found.opening)
        end_tokens, length = model.end_of_generation, model.context_length
        self._limits = LimitResolver(profile, prompter, found, end_tokens, length, context)
        self._question = Question(tuple(prompter.trusted(profile.probe)), profile.probe, read_answer)
        self._usual_solution = profile.usual_solution
        self._piece = model.piece
        self.longest = self._limits.longest

    def make(self, generation: Generation, events: deque[Event] | None = None) -> Sequence:
        """The sequence of a generation; its events go to `events`. Raises DoesNotFitError."""
        request, settings = generation.request, generation.request.settings
        prompt = self._prompter.tokens(request.prompt_text, request.history)
        limits = self._limits.limits(request, len(prompt))
        state = ThoughtState(limits)
        smaller = map(request.with_budget, request.fork_budgets)
        usual = min(self._usual_solution, limits.solution)
        sequence = Sequence(
            request,
            prompt,
            state,
            self._piece,
            generation,
            forks=[Fork(each, self._limits.limits(each, len(prompt))) for each in smaller],
            early=EarlyAnswers(self._question, settings.until_sure) if settings.until_sure else None,
            deadline=Deadline(settings.time_limit, usual) if settings.time_limit is not None else None,
            transcript=Transcript(events) if events is not None else None,
        )
        sequence.pending = (*prompt, *state.begin())
        if sequence.kv_sequences > MAX_SEQUENCES:
            raise DoesNotFitError(
                f"One thought would have {sequence.kv_sequences:,} answers, and {MAX_SEQUENCES} is the most; "
                "ask for fewer budgets, depths or answers."
            )
        return sequence
