"""One problem to solve, with every choice made: what the engine runs."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, TypedDict, Unpack

from thinkcap.engine.budget import CUT_STYLES, PROMPT_MODES, Budget, CutStyle, PromptMode
from thinkcap.engine.profile import Profile, Sampling
from thinkcap.errors import UsageError


class _Default:
    """The type of DEFAULT: what a caller who says nothing means, as None means no limit."""


DEFAULT: Final = _Default()
BudgetLike = Budget | int | _Default | None


class Options(TypedDict, total=False):
    """What can be said of a request beside its problem and budget; what is left out comes from the model's entry.

    solution_budget, min_thinking  tokens
    time_limit                     seconds for the whole generation, prompt to last solution token
    temperature … min_p            sampling, see `Sampling`
    seed, sample                   which random numbers: the same for the same problem, seed and sample
    cut_style, prompt_mode         see the README
    loop_guard                     whether a thought that repeats itself is closed
    until_sure                     early answers in a row that must agree for the thought to be closed
    id                             the caller's name for the problem
    """

    solution_budget: int | None
    min_thinking: int | None
    time_limit: float | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    min_p: float | None
    seed: int
    sample: int
    cut_style: CutStyle | None
    prompt_mode: PromptMode | None
    loop_guard: bool
    until_sure: int
    id: str | None


_SAMPLING = ("temperature", "top_p", "top_k", "min_p")
_ASKED = re.compile(r"\s*Think for (?P<most>maximum )?(?P<n>\d{1,9}) tokens\.?\s*\Z")


@dataclass(frozen=True, slots=True)
class Request:
    """A problem and how to run it.

    problem      the problem as the user wrote it
    prompt_text  the user message as the model gets it, told its budget where the mode says so
    sample       which of several samples of the problem this is
    id           the caller's name for the problem
    until_sure   early answers in a row that must agree for the thought to be closed; 0 asks for none
    fork_budgets         smaller thinking budgets, ascending, at which the thought forks and is answered
    answers_per_thought  answers to each thought, each a fork of its own with its own random numbers
    answer_index         which of them this is
    """

    problem: str
    prompt_text: str
    budget: Budget
    sampling: Sampling
    cut_style: CutStyle
    prompt_mode: PromptMode
    seed: int
    sample: int
    loop_guard: bool
    id: str
    until_sure: int = 0
    fork_budgets: tuple[int, ...] = ()
    answers_per_thought: int = 1
    answer_index: int = 0

    def with_sample(self, sample: int) -> Request:
        """The same request for another sample."""
        return replace(self, sample=sample)

    def with_budget(self, thinking: int) -> Request:
        """The same request under another thinking budget, on its own. Raises UsageError where that makes no sense."""
        return replace(self, budget=replace(self.budget, thinking=thinking), fork_budgets=())


def resolve(profile: Profile, problem: str, budget: BudgetLike = DEFAULT, **options: Unpack[Options]) -> Request:
    """Makes a request: what is not given comes from the model's profile.

    budget  a whole Budget, or its thinking tokens alone, None for as long as the context allows; `options` go over it

    A problem that ends in L1's own words (`Think for 512 tokens.`, `Think for maximum 512 tokens.`) sets the budget and
    the prompt mode itself, unless they are given. Raises UsageError for what makes no sense.
    """
    if not problem.strip():
        raise UsageError("The problem is empty; write it in quotes after `solve`, or give `-` to read it from input.")
    asked = _ASKED.search(problem)
    text = problem[: asked.start()] if asked else problem
    if asked and not text.strip():
        raise UsageError("The problem holds nothing but its budget; write what to think about before it.")
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if not isinstance(budget, Budget):
        thinking = budget if not isinstance(budget, _Default) else int(asked["n"]) if asked else profile.thinking
        budget = Budget(thinking, profile.solution)
    parts = {"solution_budget": "solution", "min_thinking": "min_thinking", "time_limit": "time_limit"}
    budget = replace(budget, **{part: given[name] for name, part in parts.items() if name in given})
    mode = options.get("prompt_mode") or (profile.prompt_mode if asked is None else "max" if asked["most"] else "exact")
    if not budget.thinking:
        mode = "none"
    style = options.get("cut_style") or profile.cut_style
    _check_choice("cut style", style, CUT_STYLES)
    _check_choice("prompt mode", mode, PROMPT_MODES)
    sampling = replace(profile.sampling, **{name: given[name] for name in _SAMPLING if name in given})
    _check_sampling(sampling)
    seed, sample = options.get("seed", 0), options.get("sample", 0)
    until_sure = options.get("until_sure", 0)
    if min(seed, sample, until_sure) < 0:
        raise UsageError("Seed, sample and the number of early answers must be 0 or more.")
    name = options.get("id")
    return Request(
        problem=problem,
        prompt_text=_prompt_text(profile, text, budget.thinking, mode),
        budget=budget,
        sampling=sampling,
        cut_style=style,
        prompt_mode=mode,
        seed=seed,
        sample=sample,
        loop_guard=options.get("loop_guard", True),
        until_sure=until_sure,
        id=id_of(problem) if name is None else name,
    )


def id_of(problem: str) -> str:
    """The id of a problem that nobody named."""
    return hashlib.sha256(problem.encode("utf-8", "replace")).hexdigest()[:12]


def resolve_sweep(
    profile: Profile, problem: str, budgets: Iterable[int | None], **options: Unpack[Options]
) -> list[Request]:
    """The fewest requests that answer a problem under every budget (thinking tokens, None for no limit): one thought
    that forks, or one a budget where the model is told its budget in the prompt. Raises UsageError as `resolve` does.
    """
    ordered = sorted(set(budgets), key=lambda budget: math.inf if budget is None else budget)
    if not ordered:
        raise UsageError("A sweep needs at least one budget; give some like 0,64,256 or 64..1024.")
    if options.get("time_limit") is not None:
        raise UsageError("A sweep shares one thought between budgets, so it takes no time limit.")
    if options.get("until_sure"):
        raise UsageError("A sweep shows every budget whole, so it takes no early answers.")
    requests = [resolve(profile, problem, budget, **options) for budget in ordered]
    if len({request.prompt_text for request in requests}) > 1:
        return requests
    return [replace(requests[-1], fork_budgets=tuple(budget for budget in ordered[:-1] if budget is not None))]


def _prompt_text(profile: Profile, problem: str, thinking: int | None, mode: PromptMode) -> str:
    """The profile's prompt around the problem. An instruction the problem already ends in is not given twice."""
    length = {"none": "", "max": profile.length_max, "exact": profile.length_exact}[mode].replace("{n}", str(thinking))
    head, _, tail = profile.prompt.partition("{problem}")
    instruction = tail.replace("{length}", "").strip()
    if instruction and problem.rstrip().endswith(instruction):
        problem = problem.rstrip().removesuffix(instruction).rstrip()
    return head + problem + tail.replace("{length}", length)


def _check_choice(what: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(f"{value!r} is no {what}; choose from {', '.join(choices)}.")


def _check_sampling(sampling: Sampling) -> None:
    if not (0.0 <= sampling.temperature < math.inf):
        raise UsageError(f"The temperature must be 0 (greedy) or more, not {sampling.temperature}.")
    if not (0.0 < sampling.top_p <= 1.0):
        raise UsageError(f"Top-p must be above 0 and at most 1 (off), not {sampling.top_p}.")
    if sampling.top_k < 0:
        raise UsageError(f"Top-k must be 0 (off) or more, not {sampling.top_k}.")
    if not (0.0 <= sampling.min_p <= 1.0):
        raise UsageError(f"Min-p must be from 0 (off) to 1, not {sampling.min_p}.")
