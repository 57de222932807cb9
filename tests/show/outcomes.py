"""An outcome to show."""

from __future__ import annotations

from thinkcap.engine.budget import Budget
from thinkcap.engine.outcome import Outcome, Seconds


def cut_outcome() -> Outcome:
    """A thought cut at 64 of 64 tokens and answered."""
    return Outcome(
        id="p1",
        problem="What is 384 + 297 + 581?",
        prompt_text="What is 384 + 297 + 581?",
        sample=0,
        model="abacus",
        quant="q8_0",
        seed=0,
        budget=Budget(thinking=64, solution=1024, min_thinking=0, time_limit=None),
        style="bare",
        prompt_mode="none",
        thinking="384 + 297 = 681",
        solution="The answer is \\boxed{1262}.",
        stop_reason="budget",
        finish_reason="stop",
        prompt_tokens=29,
        thinking_tokens=64,
        injected_tokens=1,
        solution_tokens=14,
        rolled_back_tokens=0,
        seconds=Seconds(0.1, 0.2, 0.08, 0.02),
        thinkcap_version="0",
        model_sha256="0",
        answer="1262",
    )
