"""Figures of runs as text: what a batch would take, and what result files hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thinkcap.show.progress import duration

if TYPE_CHECKING:
    from thinkcap.runs.estimate import Estimate


def estimate_lines(estimate: Estimate, problems: int, samples: int, model: str) -> list[str]:
    """What a batch would take, a line each."""
    results = problems * samples
    there = results - estimate.results
    sampled = estimate.thinking_tokens + estimate.solution_tokens
    memory = f"weights {_bytes(estimate.weights_bytes)}"
    if estimate.kv_bytes is not None:
        memory += f", KV cache {_bytes(estimate.kv_bytes)} for {estimate.parallel} at once"
    return [
        f"model     {model}",
        f"problems  {problems:,} × {samples} sample{'s' * (samples > 1)} = {results:,} results"
        + (f", {there:,} of them there already" if there else ""),
        f"tokens    at most {sampled:,} sampled ({estimate.thinking_tokens:,} thinking, "
        f"{estimate.solution_tokens:,} solution), about {estimate.prompt_tokens:,} of prompts",
        f"memory    {memory}",
        "time      not known before it runs on the GPU"
        if estimate.seconds is None
        else f"time      at most about {duration(estimate.seconds)} at the speed this machine shows now",
    ]


def _bytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
