"""Kills a batch, a sweep or a pull with SIGKILL at random moments, continues it each time, and checks what came of it.

    python benchmarks/kill.py --problems 500 --samples 4 --kills 10
    python benchmarks/kill.py sweep --budget 0,16,64,128 --kills 10
    python benchmarks/kill.py pull --kills 10

The problems are held out from abacus's training, some of each of its families, and solved greedily. Exits with 1 unless
the killed file holds every (problem, sample, budget) once, each line is valid, and each thought, solution and verdict
is the uninterrupted run's. A pull is of 50 MB from a hub in this process; it must end in the hub's bytes and nothing
else.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.catalog.hub import serve
from tests.catalog.machine import Machine
from training.families import FAMILIES, held_out_problem


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", choices=("batch", "sweep", "pull"), default="batch")
    parser.add_argument("--problems", type=int, default=500)
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="abacus")
    parser.add_argument("--quant", default="f16")
    parser.add_argument("--budget", default="128", help="of a sweep, all budgets")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        sound = kill_pull if arguments.command == "pull" else kill_run
        sys.exit(not sound(Path(folder), arguments, chance))


def kill_run(folder: Path, arguments: argparse.Namespace, chance: random.Random) -> bool:
    """Whether a batch or a sweep gives the same after all kills."""
    problems, calm, killed = (folder / name for name in ("problems.jsonl", "calm.jsonl", "killed.jsonl"))
    write_problems(problems, arguments.problems, chance)
    budgets = "--budgets" if arguments.command == "sweep" else "--budget"
    command = [sys.executable, "-m", "thinkcap", arguments.command, str(problems), "--samples", str(arguments.samples)]
    command += ["--model", arguments.model, "--quant", arguments.quant, budgets, arguments.budget]
    command += ["--temperature", "0", "--threads", "1"]
    began = time.monotonic()
    run = subprocess.Popen([*command, "-o", str(calm)], stdout=subprocess.DEVNULL)
    while run.poll() is None and not (calm.exists() and calm.stat().st_size):
        time.sleep(0.01)
    start = time.monotonic() - began
    run.wait()
    seconds = time.monotonic() - began
    print(f"uninterrupted: {len(results(calm))} results in {seconds:.0f} s", flush=True)
    for kill in range(arguments.kills):
        latest = start + 2 * (seconds - start) / arguments.kills
        finished = kill_once([*command, "-o", str(killed)], None, chance.uniform(0.3, latest))
        data = killed.read_bytes() if killed.exists() else b""
        torn = bool(data) and not data.endswith(b"\n")
        lines = data.count(b"\n")
        print(
            f"kill {kill + 1}: {lines} whole lines{', a partial one' * torn}{', had finished' * finished}", flush=True
        )
    subprocess.run([*command, "-o", str(killed)], check=True, stdout=subprocess.DEVNULL)
    expected, found = results(calm), results(killed)
    different = [key for key in expected if found.get(key) != expected[key]]
    print(f"resumed to the end: {len(found)} results, {len(different)} differ from the uninterrupted run")
    count = arguments.problems * arguments.samples * len(arguments.budget.split(","))
    return not different and len(found) == len(expected) == count


def kill_pull(folder: Path, arguments: argparse.Namespace, chance: random.Random) -> bool:
    """Whether a pull ends in the hub's bytes after all kills."""
    name, data = "someone/Large-GGUF", random.Random(arguments.seed).randbytes(50_000_000)
    with serve() as hub:
        machine = Machine(folder / "killed", hub)
        hub.add(name, {"large-q8_0.gguf": data})
        began = time.monotonic()
        Machine(folder / "calm", hub).run("pull", f"{name}:q8_0")
        seconds = time.monotonic() - began
        # Half of the time goes to starting: so the file is about whole after the last kill.
        hub.rate = int(3 * len(data) / (seconds * max(1, arguments.kills)))
        command = [sys.executable, "-m", "thinkcap", "pull", f"{name}:q8_0"]
        for kill in range(arguments.kills):
            finished = kill_once(command, machine.environment(), chance.uniform(0.3, 2 * seconds))
            parts = [path.stat().st_size for path in machine.cache.rglob("*.incomplete")]
            print(f"kill {kill + 1}: {sum(parts):,} bytes{', had finished' * finished}", flush=True)
        hub.rate = 0
        done = machine.run("pull", f"{name}:q8_0")
        files = [path for path in machine.cache.rglob("*") if path.is_file() and path.suffix != ".lock"]
        whole = [path for path in files if path.suffix == ".gguf" and path.read_bytes() == data]
        blobs = [path for path in files if path.parent.name == "blobs"]
        print(f"resumed to the end: {done.returncode}, {len(whole)} whole file, {len(blobs)} blob", flush=True)
        return done.returncode == 0 and len(whole) == len(blobs) == 1


def kill_once(command: list[str], environment: dict[str, str] | None, seconds: float) -> bool:
    """Starts a command and kills it after a time. Returns whether it had finished."""
    run = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    finished = run.poll() is not None
    run.kill()
    run.wait()
    return finished


def write_problems(path: Path, count: int, chance: random.Random) -> None:
    """Writes `count` different problems, from each family in turn."""
    texts: dict[str, str] = {}
    families = list(FAMILIES)
    while len(texts) < count:
        problem = held_out_problem(chance, families[len(texts) % len(families)])
        texts[problem.text] = str(problem.answer)
    lines = [json.dumps({"problem": text, "answer": answer}) + "\n" for text, answer in texts.items()]
    path.write_text("".join(lines), encoding="utf-8")


def results(path: Path) -> dict[tuple[str, int, int | None], tuple[Any, ...]]:
    """Returns what each record says, by problem, sample and thinking budget.

    Raises ValueError for a broken line or a duplicate result.
    """
    found: dict[tuple[str, int, int | None], tuple[Any, ...]] = {}
    for line in path.read_bytes().splitlines():
        record = json.loads(line)
        key = record["id"], record["sample"], record["budget"]["thinking"]
        if key in found:
            raise ValueError(f"{path} has {key} twice")
        found[key] = tuple(record[name] for name in ("problem", "thinking", "solution", "answer", "correct"))
    return found


if __name__ == "__main__":
    main()
