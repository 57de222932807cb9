"""What abacus makes of the questions that people improvise: how many it gets right, refuses and gets wrong.

    python benchmarks/improvised.py
    python benchmarks/improvised.py --model path/to/abacus-q8_0.gguf --wrong

The 400 questions of improvised.jsonl and the 100 of improvised_later.jsonl were written by hand, in no wording of the
training. The later ones were written after the training's refusals, without a look at what abacus makes of them.
`answer` is null for what has no answer or is no arithmetic: there only a refusal is right, and any answer is wrong.
Thoughts are greedy, without a budget. `passing` counts the wrong answers whose thought ends in a passing check.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import thinkcap
from thinkcap.engine.outcome import Outcome
from thinkcap.grading import Grader

QUESTIONS = [Path(__file__).parent / name for name in ("improvised.jsonl", "improvised_later.jsonl")]
REFUSAL = "I only do arithmetic"
COLUMNS = ("right", "refused", "wrong", "passing")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="abacus")
    parser.add_argument("--quant")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--wrong", action="store_true", help="print every wrong answer")
    arguments = parser.parse_args()
    with thinkcap.load(arguments.model, quant=arguments.quant, threads=arguments.threads) as engine, Grader() as grader:
        for path in QUESTIONS:
            measure(engine, grader, rows_of(path), arguments.wrong)


def rows_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def measure(engine: thinkcap.Engine, grader: Grader, rows: list[dict[str, Any]], show_wrong: bool) -> None:
    """Asks all questions of a file and prints its table."""
    questions = {row["id"]: row for row in rows}
    counts: dict[str, Counter[str]] = {row["kind"]: Counter() for row in rows}
    requests = [engine.request(row["problem"], None, id=row["id"], temperature=0.0) for row in rows]
    for outcome in engine.solve_many(requests):
        assert isinstance(outcome, Outcome)
        row = questions[outcome.id]
        verdict = judge(outcome, row["answer"], grader)
        passes = verdict == "wrong" and outcome.thinking.rstrip().rpartition("\n")[2].startswith("ok")
        counts[row["kind"]] += Counter({verdict: 1, "passing": int(passes)})
        if show_wrong and verdict == "wrong":
            print(f"{outcome.id}: {row['problem']} -> {outcome.answer}, expected {row['answer']}")
    print_table(counts)


def judge(outcome: Outcome, expected: str | None, grader: Grader) -> Literal["right", "refused", "wrong"]:
    """Whether the answer is right, there is none because abacus refused, or it is wrong."""
    if REFUSAL in outcome.solution:
        return "refused"
    if expected is not None and grader.grade(outcome.answer, expected).correct:
        return "right"
    return "wrong"


def print_table(counts: dict[str, Counter[str]]) -> None:
    """Prints a row for each kind of question, and one for all."""
    print(f"\n| questions | of | {' | '.join(COLUMNS)} |")
    print("| --- " * (len(COLUMNS) + 2) + "|")
    for kind, found in {**counts, "all": sum(counts.values(), Counter())}.items():
        number = found["right"] + found["refused"] + found["wrong"]
        print(f"| {kind} | {number} | {' | '.join(str(found[column]) for column in COLUMNS)} |")


if __name__ == "__main__":
    main()
