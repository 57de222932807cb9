"""What the live view shows of a generation, worked out without a terminal: events in, rows and a bar out."""

from __future__ import annotations

from rich.text import Text

from thinkcap.engine.events import Answered, Closed, Event, Started, Thought
from thinkcap.engine.outcome import Outcome
from thinkcap.show.live.summary import summary
from thinkcap.show.live.token_bar import EMPTY, GenerationProgress, token_bar
from thinkcap.show.live.wrap import Wrapper
from thinkcap.show.wording import SEPARATOR, end_text
from thinkcap.text import one_line

THOUGHT, INJECTED = "dim", "dim yellow"


class GenerationRows:
    """One generation on rows of at most `width` cells.

    `see` takes an event and returns the rows that are final with it, to be printed for good. `row` and `bar` come below
    them for now: the row still growing, and how far the generation is.
    """

    def __init__(self, width: int) -> None:
        self.width = width
        self._text = Wrapper(width)
        self._progress = GenerationProgress()

    def see(self, event: Event, now: float) -> list[Text]:
        """Takes one event that came at `now` (seconds, any clock)."""
        self._progress.see(event, now)
        match event:
            case Thought():
                return self._text.feed(event.text, INJECTED if event.injected else THOUGHT)
            case Closed():
                rows = self.finish()
                # Without a thought there is nothing to set apart from the solution.
                if rows or event.thinking_tokens:
                    rows.append(rule(end_text(event.stop_reason), self.width))
                return rows
            case Answered():
                return self._text.feed(event.text)
            case Started():
                return []
        return self.finish()

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
