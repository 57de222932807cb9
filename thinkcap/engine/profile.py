"""What the engine knows of a model besides its file: prompt text, budgets, how its thought is cut, sampling.

Values come from models.toml and from model files, so they are checked when they are set. Without a value, a field has
a default that suits an unknown reasoning model.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from thinkcap.engine.settings import OPTIONS, CutStyle, PromptMode
from thinkcap.errors import UsageError
from thinkcap.text import parse_tokens

DEFAULT_CUT_MESSAGE = "\n\nMy thinking time is used up, so I will answer with what I have found so far.\n"

STRICT = ConfigDict(extra="forbid")
"""Settings of pydantic: a key that is no field is a mistake."""


def _containing(part: str) -> AfterValidator:
    def check(text: str) -> str:
        if part not in text:
            raise ValueError(f"a text with {part} in it")
        return text

    return AfterValidator(check)


def _opening(text: str) -> str:
    if text and not text.endswith("{"):
        raise ValueError('a text that ends in an open brace, such as "The answer is \\boxed{"')
    return text


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return parse_tokens(value)
    except UsageError as error:
        raise ValueError('a number of tokens such as 1024, or "unlimited"') from error


def _as_option(name: str) -> AfterValidator:
    """The bounds of the generation option that a field gives the default for."""

    def check(value: Any) -> Any:
        try:
            OPTIONS[name].check(value)
        except UsageError as error:
            raise ValueError(OPTIONS[name].bounds) from error
        return value

    return AfterValidator(check)


Tokens = Annotated[int, Field(ge=1)]
ThinkingTokens = Annotated[int | None, BeforeValidator(_parsed), _as_option("budget")]
Length = Annotated[str, _containing("{n}")]


@dataclass(frozen=True, slots=True, config=STRICT)
class Sampling:
    """How a token is drawn from the logits: temperature 0 is greedy; top_k 0, top_p 1 and min_p 0 are off."""

    temperature: Annotated[float, _as_option("temperature")] = 0.6
    top_p: Annotated[float, _as_option("top_p")] = 0.95
    top_k: Annotated[int, _as_option("top_k")] = 0
    min_p: Annotated[float, _as_option("min_p")] = 0.0


@dataclass(frozen=True, slots=True, config=STRICT)
class Efforts:
    """Thinking budgets in tokens of the levels of effort that clients ask for by name; None is no limit."""

    minimal: ThinkingTokens = 128
    low: ThinkingTokens = 512
    medium: ThinkingTokens = 1024
    high: ThinkingTokens = 4096
    xhigh: ThinkingTokens = 16384


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ModelDefaults:
    """How a model is prompted, budgeted, cut and sampled unless a request says otherwise.

    prompt           the user message; the problem takes the place of `{problem}`, the length that of `{length}`
    length_max       the length in prompt mode `max`; the budget in tokens takes the place of `{n}`
    length_exact     the length in prompt mode `exact`
    prompt_mode      none, max or exact: whether the prompt states the budget
    cut_style        bare, message, soft, pause or pause+message; `cut_message` is the sentence of `message`
    thinking         thinking budget in tokens; None is as long as the context allows
    solution         solution budget in tokens
    usual_thinking   tokens a thought usually takes if nothing cuts it, for estimates; None is not known
    usual_solution   tokens a solution usually takes, for which a time limit keeps time
    context          context in tokens when the thinking has no budget; None is the model's own, at most 32,768
    probe            how an answer begins, up to the open brace of its box: thinkcap injects it if a solution after a
                     cut has no answer; empty for models that do not answer in boxes
    declines         words by which the model says that it won't answer; no answer is begun after them
    efforts          thinking budgets of the levels of effort
    conversation     whether the model was trained to go on with a conversation, and not on single problems only
    think_start      the marker that opens the thought, if the file's template and vocabulary don't show it
    think_end        the marker that closes it, likewise
    """

    prompt: Annotated[str, _containing("{problem}")] = "{problem}{length}"
    length_max: Length = "\n\nThink for maximum {n} tokens."
    length_exact: Length = "\n\nThink for {n} tokens."
    prompt_mode: PromptMode = "none"
    cut_style: CutStyle = "message"
    cut_message: str = DEFAULT_CUT_MESSAGE
    thinking: ThinkingTokens = 1024
    solution: Annotated[int, _as_option("solution_budget")] = 1024
    usual_thinking: Tokens | None = None
    usual_solution: Tokens = 256
    context: Tokens | None = None
    probe: Annotated[str, AfterValidator(_opening)] = ""
    declines: str = ""
    efforts: Efforts = Efforts()
    conversation: bool = True
    think_start: str | None = None
    think_end: str | None = None
    sampling: Sampling = Sampling()


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Profile(ModelDefaults):
    """The defaults of one model file, with the model's name and the file's quant."""

    name: str
    quant: str = ""
