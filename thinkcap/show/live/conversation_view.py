"""What a terminal shows of a conversation."""

from __future__ import annotations

from typing import TextIO

from thinkcap.engine.outcome import Outcome
from thinkcap.engine.request import Request
from thinkcap.engine.settings import OPTIONS
from thinkcap.runs.conversation import BudgetCurve, Election, Happening, Record, Setting
from thinkcap.runs.slash_commands import SlashCommands
from thinkcap.show.live.view import View
from thinkcap.show.wording import option_text
from thinkcap.text import json_line, one_line, write_line

CHART_ROWS = 10


class ConversationView:
    """Shows what happens in a conversation, one thing after the other.

    file  the terminal
    view  shows generations on it
    """

    def __init__(self, file: TextIO, view: View) -> None:
        self._file = file
        self._view = view

    def show(self, happening: Happening | SlashCommands) -> None:
        """Shows the next thing that happens."""
        match happening:
            case str():
                self.say(happening)
            case Outcome():
                self._view.conclude(happening)
            case Request():
                self._view.resume(happening)
            case Setting():
                option = OPTIONS[happening.name]
                self.say(f"{option.label}: {option_text(option, happening.value)}")
            case Record():
                write_line(json_line(happening.outcome.to_dict(), self._file.encoding), self._file)
            case Election():
                self._show_election(happening)
            case BudgetCurve():
                self._show_curve(happening)
            case tuple():
                self._show_help(happening)
            case event:
                self._view.show(event)

    def begin(self) -> None:
        """A new line of the user's is carried out."""
        self._view.begin(0, 1)

    def say(self, sentence: str) -> None:
        """Shows a sentence."""
        write_line(one_line(sentence), self._file)

    def close(self) -> None:
        """Ends what is unfinished."""
        self._view.close()

    def _show_election(self, election: Election) -> None:
        from thinkcap.runs.cost import cost_of
        from thinkcap.show.tables.vote_lines import vote_figures, vote_lines

        vote = election.vote
        if vote.groups:
            write_line(election.outcomes[vote.groups[0].members[0]].solution.strip(), self._file)
        cost = cost_of(election.outcomes)
        for line in ("", *vote_lines(vote), vote_figures(vote, cost, election.expected, election.correct)):
            write_line(line, self._file)

    def _show_curve(self, curve: BudgetCurve) -> None:
        from thinkcap.runs.groups import group
        from thinkcap.runs.problems import Problem
        from thinkcap.runs.result import Result
        from thinkcap.show.curve.curve import curves
        from thinkcap.show.curve.text_chart import print_chart
        from thinkcap.show.tables.sweep_table import print_sweep

        print_sweep(curve.outcomes, self._file)
        if all(each.expected is None for each in curve.outcomes):
            return  # how accurate they are is not known, and where they were cut is in the table
        results = [Result.of(each, Problem(each.id, each.problem, each.expected), {}) for each in curve.outcomes]
        print_chart(curves(group(results)), self._file, CHART_ROWS)

    def _show_help(self, commands: SlashCommands) -> None:
        from thinkcap.show.tables.command_table import print_commands

        print_commands(commands, self._file)
