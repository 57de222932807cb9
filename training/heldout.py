"""Writes held-out problems to measure abacus on: `python -m training.heldout examples/abacus-heldout.jsonl`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from random import Random

from training.families import FAMILIES, held_out_problem
from training.problem import Problem

PER_FAMILY = 25
"""Problems of each family in the shipped file."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=2505)
    options = parser.parse_args()
    lines = []
    for name, problem in in_turn(problems(PER_FAMILY, options.seed)):
        row = {"id": name, "family": problem.family, "problem": problem.text, "answer": problem.answer}
        lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    options.file.write_text("".join(lines), encoding="utf-8")


def problems(count: int, seed: int) -> list[tuple[str, Problem]]:
    """`count` different held-out problems of each family, each with its name."""
    random, drawn = Random(seed), []
    for family in FAMILIES:
        found: dict[str, Problem] = {}
        while len(found) < count:
            problem = held_out_problem(random, family)
            found.setdefault(problem.key, problem)
        drawn += [(f"{family}-{i:03}", problem) for i, problem in enumerate(found.values(), 1)]
    return drawn


def in_turn(drawn: Iterable[tuple[str, Problem]]) -> list[tuple[str, Problem]]:
    """The problems with the families taking turns, so that the first few of a file are of every kind."""
    return sorted(drawn, key=lambda named: named[0].rpartition("-")[2])


if __name__ == "__main__":
    main()
