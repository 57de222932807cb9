"""How every problem of a run is solved: which requests it makes, and the settings that its records keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from thinkcap.engine.profile import Profile
from thinkcap.engine.request import Request, resolve, resolve_sweep
from thinkcap.errors import UsageError


@dataclass(frozen=True, slots=True)
class Plan:
    """How every problem of a run is solved.

    asked    the keyword arguments of `thinkcap.engine.request.resolve` that the user gave
    samples  thoughts a problem
    budgets  the thinking budgets of a sweep, None for no limit; empty where it is none
    depths   points of each thought, evenly spaced up to its budget, at which it is answered; 0 for its end alone
    answers  answers at each of them

    `depths` and `answers` are H and m of Fractured Sampling (arXiv 2505.12992).
    """

    asked: Mapping[str, Any] = field(default_factory=dict)
    samples: int = 1
    budgets: tuple[int | None, ...] = ()
    depths: int = 0
    answers: int = 1

    def requests(self, profile: Profile, problem: str, id: str | None = None) -> list[Request]:
        """The requests that a problem makes, sample by sample. Raises UsageError for what makes no sense."""
        if self.budgets:
            requests = resolve_sweep(profile, problem, self.budgets, **self.asked, id=id)
        else:
            request = resolve(profile, problem, **self.asked, id=id)
            requests = [self._fractured(request) if self.depths else request]
        return [request.with_sample(sample) for sample in range(self.samples) for request in requests]

    def thoughts(self, profile: Profile) -> int:
        """Thoughts that one sample takes: more than one where a sweep has to tell the model its budget."""
        return len(self.requests(profile, "any")) // self.samples

    def settings(self, profile: Profile, model_sha256: str, context: int | None) -> dict[str, Any]:
        """All that a run's results depend on beside the problems: what every record keeps under `run`.

        context  --context, which bounds thoughts without a budget
        """
        requests = self.requests(profile, "any")
        request = requests[-1]
        mode = next((each.settings.prompt_mode for each in requests if each.settings.prompt_mode != "none"), "none")
        return {
            "model": profile.name,
            "quant": profile.quant,
            "model_sha256": model_sha256,
            "seed": request.settings.seed,
            "budget": budget_record(request) | {"prompt_mode": mode},
            "budgets": list(self.budgets) or None,
            "temperature": request.settings.temperature,
            "top_p": request.settings.top_p,
            "top_k": request.settings.top_k,
            "min_p": request.settings.min_p,
            "loop_guard": request.settings.loop_guard,
            "until_sure": request.settings.until_sure,
            "depths": self.depths,
            "answers": self.answers,
            "context": context,
            "think_start": profile.think_start,
            "think_end": profile.think_end,
        }

    def _fractured(self, request: Request) -> Request:
        """A request whose thought is answered at every depth."""
        budget = request.budget.thinking
        if budget is None:
            raise UsageError("Depths of a thought are shares of its budget: give one with --budget.")
        if request.budget.time_limit is not None:
            raise UsageError("Answers at several depths share one thought, so it takes no time limit.")
        if request.settings.until_sure:
            raise UsageError(
                "A thought answered at several depths is not ended by early answers: leave one of them out."
            )
        depths = sorted(
            {max(1, budget * depth // self.depths) for depth in range(1, self.depths + 1)} if budget else {0}
        )
        return replace(request, fork_budgets=tuple(depths[:-1]), answers_per_thought=self.answers)


def budget_record(request: Request) -> dict[str, Any]:
    """A request's budget as records keep it."""
    return {
        "thinking": request.budget.thinking,
        "solution": request.budget.solution,
        "min_thinking": request.budget.min_thinking,
        "time_limit": request.budget.time_limit,
        "style": request.settings.cut_style,
        "prompt_mode": request.settings.prompt_mode,
    }
