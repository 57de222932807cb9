"""Result files: each line once and whole, whatever was killed, and never two runs in one file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.runs.results import line
from thinkcap.errors import ThinkcapError, UsageError
from thinkcap.runs.result import Key, Result
from thinkcap.runs.result_file import ResultFile, read

RUN = {"model": "abacus", "seed": 0, "budget": {"thinking": 256, "solution": 1024}, "temperature": 0.6}


def record(id: str = "1", sample: int = 0, **more: Any) -> dict[str, Any]:
    """A result's line as it is written."""
    given = {"problem": f"What is {id} + 1?", "correct": None, "run": RUN}
    return Result.from_dict(line(id, sample) | given | more).to_dict()


def filled(path: Path, *lines: dict[str, Any]) -> Path:
    with ResultFile(path) as results:
        for entry in lines:
            results.append(Result.from_dict(entry))
    return path


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [result.to_dict() for result in read(path)]


def test_what_was_appended_is_read_back_and_continued(tmp_path: Path) -> None:
    awkward = record("ü\n", thinking="half \ud800 a pair, \u2028 and \x00", correct=True)
    path = filled(tmp_path / "r.jsonl", record(), awkward)
    assert read_lines(path) == [record(), awkward]
    assert path.read_bytes().count(b"\n") == 2
    with ResultFile(path) as results:
        assert set(results.done) == {Key("1", 0, 64), Key("ü\n", 0, 64)}
        assert (results.graded, results.correct, results.repaired) == (1, 1, False)
        results.append(Result.from_dict(record("1", 1)))
    assert [(entry.id, entry.sample) for entry in read(path)] == [("1", 0), ("ü\n", 0), ("1", 1)]


@settings(max_examples=60)
@given(cut=st.integers(min_value=0, max_value=10_000))
@example(cut=55)
@example(cut=56)
def test_a_file_cut_anywhere_keeps_its_whole_lines(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = filled(tmp_path_factory.mktemp("cut") / "r.jsonl", *(record(str(n), thinking="é" * n) for n in range(9)))
    data = path.read_bytes()
    cut %= len(data) + 1
    path.write_bytes(data[:cut])
    whole = data[:cut].count(b"\n") + (data[cut : cut + 1] == b"\n" and cut > 0)
    assert len(list(read(path))) == whole
    if 0 < cut < len('{"id": "0", "problem": "What is 0 + 1?", "prompt_text": '):
        with pytest.raises(ThinkcapError, match="line 1: this is not a result"):
            ResultFile(path)  # so little proves nothing: it may be the beginning of any file of JSON
        assert path.read_bytes() == data[:cut]
        return
    with ResultFile(path) as results:
        assert [key.id for key in results.done] == [str(n) for n in range(whole)]
        for n in range(whole, 9):
            results.append(Result.from_dict(record(str(n), thinking="é" * n)))
    assert path.read_bytes() == data


def test_zeros_after_a_power_cut_are_taken_off(tmp_path: Path) -> None:
    path = filled(tmp_path / "r.jsonl", record())
    with path.open("ab") as file:
        file.write(bytes(4096))
    assert len(list(read(path))) == 1
    with ResultFile(path) as results:
        assert results.repaired
    assert path.read_bytes().endswith(b"}\n")


def test_other_settings_are_refused_with_both_values(tmp_path: Path) -> None:
    with ResultFile(filled(tmp_path / "r.jsonl", record())) as results:
        results.check(RUN)
        results.check({"seed": 0, "later": "a setting of a newer version"})
        results.check(RUN | {"budget": {"thinking": None, "solution": 1024}})  # goes on from what is there
        with pytest.raises(UsageError) as caught:
            results.check(RUN | {"seed": 1, "budget": {"thinking": 256, "solution": 512}})
        assert "seed 0, budget.solution 1024" in str(caught.value)
        assert "seed 1, budget.solution 512" in str(caught.value)
        assert "--restart" in str(caught.value)
        results.restart()
        results.check(RUN | {"seed": 1})
        assert not results.done
    assert (tmp_path / "r.jsonl").read_bytes() == b""


def test_another_problem_of_the_same_id_is_refused(tmp_path: Path) -> None:
    with ResultFile(filled(tmp_path / "r.jsonl", record("7"))) as results:
        results.check_problem(Key("7", 0, 64), "What is 7 + 1?")
        results.check_problem(Key("8", 0, 64), "anything")
        with pytest.raises(UsageError, match="problem 7, whose text was another"):
            results.check_problem(Key("7", 0, 64), "What is 7 + 2?")


OPEN = "import sys; from thinkcap.runs.result_file import ResultFile; ResultFile(sys.argv[1])"


def test_a_second_run_is_kept_off_the_file(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    second = [sys.executable, "-c", OPEN]
    with ResultFile(path):
        run = subprocess.run([*second, str(path)], capture_output=True, text=True, check=False)
        assert "Another run is writing" in run.stderr
        with pytest.raises(ThinkcapError, match="Another run is writing"):
            ResultFile(path)
    assert subprocess.run([*second, str(path)], check=False).returncode == 0


FOREIGN = {
    "problems": b'{"id": "1", "problem": "What is 1 + 1?", "answer": "2"}\n',
    "prose": b"Dear diary,\ntoday I counted tokens.\n",
    "one line without end": b"Dear diary",
    "an array": b"[1, 2]\n",
    "a hole in the middle": json.dumps(record()).encode() + b'\n{"id": "2", "pro\n' + json.dumps(record("3")).encode(),
    "a brace": b"{",
    "the beginning of a record": b'{"id": ',
    "problems without an end": b'{"id": "1", "problem": "What is 1 + 1?", "answer": "2", "',
    "an object over several lines": b'{"id": 7,\n "name": "thesis"',
    "zeros": bytes(4096),
    "a note after results": json.dumps(record()).encode() + b"\nDear diary",
    "results without settings": json.dumps(record() | {"run": {}}).encode() + b"\n",
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "mine"
    path.write_bytes(FOREIGN[kind])
    with pytest.raises(ThinkcapError, match=r"mine, line \d: .*(not a result|can't be continued)"):
        ResultFile(path)
    assert path.read_bytes() == FOREIGN[kind]


def test_one_torn_record_is_known_by_its_beginning(tmp_path: Path) -> None:
    path = filled(tmp_path / "r.jsonl", record("1", thinking="long"))
    path.write_bytes(path.read_bytes()[:-40])
    with ResultFile(path) as results:
        assert results.repaired
    assert path.read_bytes() == b""


@pytest.mark.parametrize("link", ["same", "symbolic", "hard", "relative"])
def test_the_file_of_the_problems_is_never_written(tmp_path: Path, link: str) -> None:
    problems = tmp_path / "q.jsonl"
    problems.write_bytes(b'{"id": "1", "problem": "What is 1 + 1?"')
    other = {"same": problems, "relative": tmp_path / ".." / tmp_path.name / "q.jsonl"}.get(link, tmp_path / "other")
    if link == "symbolic":
        other.symlink_to(problems)
    elif link == "hard":
        other.hardlink_to(problems)
    held = problems.read_bytes()
    with pytest.raises(UsageError, match="is the file of the problems"):
        ResultFile(other, problems)
    assert problems.read_bytes() == held


def test_reading_names_the_line_that_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "mine"
    path.write_bytes(json.dumps(record()).encode() + b"\nDear diary\n")
    with pytest.raises(ThinkcapError, match="mine, line 2: this is not a result"):
        list(read(path))


def test_places_that_cannot_be_written_or_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ThinkcapError, match="is not a file that can hold results"):
        ResultFile(tmp_path)
    with pytest.raises(UsageError, match="Results go into a file"):
        ResultFile("-")
    for path in (tmp_path / "none" / "r.jsonl", "nul\0byte"):
        with pytest.raises(ThinkcapError, match="can't be written"):
            ResultFile(path)
    with pytest.raises(ThinkcapError, match="There is no file"):
        list(read(tmp_path / "none.jsonl"))
    with pytest.raises(ThinkcapError, match="is a folder"):
        list(read(tmp_path))


FULL = """
import resource, signal, sys
from tests.runs.results import result
from thinkcap.runs.result_file import ResultFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
with ResultFile(sys.argv[1]) as results:
    for n in range(100):
        results.append(result(str(n), run={"depths": 0}))
"""


def test_a_full_disk_says_how_to_go_on(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    run = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=False)
    assert "File too large; mend that and run the same command again" in run.stderr
    assert path.stat().st_size == 6000
    with ResultFile(path) as results:
        assert results.repaired
        assert len(results.done) == path.read_bytes().count(b"\n") > 5
