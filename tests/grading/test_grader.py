"""The pool of grading workers: beside the caller, never in its way, and never left behind."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from tests.grading.workers import is_running, worker_pids
from thinkcap.errors import ThinkcapError
from thinkcap.grading import Grader, Verdict, equivalent

FOREVER = r"9^{9^{9^9}}"


def wait_until(condition: Callable[[], object], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_verdicts_say_why() -> None:
    with Grader(timeout=0.5) as grader:
        assert grader.grade("x+x", "2x") == Verdict(True, "equal")
        assert grader.grade("x+y", "2x") == Verdict(False, "different")
        assert grader.grade(None, "2x") == Verdict(False, "no answer")
        assert grader.grade(" ", "2x") == Verdict(False, "no answer")
        assert grader.grade(FOREVER, "2x") == Verdict(False, "timeout")


def test_submitting_never_waits_for_a_comparison() -> None:
    with Grader(timeout=1) as grader:
        started = time.monotonic()
        futures = [grader.submit(answer, "2x") for answer in [FOREVER] + ["x+x"] * 50]
        assert time.monotonic() - started < 0.5
        assert [future.result().correct for future in futures] == [False] + [True] * 50


def test_several_workers_compare_at_the_same_time() -> None:
    with Grader(workers=2, timeout=2) as grader:
        assert grader.grade("x+x", "2x").correct
        stuck = grader.submit(FOREVER, "x")
        assert grader.submit("y+y", "2y").result(timeout=20).correct
        assert not stuck.done() or stuck.result().reason == "timeout"


def test_plain_answers_start_no_worker() -> None:
    before = worker_pids()
    with Grader() as grader:
        assert grader.grade("42", "42.0").correct
        assert not grader.grade("41", "42").correct
        assert worker_pids() == before


def test_warming_starts_the_worker_without_waiting_for_it() -> None:
    before = worker_pids()
    with Grader() as grader:
        started = time.monotonic()
        grader.warm()
        assert time.monotonic() - started < 0.5
        assert wait_until(lambda: worker_pids() - before)


def test_a_comparison_that_fills_the_memory_is_an_error_and_the_next_is_graded() -> None:
    with Grader(timeout=20, memory=400 << 20) as grader:
        assert grader.grade("x+x", "2x").correct
        verdict = grader.grade(r"(10^{8})! + 2^{10^{10}}x", "x")
        assert not verdict.correct
        assert grader.grade("y+y", "2y").correct


def test_a_worker_that_was_killed_is_replaced() -> None:
    before = worker_pids()
    with Grader() as grader:
        assert grader.grade("x+x", "2x").correct
        [pid] = worker_pids() - before
        os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: not is_running(pid))
        assert grader.grade("y+y", "2y").correct


def test_closing_leaves_no_process_behind() -> None:
    before = worker_pids()
    with Grader(workers=2) as grader:
        grader.warm()
        assert grader.grade("x+x", "2x").correct
        assert wait_until(lambda: len(worker_pids() - before) == 2)
        pids = worker_pids() - before
    assert not any(map(is_running, pids))
    with pytest.raises(ThinkcapError):
        grader.submit("x+x", "2x")


def test_leaving_with_an_exception_cancels_what_waits() -> None:
    started = time.monotonic()
    futures = []
    with pytest.raises(KeyboardInterrupt), Grader(timeout=60) as grader:  # noqa: PT012
        assert grader.grade("x+x", "2x").correct
        futures += [grader.submit(FOREVER, "x") for _ in range(5)]
        raise KeyboardInterrupt
    assert time.monotonic() - started < 50
    assert all(future.done() for future in futures)
    with pytest.raises(CancelledError):
        futures[-1].result()


def test_a_grader_serves_many_threads() -> None:
    answers: list[bool] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(equivalent(f"{n}x + {n}x", f"{2 * n}x")))
        for n in range(2, 12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 10


def run_beside(tmp_path: Path, script: str, start_new_session: bool = False) -> "subprocess.Popen[str]":
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=start_new_session,
    )


STUCK = """
    import time
    from thinkcap.grading import Grader
    grader = Grader(timeout=3)
    assert grader.grade("x+x", "2x").correct
    future = grader.submit(FOREVER, "x") if STUCK else None
    time.sleep(0.2)
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("stuck", [False, True])
def test_workers_end_when_their_parent_is_killed(tmp_path: Path, stuck: bool) -> None:
    script = STUCK.replace("FOREVER", repr(FOREVER)).replace("STUCK", repr(stuck))
    with run_beside(tmp_path, script) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "ready\n"
        [worker] = worker_pids(parent.pid)
        assert is_running(worker)
        parent.kill()
    assert wait_until(lambda: not is_running(worker))


def test_ctrl_c_is_the_parents_alone_and_leaves_no_noise(tmp_path: Path) -> None:
    script = """
        import sys, time
        from thinkcap.grading import Grader
        with Grader() as grader:
            grader.warm()
            try:
                print("ready", flush=True)
                time.sleep(60)
            except KeyboardInterrupt:
                print(grader.grade("x+x", "2x").reason, flush=True)
    """
    with run_beside(tmp_path, script, start_new_session=True) as parent:
        assert parent.stdout
        assert parent.stderr
        assert parent.stdout.readline() == "ready\n"
        os.killpg(parent.pid, signal.SIGINT)  # as a terminal does: to the whole foreground group
        assert parent.stdout.readline() == "equal\n"
        assert parent.wait(30) == 0
        assert parent.stderr.read() == ""


def test_a_program_that_forgets_to_close_its_grader_ends_all_the_same(tmp_path: Path) -> None:
    script = """
        from thinkcap.grading import Grader, equivalent
        grader = Grader()
        future = grader.submit(r"9^{9^{9^9}}", "x")
        print(equivalent("x+x", "2x"), flush=True)
    """
    with run_beside(tmp_path, script) as program:
        output, errors = program.communicate(timeout=60)
    assert (output, errors, program.returncode) == ("True\n", "", 0)


def test_a_fork_has_a_grader_to_itself_and_leaves_its_parents_alone(tmp_path: Path) -> None:
    script = """
        import os
        from thinkcap.grading import equivalent
        assert equivalent("x+x", "2x")
        if (child := os.fork()) == 0:
            raise SystemExit(not equivalent("y+y", "2y"))
        print(os.waitpid(child, 0)[1], equivalent("z+z", "2z"), flush=True)
    """
    with run_beside(tmp_path, script) as program:
        output, errors = program.communicate(timeout=60)
    assert (output, errors) == ("0 True\n", "")


def test_files_in_the_working_folder_do_not_stand_in_for_libraries(tmp_path: Path) -> None:
    for name in ("sympy", "math_verify", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken from the working folder')\n")
    script = "import sys; sys.path.remove('')\nfrom thinkcap.grading import equivalent\nprint(equivalent('x+x', '2x'))"
    with run_beside(tmp_path, script) as program:
        output, errors = program.communicate(timeout=60)
    assert output == "True\n", errors


def test_a_worker_that_cannot_start_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with Grader() as grader, pytest.raises(ThinkcapError, match="can't be graded"):
        grader.grade("x+x", "2x")
