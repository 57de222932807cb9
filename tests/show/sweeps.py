"""Lines of result files of sweeps and their curves, for the tests of what draws them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from thinkcap.runs.groups import group
from thinkcap.runs.result import Result
from thinkcap.show.curve.curve import Curve, curves

BUDGETS = (0, 64, 128, 256, None)


def record(problem: str, budget: int | None, correct: bool | None = True, **fields: Any) -> dict[str, Any]:
    """One line about a thought that would close itself after 200 tokens."""
    used = 200 if budget is None else min(budget, 200)
    settings = {"thinking": budget, "solution": 1024, "min_thinking": 0, "time_limit": None, "style": "bare"}
    told = {name: fields.pop(name) for name in ("style", "prompt_mode") if name in fields}
    return {
        "id": problem,
        "problem": f"What is {problem}?",
        "prompt_text": f"What is {problem}?",
        "sample": 0,
        "model": "abacus",
        "quant": "q8_0",
        "model_sha256": "0" * 64,
        "seed": 0,
        "budget": settings | {"prompt_mode": "none"} | told,
        "thinking": "step " * used,
        "solution": "The answer is \\boxed{1}.",
        "answer": "1",
        "expected": None if correct is None else "1" if correct else "2",
        "correct": correct,
        "stop_reason": "natural" if used == 200 else "budget",
        "finish_reason": "stop",
        "thinking_tokens": used,
        "injected_tokens": 0 if used == 200 else 1,
        "solution_tokens": 20,
        **fields,
    }


def sweep(problems: int = 10, budgets: Iterable[int | None] = BUDGETS, **fields: Any) -> list[dict[str, Any]]:
    """Lines of every budget, of which more come out right the larger it is."""
    budgets = list(budgets)
    return [
        record(f"p{number}", budget, correct=number * len(budgets) <= place * problems, **fields)
        for place, budget in enumerate(budgets)
        for number in range(problems)
    ]


def curves_of(records: Sequence[dict[str, Any]]) -> list[Curve]:
    return curves(group(map(Result.from_dict, records)))
