"""The one list of generation options.

Each field of `Settings` carries its bounds, label, help and group. Keyword checks, command line options, records and
comparisons are derived from it: a new option is one field here, one line in `Options`, and its use in the engine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from difflib import get_close_matches
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, get_args

from thinkcap.errors import UsageError
from thinkcap.text import parse_seconds, parse_tokens

if TYPE_CHECKING:
    from thinkcap.engine.profile import Profile

CutStyle = Literal["bare", "message", "soft", "pause", "pause+message"]
PromptMode = Literal["none", "max", "exact"]

Kind = Literal["tokens", "seconds", "number", "whole", "choice", "switch", "text"]
Group = Literal["budget", "sampling", "model", "run"]

_SWITCHES = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


class _Unset(Enum):
    """The type of FROM_ENTRY."""

    FROM_ENTRY = "from the model's entry"

    def __repr__(self) -> str:
        return "FROM_ENTRY"


FROM_ENTRY: Final[Any] = _Unset.FROM_ENTRY
"""What an option that was not given means: the model's entry in models.toml decides."""


@dataclass(frozen=True, slots=True)
class Option:
    """What may be said with one option, and how it is explained.

    kind       how a value is written: tokens, seconds, any number, a whole number, one of `choices`, on or off, a text
    label      what an error calls it
    help       one or two sentences for `--help`
    low, high  bounds; `above` excludes the lower one
    unlimited  whether None is a value: no limit
    rare       whether only `--help-all` shows it
    """

    kind: Kind
    label: str
    help: str
    group: Group
    low: float = 0
    high: float = math.inf
    above: bool = False
    choices: tuple[str, ...] = ()
    unlimited: bool = False
    rare: bool = False

    def check(self, value: object) -> None:
        """Raises UsageError, one sentence, for a value that makes no sense."""
        if value is None and self.unlimited:
            return
        if self.kind == "choice":
            if value not in self.choices:
                raise UsageError(f"{value!r} is no {self.label}; choose from {', '.join(self.choices)}.")
        elif self.kind == "switch":
            if not isinstance(value, bool):
                raise UsageError(f"The {self.label} is on or off, True or False, not {value!r}.")
        elif self.kind == "text":
            if not isinstance(value, str) or not value:
                raise UsageError(f"The {self.label} must be a text that is not empty, not {value!r}.")
        else:
            self._check_number(value)

    def read(self, text: str) -> Any:
        """A value as it is written on the command line or in a setting.

        Raises UsageError, with what fits behind the option's name and a colon.
        """
        if self.kind == "text":
            value: Any = text
        elif self.kind == "choice":
            value = text.lower()
        elif self.kind == "switch":
            value = _SWITCHES.get(text.lower())
        else:
            value = self._read_number(text)
        try:
            self.check(value)
        except (UsageError, OverflowError):
            raise UsageError(f"it must be {self.bounds}, not {text or 'empty'}.") from None
        return value

    def _read_number(self, text: str) -> float | None:
        whole = self.kind == "whole"
        try:
            match self.kind:
                case "tokens":
                    number = parse_tokens(text)
                    if number is None and not self.unlimited:
                        raise UsageError("it needs a number of tokens, like 1024 or 4k.")
                    return number
                case "seconds":
                    return parse_seconds(text)
                case _:
                    return int(text) if whole else float(text)
        except ValueError:
            raise UsageError(f"{text!r} is not a {'whole ' * whole}number.") from None

    def _check_number(self, value: object) -> None:
        whole = self.kind in ("tokens", "whole")
        if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
            raise UsageError(f"The {self.label} must be {'a whole number' if whole else 'a number'}, not {value!r}.")
        inside = self.low < value if self.above else self.low <= value
        if not (inside and value <= self.high and math.isfinite(value)):
            raise UsageError(f"The {self.label} must be {self.bounds}, not {value}.")

    @property
    def bounds(self) -> str:
        """What a value may be, in words: `0 or more`, `above 0 and at most 1`, `bare, message or soft`."""
        if self.choices:
            return f"{', '.join(self.choices[:-1])} or {self.choices[-1]}"
        if self.kind in ("switch", "text"):
            return "true or false" if self.kind == "switch" else "a text"
        lower = f"above {self.low:g}" if self.above else f"{self.low:g} or more"
        if self.high == math.inf:
            return lower
        return f"{lower} and at most {self.high:g}" if self.above else f"from {self.low:g} to {self.high:g}"


def _option(kind: Kind, group: Group, label: str, help: str, **bounds: Any) -> Any:
    return field(default=FROM_ENTRY, metadata={"option": Option(kind, label, help, group, **bounds)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a problem is thought about and answered. A field that is not given is FROM_ENTRY; a request's settings are
    filled, so that every field has a value. Raises UsageError for values that make no sense."""

    budget: int | None = _option(
        "tokens",
        "budget",
        "thinking budget",
        "At most this many thinking tokens: 1024, 4k or unlimited; 0 answers at once.",
        unlimited=True,
    )
    solution_budget: int = _option(
        "tokens",
        "budget",
        "solution budget",
        "At most this many tokens for the solution; thinking never uses them.",
        low=1,
    )
    min_thinking: int = _option(
        "tokens", "budget", "minimum of thinking", "Think for at least this many tokens: an earlier end becomes `Wait`."
    )
    time_limit: float | None = _option(
        "seconds",
        "budget",
        "time limit",
        "Stop thinking early enough to finish within this time, 20s or 1.5m. Loading the model doesn't count.",
        above=True,
        unlimited=True,
    )
    cut_style: CutStyle = _option(
        "choice",
        "budget",
        "cut style",
        "How a thought ends at its budget: by the bare marker, a message and the marker, softly, or at a pause.",
        choices=get_args(CutStyle),
    )
    prompt_mode: PromptMode = _option(
        "choice",
        "budget",
        "prompt mode",
        "Whether the prompt also states the budget, as a maximum or an exact length.",
        choices=get_args(PromptMode),
    )
    loop_guard: bool = _option(
        "switch", "budget", "loop guard", "Close a thought that repeats itself token for token.", rare=True
    )
    force_answer: bool = _option(
        "switch",
        "budget",
        "forced answer",
        "Begin an answer, of 32 tokens at most, if the model gives none after a cut.",
        rare=True,
    )
    temperature: float = _option("number", "sampling", "temperature", "0 always takes the likeliest token.")
    top_p: float = _option(
        "number",
        "sampling",
        "top-p",
        "Sample from the likeliest tokens of this share; 1 is off.",
        high=1,
        above=True,
        rare=True,
    )
    top_k: int = _option(
        "whole", "sampling", "top-k", "Sample from this many of the likeliest tokens; 0 is off.", rare=True
    )
    min_p: float = _option(
        "number",
        "sampling",
        "min-p",
        "Leave out tokens below this share of the likeliest's probability; 0 is off.",
        high=1,
        rare=True,
    )
    seed: int = _option("whole", "sampling", "seed", "Which random numbers to use; the same seed repeats a result.")

    def __post_init__(self) -> None:
        for name, value in self.given().items():
            OPTIONS[name].check(value)
        budget, least = self.budget, self.min_thinking
        if isinstance(budget, int) and isinstance(least, int) and least > budget:
            raise UsageError(
                f"The minimum of {least} thinking tokens is above the budget of {budget}: "
                "lower `min_thinking` or raise `budget`."
            )

    def given(self) -> dict[str, Any]:
        """The fields that were given, by name."""
        return {name: value for name in OPTIONS if (value := getattr(self, name)) is not FROM_ENTRY}

    def filled(self, defaults: Settings) -> Settings:
        """These settings with `defaults` for what was not given."""
        return replace(defaults, **self.given())


class Options(TypedDict, total=False):
    """The keywords of `Engine.solve` and its relatives: the fields of `Settings` (the budget is an argument), and which
    sample of which problem it is. None is the same as not given.

    sample  which of several samples of the problem: each has its own random numbers
    id      the caller's name for the problem
    """

    solution_budget: int | None
    min_thinking: int | None
    time_limit: float | None
    cut_style: CutStyle | None
    prompt_mode: PromptMode | None
    loop_guard: bool | None
    force_answer: bool | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    min_p: float | None
    seed: int | None
    sample: int
    id: str | None


def option_of(declared: Field[Any]) -> Option:
    """The option that a field of `Settings` declares."""
    option: Option = declared.metadata["option"]
    return option


OPTIONS: Mapping[str, Option] = {each.name: option_of(each) for each in fields(Settings)}
"""Every generation option by its name."""


def defaults_of(profile: Profile) -> Settings:
    """What a model's entry decides when nothing is given."""
    sampling = profile.sampling
    return Settings(
        budget=profile.thinking,
        solution_budget=profile.solution,
        min_thinking=0,
        time_limit=None,
        cut_style=profile.cut_style,
        prompt_mode=profile.prompt_mode,
        loop_guard=True,
        force_answer=True,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k,
        min_p=sampling.min_p,
        seed=0,
    )


def refuse_unknown(names: Iterable[str], known: Iterable[str]) -> None:
    """Raises UsageError, with the nearest known name, for the first name that is not known."""
    known = sorted(known)
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1) or [each for each in known if each.startswith(name)]
            hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(known)}."
            raise UsageError(f"There is no option `{name}`: {hint}")
