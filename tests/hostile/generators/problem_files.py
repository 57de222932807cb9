"""Problem files as nobody should write them: whole ones mutated, and bytes made up, by a seed.

`case(random)` makes one, `attempt(case, folder)` reads it and says whether it was read or refused. Anything else that
happens (another exception, a sentence that is none) is an error of thinkcap.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Literal

from thinkcap.errors import ThinkcapError
from thinkcap.runs.problems import Fields, load

ENDINGS = (".jsonl", ".json", ".csv", ".tsv", ".txt", ".parquet", "", ".JSONL", ".jsonl.gz", ".csv.gz", ".json.gz")
NAMES = ("id", "problem", "question", "prompt", "answer", "solution", "context", "level", "Ünïcode", "", "a.b", "idx")
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 10**30, 1e308, float("nan"), float("inf"), "", " ", "2", "\x00", "\x1b[31m", "\u2028", "\ud800",
    "####", "\\boxed{", "\\boxed{{{", "#### $1,2,3", [], [[]], {}, {"a": {}}, [{"role": "user", "content": None}],
    [{"role": "user", "content": "What is 1 + 1?"}], "What is 1 + 1?", "x" * 5000,
)  # fmt: skip
PIECES = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1f\x8b", b"PAR1", b"\r", b"\n\n", b"\"", b"{", b"[", b"]", b"}", b",",
    b"\t", b"\xed\xa0\x80", b"NaN", b"1e999", b"9" * 5000,
    b"[" * 3000, b"\\u", b"\\ud800", b'{"a":' * 2000, b"'", b"\x85",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A file's name and bytes, and the fields that are asked for."""

    name: str
    data: bytes
    fields: Fields


def case(random: Random) -> Case:
    data = b"".join(_entries(random)) if random.random() < 0.9 else random.randbytes(random.randrange(200))
    for _ in range(random.choice((0, 0, 0, 1, 2, 3))):
        data = mutated(data, random)
    if random.random() < 0.1:
        data = gzip.compress(data)
        if random.random() < 0.5:
            data = mutated(data, random)
    asked = [random.choice((None,) * 30 + ("problem", "a.b", "none", "", "ID")) for _ in range(3)]
    return Case("p" + random.choice(ENDINGS), data, Fields(*asked))


def attempt(case: Case, folder: Path) -> Literal["read", "refused"]:
    """Reads the case as `thinkcap batch` would.

    Raises AssertionError for a refusal that is not one sentence, and whatever else reading raises.
    """
    path = folder / case.name
    path.write_bytes(case.data)
    try:
        problems = load(str(path), case.fields)
    except ThinkcapError as error:
        sentence = str(error)
        assert sentence.endswith("."), sentence
        assert "\n" not in sentence, sentence
        return "refused"
    assert problems
    assert all(problem.text.strip() and problem.text.encode() for problem in problems)
    assert len({problem.id for problem in problems}) == len(problems)
    json.dumps([dict(problem.extra) for problem in problems])
    return "read"


def _entries(random: Random) -> list[bytes]:
    names = NAMES if random.random() < 0.3 else ("id", "level", "answer", "Ünïcode")
    values = VALUES if random.random() < 0.3 else ("2", 2.0, "\x1b[31m", "\u2028", "\\boxed{{{", 7)
    entries = [
        {name: random.choice(values) for name in random.sample(names, random.randrange(1, 5))}
        | ({"problem": f"What is {number} + 1?"} if random.random() < 0.9 else {})
        for number in range(random.randrange(1, 6))
    ]
    kind = random.randrange(4)
    if kind == 0:
        return [json.dumps(entries, indent=random.choice((None, 1))).encode()]
    if kind == 1:
        separator = random.choice((",", "\t"))
        columns = list(entries[0])
        rows = [columns, *([str(entry.get(name)) for name in columns] for entry in entries)]
        return ["".join(separator.join(row) + "\n" for row in rows).encode("utf-8", "surrogatepass")]
    if kind == 2:
        return [f"What is {number} + 1?\n".encode() for number in range(len(entries))]
    return [
        json.dumps(entry, ensure_ascii=random.random() < 0.5).encode("utf-8", "surrogatepass") + b"\n"
        for entry in entries
    ]


def mutated(data: bytes, random: Random) -> bytes:
    """The bytes with one piece cut off, removed, put in or moved."""
    start = random.randrange(len(data) + 1)
    end = min(len(data), start + random.choice((0, 1, 2, 40)))
    change = random.randrange(4)
    if change == 0:
        return data[:start]
    if change == 1:
        return data[:start] + data[end:]
    if change == 2:
        return data[:start] + random.choice(PIECES) + data[end:]
    return data[:start] + data[end:] + data[start:end]
