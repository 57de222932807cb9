"""How much one problem may cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from thinkcap.engine.settings import FROM_ENTRY, Settings

StopReason = Literal["natural", "budget", "deadline", "loop", "context", "interrupted"]
FinishReason = Literal["stop", "length", "deadline", "interrupted"]


@dataclass(frozen=True, slots=True)
class Budget:
    """What one problem may cost. A field that is not given comes from the model's entry in models.toml.

    thinking      thinking tokens at most; 0 answers at once, None is as many as the context holds
    solution      solution tokens at most; thinking never uses them
    min_thinking  thinking tokens at least: an earlier close is replaced by `Wait` (s1, arXiv 2501.19393)
    time_limit    seconds for the whole generation, from the prompt to the last solution token; None is no limit

    Raises UsageError for values that make no sense.
    """

    thinking: int | None = FROM_ENTRY
    solution: int = FROM_ENTRY
    min_thinking: int = 0
    time_limit: float | None = None

    def __post_init__(self) -> None:
        self.settings()

    def settings(self) -> Settings:
        """The same as generation settings."""
        return Settings(
            budget=self.thinking,
            solution_budget=self.solution,
            min_thinking=self.min_thinking,
            time_limit=self.time_limit,
        )
