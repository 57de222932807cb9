"""The thinking budget in every field that clients send, and which of them decides.

A number of tokens is more explicit than a level of effort, and a level more than a switch; thinkcap's own `budget`
comes before all. Two fields of the same rank that say different things are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from thinkcap.engine.settings import FROM_ENTRY, OPTIONS
from thinkcap.serve.body import Body
from thinkcap.serve.errors import bad_field

Kind = Literal["number", "level", "default"]

OWN_FIELDS: Final = (*OPTIONS, "prompt", "more")
"""What the object `thinkcap` may hold: every generation option, how the prompt is made, and which thought goes on."""


@dataclass(frozen=True, slots=True)
class BudgetChoice:
    """The thinking budget that a request asks for.

    tokens  thinking tokens, None for as many as the context holds, FROM_ENTRY if the model's entry decides
    field   the field that says so
    kind    a `number` is kept exactly or refused; a `level` and the entry's `default` give way to the reply's limits
    """

    tokens: Any = FROM_ENTRY
    field: str = ""
    kind: Kind = "default"


DEFAULT = BudgetChoice()
"""As the model's entry says."""


def _limit(value: Any) -> Any:
    if value in (-1, "unlimited", "none") and not isinstance(value, bool):
        return "none"
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError('a number of thinking tokens is 0 or more, or "unlimited"')
    return value


Limit = Annotated[int | Literal["none"], BeforeValidator(_limit)]


class Reasoning(Body):
    """OpenRouter's `reasoning`."""

    effort: str | None = None
    max_tokens: Limit | None = None
    enabled: bool | None = None
    exclude: bool = False


class Thinking(Body):
    """Anthropic's `thinking`, which other servers took over."""

    type: Literal["enabled", "adaptive", "disabled"]
    budget_tokens: Limit | None = None
    display: Literal["summarized", "omitted"] = "summarized"


class TemplateSwitches(Body):
    """What of `chat_template_kwargs` is about thinking."""

    enable_thinking: bool | None = None
    thinking: bool | None = None
    thinking_budget: Limit | None = None
    reasoning_effort: str | None = None


class OutputConfig(Body):
    """Anthropic's `output_config`."""

    effort: str | None = None


class BudgetFields(Body):
    """A body that may say how much to think, in any dialect's words."""

    thinking_budget_tokens: Limit | None = None
    reasoning_budget_tokens: Limit | None = None
    thinking_token_budget: Limit | None = None
    thinking_budget: Limit | None = None
    reasoning: Reasoning = Reasoning()
    reasoning_effort: str | None = None
    include_reasoning: bool = True
    thinking: Thinking | None = None
    think: bool | int | str | None = None
    enable_thinking: bool | None = None
    chat_template_kwargs: TemplateSwitches = TemplateSwitches()
    output_config: OutputConfig = OutputConfig()
    thinkcap: dict[str, Any] = Field(default_factory=dict)

    @property
    def shows_thought(self) -> bool:
        """Whether the client wants to see the thought."""
        omitted = self.thinking is not None and self.thinking.display == "omitted"
        return self.include_reasoning and not self.reasoning.exclude and not omitted

    @property
    def own(self) -> dict[str, Any]:
        """The generation options of the object `thinkcap`, but the budget. Raises HttpError for unknown fields."""
        for name in self.thinkcap:
            if name not in OWN_FIELDS:
                raise bad_field(f"thinkcap.{name}", f"is unknown; there are {', '.join(OWN_FIELDS)}.")
        apart = ("budget", "prompt", "more")
        return {name: value for name, value in self.thinkcap.items() if name not in apart and value is not None}

    @property
    def as_is(self) -> bool:
        """Whether the last message goes to the model without the instruction that its entry adds."""
        prompt = self.thinkcap.get("prompt", "entry")
        if prompt not in ("entry", "as is"):
            raise bad_field("thinkcap.prompt", 'must be "entry" or "as is".')
        return bool(prompt == "as is")

    @property
    def more(self) -> Any:
        """The id of the reply whose thought goes on, None if none does."""
        return self.thinkcap.get("more")

    def budget(self, efforts: Mapping[str, int | None], default: BudgetChoice = DEFAULT) -> BudgetChoice:
        """The budget that the request asks for, `default` if it does not say.

        efforts  thinking tokens of each level

        Raises HttpError for levels that are not known and for fields that contradict each other.
        """
        if "budget" in self.thinkcap:
            value = self.thinkcap["budget"]
            return BudgetChoice(None if value == "none" else value, "thinkcap.budget", "number")
        if numbers := _agreed(self._numbers()):
            field, tokens = numbers
            return BudgetChoice(None if tokens == "none" else tokens, field, "number")
        if levels := _agreed(self._levels()):
            field, level = levels
            return BudgetChoice(_tokens_of(level, efforts, field), field, "level")
        if switches := _agreed(self._switches()):
            field, on = switches
            return BudgetChoice(FROM_ENTRY if on else 0, field, "default" if on else "level")
        return default

    def _numbers(self) -> dict[str, Any]:
        named = ("thinking_budget_tokens", "reasoning_budget_tokens", "thinking_token_budget", "thinking_budget")
        said = {name: getattr(self, name) for name in named}
        said["reasoning.max_tokens"] = self.reasoning.max_tokens
        said["chat_template_kwargs.thinking_budget"] = self.chat_template_kwargs.thinking_budget
        if self.thinking is not None:
            if self.thinking.type == "enabled":
                said["thinking.budget_tokens"] = self.thinking.budget_tokens
            elif self.thinking.budget_tokens is not None:
                raise bad_field("thinking.budget_tokens", 'goes with the type "enabled" alone.')
        if isinstance(self.think, int) and not isinstance(self.think, bool):
            said["think"] = _limit_of("think", self.think)
        elif isinstance(self.think, str) and self.think.isdecimal():
            said["think"] = int(self.think)  # Ollama's client knows levels and switches, but no numbers
        return said

    def _levels(self) -> dict[str, Any]:
        return {
            "reasoning_effort": self.reasoning_effort,
            "reasoning.effort": self.reasoning.effort,
            "chat_template_kwargs.reasoning_effort": self.chat_template_kwargs.reasoning_effort,
            "output_config.effort": self.output_config.effort,
            "think": self.think if isinstance(self.think, str) and not self.think.isdecimal() else None,
        }

    def _switches(self) -> dict[str, Any]:
        return {
            "enable_thinking": self.enable_thinking,
            "reasoning.enabled": self.reasoning.enabled,
            "chat_template_kwargs.enable_thinking": self.chat_template_kwargs.enable_thinking,
            "chat_template_kwargs.thinking": self.chat_template_kwargs.thinking,
            "thinking.type": self.thinking.type != "disabled" if self.thinking is not None else None,
            "think": self.think if isinstance(self.think, bool) else None,
        }


def _agreed(said: Mapping[str, Any]) -> tuple[str, Any] | None:
    """The first field that says something, if all that do say the same."""
    given = [(field, value) for field, value in said.items() if value is not None]
    for field, value in given[1:]:
        if value != given[0][1]:
            raise bad_field(field, f"contradicts `{given[0][0]}`; give one of them.")
    return given[0] if given else None


def _tokens_of(level: str, efforts: Mapping[str, int | None], field: str) -> int | None:
    levels = {"none": 0, **efforts, "max": efforts.get("xhigh")}
    if level not in levels:
        raise bad_field(field, f"must be one of {', '.join(levels)}.")
    return levels[level]


def _limit_of(field: str, value: int) -> Any:
    try:
        return _limit(value)
    except ValueError as error:
        raise bad_field(field, f"is not what it should be: {error}.") from None
