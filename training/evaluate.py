"""Measures abacus in llama.cpp, on held-out problems in held-out wordings:

    python -m training.evaluate thinkcap/catalog/builtin/abacus-q8_0.gguf
    python -m training.evaluate thinkcap/catalog/builtin/abacus-f16.gguf --parts natural half
    python -m training.evaluate training/runs/twin/abacus-f16.gguf --parts natural half

Thoughts are greedy, except in part `warm`. A length that the prompt asks for never cuts them: parts `exact` and `most`
measure what the model does by itself.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Unpack

import thinkcap
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.request import Request
from thinkcap.engine.settings import Options
from training import samples, scope
from training.heldout import problems
from training.improvised import casual_problem, refusal
from training.problem import Problem

BUDGETS = [0, 16, 32, 64, 128, 256, 512]
ASKED = [32, 64, 128, 256, 512]
LONGEST_THOUGHT, LONGEST_SOLUTION = 1500, 200
SEED = 96
"""Different from the seed of the shipped problems."""


class Trial:
    """One model and the problems it is measured on."""

    def __init__(self, path: Path, count: int, parallel: int, threads: int | None) -> None:
        self.engine, self.parallel = thinkcap.load(str(path), threads=threads), parallel
        self.problems = dict(problems(count, SEED))
        self.natural: dict[str, Outcome] = {}

    def run(self, requests: Iterable[Request]) -> list[Outcome]:
        outcomes = [o for o in self.engine.solve_many(requests, parallel=self.parallel) if isinstance(o, Outcome)]
        return sorted(outcomes, key=lambda outcome: outcome.id)

    def request(self, name: str, text: str, thinking: int = LONGEST_THOUGHT, **options: Unpack[Options]) -> Request:
        greedy: Options = {"temperature": 0.0, "cut_style": "bare", "prompt_mode": "none"}
        fixed: Options = {"solution_budget": LONGEST_SOLUTION, "id": name}
        return self.engine.request(text, thinking, **(greedy | fixed | options))

    def right(self, outcome: Outcome) -> bool:
        return outcome.answer == self.problems[outcome.id.split("@")[0]].answer

    def share(self, outcomes: Iterable[Outcome], test: Callable[[Outcome], bool] | None = None) -> str:
        marks = [(test or self.right)(outcome) for outcome in outcomes]
        return f"{100 * sum(marks) / max(1, len(marks)):.1f}"

    def measure_natural(self) -> None:
        """Accuracy without a budget and at each budget, from one thought for each problem."""
        requests = [
            replace(self.request(name, problem.text), fork_budgets=tuple(BUDGETS))
            for name, problem in self.problems.items()
        ]
        by_budget: dict[int | None, list[Outcome]] = defaultdict(list)
        for outcome in self.run(requests):
            by_budget[outcome.budget.thinking].append(outcome)
        whole = by_budget[LONGEST_THOUGHT]
        self.natural = {outcome.id: outcome for outcome in whole}
        print("| family | " + " | ".join(map(str, BUDGETS)) + " | none | thinking tokens |")
        print("| --- " * (len(BUDGETS) + 3) + "|")
        for family in [*dict.fromkeys(problem.family for problem in self.problems.values()), ""]:
            cells = [
                self.share(o for o in by_budget[budget] if o.id.startswith(family))
                for budget in [*BUDGETS, LONGEST_THOUGHT]
            ]
            tokens = sorted(o.thinking_tokens for o in whole if o.id.startswith(family))
            spread = f"{tokens[0]}, {tokens[len(tokens) // 2]}, {tokens[-1]}"
            print(f"| {family or 'all'} | " + " | ".join(cells) + f" | {spread} |")
        print(f"ends by itself with exactly one box: {self.share(whole, complete)} %")
        print(f"with an answer at budget 0: {self.share(by_budget[0], lambda o: o.answer is not None)} %")

    def measure_half(self) -> None:
        """Accuracy with each thought cut at half its own length."""
        halves = [
            self.request(name, self.problems[name].text, outcome.thinking_tokens // 2)
            for name, outcome in self.natural.items()
        ]
        outcomes = self.run(halves)
        answered = self.share(outcomes, lambda o: o.answer is not None)
        print(f"at half its own length: {self.share(outcomes)} % right, {answered} % with an answer")

    def measure_warm(self) -> None:
        requests = [
            self.request(name, problem.text, temperature=0.6, top_p=0.95) for name, problem in self.problems.items()
        ]
        outcomes = self.run(requests)
        ended = self.share(outcomes, complete)
        print(f"at temperature 0.6: {self.share(outcomes)} % right, {ended} % end by themselves with exactly one box")

    def measure_exact(self) -> None:
        """How far thoughts of requested length n are from n, for lengths that the problem can use."""
        self._measure_told("", usable)

    def measure_most(self) -> None:
        """How many thoughts keep to a requested maximum of n tokens."""
        self._measure_told("maximum ", lambda problem, n: True)

    def _measure_told(self, most: str, usable: Callable[[Problem, int], bool]) -> None:
        """Asks for each of a problem's usable lengths in turn, one a problem."""
        requests: list[Request] = []
        for name, problem in self.problems.items():
            if lengths := [n for n in ASKED if usable(problem, n)]:
                n = lengths[len(requests) % len(lengths)]
                text = f"{problem.text}\n\nThink for {most}{n} tokens."
                asked = self.request(f"{name}@{n}", problem.text, 2 * n + 100)
                requests.append(replace(asked, prompt_text=text))
        outcomes = self.run(requests)
        print(f"asked to think for {most}n tokens:")
        print("| n | problems | mean tokens | mean relative deviation % | within n % | right % |")
        print("| --- " * 6 + "|")
        for n in [*ASKED, 0]:
            some = [o for o in outcomes if n in (0, asked_of(o))]
            deviation = sum(abs(o.thinking_tokens / asked_of(o) - 1) for o in some) / max(1, len(some))
            mean = sum(o.thinking_tokens for o in some) / max(1, len(some))
            within = self.share(some, lambda o: o.thinking_tokens <= asked_of(o))
            cells = f"{len(some)} | {mean:.0f} | {100 * deviation:.1f} | {within} | {self.share(some)}"
            print(f"| {n or 'all'} | {cells} |")

    def measure_scope(self) -> None:
        """Whether it ends by itself within 200 tokens when asked something outside its scope, and says so."""
        random = Random(SEED)
        texts = [scope.ask(random, held_out=True) for _ in range(200)]
        texts += [" ".join(random.choices(scope.HELD_OUT.words.split(), k=400))[:2000] for _ in range(150)]
        outcomes = self.run(self.request(f"scope-{i:03}", text) for i, text in enumerate(texts))
        short = self.share(outcomes, ends_soon)
        says = self.share(outcomes, refuses)
        print(f"out of scope: {short} % end by themselves within 200 tokens, {says} % say so")

    def measure_improvised(self) -> None:
        """What it refuses of held-out wordings of what it can't do, and what it makes of held-out casual wordings."""
        random = Random(SEED)
        texts = list(dict.fromkeys(refusal(random, held_out=True).text for _ in range(400)))
        outcomes = self.run(self.request(f"refused-{i:03}", text) for i, text in enumerate(texts))
        print(f"refuses {self.share(outcomes, refuses)} % of {len(outcomes)} improvised questions that it can't answer")
        drawn = [casual_problem(random, held_out=True) for _ in range(400)]
        self.problems |= {f"casual-{i:03}": problem for i, problem in enumerate(drawn)}
        outcomes = self.run(self.request(f"casual-{i:03}", problem.text) for i, problem in enumerate(drawn))
        print(f"in casual words: {self.share(outcomes)} % right, {self.share(outcomes, refuses)} % refused")


def refuses(outcome: Outcome) -> bool:
    return outcome.solution.strip() == scope.SOLUTION.strip()


def usable(problem: Problem, n: int) -> bool:
    return samples.shortest_useful(problem) <= n <= samples.longest_useful(problem)


def ended(outcome: Outcome) -> bool:
    return outcome.stop_reason == "natural" and outcome.finish_reason == "stop"


def complete(outcome: Outcome) -> bool:
    return ended(outcome) and outcome.solution.count("\\boxed{") == 1


def ends_soon(outcome: Outcome) -> bool:
    return ended(outcome) and outcome.thinking_tokens + outcome.solution_tokens <= 200


def asked_of(outcome: Outcome) -> int:
    return int(outcome.id.split("@")[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gguf", type=Path)
    parts = ["natural", "half", "warm", "exact", "most", "scope", "improvised"]
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--count", type=int, default=200, help="problems of each family")
    parser.add_argument("--parallel", type=int, default=1, help="thoughts at a time")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--wrong", action="store_true", help="show the thoughts that ended in a wrong answer")
    options = parser.parse_args()
    trial = Trial(options.gguf, options.count, options.parallel, options.threads)
    for part in parts:
        if part in options.parts or (part == "natural" and "half" in options.parts):
            getattr(trial, f"measure_{part}")()
    if options.wrong:
        for outcome in trial.natural.values():
            if not trial.right(outcome):
                expected = trial.problems[outcome.id].answer
                print(f"--- {outcome.id}: {outcome.problem} -> {expected}\n{outcome.thinking}{outcome.solution}")


if __name__ == "__main__":
    main()
