"""What a batch or a sweep would take, as text."""

from __future__ import annotations

from thinkcap.runs.estimate import RunEstimate
from thinkcap.show.wording import duration, plural
from thinkcap.text import bytes_text


def estimate_lines(estimate: RunEstimate) -> list[str]:
    """A line for each kind of cost."""
    results = estimate.results + estimate.done
    answers = results // (estimate.problems * estimate.samples)
    several = f" × {answers} answers" if answers > 1 else ""
    sampled = estimate.thinking_tokens + estimate.solution_tokens
    memory = f"weights {bytes_text(estimate.weights_bytes)}"
    if estimate.kv_bytes is not None:
        memory += f", KV cache {bytes_text(estimate.kv_bytes)} for {estimate.parallel} at once"
    return [
        f"model     {estimate.model}",
        f"problems  {estimate.problems:,} × {plural(estimate.samples, 'sample')}{several} = {results:,} results"
        + (f", {estimate.done:,} of them there already" if estimate.done else ""),
        f"tokens    at most {sampled:,} sampled ({estimate.thinking_tokens:,} thinking, "
        f"{estimate.solution_tokens:,} solution), about {estimate.prompt_tokens:,} of prompts",
        f"memory    {memory}",
        f"time      {_time(estimate)}",
    ]


def _time(estimate: RunEstimate) -> str:
    if estimate.seconds is None:
        return "not known before it runs on the GPU"
    most = f"at most about {duration(estimate.seconds)} at the speed this machine shows now"
    if estimate.usual_seconds is None:
        return most
    return f"about {duration(estimate.usual_seconds)} with solutions of the usual length, {most}"
