"""Gives thinkcap what may come from outside, changed by a seed, for as long as one likes, and prints what fell.

    python benchmarks/fuzz.py --seconds 600
    python benchmarks/fuzz.py --seconds 60 model_files templates --seed 7

The sources are those of tests/hostile/generators. Each runs in a process that is watched, and started again after what
it falls over: its end (a crash), a case that takes more than 10 s of processor time or a minute (a hang), an exception
(a traceback), control characters in what it writes, and files that it opens for writing, makes, moves or removes
outside the folder it was given. Exits with 1 if anything fell; the cases are then printed with the seed that makes them
again.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import select
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

SECONDS, PATIENCE = 10, 60
FALLS = ("crashes", f"hangs above {SECONDS} s", "tracebacks", "control characters", "files outside")
LABEL = 500
"""Characters of a case that are printed."""

Source = Callable[[int, Path], Iterator[str]]
"""Yields what a case is before it is tried, which is when the next one is asked for."""


def model_headers(seed: int, folder: Path) -> Iterator[str]:
    from tests.hostile.generators import model_headers as generator
    from thinkcap.catalog.locate import locate

    path = folder / "changed.gguf"
    real = locate("abacus", Random(seed).choice(("q8_0", "f16"))).path.read_bytes()
    for label, data in generator.heads(seed, real):
        yield label
        path.write_bytes(data)
        generator.check(path)


def model_files(seed: int, folder: Path) -> Iterator[str]:
    from tests.hostile.generators import model_files as generator

    random, path = Random(seed), folder / "changed.gguf"
    while True:
        label, data = generator.case(random)
        yield label
        path.write_bytes(data)
        generator.check(path)


def templates(seed: int, folder: Path) -> Iterator[str]:
    from tests.hostile.generators import templates as generator

    random = Random(seed)
    while True:
        source = generator.template(random)
        yield source
        generator.check(source)


def problem_files(seed: int, folder: Path) -> Iterator[str]:
    from tests.hostile.generators import problem_files as generator

    random = Random(seed)
    while True:
        case = generator.case(random)
        yield repr(case)
        generator.attempt(case, folder)


def result_files(seed: int, folder: Path) -> Iterator[str]:
    from tests.hostile.generators import result_files as generator

    random = Random(seed)
    while True:
        data = generator.case(random)
        yield repr(data)
        generator.attempt(data, folder)


def reports(seed: int, folder: Path) -> Iterator[str]:
    from tests.hostile.generators import results as generator
    from tests.hostile.generators.texts import any_text

    random, path = Random(seed), folder / "r.jsonl"
    options: tuple[list[str], ...] = (
        [],
        ["--votes"],
        ["--failures"],
        ["--by", "note"],
        ["--plot", "-"],
        ["--plot", str(folder / "r.html")],
    )
    while True:
        generator.write(generator.results(random, any_text), path)
        words = ["report", str(path), *random.choice(options)]
        yield " ".join(words)
        _run(*words)


def answers(seed: int, folder: Path) -> Iterator[str]:
    from tests.hostile.generators import answers as generator
    from thinkcap.grading import Grader, answer_in

    random = Random(seed)
    with Grader(timeout=0.3) as grader:
        while True:
            given, expected = generator.answer(random), random.choice(("42", "x^2 + 1", generator.answer(random)))
            yield repr((given, expected))
            answer_in(generator.solution(random))
            grader.grade(given, expected)


def hub(seed: int, folder: Path) -> Iterator[str]:
    from huggingface_hub import constants

    from tests.catalog.hub import serve
    from tests.hostile.generators import hub as generator

    name = "someone/Thinker-1B-GGUF"
    cache = folder / "hub"
    with serve() as served:
        served.add(name, {"README.md": b"# Thinker", generator.FILE: bytes(range(256)) * 400})
        constants.HF_HUB_CACHE, constants.ENDPOINT = str(cache), served.url
        for answer in generator.answers(seed, folder.parent / "evil-q8_0.gguf"):
            yield answer.label
            served.describe, served.headers = answer.describe, answer.headers
            _run("pull", f"{name}:q8_0")
            served.describe, served.headers = (lambda info: info), {}
            _run("models", "rm", name, "--yes")


def checkpoints(seed: int, folder: Path) -> Iterator[str]:
    from tests.catalog.qwen2 import Qwen2
    from tests.hostile.generators import checkpoints as generator

    Qwen2.random(layers=1).write(folder / "checkpoint", shards=2)
    for label, contents in generator.changes(seed, folder / "checkpoint"):
        yield label
        real = {path: path.read_bytes() for path in contents}
        for path, data in contents.items():
            path.write_bytes(data)
        generator.check(folder / "checkpoint", folder / "out.gguf")
        for path, data in real.items():
            path.write_bytes(data)


SOURCES: dict[str, Source] = {
    source.__name__: source
    for source in (
        model_headers,
        model_files,
        templates,
        problem_files,
        result_files,
        reports,
        answers,
        hub,
        checkpoints,
    )
}


def _run(*words: str) -> None:
    """A command line in this process. What it foresees ends in 0, 1 or 2."""
    from thinkcap.cli import run

    assert run(words) in (0, 1, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", nargs="*", metavar="SOURCE", help=f"of {', '.join(SOURCES)}; all by default")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each source")
    parser.add_argument("--count", type=int, help="stop a source after so many cases")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    chosen = arguments.sources or list(SOURCES)
    if unknown := set(chosen) - set(SOURCES):
        parser.error(f"no such source: {', '.join(sorted(unknown))}")
    if arguments.work:
        work(chosen[0], arguments.seed)
        return
    found = {name: watch(name, arguments.seconds, arguments.count, arguments.seed) for name in chosen}
    print("| source | tried | " + " | ".join(FALLS) + " |")
    print("| --- |" + " ---: |" * (1 + len(FALLS)))
    for name, counts in found.items():
        print(f"| {name} | {counts['tried']:,} | " + " | ".join(str(counts[fall]) for fall in FALLS) + " |")
    sys.exit(any(counts[fall] for counts in found.values() for fall in FALLS))


def watch(name: str, seconds: float, count: int | None, seed: int) -> Counter[str]:
    """Lets processes work on a source, one after the other, and counts."""
    counts: Counter[str] = Counter()
    ends = time.monotonic() + seconds
    for start in itertools.count(seed * 1_000_000):
        if time.monotonic() >= ends or (count is not None and counts["tried"] >= count):
            return counts
        with tempfile.TemporaryDirectory() as folder:
            fall, label = _watch_one(name, start, Path(folder), ends, count, counts)
        if fall:
            counts[fall] += 1
            print(f"{name}, seed {start}: {fall}: {label}", flush=True)
    return counts


def _watch_one(
    name: str, seed: int, folder: Path, ends: float, count: int | None, counts: Counter[str]
) -> tuple[str, str]:
    """One process, to its end or that of the time. Returns what it fell over, if it did, and at which case."""
    home = {variable: str(folder) for variable in ("HOME", "TMPDIR", "HF_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")}
    command = [sys.executable, str(Path(__file__).resolve()), name, "--seed", str(seed), "--work"]
    child = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **home}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    label, process = "its start", psutil.Process(child.pid)
    began, used = time.monotonic(), 0.0
    try:
        while time.monotonic() < ends and (count is None or counts["tried"] < count):
            if not select.select([child.stdout], [], [], 1.0)[0]:
                late = sum(process.cpu_times()[:2]) - used > SECONDS and label != "its start"
                if late or time.monotonic() - began > PATIENCE:
                    return FALLS[1], label
                continue
            line = child.stdout.readline()
            if not line:
                return FALLS[0], f"{label} (ended in {child.wait()})"
            message = json.loads(line)
            if "fell" in message:
                return message["fell"], f"{label}: {message['text']}"
            counts["tried"] += label != "its start"
            label, began, used = message["case"], time.monotonic(), sum(process.cpu_times()[:2])
        return "", ""
    finally:
        child.kill()
        child.wait()


def work(name: str, seed: int) -> None:
    """The watched process: a line of JSON before each case, and one for what fell."""
    messages = os.fdopen(os.dup(1), "w", encoding="utf-8")
    written = (Path.cwd() / "written").open("w+b")
    for stream in (1, 2):
        os.dup2(written.fileno(), stream)
    outside: list[str] = []
    sys.addaudithook(_Guard(Path.cwd(), outside))

    def tell(**message: str) -> None:
        messages.write(json.dumps(message) + "\n")
        messages.flush()

    try:
        for label in SOURCES[name](seed, Path.cwd()):
            fall = _fall(written, outside)
            if fall is not None:
                tell(fell=fall[0], text=fall[1][:LABEL])
                return
            tell(case=label[:LABEL])
    except BaseException:
        tell(fell=FALLS[2], text=traceback.format_exc()[-4 * LABEL :])


def _fall(written: Any, outside: list[str]) -> tuple[str, str] | None:
    """What the last case wrote that it must not."""
    from tests.hostile.generators.texts import steering

    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    written.seek(0)
    text = written.read().decode("utf-8", "surrogateescape")
    written.seek(0)
    written.truncate()
    if outside:
        return FALLS[4], ", ".join(outside)
    if "Traceback (most recent" in text or "Something unforeseen" in text:
        return FALLS[2], text
    found = steering(text)
    return (FALLS[3], repr(found[:9])) if found else None


class _Guard:
    """Hears of every file that Python opens for writing, makes, moves or removes, and keeps those outside a folder."""

    _EVENTS = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate")

    def __init__(self, folder: Path, outside: list[str]) -> None:
        self._folder, self._outside = Path(os.path.realpath(folder)), outside

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if not isinstance(flags, int) or not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                return
        elif event in self._EVENTS:
            path = arguments[1] if event in ("os.rename", "os.link", "os.symlink") else arguments[0]
        else:
            return
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        with contextlib.suppress(ValueError, OSError, TypeError):  # no path at all, such as an open descriptor
            real = Path(os.path.realpath(path))
            if isinstance(path, str) and not real.is_relative_to(self._folder) and not real.is_relative_to("/dev"):
                self._outside.append(str(real))


if __name__ == "__main__":
    main()
