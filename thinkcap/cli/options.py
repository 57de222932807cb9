"""The options that every generating command shares, read and checked in one place."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from thinkcap.cli import note_debug
from thinkcap.engine.budget import Budget
from thinkcap.engine.settings import OPTIONS
from thinkcap.errors import UsageError
from thinkcap.text import parse_seconds, parse_tokens

if TYPE_CHECKING:
    from thinkcap.engine.engine import Engine

    ParamType = click.ParamType[Any]
else:  # not generic before click 8.4
    ParamType = click.ParamType

R = TypeVar("R")

MOST_THREADS = 512
"""What llama.cpp can run (GGML_MAX_N_THREADS)."""


class Tokens(ParamType):
    """A number of tokens: `1024`, `4k`, and `none` where an option may have no limit."""

    name = "tokens"

    def __init__(self, least: int = 0, unlimited: bool = False) -> None:
        self.least = least
        self.unlimited = unlimited

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> int | Literal["none"]:
        if isinstance(value, int):
            return value
        try:
            tokens = parse_tokens(value)
        except UsageError as error:
            self.fail(str(error), parameter, context)
        if tokens is None:
            if not self.unlimited:
                self.fail("it needs a number of tokens, like 1024 or 4k.", parameter, context)
            return "none"
        if tokens < self.least:
            self.fail(f"it must be at least {self.least}, not {tokens}.", parameter, context)
        return tokens


class Duration(ParamType):
    """A time: `20s`, `1.5m`, `500ms` or plain seconds."""

    name = "time"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            return parse_seconds(value)
        except UsageError as error:
            self.fail(str(error), parameter, context)


class Number(ParamType):
    """A finite number within bounds; `whole` for integers, `above` where the lower bound itself is out."""

    def __init__(self, low: float, high: float = math.inf, *, whole: bool = False, above: bool = False) -> None:
        self.low, self.high, self.whole, self.above = low, high, whole, above
        self.name = "integer" if whole else "number"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> float:
        kind = int if self.whole else float
        try:
            number = kind(value)
        except ValueError:
            self.fail(f"{value!r} is not a {'whole ' if self.whole else ''}number.", parameter, context)
        inside = self.low < number if self.above else self.low <= number
        if not (inside and number <= self.high and math.isfinite(number)):
            self.fail(f"it must be {self._bounds()}, not {value}.", parameter, context)
        return number

    def _bounds(self) -> str:
        lower = f"above {self.low:g}" if self.above else f"{self.low:g} or more"
        if self.high == math.inf:
            return lower
        return f"{lower} and at most {self.high:g}" if self.above else f"between {self.low:g} and {self.high:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationOptions:
    """The shared options of one command line, each None where it was not given and the model's entry decides.

    budget is `none` where the user asked for no limit. Raises UsageError for options that contradict each other.
    """

    model: str | None = None
    quant: str | None = None
    budget: int | Literal["none"] | None = None
    solution_budget: int | None = None
    min_thinking: int | None = None
    time_limit: float | None = None
    cut_style: str | None = None
    prompt_mode: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    seed: int = 0
    samples: int = 1
    threads: int | None = None
    gpu_layers: int | None = None
    context: int | None = None
    think_start: str | None = None
    think_end: str | None = None
    loop_guard: bool = True
    until_sure: int | None = None
    json: bool = False
    verbose: bool = False

    def __post_init__(self) -> None:
        if self.budget is not None:
            # Budget knows which limits go together; ask it before a model is loaded for nothing.
            Budget(thinking=None if self.budget == "none" else self.budget, min_thinking=self.min_thinking or 0)

    def load(self) -> Engine:
        """The engine for these options. Raises ThinkcapError where the model cannot be had."""
        from thinkcap import load

        return load(
            self.model,
            quant=self.quant,
            threads=self.threads,
            gpu_layers=self.gpu_layers,
            context=self.context,
            think_start=self.think_start,
            think_end=self.think_end,
            verbose=self.verbose,
        )

    def request(self) -> dict[str, Any]:
        """The keyword arguments of Engine.request that were given, the sample and the id left to the command."""
        given: dict[str, Any] = {"seed": self.seed, "loop_guard": self.loop_guard}
        if self.budget is not None:
            given["budget"] = None if self.budget == "none" else self.budget
        for name in _PASSED_ON:
            if getattr(self, name) is not None:
                given[name] = getattr(self, name)
        return given


_PASSED_ON = (
    "solution_budget",
    "min_thinking",
    "time_limit",
    "cut_style",
    "prompt_mode",
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "until_sure",
)

_OPTIONS = (
    click.option("--model", "-m", metavar="NAME", help="A model's name, OWNER/REPO[:QUANT], or a path to a .gguf."),
    click.option("--quant", metavar="NAME", help="Which quantisation of it: q8_0, f16, …"),
    click.option(
        "--budget",
        "-b",
        type=Tokens(unlimited=True),
        help="Thinking tokens at most: 1024, 4k, 0, or none for no limit.",
    ),
    click.option("--solution-budget", type=Tokens(least=1), help="Solution tokens at most."),
    click.option("--min-thinking", type=Tokens(), help="Thinking tokens at least: an earlier close becomes `Wait`."),
    click.option("--time-limit", type=Duration(), help="Close the thought so that all is done in time: 20s, 1.5m."),
    click.option("--cut-style", type=click.Choice(OPTIONS["cut_style"].choices), help=OPTIONS["cut_style"].help),
    click.option("--prompt-mode", type=click.Choice(OPTIONS["prompt_mode"].choices), help=OPTIONS["prompt_mode"].help),
    click.option("--temperature", type=Number(0), help="Sampling temperature; 0 always takes the likeliest token."),
    click.option("--top-p", type=Number(0, 1, above=True), help="Sample from this share of the probability; 1 is off."),
    click.option("--top-k", type=Number(0, whole=True), help="Sample from this many likeliest tokens; 0 is off."),
    click.option("--min-p", type=Number(0, 1), help="Leave out tokens below this share of the likeliest; 0 is off."),
    click.option("--seed", type=Number(0, 2**63 - 1, whole=True), default=0, help="Seed of the sampling."),
    click.option("--samples", "-k", type=Number(1, whole=True), default=1, help="Solve each problem this many times."),
    click.option("--threads", type=Number(1, MOST_THREADS, whole=True), help="CPU threads."),
    click.option("--gpu-layers", type=Number(0, whole=True), help="Layers on the GPU; 0 keeps all on the CPU."),
    click.option("--context", type=Tokens(least=1), help="Context size in tokens."),
    click.option("--think-start", metavar="TEXT", help="The marker that opens the model's thought."),
    click.option("--think-end", metavar="TEXT", help="The marker that closes it."),
    click.option(
        "--no-loop-guard",
        "loop_guard",
        is_flag=True,
        flag_value=False,
        default=True,
        help="Do not close a thought that goes round in a loop.",
    ),
    click.option(
        "--until-sure",
        metavar="K",
        type=Number(0, whole=True),
        help="Close the thought once K early answers in a row agree; 0 never asks for one.",
    ),
    click.option("--json", is_flag=True, help="Print results as JSON, one object a line."),
    click.option("--verbose", "-v", is_flag=True, help="Show llama.cpp's own log."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteOptions:
    """Whether answers vote, and over how many of each thought.

    depths, answers  points of each thought at which it is answered, and answers at each; 0 and 1 for its end alone
    """

    vote: bool = False
    depths: int = 0
    answers: int = 1

    def __post_init__(self) -> None:
        if self.answers > 1 and not self.depths:
            raise UsageError("--answers counts the answers at each depth: say at how many depths with --vote-depths.")

    @property
    def wanted(self) -> bool:
        return self.vote or self.depths > 0

    def check(self, options: GenerationOptions) -> None:
        """Raises UsageError where there would be nothing to vote on."""
        if self.wanted and options.samples * max(1, self.depths) * self.answers == 1:
            raise UsageError("A vote needs several answers: ask for --samples 8, or for --vote-depths 4.")


_VOTE_OPTIONS = (
    click.option("--vote", is_flag=True, help="Let the samples vote, by mathematical equivalence."),
    click.option(
        "--vote-depths",
        "depths",
        metavar="H",
        type=Number(0, whole=True),
        default=0,
        help="Answer each thought at H depths of its budget, and vote over all.",
    ),
    click.option(
        "--answers", metavar="M", type=Number(1, whole=True), default=1, help="Answers at each of the depths."
    ),
)


def vote_options(command: Callable[..., R]) -> Callable[..., R]:
    """Adds the options of votes to a command, which receives them as one VoteOptions named `votes`."""
    names = [field.name for field in fields(VoteOptions)]

    @wraps(command)
    def gathered(**parameters: Any) -> R:
        return command(votes=VoteOptions(**{name: parameters.pop(name) for name in names}), **parameters)

    decorated: Callable[..., R] = gathered
    for option in reversed(_VOTE_OPTIONS):
        decorated = option(decorated)
    return decorated


debug_option = click.option(
    "--debug", is_flag=True, expose_value=False, is_eager=True, callback=note_debug, help="Show tracebacks of errors."
)


def generation_options(command: Callable[..., R]) -> Callable[..., R]:
    """Adds the shared options to a command, which receives them as one GenerationOptions named `options`."""
    names = [field.name for field in fields(GenerationOptions)]

    @wraps(command)
    def gathered(**parameters: Any) -> R:
        options = GenerationOptions(**{name: parameters.pop(name) for name in names})
        return command(options=options, **parameters)

    decorated: Callable[..., R] = debug_option(gathered)
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    return decorated
