"""`thinkcap serve` under load: beside llama-server, over a long run of good and bad clients, and with short replies.

    python benchmarks/server.py load --model abacus --runs 5
    python benchmarks/server.py load --model benchmarks/cache/shape-1.5b-q8_0.gguf --tokens 32 --runs 3
    python benchmarks/server.py soak --requests 2000 --at-once 50
    python benchmarks/server.py answers --requests 500

`load` runs both servers in turn on the same file with the same threads: every client streams one request after the
other, each a thought of exactly `--tokens` tokens. It prints tokens a second of all clients together and the time to
the first token, as medians with ratios. `soak` cancels a fifth of its requests at random moments and spoils a tenth;
it prints what was lost and how the server's memory grew. `answers` counts empty answers under `max_tokens` 8 to 200.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.llama_server import server as llama_server
from benchmarks.machine import Watch
from thinkcap.catalog.locate import locate

Body = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What a client measured: seconds to the first token and to the last, and the tokens of the reply."""

    first: float
    seconds: float
    tokens: int


@contextmanager
def thinkcap_server(model: str, threads: int, *options: str) -> Iterator[tuple[str, int]]:
    """A running server's address and process number."""
    command = [sys.executable, "-m", "thinkcap", "serve", "--model", model, "--port", "0", "--threads", str(threads)]
    process = subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    found = re.search(r"http://(\S+?:\d+)", process.stderr.readline())
    assert found
    drain = ThreadPoolExecutor(1)
    drain.submit(process.stderr.read)
    try:
        yield found[1], process.pid
    finally:
        process.terminate()
        process.wait()


def post(address: str, body: Body) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    """An answer that was begun, and its connection, to be closed."""
    connection = http.client.HTTPConnection(address, timeout=600)
    connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
    return connection, connection.getresponse()


def stream(address: str, body: Body) -> Reply:
    """Streams one reply to its end."""
    began, first, tokens = time.perf_counter(), 0.0, 0
    connection, answer = post(address, body | {"stream": True, "stream_options": {"include_usage": True}})
    assert answer.status == 200, answer.read()
    for line in answer:
        if not line.startswith(b"data: {"):
            continue
        if not first and re.search(rb'"(reasoning_content|content)":"[^"]', line):
            first = time.perf_counter() - began
        if b'"completion_tokens":' in line:
            tokens = json.loads(line[6:])["usage"]["completion_tokens"]
    connection.close()
    return Reply(first, time.perf_counter() - began, tokens)


def problem(number: int) -> list[Body]:
    return [{"role": "user", "content": f"What is {1000 + 37 * number} * {11 + number % 89}?"}]


# -- beside llama-server -----------------------------------------------------------------------------------------------


def measure(address: str, clients: int, requests: int, body: Body) -> tuple[float, float]:
    """Tokens a second of all clients together, and the median time to the first token in milliseconds."""
    stream(address, body | {"messages": problem(0)})

    def client(number: int) -> list[Reply]:
        return [stream(address, body | {"messages": problem(1 + number * requests + each)}) for each in range(requests)]

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        replies = [reply for found in pool.map(client, range(clients)) for reply in found]
    seconds = time.perf_counter() - began
    return sum(each.tokens for each in replies) / seconds, 1e3 * statistics.median(each.first for each in replies)


def load(arguments: argparse.Namespace) -> None:
    located = locate(arguments.model, arguments.quant)
    sampling = {"temperature": 0.6, "top_p": 0.95, "top_k": 0, "min_p": 0.0}
    exact = {"budget": arguments.tokens, "min_thinking": arguments.tokens, "solution_budget": 1, "cut_style": "bare"}
    ours = sampling | {"thinkcap": exact | {"loop_guard": False, "prompt": "as is"}}
    theirs = sampling | {"max_tokens": arguments.tokens, "ignore_eos": True}
    cells = 16 * (2 * arguments.tokens + 512)
    for clients in arguments.clients:
        requests = max(2, arguments.requests // clients)
        table: dict[str, list[tuple[float, float]]] = {"thinkcap": [], "llama-server": []}
        others = []
        for _ in range(arguments.runs):
            watch = Watch()
            with thinkcap_server(str(located.path), arguments.threads) as (address, _pid):
                table["thinkcap"].append(measure(address, clients, requests, ours))
            if not arguments.alone:
                with llama_server(located.path, 16, cells, arguments.threads) as url:
                    table["llama-server"].append(measure(url.removeprefix("http://"), clients, requests, theirs))
            others.append(watch.others())
        print(
            f"{clients} clients, {requests} requests each, others took {statistics.median(others):.0%} of the machine"
        )
        for title, index in (("tokens/s", 0), ("first token, ms", 1)):
            columns = {name: [run[index] for run in runs] for name, runs in table.items() if runs}
            medians = {name: statistics.median(values) for name, values in columns.items()}
            words = [f"{name} {median:,.1f}" for name, median in medians.items()]
            if len(columns) == 2:
                ratios = [one / other for one, other in zip(*columns.values(), strict=True)]
                words.append(f"ratio {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")
            print(f"  {title}: " + " · ".join(words), flush=True)


# -- a long run --------------------------------------------------------------------------------------------------------


def soak(arguments: argparse.Namespace) -> None:
    draw = random.Random(15)
    kinds = [draw.choices(("whole", "cancelled", "malformed"), (7, 2, 1))[0] for _ in range(arguments.requests)]
    moments = [draw.random() * 0.3 for _ in kinds]
    with thinkcap_server("abacus:f16", arguments.threads) as (address, pid):
        process = psutil.Process(pid)

        def one(number: int) -> str:
            body: Body = {"model": "abacus", "messages": problem(number), "stream": True}
            if kinds[number] == "malformed":
                connection, answer = post(address, body | {draw.choice(("temperature", "n", "colour")): "wrong"})
                outcome = "refused" if answer.status == 400 and "error" in json.load(answer) else "lost"
            elif kinds[number] == "cancelled":
                connection, answer = post(address, body)
                time.sleep(moments[number])
                outcome = "cancelled"
            else:
                connection, answer = post(address, body)
                outcome = "whole" if answer.read().endswith(b"data: [DONE]\n\n") else "lost"
            connection.close()
            return outcome

        def answers() -> list[str]:
            return [text(address, {"messages": problem(number)}) for number in range(8)]

        first = answers()
        marks = []
        found: list[str] = []
        began = time.perf_counter()
        with ThreadPoolExecutor(arguments.at_once) as pool:
            for part in range(4):
                size = arguments.requests // 4
                found += pool.map(one, range(part * size, (part + 1) * size))
                marks.append(process.memory_info().rss / 1e6)
        seconds = time.perf_counter() - began
        deadline = time.monotonic() + 10
        while (health := get(address, "/health"))["open"] and time.monotonic() < deadline:
            time.sleep(0.05)
        print(f"{len(found)} requests in {seconds:.0f} s:", {kind: found.count(kind) for kind in sorted(set(found))})
        print("then", health, "· same answers as before:", answers() == first)
        print("memory after each quarter, MB:", " ".join(f"{mark:.1f}" for mark in marks))


def answers(arguments: argparse.Namespace) -> None:
    with thinkcap_server("abacus:f16", arguments.threads) as (address, _pid):
        bodies = [{"messages": problem(each), "max_tokens": 8 + each % 193} for each in range(arguments.requests)]
        with ThreadPoolExecutor(16) as pool:
            texts = list(pool.map(lambda body: text(address, body), bodies))
    print(f"{sum(not each.strip() for each in texts)} empty answers of {len(texts)}")


def text(address: str, body: Body) -> str:
    connection, answer = post(address, body)
    content: str = json.load(answer)["choices"][0]["message"]["content"]
    connection.close()
    return content


def get(address: str, path: str) -> Body:
    connection = http.client.HTTPConnection(address)
    connection.request("GET", path)
    found: Body = json.load(connection.getresponse())
    connection.close()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=min(2, os.cpu_count() or 1))
    commands = parser.add_subparsers(required=True)
    parts: dict[str, Callable[[argparse.Namespace], None]] = {"load": load, "soak": soak, "answers": answers}
    parsers = {name: commands.add_parser(name) for name in parts}
    for name, part in parts.items():
        parsers[name].set_defaults(part=part)
    parsers["load"].add_argument("--model", default="abacus")
    parsers["load"].add_argument("--quant")
    parsers["load"].add_argument("--tokens", type=int, default=128)
    parsers["load"].add_argument("--requests", type=int, default=64, help="of all clients together")
    parsers["load"].add_argument("--runs", type=int, default=5)
    parsers["load"].add_argument(
        "--clients", type=lambda words: [int(each) for each in words.split(",")], default=[1, 4, 16]
    )
    parsers["load"].add_argument("--alone", action="store_true", help="without llama-server")
    parsers["soak"].add_argument("--requests", type=int, default=2000)
    parsers["soak"].add_argument("--at-once", type=int, default=50)
    parsers["answers"].add_argument("--requests", type=int, default=500)
    arguments = parser.parse_args()
    arguments.part(arguments)


if __name__ == "__main__":
    main()
