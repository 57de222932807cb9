"""A hub that means harm, or a mirror in its place: nothing it says chooses a path, and nothing it sends is endless."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from tests.catalog.hub import Hub, serve
from tests.catalog.machine import Machine
from tests.hostile.generators import hub as generator
from thinkcap.cli import run

REPOSITORY = "someone/Thinker-1B-GGUF"
MODEL = bytes(range(256)) * 400


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve() as hub:
        hub.add(REPOSITORY, {"README.md": b"# Thinker", generator.FILE: MODEL})
        yield hub


@pytest.fixture
def machine(hub: Hub, tmp_path: Path) -> Machine:
    return Machine(tmp_path / "machine", hub)


@pytest.fixture
def here(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """The machine, for command lines in this process: the library reads its settings when it is imported."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(machine.cache))
    monkeypatch.setattr(constants, "ENDPOINT", machine.hub.url)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(machine.home / "config"))
    return machine


def files_in(folder: Path, besides: Path) -> dict[Path, bytes]:
    """Every file below a folder but those below `besides`."""
    return {
        path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and not path.is_relative_to(besides)
    }


def test_etags_choose_no_path(machine: Machine, tmp_path: Path) -> None:
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
def test_descriptions_choose_no_path(
    here: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
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

        here.hub.describe = describe
        assert run(["pull", f"{REPOSITORY}:q8_0"]) == 1
        said = capsys.readouterr().err
        assert "in a way that can't be trusted: check HF_ENDPOINT" in said, (evil, said)
        assert files_in(tmp_path, here.home / "hf") == {}


def test_revisions_choose_no_path(here: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    for evil in ("../../../../evil", "/tmp/evil", "a/../../b", ""):
        code = run(["pull", f"{REPOSITORY}:q8_0", "--revision", evil or ".."])
        assert code == 2
        assert "is no revision: give a branch, a tag or a commit." in capsys.readouterr().err
    assert here.hub.requests == []


def test_no_answer_of_a_hub_gets_out_of_the_cache(
    here: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for answer in itertools.islice(generator.answers(1, outside / "evil-q8_0.gguf"), 150):
        here.hub.describe, here.hub.headers = answer.describe, answer.headers
        code = run(["pull", f"{REPOSITORY}:q8_0"])
        said = capsys.readouterr().err
        assert code in (0, 1), (answer.label, said)
        assert "unforeseen" not in said, (answer.label, said)
        assert "\x1b" not in said
        assert files_in(tmp_path, here.home / "hf") == {}, answer.label
        here.hub.describe, here.hub.headers = (lambda info: info), {}
        run(["models", "rm", REPOSITORY, "--yes"])
        capsys.readouterr()


@pytest.mark.parametrize("surplus", [1, 50_000_000])
def test_more_than_was_announced_is_not_kept(here: Machine, capsys: pytest.CaptureFixture[str], surplus: int) -> None:
    here.hub.surplus = surplus
    assert run(["pull", f"{REPOSITORY}:q8_0"]) == 1
    assert "sends more than the 102 kB it announced, so the file was thrown away" in capsys.readouterr().err
    assert here.hub.sent < 20_000_000
    assert [path for path in here.cache.rglob("*") if path.is_file() and path.suffix != ".lock"] == []
    here.hub.surplus = 0
    assert run(["pull", f"{REPOSITORY}:q8_0"]) == 0


def test_descriptions_end(here: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    here.hub.describe = lambda info: b" " * (65 << 20)
    assert run(["pull", f"{REPOSITORY}:q8_0"]) == 1
    assert "does not end: check HF_ENDPOINT." in capsys.readouterr().err


def test_redirects_lead_to_no_file_and_end(here: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    round_and_round = f"{here.hub.url}/{REPOSITORY}/resolve/main/{generator.FILE}"
    for location in (
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        round_and_round,
        "//",
        "http://[",
        "http://127.0.0.1:9",
    ):
        here.hub.headers = {"Location": location}
        assert run(["pull", f"{REPOSITORY}:q8_0"]) == 1, location
        said = capsys.readouterr().err
        assert "unforeseen" not in said, said
        assert [path for path in here.cache.rglob("*") if path.is_file() and path.stat().st_size] == []
