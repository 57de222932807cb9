"""What happens during a generation, as a stream of small values: `Started`, `Thought` and `Closed`, then `Answered`
and `Finished`, with `ForkFinished` in between. Text is whole characters; joined, the `Thought` texts are the outcome's
thinking and the `Answered` texts its solution."""

from __future__ import annotations

from dataclasses import dataclass

from thinkcap.engine.budget import StopReason
from thinkcap.engine.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Started:
    """The prompt is tokenised and admitted; decoding it begins.

    prompt_tokens   tokens of the whole prompt
    thinking_limit  thinking tokens this generation can reach at most: the budget, or the context's room without one
    budgeted        whether the limit is the user's budget
    resumed         the text of the thought that is taken over from a smaller budget; the `Thought` texts follow it
    """

    prompt_tokens: int
    thinking_limit: int
    budgeted: bool
    resumed: str = ""


@dataclass(frozen=True, slots=True)
class Thought:
    """More of the thought. `thinking_tokens` is the count so far; `injected` marks text thinkcap put in."""

    text: str
    thinking_tokens: int
    injected: bool = False


@dataclass(frozen=True, slots=True)
class Closed:
    """The thought is over; `seconds` is how long it took."""

    stop_reason: StopReason
    thinking_tokens: int
    injected_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Answered:
    """More of the solution. `solution_tokens` is the count so far."""

    text: str
    solution_tokens: int


@dataclass(frozen=True, slots=True)
class ForkFinished:
    """A fork of the thought, or a further answer to it, is over."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Finished:
    """The generation is over. Always the last event."""

    outcome: Outcome


Event = Started | Thought | Closed | Answered | ForkFinished | Finished
