"""A conversation with the built-in model, without a terminal: lines in, what happens out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

import thinkcap
from thinkcap.engine.events import Closed, Started, Thought
from thinkcap.engine.more import resumed_tokens
from thinkcap.engine.outcome import Outcome
from thinkcap.engine.request import Request
from thinkcap.engine.settings import OPTIONS
from thinkcap.errors import UsageError
from thinkcap.grading import Grader
from thinkcap.runs.conversation import BudgetCurve, Conversation, Election, Happening, Record, Setting
from thinkcap.runs.report import read_all
from thinkcap.runs.slash_commands import COMMANDS, SlashCommands, carry_out, completions, find
from thinkcap.show.live.batch_progress import BatchProgress
from thinkcap.show.live.batch_view import BatchView

PROBLEM = "What is 4821 + 9377 + 6145?"
ANSWER = "20343"
Happened = TypeVar("Happened")
Enter = Callable[[str], list[Happening | SlashCommands]]


def watch(total: int, done: int = 0, graded: int = 0, correct: int = 0) -> BatchView:
    return BatchView(BatchProgress(total, done, graded, correct))


@pytest.fixture
def conversation(abacus_f16: thinkcap.Engine) -> Iterator[Conversation]:
    with Grader() as grader:
        yield Conversation(abacus_f16, grader, watch)


@pytest.fixture
def enter(conversation: Conversation) -> Enter:
    """Carries out a line that is typed, and gives all that happened."""
    return lambda line: list(carry_out(line, conversation))


def only(kind: type[Happened], happened: list[Happening | SlashCommands]) -> Happened:
    (found,) = (each for each in happened if isinstance(each, kind))
    return found


def text_of(happened: list[Happening | SlashCommands]) -> str:
    return "".join(each.text for each in happened if isinstance(each, Thought))


def test_a_problem_is_thought_about_and_answered(enter: Enter, abacus_f16: thinkcap.Engine) -> None:
    enter("/budget 16")
    happened = enter(PROBLEM)
    outcome = only(Outcome, happened)
    assert isinstance(happened[0], Started)
    assert text_of(happened) == outcome.thinking
    assert only(Closed, happened).thinking_tokens == 16
    assert outcome.solution == abacus_f16.solve(PROBLEM, 16).solution


@pytest.mark.parametrize("line", ["+40", "/more 40", " + 40 "])
def test_more_thinks_on_from_the_cut(enter: Enter, abacus_f16: thinkcap.Engine, line: str) -> None:
    enter("/budget 16")
    first = only(Outcome, enter(PROBLEM))
    before = abacus_f16.counts.sampled
    happened = enter(line)
    request, outcome = only(Request, happened), only(Outcome, happened)
    at_once = abacus_f16.solve(PROBLEM, 56)
    assert (resumed_tokens(request), request.budget.thinking) == (16, 56)
    assert first.thinking + text_of(happened) == outcome.thinking == at_once.thinking
    assert outcome.solution == at_once.solution
    assert abacus_f16.counts.sampled - before < 2 * 40 + 2 * at_once.solution_tokens + 16 + 8  # both runs


def test_a_thought_that_was_not_cut_has_no_more(enter: Enter) -> None:
    enter("What is 2 + 3?")
    with pytest.raises(UsageError, match="was not cut"):
        enter("+5")


def test_a_prompt_that_states_its_budget_starts_anew(enter: Enter) -> None:
    enter("/budget 16")
    enter("/prompt-mode max")
    enter(PROBLEM)
    happened = enter("+40")
    assert resumed_tokens(only(Request, happened)) == 0
    assert text_of(happened) == only(Outcome, happened).thinking
    assert "56 tokens" in only(Outcome, happened).prompt_text


def test_again_takes_the_next_seed(enter: Enter) -> None:
    enter("/temperature 2")
    enter("/budget 16")
    seeds = [only(Outcome, enter(line)).seed for line in (PROBLEM, "/again", "/again", "What is 2 + 3?")]
    assert seeds == [0, 1, 2, 0]


def test_again_says_that_greedy_thoughts_are_alike(enter: Enter) -> None:
    enter("/budget 4")
    enter(PROBLEM)
    assert "At temperature 0" in only(str, enter("/again"))


def test_samples_vote_and_the_winner_is_what_goes_on(enter: Enter, conversation: Conversation) -> None:
    enter("/budget 64")
    enter(PROBLEM)
    with pytest.raises(UsageError, match="At temperature 0"):
        enter("/vote 4")
    enter("/temperature 0.7")
    enter(f"/expect {ANSWER}")
    election = only(Election, enter("/vote 4"))
    assert [outcome.sample for outcome in election.outcomes] == [0, 1, 2, 3]
    assert election.vote.voters == 4
    assert election.correct is (election.vote.winner == ANSWER)
    assert conversation.outcome is not None
    assert conversation.outcome.answer == election.vote.winner
    assert only(Outcome, enter("+8")).sample == conversation.outcome.sample


def test_a_curve_answers_every_budget_and_grades(enter: Enter, abacus_f16: thinkcap.Engine) -> None:
    enter(PROBLEM)
    enter(f"/expect {ANSWER}")
    curve = only(BudgetCurve, enter("/curve 0..64,none"))
    assert [outcome.budget.thinking for outcome in curve.outcomes] == [0, 16, 32, 64, None]
    assert curve.outcomes[2].solution == abacus_f16.solve(PROBLEM, 32).solution
    assert all(outcome.correct is (outcome.answer == ANSWER) for outcome in curve.outcomes)


def test_the_expected_answer_is_this_problems(enter: Enter) -> None:
    assert "next result" in only(str, enter("/expect 5"))
    assert only(Outcome, enter("What is 2 + 3?")).correct is True
    assert only(Outcome, enter("/expect 6")).correct is False
    assert only(Outcome, enter("What is 2 + 4?")).correct is None


def test_a_setting_holds_and_is_shown(enter: Enter) -> None:
    assert only(Setting, enter("/budget")) == Setting("budget", None)
    assert only(Setting, enter("/budget 2k")) == Setting("budget", 2048)
    assert only(Setting, enter("/time 20s")) == Setting("time_limit", 20.0)
    assert only(Setting, enter("/time none")) == Setting("time_limit", None)
    assert only(Setting, enter("/style soft")) == Setting("cut_style", "soft")
    assert only(Setting, enter("/loop off")) == Setting("loop_guard", False)
    assert only(Setting, enter("/budget")) == Setting("budget", 2048)
    assert only(Outcome, enter("What is 2 + 3?")).style == "soft"


def test_settings_are_the_list_of_options(enter: Enter) -> None:
    names = {command.name.replace("-", "_") for command in COMMANDS}
    assert set(OPTIONS) < names


def test_every_example_works(enter: Enter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for command in COMMANDS:
        for line in ("/new", "/min-thinking 0", "/budget 8", "/temperature 0.5", PROBLEM, "/budget none"):
            enter(line)
        happened = enter(command.example)
        assert happened or command.name == "quit"
        assert command.help.endswith((".", "?"))


def test_a_follow_up_reads_only_what_is_new(
    enter: Enter, abacus_f16: thinkcap.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(abacus_f16, "profile", replace(abacus_f16.profile, conversation=True))
    enter("/budget 40")
    first = only(Outcome, enter(PROBLEM))
    before = abacus_f16.counts
    second = only(Outcome, enter("What is 48 * 12?"))
    read = abacus_f16.counts.decoded - before.decoded - (abacus_f16.counts.sampled - before.sampled)
    assert second.prompt_tokens > first.prompt_tokens + 40 + first.solution_tokens
    assert read < second.prompt_tokens - first.prompt_tokens - 30
    enter("/new")
    third = only(Outcome, enter("What is 48 * 12?"))
    assert third.prompt_tokens < first.prompt_tokens + 10


def test_a_model_for_single_problems_takes_each_by_itself(enter: Enter, abacus_f16: thinkcap.Engine) -> None:
    enter(PROBLEM)
    outcome = only(Outcome, enter("What is 48 * 12?"))
    assert outcome.prompt_tokens == abacus_f16.solve("What is 48 * 12?").prompt_tokens


def test_results_are_saved_for_report(enter: Enter, tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    with pytest.raises(UsageError, match="no results"):
        enter(f"/save {file}")
    enter("/budget 8")
    enter(PROBLEM)
    enter("+8")
    enter("/expect 5")
    assert only(str, enter(f"/save {file}")) == f"Wrote 2 results to {file}."
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(line["thinking_tokens"], line["correct"]) for line in lines] == [(8, None), (16, False)]
    assert len(read_all([file])) == 2
    enter("/again")
    assert only(str, enter(f"/save {file}")).startswith("Wrote 3 results")


def test_saving_overwrites_no_other_file(enter: Enter, tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("dear diary")
    enter("What is 2 + 3?")
    for path in (file, tmp_path, tmp_path / "no" / "folder.jsonl"):
        with pytest.raises(UsageError):
            enter(f"/save {path}")
    assert file.read_text() == "dear diary"


def test_the_last_result_is_shown_as_json(enter: Enter) -> None:
    outcome = only(Outcome, enter("What is 2 + 3?"))
    assert only(Record, enter("/json")).outcome == outcome


def test_quit_ends_it(enter: Enter, conversation: Conversation) -> None:
    enter("")
    assert not conversation.ended
    enter("/quit")
    assert conversation.ended


def test_a_refused_problem_changes_nothing(enter: Enter, conversation: Conversation) -> None:
    first = only(Outcome, enter("What is 2 + 3?"))
    enter("/budget 900k")
    with pytest.raises(UsageError):
        enter("What is 2 + 4?")
    assert conversation.outcome == first
    assert conversation.problem == "What is 2 + 3?"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/bugdet 5", "There is no command /bugdet: did you mean /budget?"),
        ("/zzz", "There is no command /zzz: /help lists them."),
        ("/", "There is no command /: /help lists them."),
        ("/t 5", "may be /min-thinking, /time-limit, /temperature, /top-p or /top-k"),
        ("/more", "/more needs TOKENS, as in `/more 500`."),
        ("/more none", "'none' is not a number of tokens"),
        ("/more x", "'x' is not a number of tokens"),
        ("+0", "is not a number of tokens"),
        ("/json now", "/json takes nothing after it."),
        ("/vote 1", "'1' is not a number of samples from 2 to"),
        ("/curve 8..4", "runs backwards"),
        ("/budget -5", "`budget` -5: '-5' is not a number of tokens"),
        ("/temperature warm", "`temperature` warm: 'warm' is not a number."),
        ("/style blunt", "`cut_style` blunt: it must be bare, message"),
        ("/min-thinking 9999999", "is above the budget"),
        ("+5", "There is no result yet: type a problem first."),
        ("/again", "There is no problem yet: type one first."),
        ("/vote 4", "There is no problem yet"),
        ("/curve 4", "There is no problem yet"),
        ("/json", "There is no result yet"),
    ],
)
def test_what_makes_no_sense_gets_one_sentence(enter: Enter, line: str, words: str) -> None:
    enter("/budget 1k")
    with pytest.raises(UsageError) as refused:
        enter(line)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_name_finds_its_own_command() -> None:
    for command in COMMANDS:
        assert find(command.name) is command
    assert find("style").name == "cut-style"
    assert find("q").name == "quit"


def test_names_and_values_are_completed() -> None:
    assert completions("/sa") == ["/save"]
    assert completions("/loop-guard ") == ["/loop-guard on", "/loop-guard off"]
    assert completions("/cut-style m") == ["/cut-style message"]
    assert len(completions("/")) == len(COMMANDS)
    assert completions("What is /s") == []
