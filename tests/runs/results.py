"""Results without an engine, and their lines, for the tests of what reads and counts them."""

from __future__ import annotations

from typing import Any

from thinkcap.runs.result import Result


def line(id: str = "1", sample: int = 0, thinking: int | None = 64, **fields: Any) -> dict[str, Any]:
    """The line of a right answer to a thought cut at its budget, one marker injected, answered in ten tokens."""
    return {
        "id": id,
        "problem": "What is 1 + 1?",
        "prompt_text": "What is 1 + 1?",
        "sample": sample,
        "model": "abacus",
        "quant": "f16",
        "seed": 0,
        "budget": {"thinking": thinking, "solution": 100, "style": "bare", "prompt_mode": "none"},
        "thinking": "1 + 1 = 2",
        "solution": "It is \\boxed{2}.",
        "answer": "2",
        "expected": "2",
        "correct": True,
        "stop_reason": "budget",
        "finish_reason": "stop",
        "thinking_tokens": thinking or 0,
        "injected_tokens": 1,
        "solution_tokens": 10,
        "shared": False,
    } | fields


def result(id: str = "1", sample: int = 0, thinking: int | None = 64, **fields: Any) -> Result:
    """The result of that line."""
    return Result.from_dict(line(id, sample, thinking, **fields))
