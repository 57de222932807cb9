"""Builds of llama.cpp that die of their extra buffers: real processes, with the fault preloaded into llama.cpp."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from thinkcap.catalog import extra_buffers
from thinkcap.catalog.locate import locate
from thinkcap.engine.model import llama

ROOT = Path(__file__).parents[2]
SEGMENTATION_FAULT = "*(volatile int *) 0 = 1"
ILLEGAL_INSTRUCTION = "__builtin_trap()"
HANG = "for (;;) pause()"
NOTHING = "(void) 0"
COMPILER = shutil.which("cc") or shutil.which("gcc")
DIES = {SEGMENTATION_FAULT: "ended in SIGSEGV", ILLEGAL_INSTRUCTION: "ended in SIGILL"}
RUN = """
import sys
from thinkcap import cli
from thinkcap.catalog import extra_buffers
children = []
sys.addaudithook(lambda event, arguments: children.append(arguments[1]) if event == "subprocess.Popen" else None)
extra_buffers.TIMEOUT = float(sys.argv[1])
code = cli.run(sys.argv[2:])
trials = sum("thinkcap.catalog.extra_buffers" in command for command in children)
print(f"{trials} trials", file=sys.stderr)
sys.exit(code)
"""

suspect = extra_buffers.trial() is not None
unsuspected = pytest.mark.skipif(suspect, reason="this machine's build of llama.cpp is under suspicion itself")
preloaded = pytest.mark.skipif(
    sys.platform != "linux" or COMPILER is None, reason="needs Linux and a C compiler to put a fault into llama.cpp"
)


@pytest.fixture
def q4_0(tmp_path: Path) -> Path:
    """abacus in a format that llama.cpp rearranges on every processor."""
    path = tmp_path / "abacus-q4_0.gguf"
    llama.quantize(locate("abacus", "f16").path, path, "Q4_0")
    return path


def fault(folder: Path, **bodies: str) -> Path:
    library = folder / "faults.so"
    defined = [f"-D{name}={body}" for name, body in bodies.items()]
    source = str(Path(__file__).with_name("faults.c"))
    subprocess.run([str(COMPILER), "-shared", "-fPIC", "-O0", "-w", *defined, source, "-o", str(library)], check=True)
    return library


def run(
    folder: Path, *words: str, preload: Path | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """A command of thinkcap with its cache in `folder`; its last line on standard error says how many trials it ran."""
    folders = {"XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
    environment = {**os.environ, **folders, "HF_HUB_OFFLINE": "1"} | ({"LD_PRELOAD": str(preload)} if preload else {})
    command = [sys.executable, "-c", RUN, str(timeout), *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def solve(folder: Path, model: str | Path, preload: Path | None = None) -> subprocess.CompletedProcess[str]:
    return run(folder, "solve", "What is 384 + 297 + 581?", "--model", str(model), preload=preload)


def cpu_check(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    found: dict[str, str] = next(check for check in json.loads(done.stdout)["checks"] if check["name"] == "cpu")
    return found


@unsuspected
def test_without_suspicion_no_child_is_started_and_nothing_kept(tmp_path: Path) -> None:
    done = solve(tmp_path, "abacus")
    assert "1262" in done.stdout
    assert "0 trials" in done.stderr
    kept = [path.name for path in tmp_path.glob("cache/**/*") if path.is_file()]
    assert kept == ["hashes.json"]


@preloaded
@unsuspected
def test_a_sound_build_with_amx_is_tried_once_and_keeps_its_buffers(tmp_path: Path) -> None:
    library = fault(tmp_path)
    assert "1 trials" in solve(tmp_path, "abacus", library).stderr
    assert "0 trials" in solve(tmp_path, "abacus", library).stderr
    kept = json.loads((tmp_path / "cache" / "thinkcap" / "extra_buffers.json").read_text())
    assert list(kept.values()) == [{"allowed": True, "usable": True, "finding": ""}]
    doctor = run(tmp_path, "doctor", "--json", preload=library)
    assert "AMX_INT8" in cpu_check(doctor)["finding"]
    assert "extra buffers" not in doctor.stdout


@preloaded
@pytest.mark.parametrize("body", DIES)
def test_a_build_that_dies_of_its_buffers_solves_without_them(tmp_path: Path, q4_0: Path, body: str) -> None:
    library = fault(tmp_path, FAULT=body)
    first, second = (solve(tmp_path, q4_0, library) for _ in range(2))
    assert first.returncode == second.returncode == 0, first.stderr
    assert "1262" in first.stdout
    assert "1 trials" in first.stderr
    assert "0 trials" in second.stderr
    doctor = run(tmp_path, "doctor", "--json", preload=library)
    assert doctor.returncode == 0
    assert "0 trials" in doctor.stderr
    found = cpu_check(doctor)
    assert found["state"] == "note"
    assert found["finding"].endswith(f"extra buffers are off, because a trial run {DIES[body]}")
    assert "GCC 13 or newer, or clang" in found["cure"]


@preloaded
def test_the_fault_kills_a_process_that_does_not_turn_the_buffers_off(tmp_path: Path, q4_0: Path) -> None:
    """What the other tests rest on: the fault that is put in by hand does its work."""
    program = """
import sys
from pathlib import Path
from thinkcap.catalog.trials import likeliest_tokens
likeliest_tokens(Path(sys.argv[1]), extra_buffers=sys.argv[2] == "with")
"""
    preload = {**os.environ, "LD_PRELOAD": str(fault(tmp_path, FAULT=SEGMENTATION_FAULT)), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, str(q4_0)]
    ends = [subprocess.run([*command, how], env=preload, check=False).returncode for how in ("without", "with")]
    assert ends == [0, -11]


@preloaded
@pytest.mark.parametrize(
    ("body", "finding"),
    [(HANG, "did not end within 4 seconds"), (NOTHING, "gave other tokens with them than without")],
)
def test_a_build_that_hangs_or_answers_wrongly_loses_its_buffers(tmp_path: Path, body: str, finding: str) -> None:
    doctor = run(tmp_path, "doctor", "--json", preload=fault(tmp_path, FAULT=body), timeout=4 if body == HANG else 60)
    assert doctor.returncode == 0
    assert "1 trials" in doctor.stderr
    assert cpu_check(doctor)["finding"].endswith(f"extra buffers are off, because a trial run {finding}")


@preloaded
def test_a_build_for_another_processor_is_one_sentence_instead_of_a_crash(tmp_path: Path) -> None:
    library = fault(tmp_path, EVERYWHERE=ILLEGAL_INSTRUCTION)
    done = solve(tmp_path, "abacus", library)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == (
        "thinkcap: The installed llama.cpp does not suit this processor (a trial run ended in SIGILL): "
        f"build it here with `{extra_buffers.REBUILD}`."
    )
    assert "0 trials" in solve(tmp_path, "abacus", library).stderr
    doctor = run(tmp_path, "doctor", "--json", preload=library)
    assert doctor.returncode == 1
    assert cpu_check(doctor)["state"] == "broken"


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize("script", ["kill -9 $$", "exit 1", None])
def test_a_trial_that_says_nothing_about_the_build_does_not_lock_the_user_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None
) -> None:
    """The system ended the child for want of memory, say, or it could not start at all."""
    python = tmp_path / "python"
    if script:
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    found = extra_buffers.run_trial()
    assert not found.allowed
    assert found.usable
    assert found.finding


@pytest.fixture
def tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The trials made in this process, each of them counted instead of run; every call of `trial` asks anew."""
    calls: list[str] = []

    def count() -> extra_buffers.Trial:
        calls.append("trial")
        return extra_buffers.Trial(allowed=False, finding="ended in SIGSEGV")

    monkeypatch.setattr(extra_buffers, "trial", extra_buffers.trial.__wrapped__)
    monkeypatch.setattr(extra_buffers, "run_trial", count)
    monkeypatch.setattr(extra_buffers, "file", lambda: tmp_path / "cache" / "extra_buffers.json")
    monkeypatch.setattr(extra_buffers, "features", lambda: ["AVX2", "AMX_INT8"])
    return calls


def test_what_was_found_holds_for_one_build_on_one_processor(tried: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def ask() -> int:
        for _ in range(2):
            assert not extra_buffers.allowed()
        return len(tried)

    builds = [("0.3.36", "/lib", [("libggml-cpu.so", size, 1)]) for size in (1, 2)]
    for count, build in enumerate(builds, 1):
        monkeypatch.setattr(llama, "build", lambda build=build: build)
        assert ask() == count
    monkeypatch.setattr(extra_buffers, "processor", lambda: {"model name": "another", "flags": "amx_int8 avx2"})
    assert ask() == 3
    monkeypatch.setattr(llama, "build", lambda: builds[0])
    assert ask() == 4
    monkeypatch.undo()


def test_a_damaged_or_unwritable_memory_means_another_trial(tried: list[str]) -> None:
    extra_buffers.file().parent.mkdir()
    for content in ("", "[]", '{"a": {"b": 1}}', "{"):
        extra_buffers.file().write_text(content)
        assert not extra_buffers.allowed()
    assert len(tried) == 4
    extra_buffers.file().unlink()
    extra_buffers.file().mkdir()
    assert not extra_buffers.allowed()
    assert len(tried) == 5


@pytest.mark.parametrize(
    ("flags", "features", "suspected"),
    [
        ("avx avx2 fma f16c bmi2", ["AVX2", "FMA"], False),
        ("avx avx2 fma f16c bmi2 amx_int8", ["AVX2", "AMX_INT8"], True),
        ("avx avx2 fma f16c bmi2", ["AVX2", "AVX512"], True),
        ("avx avx2 fma f16c bmi2 avx512f", ["AVX2", "AVX512"], False),
        ("sse3 avx", [], True),
        ("", ["AVX2", "AVX512"], False),
        ("", ["AMX_INT8"], True),
    ],
)
def test_suspicion(monkeypatch: pytest.MonkeyPatch, flags: str, features: list[str], suspected: bool) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr(extra_buffers, "processor", lambda: {"flags": flags})
    monkeypatch.setattr(extra_buffers, "features", lambda: features)
    assert extra_buffers.is_suspect() == suspected
