"""Kills a batch with SIGKILL at random moments, resumes it each time, and compares it with an uninterrupted run.

    python benchmarks/kill.py --problems 500 --samples 4 --kills 10

The problems are held out from abacus's training, come from all of its families and are solved greedily. Exits with 1
unless the killed file holds every (problem, sample) exactly once, each line is valid, and each thought, solution and
verdict is the same as in the uninterrupted run.
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

from training.families import FAMILIES, held_out_problem


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=500)
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", default="abacus")
    parser.add_argument("--quant", default="f16")
    parser.add_argument("--budget", default="128")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        problems, calm, killed = (Path(folder) / name for name in ("problems.jsonl", "calm.jsonl", "killed.jsonl"))
        write_problems(problems, arguments.problems, chance)
        command = [sys.executable, "-m", "thinkcap", "batch", str(problems), "--samples", str(arguments.samples)]
        command += ["--model", arguments.model, "--quant", arguments.quant, "--budget", arguments.budget]
        command += ["--temperature", "0", "--threads", "1"]
        began = time.monotonic()
        subprocess.run([*command, "-o", str(calm)], check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - began
        print(f"uninterrupted: {len(results(calm))} results in {seconds:.0f} s", flush=True)
        for kill in range(arguments.kills):
            run = subprocess.Popen([*command, "-o", str(killed)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0.3, 1.2 * seconds / arguments.kills))
            finished = run.poll() is not None
            run.kill()
            run.wait()
            data = killed.read_bytes() if killed.exists() else b""
            torn = bool(data) and not data.endswith(b"\n")
            lines = data.count(b"\n")
            print(
                f"kill {kill + 1}: {lines} whole lines{', a partial one' * torn}{', had finished' * finished}",
                flush=True,
            )
        subprocess.run([*command, "-o", str(killed)], check=True, stdout=subprocess.DEVNULL)
        expected, found = results(calm), results(killed)
        different = [key for key in expected if found.get(key) != expected[key]]
        print(f"resumed to the end: {len(found)} results, {len(different)} differ from the uninterrupted run")
        sys.exit(bool(different) or len(found) != arguments.problems * arguments.samples)


def write_problems(path: Path, count: int, chance: random.Random) -> None:
    """Writes `count` different problems, from each family in turn."""
    texts: dict[str, str] = {}
    families = list(FAMILIES)
    while len(texts) < count:
        problem = held_out_problem(chance, families[len(texts) % len(families)])
        texts[problem.text] = str(problem.answer)
    lines = [json.dumps({"problem": text, "answer": answer}) + "\n" for text, answer in texts.items()]
    path.write_text("".join(lines), encoding="utf-8")


def results(path: Path) -> dict[tuple[str, int], tuple[Any, ...]]:
    """Each record's contents by problem and sample. Raises ValueError for a broken line or a duplicate result."""
    found: dict[tuple[str, int], tuple[Any, ...]] = {}
    for line in path.read_bytes().splitlines():
        record = json.loads(line)
        key = record["id"], record["sample"]
        if key in found:
            raise ValueError(f"{path} has {key} twice")
        found[key] = tuple(record[name] for name in ("problem", "thinking", "solution", "answer", "correct"))
    return found


if __name__ == "__main__":
    main()
