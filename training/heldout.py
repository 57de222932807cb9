"""Write the held-out problems abacus is judged by: `python -m training.heldout examples/abacus-heldout.jsonl`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from random import Random

from training.problems import held_out_problem

COUNTS = {"sum": 70, "difference": 35, "product": 55, "linear": 40}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=2505)
    options = parser.parse_args()
    random = Random(options.seed)
    lines, seen = [], set()
    for family, count in COUNTS.items():
        number = 0
        while number < count:
            problem = held_out_problem(random, family)
            if problem.key in seen:
                continue
            seen.add(problem.key)
            number += 1
            row = {
                "id": f"{family}-{number:03}",
                "family": family,
                "problem": problem.text,
                "answer": str(problem.answer),
            }
            lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    options.file.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
