"""The values of options: how they are written, and what shells complete them to."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from thinkcap.engine.settings import Option
from thinkcap.errors import ThinkcapError, UsageError
from thinkcap.text import parse_budgets

if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
else:  # not generic before click 8.4
    ParamType = click.ParamType


class Value(ParamType):
    """What an `Option` takes, within the bounds that it sets."""

    def __init__(self, option: Option) -> None:
        self.option = option
        self.name = {"tokens": "tokens", "seconds": "time", "whole": "integer", "text": "text"}.get(
            option.kind, "number"
        )

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self.option.read(value)
        except UsageError as error:
            self.fail(str(error), parameter, context)


class Budgets(ParamType):
    """Thinking budgets: `0,64,256`, ranges that double (`64..4096`), and `unlimited`."""

    name = "budgets"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> tuple[int | None, ...]:
        if isinstance(value, tuple):
            return value
        try:
            return parse_budgets(value)
        except UsageError as error:
            self.fail(str(error), parameter, context)


def whole(low: int, high: float = math.inf) -> Value:
    """The type of a whole number within bounds."""
    return Value(Option("whole", "", "", "run", low=low, high=high))


def number(low: float, high: float, *, above: bool = False) -> Value:
    """The type of a number within bounds; `above` excludes the lower one."""
    return Value(Option("number", "", "", "run", low=low, high=high, above=above))


class Parallel(ParamType):
    """A number of thoughts, or `auto`, which becomes None."""

    name = "number"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> int | None:
        return None if value == "auto" else int(whole(1).convert(value, parameter, context))


class FilePath(ParamType):
    """A path, which shells complete. Whoever opens it says what is wrong with it."""

    name = "path"

    def shell_complete(
        self, context: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem[Any]]:
        return [CompletionItem(incomplete, type="file")]


class ModelName(FilePath):
    """A model's name, which shells complete to those of models.toml and the cache, or to a file."""

    name = "name"

    def shell_complete(
        self, context: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem[Any]]:
        from thinkcap.catalog.inventory import model_names

        names: list[str] = []
        with suppress(ThinkcapError):  # the command will say it
            names = [name for name in model_names() if name.startswith(incomplete)]
        # First, because bash forgets what came before it, and completes to files only if nothing follows.
        files = super().shell_complete(context, parameter, incomplete)
        return files + [CompletionItem(name) for name in names]
