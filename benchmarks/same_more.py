"""Whether thinking on gives what the larger budget gives at once, by each way to think on.

    python benchmarks/same_more.py engine
    python benchmarks/same_more.py files --problems 50
    python benchmarks/same_more.py server --markers "several tokens"

`engine` goes on in one process, many thoughts in one batch; `files` lets `thinkcap batch` top a file of results up, so
that another process goes on from what was written; `server` sends `thinkcap.more` to `thinkcap serve`. Each takes
abacus in f16 through held-out problems × budgets × temperatures × cut styles × markers of one token and of several, and
compares all but times and what says how an outcome came about. Exits with 1 if anything differs.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, get_args

sys.path.insert(0, str(Path(__file__).parents[1]))

import thinkcap
from benchmarks import abacus
from benchmarks.server import post, thinkcap_server
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.settings import CutStyle

BUDGETS = (0, 1, 7, 20, 64)
LARGER = (64, 200, None)
TEMPERATURES = (0.0, 0.6)
STYLES: tuple[CutStyle, ...] = get_args(CutStyle)
MARKERS = {"one token": {}, "several tokens": {"think_start": "<begin>", "think_end": "\n= "}}
NOT_COMPARED = {
    *("seconds", "thinkcap_version", "id", "shared", "resumed_tokens"),
    *("mean_log_probability", "lowest_log_probability"),
}

Facts = dict[str, Any]
PAIRS = [(budget, larger) for budget, larger in product(BUDGETS, LARGER) if larger is None or budget < larger]


class Pair(NamedTuple):
    """What thinking on gave, and what the larger budget gives at once."""

    more: Facts
    once: Facts

    @property
    def equal(self) -> bool:
        return all(self.more.get(name) == self.once.get(name) for name in {*self.more, *self.once} - NOT_COMPARED)


def in_one_process(problems: dict[str, str], markers: Facts) -> Iterator[Pair]:
    with thinkcap.load("abacus", quant="f16", threads=1, **markers) as engine:

        def run(requests: Iterable[thinkcap.Request]) -> dict[str, Outcome]:
            return {each.id: each for each in engine.solve_many(requests) if isinstance(each, Outcome)}

        def solve(budget: int | None, temperature: float, style: CutStyle) -> dict[str, Outcome]:
            options: Any = {"temperature": temperature, "cut_style": style}
            return run(engine.request(text, budget, id=name, **options) for name, text in problems.items())

        for temperature, style in product(TEMPERATURES, STYLES):
            once = {larger: solve(larger, temperature, style) for larger in LARGER}
            cut = {budget: solve(budget, temperature, style) for budget in BUDGETS}
            for budget, larger in PAIRS:
                more = run(engine.more_request(each, larger) for each in cut[budget].values())
                yield from (Pair(more[name].to_dict(), once[larger][name].to_dict()) for name in problems)


def by_files(problems: dict[str, str], markers: Facts) -> Iterator[Pair]:
    with tempfile.TemporaryDirectory() as folder:
        asked = Path(folder, "problems.jsonl")
        asked.write_text("".join(f"{json.dumps({'id': name, 'problem': text})}\n" for name, text in problems.items()))

        def batch(results: Path, budget: int | None, temperature: float, style: str) -> dict[str, Facts]:
            given = {"budget": budget, "temperature": temperature, "cut_style": style, **markers}
            words = ["batch", str(asked), "-o", str(results), "--model", "abacus", "--quant", "f16", "--threads", "1"]
            command = [sys.executable, "-m", "thinkcap", *words, *_flags(given)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            lines = map(json.loads, results.read_text().splitlines())
            return {line["id"]: line for line in lines if line["budget"]["thinking"] == budget}

        for number, (temperature, style) in enumerate(product(TEMPERATURES, STYLES)):
            once = {
                larger: batch(Path(folder, f"{number}-{larger}.jsonl"), larger, temperature, style) for larger in LARGER
            }
            cut = {budget: Path(folder, f"{number}-cut-{budget}.jsonl") for budget in BUDGETS}
            for budget, results in cut.items():
                batch(results, budget, temperature, style)
            for budget, larger in PAIRS:
                results = Path(folder, f"{number}-{budget}-{larger}.jsonl")
                shutil.copyfile(cut[budget], results)
                more = batch(results, larger, temperature, style)
                yield from (Pair(more[name], once[larger][name]) for name in problems)


def through_the_server(problems: dict[str, str], markers: Facts) -> Iterator[Pair]:
    with thinkcap_server("abacus:f16", 1, *_flags(markers)) as (address, _pid), ThreadPoolExecutor(8) as clients:

        def ask(text: str, **own: Any) -> Facts:
            connection, answer = post(address, {"messages": [{"role": "user", "content": text}], "thinkcap": own})
            reply = json.load(answer)
            connection.close()
            assert answer.status == 200, reply
            message = reply["choices"][0]["message"]
            texts = {"thinking": message.get("reasoning_content"), "solution": message["content"]}
            return {**reply["thinkcap"], **texts}

        def pairs(task: tuple[str, float, str]) -> list[Pair]:
            text, temperature, style = task
            own: Facts = {"temperature": temperature, "cut_style": style, "seed": 0}
            once = {larger: ask(text, budget=larger, **own) for larger in LARGER}
            cut = {budget: ask(text, budget=budget, **own)["id"] for budget in BUDGETS}
            return [Pair(ask(text, more=cut[budget], budget=larger), once[larger]) for budget, larger in PAIRS]

        for found in clients.map(pairs, product(problems.values(), TEMPERATURES, STYLES)):
            yield from found


def _flags(options: Facts) -> list[str]:
    return [f"--{name.replace('_', '-')}={'none' if value is None else value}" for name, value in options.items()]


WAYS = {"engine": in_one_process, "files": by_files, "server": through_the_server}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("--problems", type=int, default=200)
    parser.add_argument("--markers", choices=MARKERS, help="only markers of this kind")
    arguments = parser.parse_args()
    problems = {name: problem.text for name, problem in abacus.problems(arguments.problems).items()}
    differ = 0
    for markers in [arguments.markers] if arguments.markers else MARKERS:
        total = equal = resumed = 0
        for pair in WAYS[arguments.way](problems, MARKERS[markers]):
            total += 1
            equal += pair.equal
            resumed += bool(pair.more["resumed_tokens"])
            if not pair.equal and total - equal <= 3:
                print(f"  differs: {pair.more}\n       and {pair.once}")
        print(f"markers of {markers}: {equal:,} of {total:,} equal, {resumed:,} went on from a thought", flush=True)
        differ += total - equal
    raise SystemExit(bool(differ))


if __name__ == "__main__":
    main()
