"""`thinkcap solve` with the built-in model, its output not on a terminal; tests/show/test_terminal.py has the rest."""

from __future__ import annotations

import io
import json
import math
import re
from pathlib import Path
from typing import Any, Self

import pytest

from tests.show.screen import Screen, Wire
from thinkcap import cli
from thinkcap.engine.outcome import Outcome

PROBLEM = "What is 384 + 297 + 581?"
# One thread is enough for a model this small, and does not wait for other programs' threads.
ABACUS = ("--model", "abacus", "--threads", "1")


class Shell:
    """Runs command lines in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *args: str, stdin: bytes | None = None) -> Self:
        if stdin is not None:
            self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        self.code = cli.run(["solve", *args])
        self.out, self.err = self._capsys.readouterr()
        return self

    @property
    def record(self) -> dict[str, Any]:
        (line,) = self.out.splitlines()
        found: dict[str, Any] = json.loads(line)
        return found


@pytest.fixture
def solve(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


def test_standard_output_carries_the_solution_alone(solve: Shell) -> None:
    run = solve(PROBLEM, *ABACUS, "--budget", "20", "--temperature", "0")
    solution, figures = run.out, run.err
    assert run.code == 0
    assert re.fullmatch(
        r"(answer .+|no answer) · thinking 20/20, cut at the budget, [\d.]+ s, [\d.]+ tok/s · injected 1 · "
        r"solution \d+, complete, [\d.]+ s, [\d.]+ tok/s\n",
        figures,
    )
    record = solve(PROBLEM, *ABACUS, "--budget", "20", "--temperature", "0", "--json").record
    assert solution == record["solution"].strip() + "\n"


def test_json_has_the_fields_of_an_outcome(solve: Shell) -> None:
    run = solve(PROBLEM, *ABACUS, "--budget", "7", "--seed", "5", "--json")
    assert run.code == 0
    assert run.err == ""
    record = run.record
    assert list(record)[:8] == ["id", "problem", "prompt_text", "sample", "model", "quant", "seed", "budget"]
    elsewhere, renamed = {"style", "prompt_mode", "request", "spelled", "thought_ids"}, {"answer_index": "reply"}
    assert {renamed.get(name, name) for name in Outcome.__dataclass_fields__} - elsewhere == set(record)
    assert record["problem"] == PROBLEM
    assert record["model"] == "abacus"
    assert record["seed"] == 5
    assert record["budget"]["thinking"] == 7
    assert record["thinking_tokens"] == 7
    assert record["stop_reason"] == "budget"
    assert record["expected"] is None
    assert record["correct"] is None
    assert record["seconds"]["load"] > 0


@pytest.mark.parametrize("budget", ["0", "1", "20"])
def test_the_budget_is_kept(solve: Shell, budget: str) -> None:
    record = solve(PROBLEM, *ABACUS, "--budget", budget, "--json").record
    assert record["thinking_tokens"] <= int(budget)


def test_options_reach_the_engine(solve: Shell) -> None:
    run = solve(
        PROBLEM, *ABACUS, "--quant", "f16", "--budget", "none", "--solution-budget", "5",
        "--cut-style", "message", "--prompt-mode", "none", "--temperature", "0", "--top-p", "0.9", "--top-k", "40",
        "--min-p", "0.01", "--gpu-layers", "0", "--context", "4k", "--no-loop-guard",
        "--time-limit", "1m", "--json",
    )  # fmt: skip
    record = run.record
    assert record["quant"] == "f16"
    assert record["budget"] == {
        "thinking": None,
        "solution": 5,
        "min_thinking": 0,
        "time_limit": 60.0,
        "style": "message",
        "prompt_mode": "none",
    }
    assert record["solution_tokens"] <= 5


def test_options_that_change_nothing_are_said_to(solve: Shell) -> None:
    run = solve(PROBLEM, *ABACUS, "--prompt-mode", "max", "--budget", "none")
    assert run.code == 0
    assert "so --prompt-mode max does nothing: give --budget." in run.err
    assert "does nothing" not in solve(PROBLEM, *ABACUS, "--prompt-mode", "max", "--budget", "16").err
    assert "the samples of a problem are alike" in solve(PROBLEM, *ABACUS, "--budget", "4", "--samples", "2").err


def test_more_threads_than_the_machine_can_run_are_advised_against(
    solve: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert "This machine has 2 CPUs, and more" in solve(PROBLEM, *ABACUS, "--threads", "3", "--budget", "4").err
    assert "This machine has" not in solve(PROBLEM, *ABACUS, "--threads", "2", "--budget", "4").err


def test_verbose_shows_the_log_to_its_end(solve: Shell) -> None:
    loud = solve(PROBLEM, *ABACUS, "--budget", "4", "--verbose")
    assert loud.code == 0
    assert "model buffer size" in loud.err
    assert "KV buffer size" in loud.err  # of the context, which is made once the model is loaded
    assert "buffer size" not in solve(PROBLEM, *ABACUS, "--budget", "4").err


def test_expect_says_right_and_exits_with_0(solve: Shell) -> None:
    answer = solve(PROBLEM, *ABACUS, "--temperature", "0", "--json").record["answer"]
    run = solve(PROBLEM, *ABACUS, "--temperature", "0", "--json", "--expect", f" {answer}.0 ")
    assert run.code == 0
    assert run.record["correct"] is True
    assert run.record["expected"] == f"{answer}.0"


def test_expect_says_wrong_and_exits_with_3(solve: Shell) -> None:
    run = solve(PROBLEM, *ABACUS, "--expect", "-5")
    assert run.code == 3
    assert ", wrong: expected -5 · " in run.err


def test_no_answer_is_a_wrong_one(solve: Shell) -> None:
    run = solve(PROBLEM, *ABACUS, "--solution-budget", "1", "--no-force-answer", "--json", "--expect", "1262")
    assert run.code == 3
    assert run.record["answer"] is None
    assert run.record["correct"] is False


@pytest.mark.parametrize("dash", [["-"], []])
def test_standard_input_is_read(solve: Shell, dash: list[str]) -> None:
    run = solve(*dash, *ABACUS, "--budget", "7", "--json", stdin=f"\n{PROBLEM}\n".encode())
    assert run.code == 0
    assert run.record["problem"] == PROBLEM


def test_samples_are_told_apart_and_one_right_one_is_enough(solve: Shell) -> None:
    run = solve(
        PROBLEM, *ABACUS, "--temperature", "3", "--budget", "20", "--solution-budget", "9", "--samples", "3", "--json"
    )
    records = [json.loads(line) for line in run.out.splitlines()]
    assert [record["sample"] for record in records] == [0, 1, 2]
    assert len({record["thinking"] for record in records}) > 1
    run = solve(PROBLEM, *ABACUS, "--temperature", "0", "--budget", "20", "--samples", "2", "--expect", "-5")
    assert run.code == 3
    first, blank, second = run.out.splitlines()
    assert (first, blank) == (second, "")
    assert run.err.splitlines()[-1] == "0 of 2 samples correct"


def test_samples_vote_and_the_winners_solution_is_printed(solve: Shell) -> None:
    sampling = ("--temperature", "2", "--samples", "8", "--vote", "--budget", "64", "--solution-budget", "24")
    run = solve(PROBLEM, *ABACUS, *sampling, "--json")
    assert run.code == 0
    *records, last = [json.loads(line) for line in run.out.splitlines()]
    vote = last["vote"]
    assert [record["sample"] for record in records] == list(range(8))
    assert vote["voters"] == 8
    assert sum(group["votes"] for group in vote["groups"]) == sum(record["answer"] is not None for record in records)
    assert vote["total_tokens"] == sum(
        record[f"{kind}_tokens"] for record in records for kind in ("thinking", "injected", "solution", "probe")
    )
    run = solve(PROBLEM, *ABACUS, *sampling)
    winner = next(record for record in records if record["answer"] == vote["answer"])
    assert run.out.split() == winner["solution"].split()
    assert run.err.splitlines()[-1].startswith(f"answer {vote['answer']} · {vote['groups'][0]['votes']} of 8 votes · ")
    assert run.err.splitlines()[-1].endswith(f" · total {vote['total_tokens']:,} tokens")


def test_the_vote_is_what_is_judged(solve: Shell) -> None:
    run = solve(PROBLEM, *ABACUS, "--samples", "3", "--vote", "--expect", "-5")
    assert run.code == 3
    assert ", wrong: expected -5 · 3 of 3 votes · " in run.err
    assert "the samples of a problem are alike" in run.err
    answer = run.out.split("{")[1].split("}")[0]
    assert solve(PROBLEM, *ABACUS, "--samples", "2", "--vote", "--temperature", "0", "--expect", answer).code == 0


def test_a_vote_ends_when_it_is_decided(solve: Shell) -> None:
    options = (*ABACUS, "--temperature", "0.2", "--samples", "16", "--vote-until", "0.95")
    run = solve(PROBLEM, *options, "--json", "--expect", "1262")
    *records, last = map(json.loads, run.out.splitlines())
    assert run.code == 0
    assert [record.get("unneeded", False) for record in records] == [False] * 4 + [True] * 12
    assert (last["vote"]["voters"], last["vote"]["unneeded"], last["vote"]["share"]) == (4, 12, 1.0)
    assert last["vote"]["total_tokens"] == sum(r["thinking_tokens"] + r["solution_tokens"] for r in records[:4])
    assert " · 4 of 4 votes · 12 samples not needed · " in solve(PROBLEM, *options).err


def test_votes_are_weighed_by_confidence(solve: Shell) -> None:
    options = (*ABACUS, "--temperature", "2", "--samples", "6", "--vote-by", "confidence", "--json")
    *records, last = map(json.loads, solve(PROBLEM, *options).out.splitlines())
    weights = {record["answer"]: 0.0 for record in records}
    for record in records:
        weights[record["answer"]] += math.exp(record["lowest_log_probability"])
    winner = max((answer for answer in weights if answer is not None), key=lambda answer: weights[answer])
    assert last["vote"]["answer"] == winner
    assert last["vote"]["share"] == pytest.approx(weights[winner] / sum(weights.values()))


def test_depths_of_a_thought_vote_and_its_tokens_count_once(solve: Shell) -> None:
    fractured = ("--budget", "40", "--vote-depths", "4", "--answers", "2", "--temperature", "0.5")
    run = solve(PROBLEM, *ABACUS, *fractured, "--json")
    *records, last = [json.loads(line) for line in run.out.splitlines()]
    keys = [(record["budget"]["thinking"], record["reply"]) for record in records]
    assert keys == [(depth, reply) for depth in (40, 30, 20, 10) for reply in (0, 1)]
    answers = sum(record["injected_tokens"] + record["solution_tokens"] for record in records)
    assert last["vote"]["thinking_tokens"] == 40
    assert last["vote"]["total_tokens"] == 40 + answers
    assert last["vote"]["voters"] == 8


def test_an_answer_that_is_missing_behind_a_cut_is_begun_and_counted(solve: Shell) -> None:
    line = ["What is 4821 + 9377?", *ABACUS, "--budget", "8", "--solution-budget", "3"]
    record = solve(*line, "--json").record
    assert record["answer_forced"]
    assert record["answer"]
    assert (record["solution_tokens"], record["finish_reason"]) == (3, "length")
    run = solve(*line)
    assert f" · answer begun by thinkcap {record['probe_tokens']}" in run.err
    plain = solve(*line, "--no-force-answer", "--json").record
    assert (plain["answer_forced"], plain["probe_tokens"], plain["answer"]) == (False, 0, None)


def test_text_of_the_user_and_the_model_cannot_steer_a_terminal(solve: Shell) -> None:
    run = solve("What is 1 + 1? \x1b]0;owned\x07\u009b31m", *ABACUS, "--budget", "7", "--json")
    assert run.record["problem"].startswith("What is 1 + 1? \x1b")
    assert "\x1b" not in run.out
    assert "\u009b" not in run.out


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--budget", "-5"], "'-5' is not a number of tokens: write it like 1024, 4k or unlimited."),
        (["--budget", "abc"], "'abc' is not a number of tokens: write it like 1024, 4k or unlimited."),
        (["--budget", "1.0001k"], "not a whole number of tokens"),
        (["--budget", "5", "--min-thinking", "9"], "The minimum of 9 thinking tokens is above the budget of 5"),
        (["--solution-budget", "0"], "'--solution-budget': it must be 1 or more, not 0."),
        (["--solution-budget", "none"], "'--solution-budget': it needs a number of tokens, like 1024 or 4k."),
        (["--time-limit", "0s"], "'0s' is not a time limit: write it like 20s, 1.5m or 500ms."),
        (["--temperature", "nan"], "'--temperature': it must be 0 or more, not nan."),
        (["--temperature", "inf"], "'--temperature': it must be 0 or more, not inf."),
        (["--temperature", "-1"], "'--temperature': it must be 0 or more, not -1."),
        (["--temperature", "warm"], "'--temperature': 'warm' is not a number."),
        (["--top-p", "0"], "'--top-p': it must be above 0 and at most 1, not 0."),
        (["--top-k", "1.5"], "'--top-k': '1.5' is not a whole number."),
        (["--min-p", "2"], "'--min-p': it must be from 0 to 1, not 2."),
        (["--threads", "100000"], "'--threads': it must be from 1 to 512, not 100000."),
        (["--samples", "0"], "it must be 1 or more, not 0."),
        (["--seed", "-1"], "'--seed': it must be 0 or more, not -1."),
        (["--cut-style", "blunt"], "'blunt' is not one of 'bare', 'message', 'soft', 'pause', 'pause+message'."),
        (["--quant", "q99"], "q99"),
        (["--expect", " "], "The expected answer is empty"),
        (["--vote"], "A vote needs several answers"),
        (["--vote-depths", "1"], "A vote needs several answers"),
        (["--answers", "2"], "--vote-depths"),
        (["--vote-depths", "4"], "give one with --budget"),
        (["--budget", "8", "--vote-depths", "4", "--time-limit", "3s"], "no time limit"),
        (["--no-such-option"], "--no-such-option"),
        (["another problem"], "another problem"),
    ],
)
def test_bad_options_get_one_sentence(solve: Shell, args: list[str], words: str) -> None:
    run = solve(PROBLEM, *ABACUS, *args)
    assert run.code == 2
    assert run.out == ""
    assert words in run.err
    assert run.err.startswith("thinkcap: ")
    assert run.err.count("\n") == 1


@pytest.mark.parametrize("args", [["--json"], ["--samples", "3"], ["--vote"], ["--then", "64"]])
def test_a_session_takes_no_options_that_need_a_problem(
    solve: Shell, monkeypatch: pytest.MonkeyPatch, args: list[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Wire(Screen(80), tty=True))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    run = solve(*ABACUS, *args)
    assert run.code == 2
    assert run.err == f"thinkcap: {args[0]} goes with a problem: write it in quotes after `solve`, or pipe it in.\n"


def test_then_thinks_on_until_the_answer_is_right(solve: Shell) -> None:
    problem, expected = "What is 4821 + 9377 + 6145?", "20343"
    stages = ("--budget", "16", "--then", "32,64,1k,4k", "--quant", "f16")
    run = solve(problem, *ABACUS, *stages, "--expect", expected, "--json")
    assert run.code == 0
    records = [json.loads(line) for line in run.out.splitlines()]
    assert [record["budget"]["thinking"] for record in records] == [16, 32, 64, 1024]
    assert [record["resumed_tokens"] for record in records] == [0, 16, 32, 64]
    assert [record["correct"] for record in records] == [False, False, False, True]
    at_once = solve(problem, *ABACUS, "--quant", "f16", "--budget", "1k", "--json").record
    for field in ("thinking", "solution", "answer", "stop_reason", "thinking_tokens"):
        assert records[-1][field] == at_once[field]


def test_then_stops_when_two_budgets_agree(solve: Shell) -> None:
    problem = "What is 2 + 3?"
    alone = [solve(problem, *ABACUS, "--budget", str(budget), "--json").record["answer"] for budget in range(1, 6)]
    agreed = next(place for place in range(1, 5) if alone[place] == alone[place - 1] is not None)
    run = solve(problem, *ABACUS, "--budget", "1", "--then", "2,3,4,5", "--json")
    assert [json.loads(line)["answer"] for line in run.out.splitlines()] == alone[: agreed + 1]
    assert agreed < 4


def test_then_ends_with_the_last_budget_and_prints_its_solution(solve: Shell) -> None:
    run = solve(PROBLEM, *ABACUS, "--budget", "4", "--then", "8,12", "--expect", "-5")
    assert run.code == 3
    assert run.out.count("The answer is") == 1
    assert [line.partition("thinking ")[2].partition(",")[0] for line in run.err.splitlines()] == [
        "4/4",
        "8/8",
        "12/12",
    ]
    assert run.out.strip() == solve(PROBLEM, *ABACUS, "--budget", "12").out.strip()


def test_then_goes_with_samples(solve: Shell) -> None:
    run = solve(PROBLEM, *ABACUS, "--budget", "4", "--then", "8", "--samples", "2", "--expect", "-5")
    assert run.code == 3
    assert run.out.count("The answer is") == 2
    assert run.err.splitlines()[-1] == "0 of 2 samples correct"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--then", "8"], "--then thinks on from a budget: give the first one with --budget."),
        (["--budget", "8", "--then", "8"], "--then needs budgets above the first, which is 8, and not 8."),
        (["--budget", "8", "--then", "x"], "'x' is not a number of tokens"),
        (["--budget", "8", "--then", "16", "--time-limit", "9s"], "it takes no --time-limit"),
        (["--budget", "8", "--then", "16", "--vote", "--samples", "3"], "leave one out"),
    ],
)
def test_budgets_that_can_not_follow_are_refused(solve: Shell, args: list[str], words: str) -> None:
    run = solve(PROBLEM, *ABACUS, *args)
    assert run.code == 2
    assert words in run.err
    assert run.err.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "stdin", "words"),
    [
        ([*ABACUS], b"", "The problem is empty: write it in quotes after `solve`, or pipe it in."),
        (["-5+3", *ABACUS], None, "A problem that begins with a dash goes after `--`: `thinkcap solve … -- -5+3`."),
        ([*ABACUS, "-x^2 = -4"], None, "goes after `--`: `thinkcap solve … -- '-x^2 = -4'`."),
        (["What", "is", "2", "+", "2", *ABACUS], None, 'in quotes, like `thinkcap solve "What is 2 + 2"`.'),
        (["", *ABACUS], None, "The problem is empty"),
        (["-", *ABACUS], b" \n", "The problem is empty"),
        (["-", *ABACUS], b"\xff\xfe1", "not UTF-8 text"),
        (["1 \udcff", *ABACUS], None, "not UTF-8 text"),
        ([PROBLEM, "--model", "abacsu"], None, "abacus"),
    ],
)
def test_bad_problems_and_names_get_one_sentence(
    solve: Shell, args: list[str], stdin: bytes | None, words: str
) -> None:
    run = solve(*args, stdin=stdin)
    assert run.code == 2
    assert run.out == ""
    assert words in run.err
    assert run.err.startswith("thinkcap: ")
    assert run.err.count("\n") == 1


def test_a_missing_model_gets_one_sentence_with_a_way_out(
    solve: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    for model, words in (
        (str(tmp_path / "no.gguf"), "There is no file"),
        ("l1-qwen-1.5b-max", "thinkcap pull l1-qwen-1.5b-max"),
    ):
        run = solve(PROBLEM, "--model", model)
        assert run.code == 1
        assert words in run.err
        assert run.err.count("\n") == 1


def test_a_budget_that_cannot_fit_names_one_that_does(solve: Shell) -> None:
    run = solve(PROBLEM, *ABACUS, "--budget", "10m")
    assert run.code in (1, 2)
    largest = re.search(r"(\d[\d,]*)\D*$", run.err)
    assert largest is not None
    assert run.err.count("\n") == 1
