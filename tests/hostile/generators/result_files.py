"""Result files as nobody should write them: the lines of real results with fields of any type, and mutated bytes.

`case(random)` makes one; `attempt(case, folder)` reads, continues and reports it, and says what became of it. Anything
else that happens is an error of thinkcap.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any, Literal

from tests.hostile.generators.problem_files import mutated
from thinkcap.errors import ThinkcapError
from thinkcap.runs.report import make_report
from thinkcap.runs.result_file import ResultFile

VALUES: tuple[Any, ...] = (
    None, True, False, -1, 0, 3, 10**30, 10**400, 1.5, float("nan"), float("inf"), -1e308, "", "2", "natural", "\x00",
    "\x1b]52;c;aGk=\x07", "\u2028", "\u202e", "\ud800", "x" * 3000, [], [1], [[]], {},
    {"thinking": 3}, {"a": {"b": []}},
)  # fmt: skip
SETTINGS: dict[str, Any] = {
    "model": "abacus", "quant": "f16", "model_sha256": "0" * 64, "seed": 0,
    "budget": {"thinking": 16, "solution": 24}, "budgets": None, "temperature": 0.6, "top_p": 0.95, "top_k": 0,
    "min_p": 0.0, "loop_guard": True, "force_answer": True, "depths": 0, "answers": 1, "context": None,
    "think_start": None, "think_end": None,
}  # fmt: skip
RESULT: dict[str, Any] = {
    "id": "1", "problem": "What is 1 + 1?", "prompt_text": "What is 1 + 1?", "sample": 0, "model": "abacus",
    "quant": "f16", "seed": 0,
    "budget": {
        "thinking": 16, "solution": 24, "min_thinking": 0, "time_limit": None, "style": "bare", "prompt_mode": "none",
    },
    "thinking": "1 + 1 = 2", "solution": "\\boxed{2}", "answer": "2", "expected": "2", "correct": True,
    "stop_reason": "natural", "finish_reason": "stop", "prompt_tokens": 9, "thinking_tokens": 7, "injected_tokens": 0,
    "solution_tokens": 4, "rolled_back_tokens": 0, "answer_forced": False, "probe_tokens": 0,
    "resumed_tokens": 0, "thought_ids": [1, 2], "shared": False, "reply": 0,
    "seconds": {"load": 0.1, "prompt": 0.1, "thinking": 0.2, "solution": 0.1}, "thinkcap_version": "0.1.0",
    "model_sha256": "0" * 64, "extra": {"level": 2, "subject": "sums"}, "verdict": "equal", "run": SETTINGS,
}  # fmt: skip


def case(random: Random) -> bytes:
    data = b"".join(_line(random) for _ in range(random.randrange(1, 5)))
    for _ in range(random.choice((0, 0, 1, 2))):
        data = mutated(data, random)
    return data


def attempt(data: bytes, folder: Path) -> Literal["read", "refused"]:
    """Continues a file and reports it, as `thinkcap batch` and `thinkcap report` would.

    Raises AssertionError for a refusal that is not one sentence, or that changed the file, and whatever else happens.
    """
    path = folder / "r.jsonl"
    path.write_bytes(data)
    try:
        with ResultFile(path) as results:
            results.check(SETTINGS)
    except ThinkcapError as error:
        _check_sentence(error)
        if "hold" not in str(error):  # else it is another run's, which is known once it is read
            assert path.read_bytes() == data
    try:
        json.dumps(make_report([path], votes=True, again=True).to_dict(), allow_nan=False)
        for by in ("level", "stop_reason", "thinking"):
            make_report([path], by=by)
    except ThinkcapError as error:
        _check_sentence(error)
        return "refused"
    return "read"


def _check_sentence(error: ThinkcapError) -> None:
    sentence = str(error)
    assert sentence.endswith("."), sentence
    assert len(sentence) < 1_000, sentence


def _line(random: Random) -> bytes:
    line = json.loads(json.dumps(RESULT))
    line["id"] = str(random.randrange(3))
    if random.random() < 0.2:
        line = {name: line[name] for name in (*list(line)[:8], "answer", "expected", "run")} | {
            "error": "It is too long."
        }
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        where = random.choice(
            (line, line, line, *(line[name] for name in ("budget", "run") if isinstance(line[name], dict)))
        )
        name = random.choice((*where, "a field of the future"))
        if random.random() < 0.2:
            where.pop(name, None)
            break
        where[name] = random.choice(VALUES)
    return json.dumps(line, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass") + b"\n"
