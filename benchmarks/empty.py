"""How many solutions are empty, and in how many an answer can be read, at each thinking budget.

    python benchmarks/empty.py abacus
    python benchmarks/empty.py smollm2
    python benchmarks/empty.py path/to/abacus-q8_0.gguf --seconds 60

abacus gets 500 held-out problems under each cut style, SmolLM2 100 prompts of different kinds, each under one style a
round. A thought forks at every budget. Seeds, solution budgets (1, 8 or 32) and temperatures (0.6 to 1.0) are random.
Only models that answer in boxes have answers that can be read; SmolLM2 does not. Ends with status 1 if a solution is
empty.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import get_args

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import abacus, smollm2
from thinkcap.engine.engine import Engine
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.request import Request
from thinkcap.engine.settings import CutStyle

BUDGETS = {"abacus": (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512), "smollm2": (0, 17, 64, 200)}
SOLUTION_BUDGETS = (1, 8, 32)
STYLES: tuple[CutStyle, ...] = get_args(CutStyle)


def abacus_requests(engine: Engine, count: int, random: Random) -> Iterator[Request]:
    for name, problem in abacus.problems(count).items():
        for style in STYLES:
            yield from sweep(engine, name, problem.text, style, BUDGETS["abacus"], random)


def smollm2_requests(engine: Engine, rounds: int, random: Random) -> Iterator[Request]:
    for _ in range(rounds):
        for name, prompt in smollm2.prompts().items():
            yield from sweep(engine, name, prompt, random.choice(STYLES), BUDGETS["smollm2"], random)


def sweep(
    engine: Engine, name: str, problem: str, style: CutStyle, budgets: tuple[int, ...], random: Random
) -> list[Request]:
    return engine.sweep_requests(
        problem,
        budgets,
        id=name,
        cut_style=style,
        seed=random.randrange(2**31),
        temperature=random.uniform(0.6, 1.0),
        solution_budget=random.choice(SOLUTION_BUDGETS),
    )


def is_empty(outcome: Outcome) -> bool:
    """Whether the solution has nothing to be seen."""
    return not any(character.isprintable() and not character.isspace() for character in outcome.solution)


def print_table(found: dict[int, Counter[str]], boxes: bool) -> None:
    print("| budget | results | cut | empty | answer begun |" + (" readable % |" if boxes else ""))
    print("| --- " * (5 + boxes) + "|")
    for budget, counts in [*sorted(found.items()), ("all", sum(found.values(), Counter()))]:
        row = [str(counts[column]) for column in ("results", "cut", "empty", "begun")]
        if boxes:
            row.append(f"{100 * counts['readable'] / counts['results']:.2f}")
        print(f"| {budget} | {' | '.join(row)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="smollm2, abacus, or the path of an abacus")
    parser.add_argument("--problems", type=int, default=500, help="abacus's held-out problems")
    parser.add_argument("--rounds", type=int, default=1, help="how often SmolLM2 gets each prompt")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="stop after this time")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--show", action="store_true", help="print results without an answer that can be read")
    asked = parser.parse_args()
    random, boxes = Random(asked.seed), asked.model != "smollm2"
    found: dict[int, Counter[str]] = defaultdict(Counter)
    ends = time.monotonic() + asked.seconds
    with abacus.load(asked.model, asked.threads) if boxes else smollm2.load(asked.threads) as engine:
        if boxes:
            requests = list(abacus_requests(engine, asked.problems, random))
        else:
            requests = list(smollm2_requests(engine, asked.rounds, random))
        for outcome in engine.solve_many(requests):
            assert isinstance(outcome, Outcome)
            found[outcome.budget.thinking or 0] += Counter(
                results=1,
                cut=outcome.stop_reason != "natural",
                empty=is_empty(outcome),
                begun=outcome.answer_forced,
                readable=outcome.answer is not None,
            )
            if is_empty(outcome) or (asked.show and boxes and outcome.answer is None):
                print(repr(outcome), outcome.style, outcome.budget, repr(outcome.solution), file=sys.stderr)
            if time.monotonic() > ends:
                break
    print_table(found, boxes)
    raise SystemExit(1 if any(counts["empty"] for counts in found.values()) else 0)


if __name__ == "__main__":
    main()
