"""Answers that mean harm or have no end: each costs little beside the model, and one timeout in a worker."""

import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.grading.workers import worker_pids
from tests.hostile.generators.answers import ENORMOUS, NEVER_ENDING, TWISTED, answer, solution
from thinkcap.grading import Grader, answer_in, vote

TIMEOUT = 0.5
MEMORY = 800 << 20
ROOT = Path(__file__).resolve().parents[2]
MEASURE = r"""
import random, resource, time
from tests.hostile.generators.answers import HOSTILE, answer, solution
from thinkcap.grading import Grader, answer_in

generator = random.Random(5)
answers = [*HOSTILE, *(answer(generator) for _ in range(300))]
solutions = [*HOSTILE, *(rf"\boxed{{{one}}}" for one in HOSTILE), *(solution(generator) for _ in range(300))]

def seconds(work, *arguments):
    started = time.process_time()
    work(*arguments)
    return time.process_time() - started

at_first = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
grader = Grader()
grader.warm = lambda: None  # what is left for a worker is not compared here
for one in solutions:
    print(seconds(answer_in, one), repr(one[:40]))
for one in answers:
    for other in ("42", one[::-1], "1,2"):
        print(seconds(grader.submit, one, other), repr(one[:40]))
        print(seconds(grader.submit, other, one), repr(one[:40]))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - at_first) / 1024, "MiB")
"""


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with Grader(timeout=TIMEOUT, memory=MEMORY) as grader:
        grader.warm()
        yield grader


def test_no_answer_takes_long_or_much_memory_where_the_model_runs() -> None:
    limit = 2 << 30
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8:backslashreplace"},
        capture_output=True,
        text=True,
        timeout=100,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert measured.returncode == 0, measured.stderr
    *times, memory = measured.stdout.splitlines()
    assert len(times) > 1000
    assert max(float(line.split()[0]) for line in times) < 0.5, max(times, key=lambda line: float(line.split()[0]))
    assert float(memory.split()[0]) < 200


@given(st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=2_000)
def test_what_is_read_in_any_solution_is_text_of_it_or_nothing(generator: random.Random) -> None:
    found = answer_in(solution(generator))
    assert found is None or found.strip()


@pytest.mark.parametrize("text", NEVER_ENDING + ENORMOUS + TWISTED, ids=lambda text: repr(text[:20]))
def test_a_hostile_answer_is_wrong_and_the_next_one_is_graded(grader: Grader, text: str) -> None:
    started = time.monotonic()
    verdict = grader.submit(text, "42x")
    assert time.monotonic() - started < 1, "submitting must not wait"
    assert not verdict.result(timeout=60).correct
    assert grader.grade("40x + 2x", "42x").reason == "equal"


@pytest.mark.parametrize("expected", ["(" * 3_000 + "x", "\x00\x1b["])
def test_a_hostile_expected_answer_does_no_more_harm(grader: Grader, expected: str) -> None:
    assert not grader.grade("42x", expected).correct
    assert grader.grade("40x + 2x", "42x").reason == "equal"


def test_a_worker_keeps_within_its_time_and_memory_whatever_the_answer(grader: Grader) -> None:
    generator = random.Random(7)
    for _ in range(30):
        text = answer(generator)
        started = time.monotonic()
        assert grader.grade(text, "42x + 7").reason in ("different", "timeout", "error", "no answer"), text
        assert time.monotonic() - started < 30, text
        for pid in worker_pids():
            status = Path(f"/proc/{pid}/status").read_text() if Path(f"/proc/{pid}").exists() else ""
            peak = [int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmPeak")]
            assert not peak or max(peak) <= MEMORY
    assert grader.grade("40x + 2x", "42x").reason == "equal"


def test_a_tower_of_powers_costs_one_timeout(grader: Grader) -> None:
    tower = answer_in(r"The answer is \boxed{9^{9^{9^9}}}.")
    assert grader.grade(tower, "42x").reason == "timeout"


def test_an_answer_that_times_out_changes_no_vote(grader: Grader) -> None:
    spellings = [r"\frac{\sqrt2}{2}", r"\frac{1}{\sqrt{2}}", r"\sqrt{\frac12}"]
    outcome = vote([r"9^{9^{9^9}}", *spellings, "7", "7"], grader)
    assert [group.members for group in outcome.groups] == [(1, 2, 3), (4, 5), (0,)]


@pytest.mark.parametrize(
    "template",
    [
        "__import__('os').system('touch {path}')",
        "__import__('pathlib').Path('{path}').touch()",
        "open('{path}', 'w')",
        r"\text{{__import__('pathlib').Path('{path}').touch()}}",
        "[x for x in [open('{path}', 'w')]]",
        r"\frac{{open('{path}','w')}}{{1}}",
        r"\input{{|touch {path}}}",
        "Symbol('x').__class__.__init__.__globals__['open']('{path}', 'w')",
        "5;open('{path}','w')",
        "1+open('{path}','w')*2",
    ],
)
def test_an_answer_is_never_executed(grader: Grader, tmp_path: Path, template: str) -> None:
    target = tmp_path / "executed"
    for given_answer, expected in ((template.format(path=target), "1+x"), ("1+x", template.format(path=target))):
        assert not grader.grade(given_answer, expected).correct
    assert not target.exists()
