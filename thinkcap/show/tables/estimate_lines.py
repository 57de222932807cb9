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
    memory = f"weights {bytes_text(estimate.weights_bytes)}"
    if estimate.kv_bytes is not None:
        memory += f", KV cache {bytes_text(estimate.kv_bytes)} for {estimate.parallel} at once"
    there = f", {estimate.done:,} of them there already" if estimate.done else ""
    if estimate.continued:
        there += f"; {plural(estimate.continued, 'thought')} of the others go on from their cut"
    return [
        f"model     {estimate.model}",
        f"problems  {estimate.problems:,} × {plural(estimate.samples, 'sample')}{several} = {results:,} results{there}",
        f"prompts   about {plural(estimate.prompt_tokens, 'token')}",
        *_likely_first("sampled", _usual_tokens(estimate), _most_tokens(estimate)),
        *_likely_first("time", _usual_time(estimate), _most_time(estimate)),
        f"memory    {memory}",
    ]


def _likely_first(name: str, likely: str, most: str) -> list[str]:
    """The likely figure if there is one, and the limit behind it."""
    first, *second = filter(None, (likely, most))
    return [f"{name:<8}  {first}", *(f"{'':<8}  {each}" for each in second)]


def _usual_tokens(estimate: RunEstimate) -> str:
    thinking, solution = estimate.usual_thinking_tokens, estimate.usual_solution_tokens
    return "" if thinking is None or solution is None else f"about {_tokens(thinking, solution)}"


def _most_tokens(estimate: RunEstimate) -> str:
    return f"at most {_tokens(estimate.thinking_tokens, estimate.solution_tokens)}"


def _tokens(thinking: int, solution: int) -> str:
    return f"{plural(thinking + solution, 'token')}: {thinking:,} thinking, {solution:,} solution"


def _usual_time(estimate: RunEstimate) -> str:
    return "" if estimate.usual_seconds is None else f"about {duration(estimate.usual_seconds)}"


def _most_time(estimate: RunEstimate) -> str:
    if estimate.seconds is None:
        return "" if estimate.usual_seconds is not None else "not known before it runs on the GPU"
    return f"at most about {duration(estimate.seconds)} at the speed this machine shows now"
