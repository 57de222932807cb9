"""thinkcap bench on the real built-in model."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import thinkcap
from thinkcap.catalog.tuning import Tuning, read, write
from thinkcap.errors import ThinkcapError
from thinkcap.runs.drafts import ACCEPTANCE, DraftGain, decode_seconds, draft_gains
from thinkcap.runs.speed import ModelSpeed, Rate, candidates, measure
from thinkcap.show.tables.speed_lines import speed_lines


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))


def bench(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "thinkcap", "bench", "--model", "abacus", "--tokens", "8", "--repeats", "1"]
    return subprocess.run([*command, *words], capture_output=True, text=True, check=False)


def test_it_measures_every_width(abacus: thinkcap.Engine) -> None:
    speed = measure(abacus, (1, 3), tokens=8)
    assert [rate.width for rate in speed.rates] == [1, 3]
    for rate in speed.rates:
        assert rate.tokens_per_second == pytest.approx(1000 * rate.width / rate.step_ms)
        assert 0 < rate.outside_ms < rate.step_ms
    assert speed.prompt_tokens_per_second > 0


def test_json_and_table_hold_the_same_widths() -> None:
    figures = json.loads(bench("--widths", "1,2", "--json").stdout)
    assert [rate["width"] for rate in figures["rates"]] == [1, 2]
    table = bench("--widths", "2,1").stdout
    assert "prompts" in table
    assert "1,024 thinking tokens take" in table
    assert max(map(len, table.splitlines())) <= 80


def test_tuning_is_kept_and_used(tmp_path: Path) -> None:
    done = bench("--widths", "1,2", "--tune", "--threads", "1")
    assert done.returncode == 0, done.stderr
    kept = next(tmp_path.rglob("tuned.toml"))
    entry = tomllib.loads(kept.read_text())["abacus:q8_0"]
    assert entry["threads"] == 1
    assert "On ordinary text drafts would" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    write("abacus", "q8_0", Tuning(threads=3, parallel=5, cores=entry["cores"]))
    with thinkcap.load("abacus") as engine:
        assert (engine.threads, engine.parallel) == (3, 5)
    with thinkcap.load("abacus", threads=1) as engine:
        assert engine.threads == 1


def test_a_decode_of_more_tokens_takes_longer(abacus: thinkcap.Engine) -> None:
    one, many = decode_seconds(abacus, (1, 64), depth=128)
    assert one < many < 64 * one


def test_drafts_gain_by_what_a_decode_of_them_costs(abacus: thinkcap.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thinkcap.runs.drafts.decode_seconds", lambda engine, counts, depth: [0.5, 0.5, 1.0, 2.0])
    free, dearer, dearest = draft_gains(abacus, 8)
    assert free == DraftGain(2, 1.0, ACCEPTANCE[2][0])  # a draft that costs nothing gains what is accepted
    assert (dearer.cost, dearest.cost) == (2.0, 4.0)
    assert dearest.speed < 1 < dearer.speed < free.speed
    assert dearest.speed == pytest.approx(1.44 / (0.73 + 0.27 * 4))


def test_drafts_are_measured_for_tuning_only(abacus: thinkcap.Engine) -> None:
    assert measure(abacus, (1,), tokens=4).drafts == ()
    assert [draft.tokens for draft in measure(abacus, (1,), tokens=4, drafts=True).drafts] == [2, 3, 4]


@pytest.mark.parametrize(("speed", "words"), [(1.08, "would pay here: 1.08 "), (0.9, "would not pay here: 0.90 ")])
def test_bench_says_whether_drafts_would_pay(speed: float, words: str) -> None:
    drafts = (DraftGain(2, 1.5, speed), DraftGain(3, 2.5, 0.8))
    lines = list(speed_lines(ModelSpeed("m", "q8_0", 2, 0.1, 1, 512, 10.0, (Rate(1, 50.0, 1.0, 0.1, 1),), drafts)))
    assert "2, 3 tokens of a text takes 1.50, 2.50 ×" in lines[-2]
    assert words in lines[-1]


def test_a_tuning_from_other_cores_is_left_alone() -> None:
    write("abacus", "q8_0", Tuning(threads=3, parallel=5, cores=4000))
    assert read("abacus", "q8_0", 4000) == Tuning(3, 5, 4000)
    assert read("abacus", "q8_0", 2) is None
    assert read("abacus", "f16", 4000) is None


def test_a_broken_tuning_file_gets_one_sentence(tmp_path: Path) -> None:
    write("abacus", "q8_0", Tuning(1, 1, 1))
    next(tmp_path.rglob("tuned.toml")).write_text("threads = ")
    with pytest.raises(ThinkcapError, match="mend it or delete it"):
        read("abacus", "q8_0", 1)


@pytest.mark.parametrize("words", ["0", "a", "1,-2", ""])
def test_widths_that_make_no_sense_are_refused(words: str) -> None:
    done = bench("--widths", words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_best_width_is_the_narrowest_of_the_fastest() -> None:
    rates = tuple(Rate(width, speed, 1.0, 0.1, 1) for width, speed in ((1, 50.0), (8, 98.0), (16, 100.0)))
    speed = ModelSpeed("m", "q8_0", 2, 0.1, 1, 512, 10.0, rates)
    assert speed.best.width == 8
    assert any("8 at once" in line for line in speed_lines(speed))


@pytest.mark.parametrize(("cores", "counts"), [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])])
def test_sensible_thread_counts(cores: int, counts: list[int]) -> None:
    assert list(candidates(cores)) == counts
