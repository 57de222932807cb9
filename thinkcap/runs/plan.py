"""How every problem of a run is solved: which requests it makes, and the settings that its results keep."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from thinkcap.engine.profile import Profile
from thinkcap.engine.request import Request, resolve, resolve_sweep
from thinkcap.engine.settings import Settings
from thinkcap.errors import UsageError
from thinkcap.runs.polls import VoteRule
from thinkcap.runs.settings import RUN_OPTIONS, budget_fields


@dataclass(frozen=True, slots=True)
class Plan:
    """How every problem of a run is solved.

    settings  the generation options that the user gave; the model's entry decides the rest
    samples   thoughts a problem
    budgets   the thinking budgets of a sweep, None for no limit; empty if it is none
    depths    points of each thought, evenly spaced up to its budget, at which it is answered; 0 for its end alone
    answers   answers at each of them
    vote      how the samples vote, and when they are enough

    `depths` and `answers` are H and m of Fractured Sampling (arXiv 2505.12992).
    """

    settings: Settings = field(default_factory=Settings)
    samples: int = 1
    budgets: tuple[int | None, ...] = ()
    depths: int = 0
    answers: int = 1
    vote: VoteRule = field(default_factory=VoteRule)

    def requests(self, profile: Profile, problem: str, id: str | None = None) -> list[Request]:
        """The requests that a problem makes, sample by sample. Raises UsageError for what makes no sense."""
        given = self.settings.given()
        if self.budgets:
            requests = resolve_sweep(profile, problem, self.budgets, **given, id=id)
        else:
            request = resolve(profile, problem, **given, id=id)
            requests = [self._fractured(request) if self.depths else request]
        return [request.with_sample(sample) for sample in range(self.samples) for request in requests]

    def thoughts(self, profile: Profile) -> int:
        """Thoughts that one sample takes: more than one if a sweep's prompts state the budget."""
        return len(self.requests(profile, "any")) // self.samples

    def run_settings(self, profile: Profile, model_sha256: str, context: int | None) -> dict[str, Any]:
        """All that a run's results depend on beside the problems: what every result keeps under `run`.

        context  --context, which bounds thoughts without a budget
        """
        requests = self.requests(profile, "any")
        settings = requests[-1].settings
        modes = (request.settings.prompt_mode for request in requests)
        return {
            "model": profile.name,
            "quant": profile.quant,
            "model_sha256": model_sha256,
            "seed": settings.seed,
            "budget": budget_fields(settings)
            | {"prompt_mode": next((mode for mode in modes if mode != "none"), "none")},
            "budgets": list(self.budgets) or None,
            **{name: getattr(settings, name) for name in RUN_OPTIONS},
            "depths": self.depths,
            "answers": self.answers,
            # How the votes are weighed matters to the results only if it decides which of them are needed.
            "vote_by": self.vote.by if self.vote.until is not None else "count",
            "vote_until": self.vote.until,
            "vote_first": self.vote.first,
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
        depths = sorted(
            {max(1, budget * depth // self.depths) for depth in range(1, self.depths + 1)} if budget else {0}
        )
        return replace(request, fork_budgets=tuple(depths[:-1]), answers_per_thought=self.answers)
