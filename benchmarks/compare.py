"""Compares thinkcap with llama.cpp's own tools, in alternating runs, and prints ratios with their spread.

    python benchmarks/compare.py
    python benchmarks/compare.py --rows single,wide --runs 5
    python benchmarks/compare.py --rows server --runs 2 --record runs.jsonl    (the table covers all recorded runs)

Missing tools are built first (`peers.py`), and so is the 1.5B-shaped model (`write_model.py`). Each side runs in a
separate process with the same number of threads. Loading counts only in the start-up rows. A run is repeated if other
processes used more than 5 % of the machine. All rows take about half an hour on two cores; `depth`, which is not run by
default, takes another ten minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.llama_server import serve, server
from benchmarks.machine import DISTURBED, Watch
from benchmarks.peers import CACHE, tool

HERE = Path(__file__).parent
MIB = 1 << 20
ROWS = ("startup", "abacus", "single", "cli", "wide", "prompts", "memory", "samples", "server")
Measure = Callable[[], float]


@dataclass(frozen=True)
class Row:
    """One line of the table: the measurements of thinkcap and of the peer, and the goal for their ratio. Without a peer
    the goal is for `ours` itself. `runs` is the default number of runs: fewer for long or steady rows."""

    title: str
    ours: Measure
    peer: Measure | None
    goal: str
    runs: int = 5


def side(*words: str | int | Path, log: bool = False) -> dict[str, Any]:
    """What `side.py` prints, run in a separate process; with `log`, its standard error too."""
    command = [sys.executable, str(HERE / "side.py"), *map(str, words)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE if log else None, text=True, check=True
    )
    return {**json.loads(done.stdout), "log": done.stderr}


def output(name: str, *words: str | float | Path) -> str:
    """What one of llama.cpp's tools prints."""
    command = [str(tool(name)), *map(str, words)]
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True
    ).stdout


def llama_bench(
    model: Path, threads: int, *, prompt: int = 0, tokens: int = 0, depth: int = 0, repeats: int = 1
) -> float:
    """Tokens a second of a prompt, or of decoding at context depth `depth`. llama-bench warms up by itself."""
    sizes = ("-p", prompt, "-n", tokens, "-d", depth, "-t", threads, "-r", repeats)
    return float(json.loads(output("llama-bench", "-m", model, *sizes, "-o", "json"))[0]["avg_ts"])


def batched_bench(model: Path, threads: int, width: int, prompt: int, tokens: int) -> float:
    """Tokens a second of `width` sequences that share a prompt, like samples of one problem."""
    sizes = ("-npp", prompt, "-ntg", tokens, "-npl", width, "-c", prompt + width * tokens, "-b", 512, "-ub", 512)
    shared = ("-pps", "-kvu", "-t", threads, "--output-format", "jsonl")
    lines = output("llama-batched-bench", "-m", model, *sizes, *shared).splitlines()
    return float(json.loads(next(line for line in lines if line.startswith("{")))["speed_tg"])


def llama_cli(model: Path, threads: int, problem: str, tokens: int) -> float:
    """The rate that llama-cli reports for a thought of `tokens` tokens and a solution of one."""
    words = ("-m", model, "-p", problem, "-st", "--reasoning-budget", tokens, "-n", tokens + 1, "-c", 1024)
    sampling = ("--temp", 0.6, "--top-p", 0.95, "--top-k", 0, "--min-p", 0, "--samplers", "temperature;top_p")
    said = output("llama-cli", *words, *sampling, "-t", threads, "--simple-io")
    found = re.search(r"Generation: ([\d.]+) t/s", said)
    assert found is not None, said
    return float(found[1])


def startup() -> float:
    """Seconds of a whole `solve` process with one thinking token and one solution token."""
    command = [sys.executable, "-m", "thinkcap", "solve", "5 + 4 = ?", "--model", "abacus", "--budget", "1"]
    began = time.perf_counter()
    subprocess.run([*command, "--solution-budget", "1"], capture_output=True, check=True)
    return time.perf_counter() - began


def help_cpu() -> float:
    """CPU seconds of `thinkcap --help`."""
    before = os.times()
    subprocess.run([sys.executable, "-m", "thinkcap", "--help"], capture_output=True, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def memory_besides(model: Path, width: int, prompt: int, tokens: int) -> float:
    """MiB of peak memory beyond the model file and the buffers that llama.cpp's log reports."""
    found = side("memory", model, width, prompt, tokens, log=True)
    buffers: dict[str, float] = {}
    for name, size in re.findall(r"(\S+ +(?:KV|compute|output) buffer size) = +([\d.]+) MiB", found["log"]):
        buffers[name] = max(buffers.get(name, 0.0), float(size))
    assert any("KV" in name for name in buffers), found["log"]
    besides_file: float = found["peak_bytes"] - found["file_bytes"]
    return besides_file / MIB - sum(buffers.values())


def rows_of(key: str, model: Path, threads: int) -> list[Row]:
    """The rows of one kind."""
    seen: dict[str, list[float]] = {}

    def ours(kind: str, *numbers: int, figure: str = "tokens_per_second") -> Measure:
        def run() -> float:
            found = side(kind, model, *numbers)
            seen.setdefault(kind, []).append(found.get("outside_ms", 0.0))
            return float(found[figure])

        return run

    def outside(kind: str, *numbers: int) -> Measure:
        """Milliseconds outside llama.cpp, taken from the row before if that ran."""
        return lambda: seen[kind].pop() if seen.get(kind) else ours(kind, *numbers, figure="outside_ms")()

    def served(problems: list[str], each: int, tokens: int, count: int = 1) -> Measure:
        """Seconds for the thought's tokens and one solution token, as thinkcap's side runs them."""

        def run() -> float:
            with server(model, 16, 16 * each, threads) as address:
                seconds, sampled = serve(address, problems, tokens + 1, count)
            if sampled != len(problems) * count * (tokens + 1):
                raise SystemExit(f"llama-server sampled {sampled} tokens only")
            return seconds

        return run

    def problems(count: int, length: int) -> list[str]:
        return list(side("problems", model, count, length)["problems"])

    if key == "startup":
        return [
            Row("`thinkcap --help`, CPU seconds", help_cpu, None, "≤ 0.15"),
            Row("`thinkcap solve` with abacus, one token each, whole process, seconds", startup, None, "≤ 0.7"),
        ]
    if key == "abacus":
        from thinkcap.catalog.locate import locate

        path = locate("abacus", "q8_0").path
        found = side("abacus")
        used, length = int(found["threads"]), int(found["length"])

        def small() -> float:
            return float(side("abacus")["tokens_per_second"])

        def high() -> float:
            return float(side("high-level-abacus")["tokens_per_second"])

        return [
            Row(
                f"abacus, 1 sequence, tokens/s : llama-bench, {used} thread{'s' * (used > 1)}",
                small,
                lambda: llama_bench(path, used, tokens=length, depth=24, repeats=20),
                "≥ 0.85",
            ),
            Row("abacus, 1 sequence, tokens/s : llama-cpp-python", small, high, "≥ 1.3"),
        ]
    if key == "single":
        return [
            Row(
                "1 sequence, tokens/s : llama-bench",
                ours("single", 64, 48),
                lambda: llama_bench(model, threads, tokens=48, depth=64),
                "≥ 0.97",
            ),
            Row("1 sequence, tokens/s : llama-cpp-python", ours("single", 64, 48), ours("high-level", 64, 48), "≥ 1.0"),
            Row("1 sequence, ms a step outside llama.cpp", outside("single", 64, 48), None, "≤ 0.25"),
        ]
    if key == "cli":
        text = problems(1, 64)[0]
        return [
            Row(
                "1 sequence, tokens/s : llama-cli --reasoning-budget",
                ours("single", 64, 48),
                lambda: llama_cli(model, threads, text, 48),
                "≥ 1.0",
                runs=3,
            )
        ]
    if key == "wide":
        return [
            Row(
                "16 sequences, tokens/s : llama-batched-bench",
                ours("wide", 16, 64, 24),
                lambda: batched_bench(model, threads, 16, 64, 24),
                "≥ 0.97",
            ),
            Row(
                "16 sequences, ms a step outside llama.cpp",
                outside("wide", 16, 64, 24),
                None,
                "≤ 2.5",
            ),
        ]
    if key == "prompts":
        return [
            Row(
                f"a prompt of {length:,} tokens, tokens/s : llama-bench",
                ours("prompts", length),
                partial(llama_bench, model, threads, prompt=length),
                "≥ 0.97",
                runs=5 if length == 64 else 2,
            )
            for length in (64, 2000)
        ]
    if key == "depth":
        return [
            Row(
                "1 sequence at depth 8,000, tokens/s : llama-bench",
                ours("single", 8000, 24),
                lambda: llama_bench(model, threads, tokens=24, depth=8000),
                "≥ 0.97",
                runs=1,
            )
        ]
    if key == "memory":
        return [
            Row(
                f"peak memory beside file and llama.cpp's buffers, {width} at once, MiB",
                partial(memory_besides, model, width, 64, 8),
                None,
                "≤ 114 (120 MB)",
                runs=2,
            )
            for width in (1, 16)
        ]
    if key == "samples":
        one = problems(1, 512)
        return [
            Row(
                "16 samples of a 512-token problem, 64 tokens each, seconds : llama-server, one request for 16",
                ours("wide", 16, 512, 64, figure="seconds"),
                served(one, 640, 64, count=16),
                "",
                runs=3,
            ),
            Row(
                "the same : llama-server, 16 requests",
                ours("wide", 16, 512, 64, figure="seconds"),
                served(one * 16, 640, 64),
                "≤ 0.9",
                runs=1,
            ),
        ]
    if key == "server":
        return [
            Row(
                "32 problems of 64 + 128 tokens, 16 at once, seconds : llama-server",
                ours("many", 32, 64, 128, figure="seconds"),
                served(problems(32, 64), 256, 128),
                "≤ 1.0",
                runs=2,
            )
        ]
    raise SystemExit(f"There is no row {key}; there are {', '.join((*ROWS, 'depth'))}.")


def quietly(measure: Measure, attempts: int = 4) -> float:
    """A measurement on an idle machine, repeated if other processes used too much of it."""
    for attempt in range(attempts):
        watch = Watch()
        value = measure()
        if (others := watch.others()) <= DISTURBED:
            return value
        print(f"  other processes used {others:.0%} of the machine; repeating", file=sys.stderr)
        time.sleep(5 * attempt)
    raise SystemExit("The machine is too busy to measure on; stop other work and run this again.")


def line(row: Row, pairs: list[tuple[float, float | None]]) -> str:
    """A row of the table: the medians, and the median ratio with its lowest and highest value."""
    mine = sorted(ours for ours, _ in pairs)
    head = f"| {row.title} | {_short(statistics.median(mine))} |"
    if row.peer is None:
        return f"{head} | {_short(mine[0])} to {_short(mine[-1])} | {row.goal} | {len(pairs)} |"
    ratios = sorted(ours / peer for ours, peer in pairs if peer)
    theirs = statistics.median(peer for _, peer in pairs if peer)
    spread = f"**{statistics.median(ratios):.3f}** ({ratios[0]:.3f} to {ratios[-1]:.3f})"
    return f"{head} {_short(theirs)} | {spread} | {row.goal} | {len(pairs)} |"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=CACHE / "shape-1.5b-q8_0.gguf")
    parser.add_argument("--threads", type=int, help="threads for the large model; default: thinkcap's own choice")
    parser.add_argument("--runs", type=int, help="runs of each side; default: 5, fewer for long rows")
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument(
        "--record", type=Path, help="append the runs to this file and print the table of all runs in it"
    )
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that llama-server is stopped too
    model: Path = asked.model
    if not model.exists():
        subprocess.run([sys.executable, str(HERE / "write_model.py"), "--quant", "q8_0", str(model)], check=True)
    from thinkcap.engine.model.threads import suitable

    threads = asked.threads or suitable(model.stat().st_size)
    kept = [json.loads(text) for text in asked.record.read_text().splitlines()] if _exists(asked.record) else []
    print("| | thinkcap | peer | ratio, or lowest to highest | goal | runs |\n| --- | --- | --- | --- | --- | --- |")
    for key in asked.rows.split(","):
        for row in rows_of(key, model, threads):
            pairs = [(old["ours"], old["peer"]) for old in kept if old["row"] == row.title]
            for _ in range(asked.runs or row.runs):
                pair = (quietly(row.ours), quietly(row.peer) if row.peer else None)
                pairs.append(pair)
                if asked.record:
                    with asked.record.open("a") as file:
                        print(json.dumps({"row": row.title, "ours": pair[0], "peer": pair[1]}), file=file)
            print(line(row, pairs), flush=True)


def _exists(path: Path | None) -> bool:
    return path is not None and path.exists()


if __name__ == "__main__":
    main()
