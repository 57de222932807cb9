"""One problem to solve, with every choice made: what the engine runs."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, Unpack, get_args

from thinkcap.engine.budget import Budget
from thinkcap.engine.profile import Profile
from thinkcap.engine.settings import FROM_ENTRY, OPTIONS, Options, PromptMode, Settings, defaults_of, refuse_unknown
from thinkcap.errors import UsageError

if TYPE_CHECKING:
    from thinkcap.engine.outcome import Outcome

Role = Literal["system", "user", "assistant"]

_LENGTH_ASKED = re.compile(r"\s*Think for (?P<most>maximum )?(?P<n>\d{1,9}) tokens\.?\s*\Z")


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation. `thinking` is the thought before an assistant's turn, for templates that show it."""

    role: Role
    content: str
    thinking: str = ""

    def __post_init__(self) -> None:
        if self.role not in get_args(Role):
            raise UsageError(f"{self.role!r} is no role; choose from {', '.join(get_args(Role))}.")


Problem = str | Sequence[Message | Mapping[str, str]]
"""What is to be solved: a text, or a conversation whose last message is the user's."""


@dataclass(frozen=True, slots=True)
class Request:
    """A problem and how to run it.

    problem              the problem as the user wrote it
    prompt_text          the user message as the model gets it, with its budget stated if the prompt mode says so
    settings             how to think and answer, every field filled
    id                   the caller's name for the problem
    sample               which of several samples of the problem this is
    history              the turns before the problem, oldest first
    fork_budgets         smaller thinking budgets, ascending, at which the thought forks and is answered
    answers_per_thought  answers to each thought, each a fork with its own random numbers
    answer_index         which of them this is
    pooled               whether the solution may also use the thinking tokens that the thought left
    earlier              the outcome of the same thought under a smaller budget, from which this one goes on
    """

    problem: str
    prompt_text: str
    settings: Settings
    id: str
    sample: int = 0
    history: tuple[Message, ...] = ()
    fork_budgets: tuple[int, ...] = ()
    answers_per_thought: int = 1
    answer_index: int = 0
    pooled: bool = False
    earlier: Outcome | None = None

    @property
    def budget(self) -> Budget:
        """The four limits of the settings."""
        settings = self.settings
        return Budget(settings.budget, settings.solution_budget, settings.min_thinking, settings.time_limit)

    def with_sample(self, sample: int) -> Request:
        """The same request for another sample."""
        return replace(self, sample=sample)

    def with_budget(self, thinking: int) -> Request:
        """The same request under another thinking budget, without forks. Raises UsageError if that makes no sense."""
        return replace(self, settings=replace(self.settings, budget=thinking), fork_budgets=())


def resolve(
    profile: Profile, problem: Problem, budget: Budget | int | None = FROM_ENTRY, **options: Unpack[Options]
) -> Request:
    """Makes a request: what is not given comes from the model's profile.

    budget  a Budget, or its thinking tokens alone, None for as many as the context holds; `options` win over it

    A problem that ends in L1's own words (`Think for 512 tokens.`, `Think for maximum 512 tokens.`) sets the budget and
    the prompt mode itself, unless they are given. Raises UsageError for what makes no sense.
    """
    refuse_unknown(options, Options.__annotations__)
    problem, history = _parted(problem)
    asked = _LENGTH_ASKED.search(problem)
    text = problem[: asked.start()] if asked else problem
    if not problem.strip():
        raise UsageError("The problem is empty; write what to think about.")
    if not text.strip():
        raise UsageError("The problem holds nothing but its budget; write what to think about before it.")
    given = (budget if isinstance(budget, Budget) else Budget(budget)).settings().given()
    given |= {name: value for name, value in options.items() if name in OPTIONS and value is not None}
    if asked:
        given = {"budget": int(asked["n"]), "prompt_mode": "max" if asked["most"] else "exact"} | given
    settings = Settings(**given).filled(defaults_of(profile))
    if not settings.budget:
        settings = replace(settings, prompt_mode="none")
    sample, name = options.get("sample", 0), options.get("id")
    if sample < 0:
        raise UsageError(f"The sample must be 0 or more, not {sample}.")
    return Request(
        problem=problem,
        prompt_text=_prompt_text(profile, text, settings.budget, settings.prompt_mode),
        settings=settings,
        id=id_of(problem) if name is None else name,
        sample=sample,
        history=history,
    )


def resolve_sweep(
    profile: Profile, problem: Problem, budgets: Iterable[int | None], **options: Unpack[Options]
) -> list[Request]:
    """The fewest requests that answer a problem under every budget (thinking tokens, None for no limit): one thought
    that forks, or one for each budget if the prompt states it. Raises UsageError as `resolve` does."""
    ordered = sorted(set(budgets), key=lambda budget: math.inf if budget is None else budget)
    if not ordered:
        raise UsageError("A sweep needs at least one budget; give some like 0,64,256 or 64..1024.")
    if options.get("time_limit") is not None:
        raise UsageError("A sweep shares one thought between budgets, so it takes no time limit.")
    requests = [resolve(profile, problem, budget, **options) for budget in ordered]
    if len({request.prompt_text for request in requests}) > 1:
        return requests
    return [replace(requests[-1], fork_budgets=tuple(budget for budget in ordered[:-1] if budget is not None))]


def id_of(problem: str) -> str:
    """The id of a problem that nobody named."""
    return hashlib.sha256(problem.encode("utf-8", "replace")).hexdigest()[:12]


def _parted(problem: Problem) -> tuple[str, tuple[Message, ...]]:
    """The text to think about, and the turns before it."""
    if isinstance(problem, str):
        return problem, ()
    messages = [each if isinstance(each, Message) else _message(each) for each in problem]
    if not messages or messages[-1].role != "user":
        raise UsageError("A conversation ends in a message of the user's: what to think about.")
    return messages[-1].content, tuple(messages[:-1])


def _message(given: Mapping[str, Any]) -> Message:
    known = [each.name for each in fields(Message)]
    refuse_unknown(given, known)
    if not all(isinstance(value, str) for value in given.values()) or not {"role", "content"} <= set(given):
        raise UsageError("A message has a role and a content, both texts.")
    return Message(**given)


def _prompt_text(profile: Profile, problem: str, thinking: int | None, mode: PromptMode) -> str:
    """The profile's prompt around the problem. An instruction that the problem already ends in is not repeated."""
    length = {"none": "", "max": profile.length_max, "exact": profile.length_exact}[mode].replace("{n}", str(thinking))
    head, _, tail = profile.prompt.partition("{problem}")
    instruction = tail.replace("{length}", "").strip()
    if instruction and problem.rstrip().endswith(instruction):
        problem = problem.rstrip().removesuffix(instruction).rstrip()
    return head + problem + tail.replace("{length}", length)
