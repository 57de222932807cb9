"""What a hub may answer that it should not: descriptions of a repository and headers, changed by a seed.

`answers` never ends, so that a test can take a hundred of them and a fuzzer as many as there is time for.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hostile.generators.json_values import spoil

FILE = "Thinker-1B.Q8_0.gguf"


@dataclass(frozen=True)
class Answer:
    """How a hub answers: `describe` changes the description of a repository, `headers` those of its files."""

    label: str
    describe: Callable[[dict[str, object]], object]
    headers: dict[str, str]


def paths(target: Path) -> list[str]:
    """File names that lead to `target`, or that no file can have."""
    up = "../" * 12
    return [
        str(target), f"/{target}", f"{up}{target}", f"a/{up}{target}", f"./{target.name}", f"../{target.name}",
        "..", ".", "", "/", "a//b.gguf", "a/../../b.gguf", "a\\..\\..\\b.gguf", "C:\\b.gguf", "~/b.gguf\0",
        "\ud800.gguf", "x" * 300 + ".gguf", "/".join(["deep"] * 2000) + ".gguf",
        "\x1b]0;title\x07.gguf", "line\nbreak.gguf",
    ]  # fmt: skip


def answers(seed: int, target: Path) -> Iterator[Answer]:
    """Changed answers without end; `target` is a file that no answer may reach."""
    rng = random.Random(seed)
    while True:
        kind = rng.choice([_spoilt_value, _spoilt_value, _spoilt_path, _spoilt_path, _spoilt_text])
        label, describe = kind(rng, target)
        evil = rng.choice(paths(target)).encode("latin-1", "replace").decode("latin-1")
        headers = {
            name: evil.replace("\0", "").replace("\n", "")[:2000]
            for name in ("ETag", "X_Linked_ETag", "X_Repo_Commit", "X_Linked_Size")
            if rng.random() < 0.3
        }
        yield Answer(label, describe, headers)


Change = tuple[str, Callable[[dict[str, object]], object]]


def _spoilt_path(rng: random.Random, target: Path) -> Change:
    """Another string in a place that the cache makes a path of."""
    path = rng.choice(paths(target))
    place = rng.choice(["sha", "rfilename", "blobId", "sha256", "quoted sha256"])

    def describe(info: dict[str, Any]) -> object:
        for file in info["siblings"]:
            if place in file:
                file[place] = path
            elif place.endswith("sha256") and "lfs" in file:
                file["lfs"]["sha256"] = f'"{path}"' if place.startswith("quoted") else path
        if place == "sha":
            info["sha"] = path
        return info

    return f"{place} = {path!r}", describe


def _spoilt_value(rng: random.Random, target: Path) -> Change:
    """A value of another type or size anywhere in the description."""
    seed = rng.random()

    def describe(info: dict[str, object]) -> object:
        spoil(random.Random(seed), info, paths(target))
        return info

    return f"a value, by {seed}", describe


def _spoilt_text(rng: random.Random, _: Path) -> Change:
    """A body that is no description at all."""
    choice = rng.randrange(6)

    def describe(info: dict[str, object]) -> object:
        text = json.dumps(info).encode()
        bodies = [b"", text[: rng.randrange(len(text))], b"[" * 200_000, b"\xff\xfe" + text, b"[]", b"<html>no</html>"]
        return bodies[choice]

    return f"body {choice}", describe
