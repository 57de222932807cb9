"""What the live view shows of a generation, worked out without a terminal: events in, rows and a bar out."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from thinkcap.engine.events import Answered, Closed, Event, ForkFinished, Started, Thought
from thinkcap.engine.outcome import Outcome
from thinkcap.show.live.summary import summary
from thinkcap.show.live.token_bar import EMPTY, GenerationProgress, token_bar
from thinkcap.show.live.wrap import Wrapper
from thinkcap.show.wording import SEPARATOR, budget_text, end_text, verdict
from thinkcap.text import one_line

THOUGHT, INJECTED, MARK = "dim", "dim yellow", "cyan"


class GenerationRows:
    """One generation on rows of at most `width` cells.

    `see` takes an event and returns the rows that are final with it, to be printed for good. `row` and `bar` come below
    them for now: the row still growing, and how far the generation is. `marks` are budgets at which the thought forks:
    each is marked in its text.
    """

    def __init__(self, width: int, marks: Iterable[int] = ()) -> None:
        self.width = width
        self._marks = sorted(marks)
        self._text = Wrapper(width)
        self._progress = GenerationProgress()

    def see(self, event: Event, now: float) -> list[Text]:
        """Takes one event that came at `now` (seconds, any clock)."""
        self._progress.see(event, now)
        match event:
            case Thought():
                rows = self._passed(event.thinking_tokens)
                return rows + self._text.feed(event.text, INJECTED if event.injected else THOUGHT)
            case Closed():
                rows = self.finish()
                # Without a thought there is nothing to set apart from the solution.
                if rows or event.thinking_tokens:
                    rows.append(rule(end_text(event.stop_reason), self.width))
                return rows
            case Answered():
                return self._text.feed(event.text)
            case Started() | ForkFinished():
                return []
        return self.finish()

    def _passed(self, thinking_tokens: int) -> list[Text]:
        """Marks the budgets below a number of tokens in the text; returns the rows that became final by it."""
        rows: list[Text] = []
        while self._marks and self._marks[0] < thinking_tokens:
            rows += self._text.feed(mark(self._marks.pop(0)), MARK)
        return rows

    def row(self) -> Text:
        return self._text.row()

    def bar(self) -> Text:
        return token_bar(self._progress, self.width)

    def resize(self, width: int) -> list[Text]:
        """Goes on at another width; returns the rows that became final by it."""
        self.width = width
        return self._text.resize(width)

    def finish(self) -> list[Text]:
        """Ends the text; returns its last row."""
        rows = self._text.finish()
        self._text = Wrapper(self.width)
        return rows


def rule(words: str, width: int) -> Text:
    """A short line with words in it, which sets two parts of a generation apart."""
    text = one_line(words, width)
    dressed = f"{EMPTY * 2} {text} {EMPTY * 2}"
    return Text(dressed if len(dressed) <= width else text, "dim")


def mark(budget: int | None) -> str:
    """A budget at its place in a thought."""
    return f"‹{budget_text(budget)}›"


def answer_row(outcome: Outcome, width: int) -> Text:
    """The answer of a fork, behind the mark at which the thought forked."""
    row = Text(f"  {mark(outcome.budget.thinking)} ", MARK)
    said = verdict(outcome.answer, outcome.expected, outcome.correct)
    row.append(said, {True: "green", False: "red", None: "default"}[outcome.correct])
    row.truncate(width, overflow="ellipsis")
    return row


def summary_rows(outcome: Outcome, width: int) -> list[Text]:
    """The figures of a finished generation: one row if the width allows, else broken between them."""
    rows: list[Text] = []
    for text, style in summary(outcome):
        if rows and rows[-1].cell_len + len(SEPARATOR) + Text(text).cell_len <= width:
            rows[-1].append(SEPARATOR, "dim").append(text, style)
        else:
            wrapper = Wrapper(width)
            rows += [*wrapper.feed(text, style), *wrapper.finish()]
    return rows
