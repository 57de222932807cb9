"""The live bar: how far a generation is, on one row of any width."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from rich.text import Text

from thinkcap.engine.events import Answered, Closed, Event, Started, Thought
from thinkcap.show.wording import SEPARATOR, significant

FULL, EMPTY = "━", "─"
LEAST_BAR = 6  # cells; a shorter bar says nothing
WARM_UP = 0.2  # seconds before a rate means something


@dataclass(slots=True)
class GenerationProgress:
    """How far a generation is, from its events and the time (seconds, any clock) at which they came."""

    phase: Literal["prompt", "thinking", "solution"] = "prompt"
    tokens: int = 0
    limit: int | None = None
    prompt_tokens: int = 0
    _since: float | None = None
    _first: int = 0
    _now: float = 0.0

    def see(self, event: Event, now: float) -> None:
        match event:
            case Started():
                self.prompt_tokens = event.prompt_tokens
                self.limit = event.thinking_limit if event.budgeted else None
            case Thought():
                self._count("thinking", event.thinking_tokens, now)
            case Closed():
                self._count("solution", 0, now)
            case Answered():
                self._count("solution", event.solution_tokens, now)

    @property
    def rate(self) -> float | None:
        """Tokens a second in this phase; None while it is too young to tell."""
        if self._since is None or self._now - self._since < WARM_UP:
            return None
        return (self.tokens - self._first) / (self._now - self._since)

    def _count(self, phase: Literal["thinking", "solution"], tokens: int, now: float) -> None:
        if phase != self.phase or self._since is None:
            self.phase, self._since, self._first = phase, now, tokens
        self.tokens, self._now = tokens, now


def token_bar(progress: GenerationProgress, width: int) -> Text:
    """One row of at most `width` cells: the bar against the budget, or without an end if there is none, and figures.

    What does not fit is left out: first the label, then the rate, then the bar.
    """
    if progress.phase == "prompt":
        return _fit([f"reading the prompt, {progress.prompt_tokens} tokens", "reading the prompt", "reading"], width)
    rate = f"{significant(progress.rate)} tok/s" if progress.rate is not None else ""
    if progress.phase == "solution":
        count = f"solution {progress.tokens} tokens"
        return _fit([f"{count}{SEPARATOR}{rate}" if rate else count, count, str(progress.tokens)], width)

    if progress.limit is None:
        count = f"{progress.tokens} tokens"
    else:
        count = f"{progress.tokens:>{len(str(progress.limit))}}/{progress.limit}"
    label = "thinking "
    # The rate's place is kept from the start and at one width, so that the bar does not jump about.
    tail = f" {count}{SEPARATOR}{rate:<10}"
    if width < len(label) + LEAST_BAR + len(tail):
        label = ""
    if width < LEAST_BAR + len(tail):
        tail = f" {count}"
    cells = width - len(label) - len(tail)
    if cells < LEAST_BAR:
        return _fit([count, str(progress.tokens)], width)
    text = Text(label, "dim")
    text.append_text(_track(progress, cells))
    text.append(tail.rstrip() if rate else tail.replace(SEPARATOR, "").rstrip())
    return text


def _track(progress: GenerationProgress, cells: int) -> Text:
    if progress.limit is None:
        # No end to measure against: a piece that wanders to the right with the tokens, and round again.
        piece = max(2, cells // 6)
        start = progress.tokens // 2 % cells
        track = "".join(FULL if (cell - start) % cells < piece else EMPTY for cell in range(cells))
    else:
        share = progress.tokens / progress.limit if progress.limit else 1.0
        full = min(cells, int(cells * share))
        track = FULL * full + EMPTY * (cells - full)
    text = Text()
    for cell, run in groupby(track):
        text.append("".join(run), "cyan" if cell == FULL else "dim")
    return text


def _fit(spellings: list[str], width: int) -> Text:
    fitting = [spelling for spelling in spellings if len(spelling) <= width]
    return Text(fitting[0] if fitting else "", "dim")
