"""Model files that end llama.cpp: a trial in a child dies of them, the process of the user says one sentence."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.hostile.generators.model_files import BUILTIN, HOSTILE, SOUND
from thinkcap.catalog import model_trial, trials
from thinkcap.engine.model.llama import Model
from thinkcap.errors import ThinkcapError

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="the check of many files forks, which Windows can't")

ROOT = Path(__file__).parents[2]
RUN = trials.run
DEADLY = (
    *("tokens twice", "a token with NUL", "no vocabulary", "epsilon NaN", "epsilon below 0", "no blocks", "wide rope"),
    *("experts", "more experts used than there are"),
)
"""Files that end this llama.cpp."""
CHECK = """
import json, sys
from pathlib import Path
from random import Random
from tests.hostile.generators import model_files
random, path, found = Random(19), Path(sys.argv[1]), {}
count = int(sys.argv[2])
cases = [model_files.case(random) for _ in range(count)] or [(n, f.write()) for n, f in model_files.HOSTILE.items()]
for name, data in cases:
    path.write_bytes(data)
    try:
        found[name] = model_files.check(path)
    except AssertionError as error:
        found[name] = f"{error}!"
print(json.dumps(found))
"""


def checked(folder: Path, count: int = 0) -> dict[str, str]:
    """What came of so many changed files, or of the known ones, in a process that can fork because it is new."""
    command = [sys.executable, "-c", CHECK, str(folder / "model.gguf"), str(count)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def solve(folder: Path, model: Path) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """What a command says of a model, and what is remembered of trials then."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "thinkcap", "solve", "What is 384 + 297 + 581?", "--model", str(model)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    kept = folder / "cache" / "thinkcap" / "models.json"
    return done, json.loads(kept.read_text()) if kept.exists() else {}


@pytest.fixture
def tries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that this process has tried in a child; what came of them is kept in this test's folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tried: list[str] = []

    def run(module: str, path: str, *more: str, timeout: float) -> trials.Ending:
        tried.append(path)
        return RUN(module, path, *more, timeout=timeout)

    monkeypatch.setattr(trials, "run", run)
    return tried


@forks
def test_known_files_do_no_harm(tmp_path: Path) -> None:
    found = checked(tmp_path)
    assert [name for name, came in found.items() if came.endswith("!")] == []
    assert {name for name in DEADLY if found[name] != "the trial died"} == set()


@forks
def test_changed_files_do_no_harm(tmp_path: Path) -> None:
    found = checked(tmp_path, 60)
    assert {name: came for name, came in found.items() if came.endswith("!")} == {}
    assert len(set(found.values())) == 3


@pytest.mark.parametrize("name", ["tokens twice", "epsilon NaN"])
def test_a_file_that_ends_llama_cpp_is_one_sentence(tmp_path: Path, name: str) -> None:
    model = tmp_path / "model.gguf"
    model.write_bytes(HOSTILE[name].write())
    for _ in range(2):
        done, kept = solve(tmp_path, model)
        assert done.returncode == 1
        assert done.stdout == ""
        assert done.stderr == (
            f"thinkcap: llama.cpp cannot run {model} (a trial run ended in SIGABRT); use another GGUF of the model.\n"
        )
        assert list(kept.values()) == ["ended in SIGABRT"]


def test_what_llama_cpp_quotes_of_a_file_stays_on_one_short_line(tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    for quoted in (b"\n", b"a\nb\x1b[31m", b"x" * 10_000):
        model.write_bytes(SOUND.text("tokenizer.ggml.model", quoted).write())
        with pytest.raises(ThinkcapError) as caught:
            Model(model)
        assert "\n" not in str(caught.value)
        assert "\x1b" not in str(caught.value)
        assert len(str(caught.value)) < 400 + len(str(model))


def test_a_sound_file_is_tried_once_as_long_as_it_is_the_same(tmp_path: Path, tries: list[str]) -> None:
    model = tmp_path / "model.gguf"
    shutil.copy(BUILTIN, model)
    done, kept = solve(tmp_path, model)
    assert "1262" in done.stdout
    assert list(kept.values()) == [""]
    model_trial.check(model)
    assert tries == []
    os.utime(model, (time.time(), time.time() + 9))
    for _ in range(2):
        model_trial.check(model)
    assert tries == [str(model)]
    assert len(json.loads(model_trial.file().read_text())) == 2


def test_what_is_no_gguf_is_refused_without_a_trial(tmp_path: Path) -> None:
    model = tmp_path / "model.gguf"
    for content in (b"", b"GGU", b"PK\3\4 and so on"):
        model.write_bytes(content)
        done, kept = solve(tmp_path, model)
        assert (done.returncode, kept) == (1, {})
        assert done.stderr.startswith("thinkcap: ")
        assert done.stderr.count("\n") == 1


def test_the_built_in_model_is_not_tried(tmp_path: Path) -> None:
    done, kept = solve(tmp_path, Path("abacus"))
    assert "1262" in done.stdout
    assert kept == {}


@pytest.mark.parametrize("content", ["", "[]", '{"a"', '{"a": {"b": 1}}', "[" * 100_000])
def test_a_damaged_memory_means_another_trial(tmp_path: Path, tries: list[str], content: str) -> None:
    model = tmp_path / "model.gguf"
    shutil.copy(BUILTIN, model)
    model_trial.file().parent.mkdir(parents=True)
    model_trial.file().write_text(content)
    model_trial.check(model)
    assert tries == [str(model)]
    assert "" in json.loads(model_trial.file().read_text()).values()


def test_a_path_that_is_no_text_is_found(tmp_path: Path) -> None:
    model = tmp_path / os.fsdecode(b"mod\xffel.gguf")
    try:
        shutil.copy(BUILTIN, model)
    except OSError:
        pytest.skip("this file system takes text only")
    done, _ = solve(tmp_path, model)
    assert "1262" in done.stdout, done.stderr
