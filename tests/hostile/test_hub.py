"""A hub that means harm, or a mirror in its place: nothing it says chooses a path, and nothing it sends is endless."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import file_download

from tests.catalog.hub import Hub, serve
from tests.catalog.machine import Here
from tests.hostile.generators import hub as generator

REPOSITORY = "someone/Thinker-1B-GGUF"
MODEL = bytes(range(256)) * 400


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve() as hub:
        hub.add(REPOSITORY, {"README.md": b"# Thinker", generator.FILE: MODEL})
        yield hub


@pytest.fixture
def machine(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    """A machine whose hub library tries again without a pause."""
    monkeypatch.setattr(file_download, "time", SimpleNamespace(sleep=lambda seconds: None))
    return Here(tmp_path / "machine", hub)


def files_in(folder: Path, besides: Path) -> dict[Path, bytes]:
    """Every file below a folder but those below `besides`."""
    return {
        path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and not path.is_relative_to(besides)
    }


def test_etags_choose_no_path(machine: Here, tmp_path: Path) -> None:
    """The files of the repository arrive under the listed checksums, whatever the headers of `resolve` say."""
    outside = tmp_path / "outside" / "evil.pth"
    outside.parent.mkdir()
    for evil in (str(outside), f"../../../../../outside/{outside.name}", f"../../{outside.name}"):
        etags = {"ETag": f'"{evil}"', "X_Linked_ETag": f'"{evil}"'}
        for headers in (etags, etags | {"X_Repo_Commit": evil}):
            machine.hub.headers = headers
            done = machine.run("pull", f"{REPOSITORY}:q8_0")
            assert files_in(tmp_path, machine.home / "hf") == {}
            assert done.returncode == 0, done.stderr
            blobs = list((machine.cache / "models--someone--Thinker-1B-GGUF" / "blobs").iterdir())
            assert [blob.name for blob in blobs] == [hashlib.sha256(MODEL).hexdigest()]
            machine.run("models", "rm", REPOSITORY, "--yes")


@pytest.mark.parametrize("place", ["sha", "rfilename", "blobId", "sha256"])
def test_descriptions_choose_no_path(machine: Here, tmp_path: Path, place: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for evil in generator.paths(outside / "evil-q8_0.gguf"):

        def describe(info: dict[str, object], evil: str = evil) -> object:
            assert isinstance(info["siblings"], list)
            for file in info["siblings"]:
                if place in file:
                    file[place] = evil
                if place == "sha256" and "lfs" in file:
                    file["lfs"]["sha256"] = evil
            return info | ({"sha": evil} if place == "sha" else {})

        machine.hub.describe = describe
        done = machine.run("pull", f"{REPOSITORY}:q8_0")
        assert done.returncode == 1
        said = done.stderr
        assert "in a way that can't be trusted: check HF_ENDPOINT" in said, (evil, said)
        assert files_in(tmp_path, machine.home / "hf") == {}


def test_revisions_choose_no_path(machine: Here) -> None:
    for evil in ("../../../../evil", "/tmp/evil", "a/../../b", ""):
        done = machine.run("pull", f"{REPOSITORY}:q8_0", "--revision", evil or "..")
        assert done.returncode == 2
        assert "is no revision: give a branch, a tag or a commit." in done.stderr
    assert machine.hub.requests == []


def test_no_answer_of_a_hub_gets_out_of_the_cache(machine: Here, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for answer in itertools.islice(generator.answers(1, outside / "evil-q8_0.gguf"), 150):
        machine.hub.describe, machine.hub.headers = answer.describe, answer.headers
        done = machine.run("pull", f"{REPOSITORY}:q8_0")
        said = done.stderr
        assert done.returncode in (0, 1), (answer.label, said)
        assert "unforeseen" not in said, (answer.label, said)
        assert "\x1b" not in said
        assert files_in(tmp_path, machine.home / "hf") == {}, answer.label
        machine.hub.describe, machine.hub.headers = (lambda info: info), {}
        machine.run("models", "rm", REPOSITORY, "--yes")


@pytest.mark.parametrize("surplus", [1, 50_000_000])
def test_more_than_was_announced_is_not_kept(machine: Here, surplus: int) -> None:
    machine.hub.surplus = surplus
    done = machine.run("pull", f"{REPOSITORY}:q8_0")
    assert done.returncode == 1
    assert "sends more than the 102 kB it announced, so the file was thrown away" in done.stderr
    assert machine.hub.sent < 20_000_000
    assert [path for path in machine.cache.rglob("*") if path.is_file() and path.suffix != ".lock"] == []
    machine.hub.surplus = 0
    assert machine.run("pull", f"{REPOSITORY}:q8_0").returncode == 0


def test_descriptions_end(machine: Here) -> None:
    machine.hub.describe = lambda info: b" " * (65 << 20)
    done = machine.run("pull", f"{REPOSITORY}:q8_0")
    assert done.returncode == 1
    assert "does not end: check HF_ENDPOINT." in done.stderr


def test_redirects_lead_to_no_file_and_end(machine: Here) -> None:
    round_and_round = f"{machine.hub.url}/{REPOSITORY}/resolve/main/{generator.FILE}"
    for location in (
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        round_and_round,
        "//",
        "http://[",
        "http://127.0.0.1:9",
    ):
        machine.hub.headers = {"Location": location}
        done = machine.run("pull", f"{REPOSITORY}:q8_0")
        assert done.returncode == 1, location
        assert "unforeseen" not in done.stderr, done.stderr
        assert [path for path in machine.cache.rglob("*") if path.is_file() and path.stat().st_size] == []
