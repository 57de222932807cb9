"""thinkcap beside llama.cpp's own tools, in turn, several times each; prints ratios with their spread.

    python benchmarks/compare.py [--model FILE] [--runs 5] [--rows single,wide,server,samples,abacus,startup]

The peers are built first where they are missing (`peers.py`), and the 1.5B-shaped model is written (`write_model.py`).
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from peers import CACHE, tool

from thinkcap.catalog.locate import locate
from thinkcap.engine.threads import physical_cores

HERE = Path(__file__).parent
CORES = str(physical_cores())
Side = Callable[[], float]


def side(*words: str | int) -> dict[str, float]:
    """A side of our own, in a process of its own."""
    command = [sys.executable, str(HERE / "side.py"), *map(str, words)]
    return dict(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def llama_bench(model: Path, tokens: int, threads: str) -> float:
    command = [tool("llama-bench"), "-m", model, "-p", "0", "-n", tokens, "-t", threads, "-r", "1", "-o", "json"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)[0]["avg_ts"])


def batched_bench(model: Path, width: int, tokens: int) -> float:
    command = [tool("llama-batched-bench"), "-m", model, "-c", width * (64 + tokens), "-b", "512", "-ub", "512"]
    command += ["-npp", "64", "-ntg", tokens, "-npl", width, "-t", CORES, "--output-format", "jsonl", "-kvu"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return float(rows[-1]["speed_tg"])


@contextmanager
def server(model: Path, slots: int, context: int) -> Iterator[str]:
    """llama-server with so many slots of so many tokens, as a user would start it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [tool("llama-server"), "-m", model, "-np", slots, "-c", slots * context, "-t", CORES, "--port", port]
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{url}/health") as answer:
                    if answer.status == 200:
                        break
            except OSError:
                time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait()


def complete(url: str, prompt: str, tokens: int) -> None:
    body = {"prompt": prompt, "n_predict": tokens, "temperature": 0.6, "top_p": 0.95, "top_k": 0, "min_p": 0.0}
    body |= {"ignore_eos": True, "cache_prompt": True, "samplers": ["temperature", "top_p"]}
    request = urllib.request.Request(
        f"{url}/completion", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=3600) as answer:
        answer.read()


def serve(model: Path, prompts: list[str], tokens: int) -> float:
    """Seconds llama-server takes for all prompts, sent at once; its start is not counted."""
    with server(model, 16, len(prompts[0]) + tokens + 64) as url:
        complete(url, "1 + 1 = ?", 1)
        began = time.perf_counter()
        with ThreadPoolExecutor(len(prompts)) as pool:
            list(pool.map(lambda prompt: complete(url, prompt, tokens), prompts))
        return time.perf_counter() - began


def prompts(model: Path, count: int, length: int, same: bool) -> list[str]:
    """The prompts that side.py makes, as text."""
    from side import words

    import thinkcap

    with thinkcap.load(str(model)) as engine:
        return [words(engine, length, 0 if same else seed) for seed in range(count)]


def startup() -> float:
    """Seconds from the process's start to the first token of a thought, as a user sees it."""
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


def in_turn(name: str, ours: Side, peer: Side, runs: int, goal: str) -> None:
    """Runs both sides in turn and prints the ratio ours / peer, pair by pair."""
    pairs = [(ours(), peer()) for _ in range(runs)]
    ratios = sorted(mine / theirs for mine, theirs in pairs)
    mine, theirs = (statistics.median(values) for values in zip(*pairs, strict=True))
    print(
        f"| {name} | {mine:,.2f} | {theirs:,.2f} | {statistics.median(ratios):.3f} "
        f"({ratios[0]:.3f} to {ratios[-1]:.3f}) | {goal} |",
        flush=True,
    )


def alone(name: str, ours: Side, runs: int, goal: str) -> None:
    values = sorted(ours() for _ in range(runs))
    spread = f"{values[0]:,.3f} to {values[-1]:,.3f}"
    print(f"| {name} | {statistics.median(values):,.3f} |  | {spread} | {goal} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=CACHE / "shape-1.5b-q8_0.gguf")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows", default="startup,abacus,single,wide,samples,server")
    asked = parser.parse_args()
    model, runs, rows = asked.model, asked.runs, asked.rows.split(",")
    if not model.exists():
        subprocess.run([sys.executable, str(HERE / "write_model.py"), "--quant", "q8_0", str(model)], check=True)
    abacus = locate("abacus", "q8_0").path
    print("| row | thinkcap | peer | ratio, or spread | goal |\n| --- | --- | --- | --- | --- |")
    if "startup" in rows:
        alone("`--help`, CPU seconds", help_cpu, runs, "≤ 0.15")
        alone("`solve` with abacus to its first token, seconds", startup, runs, "≤ 0.7")
    if "abacus" in rows:

        def small() -> float:
            return side("thinkcap-decode", "abacus", 1, 256)["tokens_per_second"]

        in_turn("abacus, 1 sequence, tok/s : llama-bench", small, lambda: llama_bench(abacus, 256, "1"), runs, "≥ 0.85")
        peer = lambda: side("high-level", "abacus", 256)["tokens_per_second"]  # noqa: E731
        in_turn("abacus, 1 sequence, tok/s : llama-cpp-python", small, peer, runs, "≥ 1.3")
    if "single" in rows:

        def large() -> float:
            return side("thinkcap-decode", model, 1, 48)["tokens_per_second"]

        in_turn("1 sequence, tok/s : llama-bench", large, lambda: llama_bench(model, 48, CORES), runs, "≥ 0.97")
        peer = lambda: side("high-level", model, 48)["tokens_per_second"]  # noqa: E731
        in_turn("1 sequence, tok/s : llama-cpp-python", large, peer, runs, "≥ 1.0")
        alone(
            "1 sequence, ms a step outside llama.cpp",
            lambda: side("thinkcap-decode", model, 1, 32)["outside_ms"],
            3,
            "≤ 0.25",
        )
    if "wide" in rows:

        def wide() -> float:
            return side("thinkcap-decode", model, 16, 32)["tokens_per_second"]

        in_turn("16 sequences, tok/s : llama-batched-bench", wide, lambda: batched_bench(model, 16, 32), runs, "≥ 0.97")
        alone(
            "16 sequences, ms a step outside llama.cpp",
            lambda: side("thinkcap-decode", model, 16, 16)["outside_ms"],
            3,
            "≤ 2.5",
        )
    if "samples" in rows:
        texts = prompts(model, 16, 512, same=True)
        in_turn(
            "16 samples of a 512-token problem, 64 tokens each, seconds : llama-server",
            lambda: side("thinkcap-samples", model, 16, 512, 64)["seconds"],
            lambda: serve(model, texts, 64),
            runs,
            "≤ 0.9",
        )
    if "server" in rows:
        texts = prompts(model, 32, 64, same=False)
        in_turn(
            "32 requests of 64 + 128 tokens, seconds : llama-server",
            lambda: side("thinkcap-many", model, 32, 64, 128)["seconds"],
            lambda: serve(model, texts, 128),
            runs,
            "≤ 1.0",
        )


if __name__ == "__main__":
    main()
