"""thinkcap models, show and rm: command lines run in this process, with a cache of their own and no network."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pexpect  # type: ignore[import-untyped]
import pytest

from tests.catalog.hub import Hub
from tests.catalog.machine import Here, Machine
from thinkcap.catalog.locate import locate

ABACUS = locate("abacus").path
L1 = "DataSoul/L1-Qwen-1.5B-Max-GGUF"


@pytest.fixture
def machine(tmp_path: Path) -> Here:
    return Here(tmp_path, Hub())


def put(machine: Machine, repository: str, name: str) -> Path:
    folder = machine.cache / f"models--{repository.replace('/', '--')}"
    blob, link = folder / "blobs" / name, folder / "snapshots" / "c1" / name
    for path in (blob, link):
        path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ABACUS, blob)
    link.symlink_to(os.path.relpath(blob, link.parent))
    return link


def test_table_fits_80_columns_and_says_what_is_here(machine: Machine) -> None:
    put(machine, L1, "L1-Q8_0.gguf")
    put(machine, "someone/Thinker-GGUF", "thinker-Q4_K_M.gguf")
    done = machine.run("models")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert max(map(len, lines[:-1])) <= 80
    assert lines[0].split() == ["MODEL", "SIZE", "LICENCE", "HERE"]
    assert lines[2] == "Up to 1 GB"
    assert lines[3].split()[:7] == ["l1-qwen-1.5b-max", "*", "q8_0", "2.1", "MB", "MIT", "fits,"]
    assert lines[4].split() == ["(f16", "3.6", "GB)"]
    assert lines[5] == "  Maths; told in the prompt how many tokens it may use, keeps under them"
    (other,) = [line for line in lines if line.startswith("someone/")]
    assert other.split()[:5] == ["someone/Thinker-GGUF", "q4_k_m", "2.1", "MB", "fits,"]
    groups = [line for line in lines if line.endswith(" GB") and line[:1].isalnum()] + [lines[-1]]
    assert groups[:3] == ["Up to 1 GB", "1 to 3 GB", "3 to 6 GB"]
    assert lines[-1] == f"Your own: {machine.models_file}"
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("columns", [40, 60, 79])
def test_a_narrow_terminal_gets_whole_words(machine: Machine, columns: int) -> None:
    *lines, own = machine.run("models", COLUMNS=str(columns)).stdout.splitlines()
    assert max(map(len, lines)) <= columns
    words = " ".join(lines).split()
    assert {"few", "megabytes,", "download", "thinkcap", "pull", "NAME"} <= {*words}
    assert own == f"Your own: {machine.models_file}"


def test_table_as_json(machine: Machine) -> None:
    link = put(machine, L1, "L1-Q8_0.gguf")
    models = {model["name"]: model for model in json.loads(machine.run("models", "--json").stdout)}
    l1 = models["l1-qwen-1.5b-max"]
    assert l1["default"]
    assert l1["files"] == [{"quant": "q8_0", "path": str(link), "bytes": ABACUS.stat().st_size}]
    assert l1["to_fetch"] == {"f16": 2 * l1["parameters"]}
    assert models["e1-math-1.5b"]["noncommercial"]
    assert models["abacus"]["to_fetch"] == {}
    assert models["abacus"]["here"]["fits"] == "yes"
    assert models["abacus"]["here"]["tokens_per_second"] > models["qwen3-4b"]["here"]["tokens_per_second"] > 0


def test_show_says_what_was_found_in_a_file(machine: Machine) -> None:
    done = machine.run("models", "show", str(ABACUS))
    assert done.returncode == 0, done.stderr
    facts = {line[:13].strip(): line[13:] for line in done.stdout.splitlines() if line[:13].strip()}
    assert facts["thought"] == "<think> (one token) … </think> (one token)"
    assert facts["reply ends"] == "<｜end▁of▁sentence｜>"
    assert facts["weights"] == "qwen2, q8_0, 2.1 MB"
    assert facts["opened by"] in ("the template", "thinkcap, with '<think>\\n'")
    record = json.loads(machine.run("models", "show", str(ABACUS), "--json").stdout)
    assert record["file"]["markers"]["end"] == "</think>"
    assert record["profile"]["sampling"] == {"temperature": 0.6, "top_p": 0.95, "top_k": 0, "min_p": 0.0}


def test_show_of_a_model_that_is_not_here(machine: Machine) -> None:
    done = machine.run("models", "show", "e1-math-1.5b")
    assert done.returncode == 0
    assert "licence      CC-BY-NC-4.0 (non-commercial use only)" in done.stdout
    assert "file         not downloaded: thinkcap pull e1-math-1.5b --convert" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    unknown = machine.run("models", "show", "someone/Nothing")
    assert unknown.returncode == 1
    assert unknown.stderr.startswith("thinkcap: someone/Nothing is not downloaded yet: run `thinkcap pull someone/No")


def test_rm_frees_one_quant_or_everything(machine: Machine) -> None:
    small, large = put(machine, L1, "L1-Q8_0.gguf"), put(machine, L1, "L1-F16.gguf")
    unasked = machine.run("models", "rm", "l1-qwen-1.5b-max", "--quant", "f16")
    assert (unasked.returncode, unasked.stderr) == (
        2,
        "thinkcap: Deleting l1-qwen-1.5b-max (f16) frees 2.1 MB: add --yes to do it unasked.\n",
    )
    assert large.is_file()
    done = machine.run("models", "rm", "l1-qwen-1.5b-max", "--quant", "F16", "--yes")
    assert (done.returncode, done.stderr) == (0, "Deleted l1-qwen-1.5b-max (f16): 2.1 MB are free again.\n")
    blobs = small.parents[2] / "blobs"
    assert [blob.name for blob in blobs.iterdir()] == ["L1-Q8_0.gguf"]
    assert small.is_file()
    assert not large.is_symlink()
    assert machine.run("models", "rm", "l1-qwen-1.5b-max", "-y").returncode == 0
    assert not blobs.parent.exists()
    again = machine.run("models", "rm", "l1-qwen-1.5b-max", "-y")
    assert (again.returncode, again.stderr) == (1, "thinkcap: Nothing of l1-qwen-1.5b-max is in the cache.\n")


def test_rm_keeps_a_blob_that_another_snapshot_needs(machine: Machine) -> None:
    first = put(machine, L1, "L1-Q8_0.gguf")
    second = first.parents[1] / "c2" / "L1-Q8_0.gguf"
    other = first.parents[1] / "c2" / "renamed.gguf"
    second.parent.mkdir()
    other.symlink_to(os.path.relpath(first.resolve(), other.parent))
    machine.run("models", "rm", "l1-qwen-1.5b-max", "--quant", "q8_0", "--yes")
    assert not first.exists()
    assert other.is_file()


def test_rm_never_follows_a_link_out_of_the_cache(machine: Machine, tmp_path: Path) -> None:
    """A GGUF on another disk may be linked in as a file, as a blob, as a snapshot or with its whole repository."""
    outside = tmp_path / "other disk" / "L1-Q8_0.gguf"
    outside.parent.mkdir()

    def link(place: Path, target: Path) -> None:
        shutil.rmtree(machine.cache, ignore_errors=True)
        place.parent.mkdir(parents=True)
        place.symlink_to(target)
        shutil.copy(ABACUS, outside)

    folder = machine.cache / f"models--{L1.replace('/', '--')}"
    file = folder / "snapshots" / "c1" / "L1-Q8_0.gguf"
    link(file, outside)
    done = machine.run("models", "rm", L1, "--quant", "q8_0", "--yes")
    assert (done.stderr, file.is_symlink()) == (f"Deleted {L1} (q8_0): 0 bytes are free again.\n", False)
    assert outside.is_file()

    link(folder / "blobs" / "b", outside)
    file.parent.mkdir(parents=True)
    file.symlink_to("../../blobs/b")
    machine.run("models", "rm", L1, "--quant", "q8_0", "--yes")
    assert not (folder / "blobs" / "b").is_symlink()
    assert outside.is_file()

    link(file.parent, outside.parent)
    for words in (("--quant", "q8_0", "--yes"), ("--yes",)):
        machine.run("models", "rm", L1, *words)
        assert outside.is_file()
    assert not folder.exists()

    elsewhere = tmp_path / "repository"
    copied = elsewhere / "snapshots" / "c1" / "L1-Q8_0.gguf"
    copied.parent.mkdir(parents=True)
    shutil.copy(ABACUS, copied)
    link(folder, elsewhere)
    for words in (("--quant", "q8_0", "--yes"), ("--yes",)):
        machine.run("models", "rm", L1, *words)
        assert copied.is_file()
    assert not folder.is_symlink()


def test_rm_keeps_the_blobs_of_other_repositories(machine: Machine) -> None:
    other = put(machine, "someone/Thinker-GGUF", "thinker-Q8_0.gguf")
    file = machine.cache / f"models--{L1.replace('/', '--')}" / "snapshots" / "c1" / "L1-Q8_0.gguf"
    file.parent.mkdir(parents=True)
    file.symlink_to(os.path.relpath(other.resolve(), file.parent))
    machine.run("models", "rm", L1, "--quant", "q8_0", "--yes")
    assert not file.is_symlink()
    assert other.is_file()


def test_rm_of_what_is_not_the_caches_is_refused(machine: Machine) -> None:
    for name, sentence in (
        ("abacus", "abacus is part of thinkcap and stays."),
        (str(ABACUS), "abacus-q8_0 is a file of your own: delete it yourself."),
    ):
        done = machine.run("models", "rm", name, "--yes")
        assert (done.returncode, done.stderr) == (2, f"thinkcap: {sentence}\n")


def test_rm_asks_on_a_terminal(machine: Machine) -> None:
    link = put(machine, L1, "L1-Q8_0.gguf")
    terminal = pexpect.spawn(
        sys.executable,
        ["-m", "thinkcap", "models", "rm", "l1-qwen-1.5b-max"],
        env=machine.environment(TERM="xterm-256color"),
        dimensions=(24, 200),
        timeout=30,
        encoding="utf-8",
    )
    terminal.expect(r"Delete l1-qwen-1.5b-max and free 2\.1 MB\? \[y/N\]")
    terminal.sendline("n")
    terminal.expect(pexpect.EOF)
    assert link.is_file()
