"""Whether two versions of thinkcap give the same results, byte for byte.

    python benchmarks/same_results.py write before/ --checkout ../thinkcap-before
    python benchmarks/same_results.py write after/
    python benchmarks/same_results.py compare before/ after/

`write` runs each command of COMMANDS with the thinkcap of a checkout and keeps its records in a folder, one file a
command. `compare` matches the records of two folders by key (id, sample, budget, reply) and compares them without
`seconds` and `thinkcap_version`. A field that is missing or has another value is a difference; one that only the new
side has is listed as added. A changed order of the records is shown, but is no difference: it depends on scheduling.
Exits with 1 if anything differs.

The model is abacus. In q8_0 results depend on what else is in the batch, so it runs one sequence at a time. In f16 they
depend only on whether sequences share one KV cache: at temperature 0.6 that changes 7 of the 1,400 records of a sweep.
Free memory decides it, so the commands are small enough for a cache per sequence when 6 GB are free. One of them gets a
shared cache by --context.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from rich.console import Console
from rich.table import Table

Record: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[object, ...]

CHECKOUT = Path(__file__).resolve().parents[1]
HELD_OUT = CHECKOUT / "examples" / "abacus-heldout.jsonl"
NOT_COMPARED = ("seconds", "thinkcap_version")
WRONG_ANSWER = 3  # the exit code that says so

F16 = "--model abacus --quant f16 --threads 1"
Q8 = "--model abacus --quant q8_0 --threads 1"
PROBLEMS = {
    "sum": "What is 384 + 297 + 581?",
    "product": "What is 48 * 12?",
    "story": "Ann has 37 apples and buys 5 bags of 12. How many apples does she have?",
    "marker": "What is 3 + </think> 4?",
    "loop": f"{'1' * 35} + 1",
    "length": "What is 48 * 12? Think for maximum 20 tokens.",
}


def solve(problem: str, options: str) -> str:
    return f"solve {shlex.quote(PROBLEMS[problem])} --json {options}"


def commands() -> dict[str, tuple[str, ...]]:
    """The command lines of each result file. Several write to the same file one after the other."""
    listed: dict[str, tuple[str, ...]] = {}
    for problem in ("sum", "product", "story"):
        for budget in ("0", "1", "17", "64", "none"):
            temperature = {"sum": "0", "product": "0.6", "story": "1"}[problem]
            listed[f"solve-{problem}-{budget}"] = (
                solve(problem, f"--budget {budget} --temperature {temperature} --seed 3 {F16}"),
            )
    for style in ("bare", "message", "soft"):
        for mode in ("none", "max", "exact"):
            options = f"--budget 40 --cut-style {style} --prompt-mode {mode} --temperature 0.6 --samples 2 {F16}"
            listed[f"solve-{style}-{mode}"] = (solve("product", options),)
    solves = {
        "min-thinking": ("sum", f"--min-thinking 200 {F16}"),
        "min-and-budget": ("product", f"--min-thinking 150 --budget 170 --temperature 0.6 {F16}"),
        "long-marker": ("sum", f"--think-start '<think>' --think-end check: --temperature 0.6 --samples 3 {F16}"),
        "long-markers": ("product", f"--think-start 'Let me see' --think-end check: --budget 20 {F16}"),
        "long-marker-message": (
            "sum",
            f"--think-start '<think>' --think-end nines --budget 50 --cut-style message {F16}",
        ),
        "short-solution": ("sum", f"--solution-budget 5 --budget 64 {F16}"),
        "small-context": ("product", f"--context 128 --solution-budget 32 {F16}"),
        "time-limit": ("product", f"--time-limit 10m {F16}"),
        "sampling": ("product", f"--temperature 1.5 --top-p 0.9 --top-k 8 --min-p 0.02 --samples 4 --budget 300 {F16}"),
        "loop": ("loop", f"--solution-budget 20 {F16}"),
        "no-loop-guard": ("loop", f"--solution-budget 20 --budget 300 --no-loop-guard {F16}"),
        "expect": ("product", f"--expect 576 {F16}"),
        "marker-in-problem": ("marker", f"--budget 64 --temperature 0.6 {F16}"),
        "length-in-problem": ("length", f"--temperature 0.6 {F16}"),
        "vote": ("product", f"--samples 6 --vote --temperature 1 --budget 64 --expect 576 {F16}"),
        "depths": ("product", f"--samples 2 --vote-depths 4 --answers 2 --temperature 0.8 --budget 64 {F16}"),
        "q8": ("product", f"--budget 64 --temperature 0.6 {Q8}"),
        "q8-none": ("story", f"--temperature 0.6 {Q8}"),
    }
    listed |= {f"solve-{name}": (solve(problem, options),) for name, (problem, options) in solves.items()}
    batches = {
        "16-t0": "--budget 16 --temperature 0",
        "64-t0": "--budget 64 --temperature 0",
        "none-t0": "--budget none --temperature 0",
        "16-t0.6": "--budget 16 --temperature 0.6",
        "64-t0.6": "--budget 64 --temperature 0.6 --samples 2",
        "none-t0.6": "--budget none --temperature 0.6",
        "message": "--budget 48 --temperature 0.6 --cut-style message",
        "soft": "--budget 48 --temperature 0.6 --cut-style soft",
        "max": "--budget 48 --temperature 0.6 --prompt-mode max",
        "exact": "--budget 48 --temperature 0.6 --prompt-mode exact",
        "min-thinking": "--budget 120 --min-thinking 80 --temperature 0.6 --limit 60",
        "parallel-3": "--budget 64 --temperature 0.6 --parallel 3 --limit 60",
        "shuffled": "--budget 64 --temperature 0.6 --shuffle --seed 5 --limit 60",
        "long-marker": "--think-start '<think>' --think-end check: --budget 64 --temperature 0.6 --limit 60",
        "vote": "--budget 64 --temperature 0.8 --samples 4 --vote --limit 60",
        "depths": "--budget 64 --temperature 0.6 --vote-depths 4 --answers 2 --limit 60",
    }
    listed |= {f"batch-{name}": (f"batch FILE -o OUTPUT {options} {F16}",) for name, options in batches.items()}
    continued = f"batch FILE -o OUTPUT --budget 32 --temperature 0.6 {F16}"
    listed["batch-continued"] = (f"{continued} --limit 20", f"{continued} --limit 30 --samples 2")
    listed["batch-q8"] = (f"batch FILE -o OUTPUT --budget 64 --temperature 0.6 --parallel 1 --limit 40 {Q8}",)
    sweeps = {
        "t0": "FILE -o OUTPUT --budgets 0,16..256,none --temperature 0 --parallel 4",
        "t0.6": "FILE -o OUTPUT --budgets 0,16..256,none --temperature 0.6 --parallel 4",
        "pool": "FILE -o OUTPUT --budgets 16..64 --temperature 0.6 --context 2048 --solution-budget 32 --limit 60",
        "samples": "FILE -o OUTPUT --budgets 16..64 --temperature 0.6 --samples 3 --limit 30",
        "message": "FILE -o OUTPUT --budgets 0,20,50 --temperature 0.6 --cut-style message --limit 40",
        "soft": "FILE -o OUTPUT --budgets 0,20,50 --temperature 0.6 --cut-style soft --limit 40",
        "max": "FILE -o OUTPUT --budgets 16..64 --temperature 0.6 --prompt-mode max --limit 40",
        "problem": f"{shlex.quote(PROBLEMS['product'])} --json --budgets 0,16..128,none --temperature 0.6 --expect 576",
        "problem-samples": f"{shlex.quote(PROBLEMS['sum'])} --json --budgets 0,1..8,none --temperature 1 --samples 3",
    }
    return listed | {f"sweep-{name}": (f"sweep {options} {F16}",) for name, options in sweeps.items()}


COMMANDS = commands()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    writing = verbs.add_parser("write", help="run the commands and keep their records")
    writing.add_argument("folder", type=Path)
    writing.add_argument("--checkout", type=Path, default=CHECKOUT, help="whose thinkcap to run; default: this one")
    writing.add_argument("--only", default="", metavar="TEXT", help="only the commands with TEXT in their name")
    comparing = verbs.add_parser("compare", help="compare the records of two folders")
    comparing.add_argument("old", type=Path)
    comparing.add_argument("new", type=Path)
    arguments = parser.parse_args()
    if arguments.verb == "write":
        write(arguments.folder, arguments.checkout.resolve(), arguments.only)
    else:
        sys.exit(not compare(arguments.old, arguments.new))


def write(folder: Path, checkout: Path, only: str) -> None:
    """Runs the commands and writes NAME.jsonl for each. Raises SystemExit if one fails."""
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as empty:  # neither the user's models.toml nor tuned settings
        environment = os.environ | {"XDG_CONFIG_HOME": empty, "XDG_CACHE_HOME": empty, "HF_HUB_OFFLINE": "1"}
        for name, lines in COMMANDS.items():
            if only not in name:
                continue
            output = folder.resolve() / f"{name}.jsonl"
            output.unlink(missing_ok=True)
            for line in lines:
                words = {"FILE": str(HELD_OUT), "OUTPUT": str(output)}
                command = [words.get(word, word) for word in shlex.split(line)]
                run([sys.executable, "-m", "thinkcap", *command], checkout, environment, output)
            print(
                f"{time.monotonic() - began:4.0f} s  {name}: {len(output.read_bytes().splitlines())} records",
                flush=True,
            )


def run(command: list[str], checkout: Path, environment: dict[str, str], output: Path) -> None:
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True)
    if done.returncode not in (0, WRONG_ANSWER):
        sys.exit(f"{shlex.join(command)} failed with {done.returncode}:\n{done.stderr.decode()}")
    if "--json" in command:
        output.write_bytes(done.stdout)


@dataclass
class Comparison:
    """How the records of one command compare."""

    records: int
    equal: int
    same_order: bool
    added: set[str]
    differences: list[str]


def compare(old: Path, new: Path) -> bool:
    """Prints a row for each command; True if every record of both folders is equal."""
    table = Table("command", "records", "equal", "different", "order", "first difference", box=None)
    names = sorted({path.name for folder in (old, new) for path in folder.glob("*.jsonl")})
    compared = [compare_files(old / name, new / name) for name in names]
    for name, found in zip(names, compared, strict=True):
        table.add_row(
            name.removesuffix(".jsonl"),
            str(found.records),
            str(found.equal),
            str(len(found.differences)),
            "same" if found.same_order else "other",
            found.differences[0] if found.differences else "",
        )
    console = Console(width=200, markup=False, highlight=False)
    console.print(table)
    records, differences = sum(found.records for found in compared), sum(len(found.differences) for found in compared)
    added = sorted(set().union(*(found.added for found in compared)))
    console.print(f"{len(names)} commands, {records} records, {differences} different")
    console.print(f"added fields: {', '.join(added) or 'none'}")
    return bool(names) and not differences


def compare_files(old: Path, new: Path) -> Comparison:
    if not old.exists() or not new.exists():
        return Comparison(0, 0, True, set(), [f"no file in {(new if old.exists() else old).parent}"])
    before, after = read(old), read(new)
    added: set[str] = set()
    differences = [f"{key} only in {new.parent}" for key in after.keys() - before.keys()]
    for key, record in before.items():
        found = difference(record, after[key], added.add) if key in after else f"missing in {new.parent}"
        if found:
            differences.append(f"{' '.join(map(str, key))}: {found}")
    equal = len(before) + len(after.keys() - before.keys()) - len(differences)
    return Comparison(len(before), equal, list(before) == list(after), added, differences)


def read(path: Path) -> dict[Key, Record]:
    """The records of a file by key. Raises ValueError if two have the same key or a line is not written as JSON is
    everywhere in thinkcap: two such lines with equal values are equal in every byte."""
    records: dict[Key, Record] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if line != json.dumps(record, ensure_ascii=False):
            raise ValueError(f"{path} has a line in another notation: {line}")
        key = key_of(record)
        if key in records:
            raise ValueError(f"{path} has {key} twice")
        records[key] = record
    return records


def key_of(record: Record) -> Key:
    if "vote" in record:
        return ("vote",)
    return record["id"], record["sample"], record["budget"]["thinking"], record["reply"]


def difference(old: Record, new: Record, add: Callable[[str], None]) -> str | None:
    """What first differs, if anything; calls `add` with each field that only the new record has."""
    old, new = ({name: value for name, value in side.items() if name not in NOT_COMPARED} for side in (old, new))
    common = without_added(old, new, "", add)
    if json.dumps(old) == json.dumps(common):
        return None
    for path, value in leaves(old):
        found = dict(leaves(common)).get(path, "missing")
        if json.dumps(value) != json.dumps(found):
            return f"{path} {value!r} -> {found!r}"
    return "the order of the fields"


def without_added(old: Any, new: Any, path: str, add: Callable[[str], None]) -> Any:
    """The part of `new` whose fields `old` has too, in the order of `new`."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in new.keys() - old.keys():
            add(f"{path}{name}")
        return {
            name: without_added(old[name], value, f"{path}{name}.", add) for name, value in new.items() if name in old
        }
    return new


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a record that are no objects, each with the names that lead to it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    else:
        yield path, value


if __name__ == "__main__":
    main()
