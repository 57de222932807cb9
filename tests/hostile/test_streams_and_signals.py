"""Streams that are closed, full or gone, and signals at any moment: no traceback, and no result lost or doubled."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from thinkcap import cli

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell closes the streams")

ABACUS = "--model abacus --quant f16 --threads 1 --budget 20 --solution-budget 24 --temperature 0"
SUMS = "".join(f'{{"id": "{n}", "problem": "What is {n} + 3?", "answer": {n + 3}}}\n' for n in range(12))


def shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    script = line.replace("thinkcap", f"'{sys.executable}' -m thinkcap", 1)
    return subprocess.run(["sh", "-c", script], cwd=folder, capture_output=True, text=True, timeout=100, check=False)


def results(path: Path) -> dict[str, tuple[str, str]]:
    """What a result file says of each problem, once it is checked that no result is there twice."""
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    found = {line["id"]: (line["thinking"], line["solution"]) for line in lines}
    assert len(found) == len(lines)
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "q.jsonl").write_text(SUMS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def reported(folder: Path) -> Path:
    """The folder, with a result file in it."""
    assert cli.run(["batch", "q.jsonl", "-o", "r.jsonl", "--limit", "3", *ABACUS.split()]) == 0
    return folder


CLOSED = [">&-", "2>&-", "<&-", ">&- 2>&- <&-"]


@pytest.mark.parametrize("closed", CLOSED)
def test_a_batch_with_closed_streams_writes_its_results(folder: Path, closed: str) -> None:
    done = shell(folder, f"thinkcap batch q.jsonl -o r.jsonl --limit 3 {ABACUS} {closed}")
    assert done.returncode == 0, done.stderr
    assert set(results(folder / "r.jsonl")) == {"0", "1", "2"}


@pytest.mark.parametrize("closed", CLOSED)
@pytest.mark.parametrize("command", [f"solve 'What is 2 + 3?' {ABACUS}", f"solve - {ABACUS} < q.jsonl", "--help"])
def test_closed_streams_are_no_error(folder: Path, command: str, closed: str) -> None:
    done = shell(folder, f"thinkcap {command} {closed}")
    empty = "solve -" in command and "<&-" in closed
    assert done.returncode == (2 if empty else 0), done.stderr
    assert "Traceback" not in done.stderr
    assert "unforeseen" not in done.stderr


def test_a_report_with_closed_streams(reported: Path) -> None:
    for closed in CLOSED:
        assert shell(reported, f"thinkcap report r.jsonl {closed}").returncode == 0
    assert shell(reported, "thinkcap report r.jsonl --plot r.html >&-").returncode == 0
    assert (reported / "r.html").read_bytes().startswith(b"<!")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["--help", "models", f"solve 'What is 2 + 3?' {ABACUS}"])
def test_a_full_disk_behind_standard_output_is_one_sentence(
    folder: Path, command: str, unbuffered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    done = shell(folder, f"thinkcap {command} > /dev/full")
    assert done.returncode == 1
    assert done.stderr.endswith("thinkcap: No space left on device.\n")


@pytest.mark.parametrize("command", ["--help", "models", f"solve 'What is 2 + 3?' {ABACUS}"])
def test_a_reader_that_has_gone_hears_nothing(folder: Path, command: str) -> None:
    done = shell(folder, f"{{ thinkcap {command} 2> said; echo $? >&2; }} | true")
    assert done.stderr == "1\n"
    assert "Broken" not in (folder / "said").read_text()


def test_the_file_of_the_problems_is_never_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "link.jsonl").symlink_to("q.jsonl")
    (folder / "torn.jsonl").write_text('{"id": "1", "problem": "What is 1 + 1?"}')
    for line in (
        "batch q.jsonl -o q.jsonl",
        "batch q.jsonl -o link.jsonl --restart",
        "batch link.jsonl -o ./q.jsonl",
        "sweep torn.jsonl --budgets 0,4 -o torn.jsonl",
    ):
        assert cli.run([*line.split(), "--model", "abacus"]) == 2, line
        assert "is the file of the problems" in capsys.readouterr().err
    piped = shell(folder, "thinkcap batch - -o q.jsonl --model abacus < q.jsonl")
    assert piped.returncode == 2
    assert "is the file of the problems" in piped.stderr
    assert (folder / "q.jsonl").read_text() == SUMS
    assert (folder / "torn.jsonl").read_text() == '{"id": "1", "problem": "What is 1 + 1?"}'


@pytest.mark.parametrize("line", ["batch q.jsonl -o -", "sweep q.jsonl --budgets 0,4 -o -"])
def test_results_do_not_go_to_a_file_called_dash(folder: Path, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*line.split(), "--model", "abacus"]) == 2
    assert "Results go into a file" in capsys.readouterr().err
    assert not (folder / "-").exists()


def test_a_plot_that_fails_leaves_no_file(reported: Path) -> None:
    folder = reported
    (folder / "kept.html").write_text("mine")
    for name in ("new.html", "kept.html", "new.svg"):
        limited = f"ulimit -f 1; trap '' XFSZ; thinkcap report r.jsonl --plot {name}"
        done = shell(folder, limited)
        assert done.returncode == 1, done.stderr
        assert "can't be written" in done.stderr
    assert (folder / "kept.html").read_text() == "mine"
    assert sorted(path.name for path in folder.iterdir()) == ["kept.html", "q.jsonl", "r.jsonl"]


def test_signals_at_any_moment_lose_and_double_no_result(folder: Path) -> None:
    line = [sys.executable, "-m", "thinkcap", "batch", "q.jsonl", *ABACUS.split(), "-o"]
    subprocess.run([*line, "calm.jsonl"], cwd=folder, check=True, capture_output=True)
    chance = random.Random(7)
    for signals in (
        [signal.SIGTERM],
        [signal.SIGINT],
        [signal.SIGHUP],
        [signal.SIGINT, signal.SIGINT],
        [signal.SIGKILL],
    ):
        run = subprocess.Popen([*line, "r.jsonl"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(chance.uniform(0.3, 1.5))
        for number in signals:
            run.send_signal(number)
        _, said = run.communicate(timeout=60)
        assert b"Traceback" not in said
    subprocess.run([*line, "r.jsonl"], cwd=folder, check=True, capture_output=True)
    assert results(folder / "r.jsonl") == results(folder / "calm.jsonl")
