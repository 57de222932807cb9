"""How right abacus is under each cut style, at equal mean thinking tokens.

    python benchmarks/cut_styles.py
    python benchmarks/cut_styles.py training/runs/twin/abacus-f16.gguf

Styles use their budgets differently: a soft cut or one at a pause comes earlier than a bare one. So each style runs
under many budgets, on one thought for each problem that forks at each of them, and its accuracy at a mean number of
thinking tokens is interpolated between the two budgets around it. The 95 % intervals are Wilson's.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from typing import get_args

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from benchmarks import abacus
from thinkcap.engine.engine import Engine
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.settings import CutStyle
from thinkcap.runs.intervals import wilson
from training.problem import Problem

BUDGETS = (4, 8, 12, 16, 24, 32, 40, 48, 64, 80, 96, 128, 160, 224)
TOKENS = (8, 16, 32, 48, 64, 80)
"""Mean thinking tokens at which the styles are compared."""
STYLES: tuple[CutStyle, ...] = get_args(CutStyle)


def measure(
    engine: Engine, problems: dict[str, Problem], style: CutStyle, temperature: float
) -> list[tuple[float, float]]:
    """Mean thinking tokens and accuracy under each budget."""
    requests = [
        request
        for name, problem in problems.items()
        for request in engine.sweep_requests(
            problem.text, BUDGETS, id=name, cut_style=style, temperature=temperature, solution_budget=64
        )
    ]
    tokens: dict[int, int] = defaultdict(int)
    right: dict[int, int] = defaultdict(int)
    for outcome in engine.solve_many(requests):
        assert isinstance(outcome, Outcome)
        budget = outcome.budget.thinking or 0
        tokens[budget] += outcome.thinking_tokens
        right[budget] += outcome.answer == problems[outcome.id].answer
    return [(tokens[budget] / len(problems), right[budget] / len(problems)) for budget in BUDGETS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="abacus")
    parser.add_argument("--problems", type=int, default=400)
    parser.add_argument("--temperatures", type=float, nargs="+", default=[0.0, 0.6])
    parser.add_argument("--styles", nargs="+", choices=STYLES, default=STYLES)
    parser.add_argument("--threads", type=int)
    asked = parser.parse_args()
    problems = abacus.problems(asked.problems)
    print(f"| style, temperature | {' | '.join(map(str, TOKENS))} |")
    print("| --- " * (len(TOKENS) + 1) + "|")
    with abacus.load(asked.model, asked.threads) as engine:
        for temperature in asked.temperatures:
            for style in asked.styles:
                means, shares = zip(*measure(engine, problems, style, temperature), strict=True)
                cells = []
                for share in np.interp(TOKENS, means, shares):
                    found = wilson(round(share * len(problems)), len(problems))
                    cells.append(f"{100 * share:.1f} ({100 * found.low:.1f} to {100 * found.high:.1f})")
                print(f"| {style}, {temperature:g} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
