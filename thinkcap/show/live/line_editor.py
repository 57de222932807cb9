"""Where the user types: a line at a time, with history, completion and pasting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.shortcuts import CompleteStyle

PROMPT = "> "


class LineEditor:
    """Reads what the user types on the terminal. A line that ends in a backslash goes on in the next one, and several
    lines may be pasted.

    completions  the texts that a beginning may become
    history      the file that remembers what was typed; without one, or if it can't be written, only this process does
    """

    def __init__(self, completions: Callable[[str], Iterable[str]], history: Path | None = None) -> None:
        self._session: PromptSession[str] = PromptSession(
            history=_history(history),
            completer=_Completer(completions),
            complete_style=CompleteStyle.READLINE_LIKE,
            key_bindings=_keys(),
            prompt_continuation=" " * len(PROMPT),
        )

    def read(self) -> str:
        """What was typed up to Enter. Raises EOFError for Ctrl-D on an empty line, KeyboardInterrupt for Ctrl-C."""
        return self._session.prompt(PROMPT).encode(errors="replace").decode()


class _Completer(Completer):
    def __init__(self, completions: Callable[[str], Iterable[str]]) -> None:
        self._completions = completions

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        typed = document.text_before_cursor
        for text in self._completions(typed):
            yield Completion(text, start_position=-len(typed), display=text.split()[-1])


def _history(file: Path | None) -> History:
    if file is None:
        return InMemoryHistory()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(file))


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.text.endswith("\\"):
            buffer.cursor_position = len(buffer.text)
            buffer.delete_before_cursor()
            buffer.newline(copy_margin=False)
        else:
            buffer.validate_and_handle()

    return keys
