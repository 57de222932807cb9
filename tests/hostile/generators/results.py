"""Result files that anybody may have written."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.show.sweeps import record

TEXTS = ("model", "quant", "model_sha256", "thinking", "solution", "answer", "expected", "prompt_text", "finish_reason")
BUDGETS = (0, 16, 64, None)


def results(rng: random.Random, text: Callable[[random.Random], str], problems: int = 3) -> list[dict[str, Any]]:
    """Results in which every text, and every name that a table could show, is hostile."""
    made = {name: text(rng) for name in TEXTS}
    own = {text(rng): text(rng) for _ in range(2)}
    found: list[dict[str, Any]] = []
    for number in range(problems):
        question = f"{text(rng)} {number}"
        for budget in BUDGETS:
            each = record(question, budget, rng.random() < 0.5, **made)
            each["problem"] = question
            each["stop_reason"] = rng.choice(["budget", "natural", text(rng)])
            each["budget"] |= {"style": text(rng) if number else "bare", **own}
            each["extra"] = {"note": text(rng), text(rng): text(rng)}
            each["run"] = {"think_start": text(rng)}
            if rng.random() < 0.2:
                each["error"] = text(rng)
            found.append(each)
    # Two models of one name, so that the hash of the file is shown.
    return found + [each | {"model_sha256": text(rng)} for each in found]


def write(found: list[dict[str, Any]], path: Path) -> Path:
    """The results as a file, in JSON as Python spells it: with NaN, if there is any."""
    path.write_text("".join(json.dumps(each) + "\n" for each in found), "utf-8")
    return path
