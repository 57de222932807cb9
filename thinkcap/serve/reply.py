"""One reply as a client gets it: a generation's events turned into pieces of text, up to a stop text."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Any, Literal, NamedTuple

from thinkcap.engine.events import Answered, Closed, Event, Finished, Started, Thought
from thinkcap.engine.generation import Generation
from thinkcap.engine.outcome import Outcome
from thinkcap.errors import ThinkcapError
from thinkcap.serve.chat import Chat
from thinkcap.serve.dispatcher import Dispatcher, Exchange
from thinkcap.serve.finished_thoughts import FinishedThoughts

_TEXTS = {"id", "problem", "prompt_text", "sample", "thinking", "solution", "expected", "correct", "reply", "shared"}
"""Fields of a result that a reply has elsewhere, or not."""


class Piece(NamedTuple):
    """More of a reply: of its thought, of its answer, or of both."""

    thought: str
    answer: str


class StopText:
    """Lets an answer through up to the first of some texts. What may begin one is held back until it is decided.

    found  the text that was met, None if none was yet
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self.found: str | None = None
        self._stops = stops
        self._held = ""

    def take(self, text: str) -> str:
        """What can be shown after `text`."""
        held = self._held + text
        met = [(at, stop) for stop in self._stops if (at := held.find(stop)) >= 0]
        if met:
            at, self.found = min(met, key=lambda each: each[0])
            self._held = ""
            return held[:at]
        keep = max((_overlap(held, stop) for stop in self._stops), default=0)
        self._held = held[len(held) - keep :]
        return held[: len(held) - keep]

    def rest(self) -> str:
        """What was held back, now that nothing follows."""
        held, self._held = self._held, ""
        return held


class Reply:
    """One reply, as far as it has come.

    thought, answer    its texts
    prompt_tokens      tokens of the prompt, known from the first event on
    thinking_tokens    tokens sampled in the thought; solution_tokens, in the answer, up to the stop text's end
    stop_text          the stop text that ended it, None if none did
    outcome            the engine's account of it, once it is over
    id                 under which its thought is kept, once it is over
    """

    def __init__(self, generation: Generation, chat: Chat, thoughts: FinishedThoughts) -> None:
        self.generation = generation
        self.prompt_tokens = 0
        self.thinking_tokens = 0
        self.solution_tokens = 0
        self.thought = ""
        self.answer = ""
        self.outcome: Outcome | None = None
        self.id = ""
        self._thoughts = thoughts
        self._shows_thought = chat.shows_thought
        self._stop = StopText(chat.stops)

    @property
    def stop_text(self) -> str | None:
        return self._stop.found

    @property
    def finish(self) -> Literal["stop", "length"]:
        """Why it ended, in the words that all dialects share: by itself, or because a limit was reached."""
        finished = self.outcome is not None and self.outcome.finish_reason == "stop"
        return "stop" if finished or self.stop_text is not None else "length"

    @property
    def completion_tokens(self) -> int:
        return self.thinking_tokens + self.solution_tokens

    @property
    def facts(self) -> dict[str, Any]:
        """What thinkcap knows of it beside its texts, once it is over."""
        assert self.outcome is not None
        facts = {name: value for name, value in self.outcome.to_dict().items() if name not in _TEXTS}
        if self.stop_text is not None:
            facts |= {"finish_reason": "stop", "solution_tokens": self.solution_tokens}
        return {"id": self.id, **facts}

    def see(self, events: Iterable[Event]) -> Piece:
        """Takes events. Returns what they add to the texts."""
        thought = answer = ""
        for event in events:
            match event:
                case Started():
                    self.prompt_tokens = event.prompt_tokens
                    thought += event.resumed
                case Thought():
                    thought += event.text
                    self.thinking_tokens = event.thinking_tokens
                case Closed():
                    self.thinking_tokens = event.thinking_tokens
                case Answered() if self.stop_text is None:
                    answer += self._stop.take(event.text)
                    self.solution_tokens = event.solution_tokens
                case Finished():
                    answer += self._finish(event.outcome)
        if self.stop_text is not None:
            self.generation.cancel()
        if not self._shows_thought:
            thought = ""
        self.thought += thought
        self.answer += answer
        return Piece(thought, answer)

    def _finish(self, outcome: Outcome) -> str:
        self.outcome = outcome
        self.id = self._thoughts.keep(outcome)
        if self.stop_text is not None:
            return ""
        self.thinking_tokens = outcome.thinking_tokens
        self.solution_tokens = outcome.solution_tokens + outcome.probe_tokens
        return self._stop.rest()


class Replies:
    """The replies to one chat, to be closed however they end.

    all  every reply, in the order asked for
    """

    def __init__(self, exchange: Exchange, chat: Chat, thoughts: FinishedThoughts) -> None:
        self.all = [Reply(generation, chat, thoughts) for generation in exchange.generations]
        self._exchange = exchange

    @classmethod
    async def of(cls, chat: Chat, dispatcher: Dispatcher, thoughts: FinishedThoughts, stream: bool) -> Replies:
        """Submits a chat. Raises ThinkcapError as `Chat.submit` does, and for a thought that is not kept."""
        live = stream or bool(chat.stops)
        earlier = thoughts.find(chat.more, "thinkcap.more") if chat.more is not None else None
        exchange = await dispatcher.exchange(
            lambda: chat.submit(dispatcher.engine, earlier), chat.samples, chat.characters, live
        )
        return cls(exchange, chat, thoughts)

    async def pieces(self) -> AsyncGenerator[tuple[int, Piece]]:
        """What is added to each reply, by its number, as it happens. Ends when all replies have."""
        async for index, events in self._exchange:
            yield index, self.all[index].see(events)
        if any(reply.outcome is None or _broken_off(reply) for reply in self.all):
            raise ThinkcapError("The server broke the reply off; ask again.")

    def close(self) -> None:
        """Cancels what still runs."""
        self._exchange.close()

    async def whole(self) -> list[Reply]:
        """The replies, once all are over."""
        async for _ in self.pieces():
            pass
        return self.all


def _broken_off(reply: Reply) -> bool:
    """Whether somebody else than this reply ended it."""
    assert reply.outcome is not None
    return reply.outcome.finish_reason == "interrupted" and reply.stop_text is None


def _overlap(text: str, stop: str) -> int:
    """Characters at the end of `text` that begin `stop`."""
    for length in range(min(len(stop) - 1, len(text)), 0, -1):
        if text.endswith(stop[:length]):
            return length
    return 0
