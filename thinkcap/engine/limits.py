"""What one generation may do: its budgets in tokens, the markers around its thought, how it is cut."""

from __future__ import annotations

import math
from collections.abc import Callable
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

MESSAGE_STYLES = ("message", "pause+message")
"""Cut styles that inject a sentence before the marker."""

PAUSE_STYLES = ("pause", "pause+message")
"""Cut styles that wait for the end of a sentence or line."""

PAUSE_SHARE = 4
"""A cut at a pause may come in the last `1/PAUSE_SHARE` of the budget …"""

PAUSE_TOKENS = 64
"""… and in as many tokens at most."""

ANSWER_TOKENS = 32
"""Tokens at most for an answer that thinkcap began."""

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
class AnswerOpening:
    """How thinkcap begins an answer behind a solution without one.

    text        what it injects, up to the open brace of the box
    tokens      the tokens that spell it
    is_missing  whether a solution lacks an answer that can be read
    """

    text: str
    tokens: tuple[int, ...]
    is_missing: Callable[[str], bool]

    @property
    def max_tokens(self) -> int:
        """Tokens that it can take, the answer included."""
        return len(self.tokens) + ANSWER_TOKENS


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one generation, in tokens, and the tokens that it needs to keep them.

    thinking         thinking tokens at most; reaching it cuts the thought with reason `thinking_reason`
    solution         solution tokens at most; reaching it ends the solution with reason `length`
    end_tokens       end-of-generation tokens
    min_thinking     thinking tokens before which a close is replaced by `wait`
    message          tokens injected before the marker at a cut (style `message`), else empty
    opening          how an answer is begun if none can be read; None if it is not
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
    opening: AnswerOpening | None = None
    pooled: bool = False

    @property
    def ramp(self) -> int:
        """Thinking tokens before the budget over which a soft cut favours the marker; 0 under other styles."""
        return soft_ramp(self.style, self.thinking) if self.thinking_reason == "budget" else 0

    @property
    def pause_from(self) -> float:
        """Thinking tokens from which the thought is cut at a pause; never under other styles."""
        if self.style not in PAUSE_STYLES or self.thinking_reason != "budget":
            return math.inf
        return max(self.min_thinking, self.thinking - min(PAUSE_TOKENS, self.thinking // PAUSE_SHARE))

    @property
    def max_injected(self) -> int:
        """Tokens that may have to be injected in the worst case."""
        waits = self.min_thinking // WAIT_SPACING + 1 if self.min_thinking else 0
        return len(self.message) + len(self.end.tokens) + waits * len(self.wait)

    @property
    def max_tokens(self) -> int:
        """KV cells that the generation can take beside its prompt."""
        return self.thinking + self.max_injected + self.max_answer

    @property
    def max_answer(self) -> int:
        """Tokens of the solution, with an answer that thinkcap may begin behind it."""
        return self.solution + (self.opening.max_tokens if self.opening is not None else 0)


def soft_ramp(style: CutStyle, budget: int | None) -> int:
    """Thinking tokens before a budget over which a soft cut favours the marker; 0 under other styles."""
    return -(-budget // SOFT_SHARE) if style == "soft" and budget is not None else 0


class LimitResolver:
    """Turns a request's settings into limits that fit the context.

    end_tokens      the model's end-of-generation tokens
    context_length  tokens that one generation can hold at most, its prompt included
    context         what the user asked for instead, None if nothing
    read_answer     reads the answer out of a solution
    """

    def __init__(
        self,
        profile: Profile,
        prompter: Prompter,
        markers: Markers,
        end_tokens: frozenset[int],
        context_length: int,
        context: int | None,
        read_answer: Callable[[str], str | None],
    ) -> None:
        self._profile = profile
        self.longest = context or context_length
        self._unbounded = context or min(self.longest, profile.context or UNBOUNDED_CONTEXT)
        self._message = tuple(prompter.trusted(profile.cut_message))
        start, end = (Marker(text.encode(), tuple(prompter.trusted(text))) for text in (markers.start, markers.end))
        probe = profile.probe
        self._opening = AnswerOpening(probe, tuple(prompter.trusted(probe)), self._lacks_answer) if probe else None
        self._read_answer = read_answer
        self._plain = Limits(0, "budget", 1, start, end, end_tokens, wait=tuple(prompter.trusted(WAIT)))

    @property
    def answer_reserve(self) -> int:
        """Tokens that an answer which thinkcap begins can take beyond the solution budget."""
        return self._opening.max_tokens if self._opening is not None else 0

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
        if settings.cut_style in MESSAGE_STYLES:
            limits = replace(limits, message=self._message, message_text=self._profile.cut_message)
        if settings.force_answer:
            limits = replace(limits, opening=self._opening)
        thinking, reason = self._thinking(settings.budget, limits, prompt_tokens + limits.max_tokens)
        return replace(limits, thinking=thinking, thinking_reason=reason)

    def _lacks_answer(self, solution: str) -> bool:
        """Whether no answer can be read in a solution, and the model did not decline."""
        declines = self._profile.declines
        return self._read_answer(solution) is None and not (declines and declines in solution)

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
