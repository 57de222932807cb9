"""The user's own defaults of the options that commands share: THINKCAP_ variables first, then config.toml."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thinkcap.engine.settings import OPTIONS, Option, refuse_unknown
from thinkcap.errors import ThinkcapError, UsageError
from thinkcap.runs.load_options import LOAD_OPTIONS

SHARED_OPTIONS: Mapping[str, Option] = {**LOAD_OPTIONS, **OPTIONS}
"""The options that can have a default of the user's, by name."""

PREFIX = "THINKCAP_"
OTHER_VARIABLES = frozenset({"THINKCAP_API_KEY"})
"""Variables that give no default."""


@dataclass(frozen=True, slots=True)
class UserDefault:
    """What an option is when a command line doesn't give it, and the variable or the file that says so."""

    value: Any
    source: str


def config_file() -> Path:
    """The file with the user's defaults, beside their models.toml. It need not exist."""
    from thinkcap.catalog.models_file import user_file

    return user_file().with_name("config.toml")


def variable(name: str) -> str:
    """The environment variable that gives an option its default."""
    return PREFIX + name.upper()


def user_default(name: str) -> UserDefault | None:
    """The user's default of one option, None if there is none. Raises ThinkcapError if it makes no sense."""
    text = os.environ.get(variable(name), "").strip()
    if text:
        return UserDefault(_read(name, text, variable(name)), variable(name))
    held = _file()
    if name not in held:
        return None
    value, source = held[name], str(config_file())
    if isinstance(value, list | dict):
        raise UsageError(f"{source}: {name}: it must be {SHARED_OPTIONS[name].bounds}, not a {_IN_TOML[type(value)]}.")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return UserDefault(_read(name, text, f"{source}: {name}"), source)


def default_model() -> str | None:
    """The model that a command runs without --model: the user's default, else that of models.toml.

    Raises ThinkcapError if a setting makes no sense.
    """
    from thinkcap.catalog.models_file import load_catalogue

    own = user_default("model")
    return own.value if own else load_catalogue().default


def user_defaults() -> dict[str, UserDefault]:
    """Every default of the user's, by the option's name. Raises ThinkcapError for one that makes no sense."""
    found = {name: user_default(name) for name in SHARED_OPTIONS}
    return {name: default for name, default in found.items() if default is not None}


def unknown_variables() -> list[str]:
    """THINKCAP_ variables that mean nothing: misspelt ones, most likely."""
    known = {variable(name) for name in SHARED_OPTIONS} | OTHER_VARIABLES
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)


_IN_TOML: Mapping[type, str] = {list: "list", dict: "table"}


def _read(name: str, text: str, source: str) -> Any:
    try:
        return SHARED_OPTIONS[name].read(text)
    except UsageError as error:
        raise UsageError(f"{source}: {error}") from None


def _file() -> dict[str, Any]:
    """The options in config.toml."""
    file = config_file()
    try:
        held = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ThinkcapError(f"{file} can't be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise ThinkcapError(f"{file} is not valid TOML: {str(error).rstrip('.')}.") from None
    try:
        refuse_unknown(held, SHARED_OPTIONS)
    except UsageError as error:
        in_words = str(error).replace("`", "")  # or they would be spelt as flags
        raise UsageError(f"{file}: {in_words}") from None
    return held
