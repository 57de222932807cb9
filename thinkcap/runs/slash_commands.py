"""The commands of a conversation, as data: what is typed, what it does, how it is explained.

A line is a command if it begins with `/`, or if it is `+` and a number of tokens. Everything else is a problem.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial

from thinkcap.engine.settings import OPTIONS, Option
from thinkcap.errors import UsageError
from thinkcap.runs.conversation import Conversation, Happening
from thinkcap.text import parse_budgets, parse_tokens

MOST_SAMPLES = 1000
_SHORT_MORE = re.compile(r"\+\s*\d+(\.\d+)?[kKmM]?")
_EXAMPLES = {"tokens": "2k", "seconds": "20s", "number": "0.6", "whole": "7", "switch": "off"}
"""A value of a generation option, by its kind."""


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """One command.

    name      without its slash
    argument  what follows it, in brackets if it may be left out; empty if nothing does
    help      one sentence
    example   a line that works
    run       carries it out with its argument, "" if there is none; raises UsageError for one that makes no sense
    choices   the values it takes, if they can be listed
    """

    name: str
    argument: str
    help: str
    example: str
    run: Callable[[Conversation, str], Iterator[Happening | SlashCommands]]
    choices: tuple[str, ...] = ()


SlashCommands = tuple[SlashCommand, ...]


def _setting(name: str, option: Option) -> SlashCommand:
    example = option.choices[-1] if option.choices else _EXAMPLES[option.kind]
    typed = name.replace("_", "-")
    choices = option.choices or (("on", "off") if option.kind == "switch" else ())
    run = partial(_set, name)
    return SlashCommand(typed, "[VALUE]", option.help, f"/{typed} {example}", run, choices)


def _set(name: str, conversation: Conversation, text: str) -> Iterator[Happening]:
    return conversation.set(name, text)


def _tokens(text: str) -> int:
    tokens = parse_tokens(text)
    if not tokens:
        raise UsageError(f"{text!r} is not a number of tokens to think on for: write it like 500 or 2k.")
    return tokens


def _samples(text: str) -> int:
    if not text.isdecimal() or not 2 <= int(text) <= MOST_SAMPLES:
        raise UsageError(f"{text!r} is not a number of samples from 2 to {MOST_SAMPLES}.")
    return int(text)


def _help(conversation: Conversation, text: str) -> Iterator[SlashCommands]:
    yield COMMANDS


COMMANDS: SlashCommands = (
    SlashCommand(
        "more",
        "TOKENS",
        "Think on from where the thought was cut, for this many tokens more; +500 is short for it.",
        "/more 500",
        lambda conversation, text: conversation.more(_tokens(text)),
    ),
    SlashCommand(
        "again",
        "",
        "Solve the problem again, with the present settings and the next seed.",
        "/again",
        lambda conversation, _: conversation.again(),
    ),
    SlashCommand(
        "vote",
        "SAMPLES",
        "Solve the problem this many times, and let the answers vote.",
        "/vote 8",
        lambda conversation, text: conversation.vote(_samples(text)),
    ),
    SlashCommand(
        "curve",
        "BUDGETS",
        "Answer the problem under several budgets, and draw the curve.",
        "/curve 0..1k",
        lambda conversation, text: conversation.curve(parse_budgets(text)),
    ),
    SlashCommand(
        "expect",
        "ANSWER",
        "Compare the results of this problem with the right answer.",
        "/expect 42",
        lambda conversation, text: conversation.expect(text),
    ),
    SlashCommand("json", "", "Print the last result as JSON.", "/json", lambda conversation, _: conversation.record()),
    SlashCommand(
        "save",
        "FILE",
        "Write all results so far to a file, which `thinkcap report` reads.",
        "/save results.jsonl",
        lambda conversation, text: conversation.save(text),
    ),
    SlashCommand(
        "new",
        "",
        "Begin a new conversation: the next problem doesn't follow the last.",
        "/new",
        lambda conversation, _: conversation.forget(),
    ),
    *(_setting(name, option) for name, option in OPTIONS.items()),
    SlashCommand("help", "", "Show this list.", "/help", _help),
    SlashCommand("quit", "", "End the session, as Ctrl-D does.", "/quit", lambda conversation, _: conversation.end()),
)


def carry_out(line: str, conversation: Conversation) -> Iterator[Happening | SlashCommands]:
    """Does what a line says and yields what happens; a line without a command is a problem.

    Raises UsageError, one sentence, for a command that there is not or that makes no sense, and ThinkcapError as the
    engine does.
    """
    line = line.strip()
    if _SHORT_MORE.fullmatch(line):
        line = f"/more {line[1:]}"
    if not line:
        return iter(())
    if not line.startswith("/"):
        return conversation.ask(line)
    name, _, argument = line[1:].partition(" ")
    command, argument = find(name), argument.strip()
    if argument and not command.argument:
        raise UsageError(f"/{command.name} takes nothing after it.")
    if not argument and command.argument and not command.argument.startswith("["):
        raise UsageError(f"/{command.name} needs {command.argument}, as in `{command.example}`.")
    return command.run(conversation, argument)


def find(name: str) -> SlashCommand:
    """The command of this name, or the only one with a word that begins so: `/style` is `/cut-style`.

    Raises UsageError, with the nearest names, if there is none or several.
    """
    commands = {command.name: command for command in COMMANDS}
    if name in commands:
        return commands[name]
    matches = [each for each in commands if any(word.startswith(name) for word in (each, *each.split("-")))]
    if not name or not matches:
        near = get_close_matches(name, commands, n=1)
        hint = f"did you mean /{near[0]}?" if near else "/help lists them."
        raise UsageError(f"There is no command /{name}: {hint}")
    if len(matches) > 1:
        raise UsageError(f"/{name} may be /{', /'.join(matches[:-1])} or /{matches[-1]}: write more of it.")
    return commands[matches[0]]


def completions(text: str) -> list[str]:
    """The lines that what is typed may become: names of commands, then their values."""
    if not text.startswith("/"):
        return []
    name, blank, value = text[1:].partition(" ")
    if not blank:
        return [f"/{command.name}" for command in COMMANDS if command.name.startswith(name)]
    choices = (choice for command in COMMANDS if command.name == name for choice in command.choices)
    return [f"/{name} {choice}" for choice in choices if choice.startswith(value.strip())]
