"""`thinkcap solve`: one problem, thought about within a budget and answered."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from thinkcap.cli import INTERRUPTED, options
from thinkcap.cli.parameter_types import Budgets
from thinkcap.cli.terminal import progress, say
from thinkcap.engine.settings import Settings
from thinkcap.errors import UsageError
from thinkcap.runs.load_options import LoadOptions

if TYPE_CHECKING:
    from thinkcap.engine.outcome import Outcome
    from thinkcap.runs.problems import Problem
    from thinkcap.runs.session import Session

WRONG = 3
MOST_BYTES = 16 * 1024**2
"""The longest problem that is read from standard input: far more than any context holds."""

EXAMPLES = """\
  thinkcap solve "What is 384 + 297 + 581?" --model abacus
  thinkcap solve "What is 37 * 46?" --model abacus --budget 64 --expect 1702
  thinkcap solve "What is 37 * 46?" --model abacus --budget 32 --then 64..512
  thinkcap solve - --budget 2k --json < problem.txt
  thinkcap solve "Find all x with x^2 = 2x." --samples 4 --time-limit 90s
  thinkcap solve "What is 37 * 46?" -m abacus -k 16 --vote-until 0.95
  thinkcap solve "Find all x with x^2 = 2x." -b 2k -k 2 --vote-depths 4
"""


class SolveCommand(options.GroupedCommand):
    """Says where a problem goes that begins with a dash, instead of taking it for an option."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(context, args)
        except click.NoSuchOption as error:
            for word in given:
                if word.startswith(error.option_name) and not re.fullmatch(r"--?[A-Za-z][\w-]*(=.*)?", word):
                    raise UsageError(
                        f"A problem that begins with a dash goes after `--`: `thinkcap solve … -- {shlex.quote(word)}`."
                    ) from None
            raise


@options.command(EXAMPLES, cls=SolveCommand)
@click.argument("words", metavar="[PROBLEM]", nargs=-1)
@options.settings()
@options.add(
    "--then",
    type=Budgets(),
    default=(),
    group="Budget",
    help="Think on to these budgets, like 512,1k, until the answer is right (--expect) or two in a row agree.",
)
@options.samples
@options.votes
@options.load()
@options.add("--expect", metavar="ANSWER", help="The right answer: the exit code is 3 if no sample gives it.")
@options.json
def command(
    words: tuple[str, ...],
    settings: Settings,
    then: tuple[int | None, ...],
    samples: int,
    votes: options.VoteOptions,
    load: LoadOptions,
    expect: str | None,
    as_json: bool,
) -> None:
    """Think about PROBLEM for as long as the budget allows, then answer it.

    Without PROBLEM it opens a session on a terminal: type problems, think on with `+500`, and `/help` lists the rest.
    Elsewhere, or with `-`, the problem is read from standard input. One that begins with a dash goes after `--`.
    What is not given comes from the model's entry: `thinkcap models show NAME` prints it.

    On a terminal the thought streams by with a bar of its tokens, followed by the solution and a line of figures.
    The first Ctrl-C closes the thought and lets the model answer, the second ends it. Anywhere else standard output
    gets the solution alone, or JSON with --json, standard error gets the figures, and Ctrl-C ends it at once.

    With --then it answers at --budget and thinks on to the further budgets, one after the other, until an answer is
    right, if there is an --expect, or else the same under two budgets in a row. Off a terminal the last solution is
    printed.

    With --vote all --samples run side by side, and their answers vote by mathematical equivalence: the solution of the
    largest group is printed. With --vote-until 0.95 they run in waves, and no more once the leader is that likely to
    stay ahead (arXiv 2305.11860): four that agree are enough.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no sample (or not the vote) matched --expect, 130 interrupted.
    """
    from thinkcap.cli.pull import offer_if_missing
    from thinkcap.runs.plan import Plan
    from thinkcap.runs.session import Session

    if not words and sys.stdin.isatty() and sys.stdout.isatty():
        _check_for_session(samples, votes, then, as_json)
        offer_if_missing(load)
        _converse(load, settings, expect)
        return
    asked = read_problem(words, expect)
    votes.check(samples)
    if votes.wanted and then:
        raise UsageError("--then thinks on until an answer will do, and a vote needs all of them: leave one out.")
    offer_if_missing(load)
    plan = Plan(settings, samples, depths=votes.depths, answers=votes.answers, vote=votes.rule)
    session = Session(load, plan, say, progress(log=load.verbose, lines=False))
    session.check()
    right = _vote(session, asked, as_json) if votes.wanted else _stream(session, asked, then, as_json)
    if asked.expected is not None and not right:
        raise click.exceptions.Exit(WRONG)


def _check_for_session(samples: int, votes: options.VoteOptions, then: Sequence[int | None], as_json: bool) -> None:
    """Raises UsageError for options that need a problem on the command line."""
    given = {"--samples": samples > 1, "--vote": votes.wanted, "--then": bool(then), "--json": as_json}
    for flag, wanted in given.items():
        if wanted:
            raise UsageError(f"{flag} goes with a problem: write it in quotes after `solve`, or pipe it in.")


def _converse(load: LoadOptions, settings: Settings, expect: str | None) -> None:
    """A session on this terminal."""
    from platformdirs import user_state_path

    from thinkcap.grading import Grader
    from thinkcap.runs.conversation import Conversation
    from thinkcap.runs.slash_commands import completions
    from thinkcap.show.live.conversation_view import ConversationView
    from thinkcap.show.live.dialogue import converse
    from thinkcap.show.live.line_editor import LineEditor
    from thinkcap.show.live.view import choose_view

    with choose_view(sys.stdout, sys.stderr, log=load.verbose) as view:
        view.status(f"loading {load.name or 'the model'}")
        with load.load() as engine, Grader() as grader:
            editor = LineEditor(completions, user_state_path("thinkcap", appauthor=False) / "history")
            conversation = Conversation(engine, grader, progress(log=load.verbose, lines=False), settings, expect)
            converse(conversation, editor, ConversationView(sys.stdout, view))


def _stream(session: Session, problem: Problem, then: Sequence[int | None], as_json: bool) -> bool:
    """Shows one sample after the other. Returns whether one has the expected answer."""
    from thinkcap.runs.batch import is_interrupted
    from thinkcap.show.live.view import choose_view

    samples, log = session.plan.samples, session.load.verbose
    outcomes: dict[int, Outcome] = {}
    with choose_view(sys.stdout, sys.stderr, json=as_json, log=log, goes_on=bool(then)) as view:
        view.status(f"loading {session.load.name or 'the model'}")
        stream = session.stream(
            problem,
            lambda sample: view.begin(sample, samples),
            view.show,
            then=then,
            resume=view.resume,
            answer_first=sys.stdout.isatty(),
        )
        for outcome in stream:
            outcomes[outcome.sample] = outcome
            view.conclude(outcome)
        if len(outcomes) < samples or is_interrupted(outcomes[samples - 1]):
            raise click.exceptions.Exit(INTERRUPTED)
        if samples > 1:
            view.total(list(outcomes.values()))
    return any(outcome.correct for outcome in outcomes.values())


def _vote(session: Session, problem: Problem, as_json: bool) -> bool:
    """Shows the vote. Returns whether it is for the expected answer. What is there at Ctrl-C still votes."""
    from thinkcap.runs.cost import cost_of
    from thinkcap.show.live.plain_views import TrimmedText
    from thinkcap.show.tables.vote_lines import vote_figures, vote_lines, vote_record
    from thinkcap.text import write_json, write_line

    results, finished = session.solve(problem)
    voters = [result for result in results if not result.unneeded]
    correct = None
    if voters:
        vote, correct = session.vote(voters, problem)
        cost, unneeded = cost_of(results), len(results) - len(voters)
        if as_json:
            for result in results:
                write_json(result.outcome_to_dict(), sys.stdout)
            write_json({"vote": vote_record(vote, cost, problem.expected, correct, unneeded)}, sys.stdout)
        else:
            if vote.groups:
                solution = TrimmedText(sys.stdout)
                solution.write(voters[vote.groups[0].members[0]].solution)
                solution.end()
            for line in (*vote_lines(vote), vote_figures(vote, cost, problem.expected, correct, unneeded)):
                write_line(line, sys.stderr)
    if not finished:
        raise click.exceptions.Exit(INTERRUPTED)
    return bool(correct)


def read_problem(words: Sequence[str], expect: str | None) -> Problem:
    """The problem: the argument, or standard input if there is none or it is `-`. Raises UsageError if it or the
    expected answer is blank or not text, or if the problem was not in quotes."""
    from thinkcap.engine.request import id_of
    from thinkcap.runs.problems import Problem

    if len(words) > 1:
        raise UsageError(f'The problem is one argument: write it in quotes, like `thinkcap solve "{" ".join(words)}"`.')
    if not words and sys.stdin.isatty():
        raise UsageError("There is no problem: write it in quotes after `solve`, or pipe it in.")
    text = words[0] if words else "-"
    if text == "-":
        data = sys.stdin.buffer.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise UsageError(f"Standard input holds more than {MOST_BYTES // 1024**2} MiB, too much for a problem.")
        try:
            text = data.decode("utf-8-sig").strip()
        except UnicodeDecodeError:
            raise UsageError("Standard input is not UTF-8 text: convert it first.") from None
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("The problem is not UTF-8 text: convert it first.") from None
    if not text.strip():
        raise UsageError("The problem is empty: write it in quotes after `solve`, or pipe it in.")
    if expect is not None and not expect.strip():
        raise UsageError("The expected answer is empty: write it after --expect, or leave --expect out.")
    return Problem(id_of(text), text, expect.strip() if expect is not None else None)
