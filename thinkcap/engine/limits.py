"""What one generation may do: its budgets in tokens, the markers around its thought, how it is cut."""

from __future__ import annotations

from dataclasses import dataclass, replace

from thinkcap.engine.budget import StopReason
from thinkcap.engine.profile import Profile
from thinkcap.engine.prompt.markers import Markers
from thinkcap.engine.prompt.prompter import Prompter
from thinkcap.engine.request import Request
from thinkcap.engine.settings import CutStyle
from thinkcap.errors import UsageError

WAIT = "Wait"
"""What replaces a close that comes too early (s1's budget forcing, arXiv 2501.19393)."""

WAIT_SPACING = 16
"""Thinking tokens that follow a `Wait` at least, so that waiting makes progress."""

SOFT_SHARE = 10
"""A soft cut raises the marker's logit over the last `1/SOFT_SHARE` of the budget."""


UNBOUNDED_CONTEXT = 32_768
"""Tokens of context for thoughts without a budget if nobody says more: what E1's authors gave theirs."""


class DoesNotFitError(UsageError):
    """A problem and its budget do not fit the context. `room` is how many tokens of thought and solution do."""

    def __init__(self, message: str, room: int = 0) -> None:
        super().__init__(message)
        self.room = room


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker of the thought: its text and the tokens that spell it.

    A marker of one token is recognised by its id. One of several is recognised in the text, so that a tokenisation
    which merges its edge with its neighbour is still seen.
    """

    text: bytes
    tokens: tuple[int, ...]

    @property
    def id(self) -> int | None:
        return self.tokens[0] if len(self.tokens) == 1 else None


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one generation, in tokens, and the tokens that it needs to keep them.

    thinking         thinking tokens at most; reaching it cuts the thought with reason `thinking_reason`
    solution         solution tokens at most; reaching it ends the solution with reason `length`
    end_tokens       end-of-generation tokens
    min_thinking     thinking tokens before which a close is replaced by `wait`
    message          tokens injected before the marker at a cut (style `message`), else empty
    stops_after_box  whether the solution ends with the brace that closes the box it began in
    pooled           whether the solution may also use the thinking tokens that the thought left
    """

    thinking: int
    thinking_reason: StopReason
    solution: int
    start: Marker
    end: Marker
    end_tokens: frozenset[int]
    min_thinking: int = 0
    style: CutStyle = "bare"
    message: tuple[int, ...] = ()
    message_text: str = ""
    wait: tuple[int, ...] = ()
    loop_guard: bool = True
    stops_after_box: bool = False
    pooled: bool = False

    @property
    def ramp(self) -> int:
        """Thinking tokens before the budget over which a soft cut favours the marker; 0 under other styles."""
        soft = self.style == "soft" and self.thinking_reason == "budget"
        return -(-self.thinking // SOFT_SHARE) if soft else 0

    @property
    def max_injected(self) -> int:
        """Tokens that may have to be injected in the worst case."""
        waits = self.min_thinking // WAIT_SPACING + 1 if self.min_thinking else 0
        return len(self.message) + len(self.end.tokens) + waits * len(self.wait)

    @property
    def max_tokens(self) -> int:
        """KV cells that the generation can take beside its prompt."""
        return self.thinking + self.max_injected + self.solution


class LimitResolver:
    """Turns a request's settings into limits that fit the context.

    end_tokens      the model's end-of-generation tokens
    context_length  tokens that one generation can hold at most, its prompt included
    context         what the user asked for instead, None if nothing
    """

    def __init__(
        self,
        profile: Profile,
        prompter: Prompter,
        markers: Markers,
        end_tokens: frozenset[int],
        context_length: int,
        context: int | None,
    ) -> None:
        self._profile = profile
        self.longest = context or context_length
        self._unbounded = context or min(self.longest, profile.context or UNBOUNDED_CONTEXT)
        self._message = tuple(prompter.trusted(profile.cut_message))
        start, end = (Marker(text.encode(), tuple(prompter.trusted(text))) for text in (markers.start, markers.end))
        self._plain = Limits(0, "budget", 1, start, end, end_tokens, wait=tuple(prompter.trusted(WAIT)))

    def limits(self, request: Request, prompt_tokens: int) -> Limits:
        """The limits of a request whose prompt has this many tokens. Raises DoesNotFitError."""
        settings = request.settings
        limits = replace(
            self._plain,
            solution=settings.solution_budget,
            min_thinking=settings.min_thinking,
            style=settings.cut_style,
            loop_guard=settings.loop_guard,
            pooled=request.pooled,
        )
        if settings.cut_style == "message":
            limits = replace(limits, message=self._message, message_text=self._profile.cut_message)
        thinking, reason = self._thinking(settings.budget, limits, prompt_tokens + limits.max_tokens)
        return replace(limits, thinking=thinking, thinking_reason=reason)

    def _thinking(self, budget: int | None, limits: Limits, besides: int) -> tuple[int, StopReason]:
        """How long the thought may become, and why it ends there. `besides` is what else has to fit."""
        room = self.longest - besides
        for_both = room + limits.solution
        if room < 0:
            raise DoesNotFitError(
                f"The prompt, a solution of {limits.solution:,} tokens and the markers take {besides:,}, "
                f"but the context holds {self.longest:,}; shorten the problem or lower `solution_budget`.",
                for_both,
            )
        if budget is None:
            return max(0, min(room, self._unbounded - besides)), "context"
        if budget > room:
            raise DoesNotFitError(
                f"A thinking budget of {budget:,} tokens does not fit the context of {self.longest:,} tokens; "
                f"the largest that does here is {room:,}.",
                for_both,
            )
        return budget, "budget"
