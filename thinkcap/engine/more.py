"""Thinking more: a thought goes on under a larger budget from where a smaller one cut it.

A thought under budget b is the beginning of the thought under b + 1 with the same random numbers, so what was drawn
before the budget had a say is taken over, and the outcome is the one that the larger budget gives at once.
"""

from __future__ import annotations

from dataclasses import replace

from thinkcap.engine.limits import soft_ramp
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.profile import Profile
from thinkcap.engine.request import Message, Request, resolve
from thinkcap.errors import UsageError


def is_settled(outcome: Outcome) -> bool:
    """Whether the thought ended by itself or in a loop, so that every larger budget gives this outcome. A soft cut may
    have led it to its end."""
    if outcome.stop_reason not in ("natural", "loop") or outcome.finish_reason not in ("stop", "length"):
        return False
    budget, ramp = outcome.budget.thinking, soft_ramp(outcome.style, outcome.budget.thinking)
    return budget is None or not ramp or outcome.thinking_tokens < budget - ramp


def is_known(request: Request) -> bool:
    """Whether the request goes on from a thought that was over, so that its outcome is there already."""
    return request.earlier is not None and is_settled(request.earlier)


def continued(request: Request, outcome: Outcome) -> Request:
    """The request, going on from the thought of an outcome of the same problem, sample and settings under a smaller
    budget. It starts anew if the prompt states the budget, and so is another prompt."""
    if outcome.prompt_text != request.prompt_text:
        return request
    if request.fork_budgets and request.fork_budgets[0] <= outcome.thinking_tokens:
        return request
    return replace(request, earlier=replace(outcome, request=None))


def more_request(profile: Profile, outcome: Outcome, budget: int | None) -> Request:
    """A request for what an outcome would have been under a larger budget, in thinking tokens; None is no limit.

    The time limit, if it had one, is not kept. Raises UsageError for a budget that the thought has used up, and for an
    outcome that does not hold its request.
    """
    request = outcome.request
    if request is None:
        raise UsageError(
            "This result was read from a file, without its request: run the file again with a larger `budget`."
        )
    if budget is not None and budget <= outcome.thinking_tokens:
        raise UsageError(
            f"The thought has {outcome.thinking_tokens:,} tokens already; ask for a larger budget than that."
        )
    settings = request.settings.given() | {"budget": budget, "time_limit": None}
    if not request.budget.thinking:
        del settings["prompt_mode"]  # without a budget there was none to state; with one the entry decides
    problem = [*request.history, Message("user", request.problem)]
    larger = resolve(profile, problem, **settings, id=request.id, sample=request.sample)
    return continued(replace(larger, answer_index=request.answer_index, pooled=request.pooled), outcome)


def resumed_tokens(request: Request) -> int:
    """Thinking tokens that a request takes over from an earlier outcome."""
    return len(request.earlier.thought_ids) if request.earlier is not None else 0
