"""One model's entry in models.toml: what its keys mean and what they may hold."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from thinkcap.catalog.quants import canonical_quant
from thinkcap.engine.profile import CutStyle, Profile, PromptMode, Sampling
from thinkcap.errors import UsageError
from thinkcap.text import parse_tokens

_USUAL = Profile(name="")

REPOSITORY = r"^[\w\-.]+/[\w\-.]+$"


def _tokens_or_none(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return parse_tokens(value)
    except UsageError as error:
        raise ValueError('a number of tokens such as 1024, or "none"') from error


def _quant(value: Any) -> Any:
    try:
        return canonical_quant(value) if isinstance(value, str) else value
    except UsageError as error:
        raise ValueError("the name of a GGUF quant such as q8_0, f16 or bf16") from error


Repository = Annotated[str, Field(pattern=REPOSITORY)]
Quant = Annotated[str, BeforeValidator(_quant)]
Tokens = Annotated[int, Field(ge=1)]
ThinkingTokens = Annotated[Annotated[int, Field(ge=0)] | None, BeforeValidator(_tokens_or_none)]
Effort = Annotated[str, Field(pattern=r"^(minimal|low|medium|high|xhigh)$")]


class SamplingDefaults(BaseModel):
    """`sampling = { temperature = 0.6, top_p = 0.95, top_k = 0, min_p = 0.0 }`; temperature 0 is greedy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: Annotated[float, Field(ge=0, le=10)] = _USUAL.sampling.temperature
    top_p: Annotated[float, Field(gt=0, le=1)] = _USUAL.sampling.top_p
    top_k: Annotated[int, Field(ge=0)] = _USUAL.sampling.top_k
    min_p: Annotated[float, Field(ge=0, le=1)] = _USUAL.sampling.min_p


class Entry(BaseModel):
    """One `[models.NAME]` table.

    description     what the model is for, a line
    sources         hub repositories with GGUF files of it, in the order they are tried
    original        the hub repository of its safetensors, for `thinkcap pull --convert`
    path            a GGUF on this machine instead of the hub
    builtin         shipped inside thinkcap
    licence         as its publisher names it; noncommercial = true where it forbids selling
    parameters      how many weights, for the size of files not yet fetched
    quants          the quants thinkcap recommends, the default first
    prompt          the user message, `{problem}` and `{length}` stand in it
    length_max      what `{length}` becomes in prompt mode max, `{n}` is the budget; length_exact in mode exact
    prompt_mode     none, max or exact
    cut_style       bare, message or soft; cut_message is what `message` says
    thinking        the thinking budget in tokens where the user gives none, or "none"
    solution        the solution budget in tokens; usual_solution what a solution usually takes
    probe           how an answer begins, up to its box's open brace: what an early answer is asked with
    context         tokens of context where the thinking has no budget
    efforts         thinking tokens of each level of effort, minimal to xhigh, or "none" for no limit
    think_start     the thought's markers where the file does not tell; think_end likewise
    sampling        temperature, top_p, top_k, min_p
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str = ""
    sources: list[Repository] = []
    original: Repository | None = None
    path: str | None = None
    builtin: bool = False
    licence: str = "unknown"
    noncommercial: bool = False
    parameters: Annotated[int, Field(ge=1)] | None = None
    quants: Annotated[list[Quant], Field(min_length=1)] = ["q8_0"]
    prompt: str = _USUAL.prompt
    length_max: str = _USUAL.length_max
    length_exact: str = _USUAL.length_exact
    prompt_mode: PromptMode = _USUAL.prompt_mode
    cut_style: CutStyle = _USUAL.cut_style
    cut_message: str = _USUAL.cut_message
    thinking: ThinkingTokens = _USUAL.thinking
    solution: Tokens = _USUAL.solution
    usual_solution: Tokens = _USUAL.usual_solution
    probe: str = _USUAL.probe
    context: Tokens | None = None
    efforts: dict[Effort, ThinkingTokens] = {}
    think_start: str | None = None
    think_end: str | None = None
    sampling: SamplingDefaults = SamplingDefaults()

    @field_validator("prompt")
    @classmethod
    def _asks_the_problem(cls, prompt: str) -> str:
        if "{problem}" not in prompt:
            raise ValueError("a text with {problem} in it")
        return prompt

    @field_validator("length_max", "length_exact")
    @classmethod
    def _tells_the_length(cls, text: str) -> str:
        if "{n}" not in text:
            raise ValueError("a text with {n} in it")
        return text

    @model_validator(mode="after")
    def _is_somewhere(self) -> Entry:
        if not (self.builtin or self.path or self.sources or self.original):
            raise ValueError("one of sources, original or path, to say where the model is")
        return self

    def profile(self, name: str, quant: str) -> Profile:
        """The entry as the engine reads it."""
        return Profile(
            name=name,
            quant=quant,
            prompt=self.prompt,
            length_max=self.length_max,
            length_exact=self.length_exact,
            prompt_mode=self.prompt_mode,
            cut_style=self.cut_style,
            cut_message=self.cut_message,
            thinking=self.thinking,
            solution=self.solution,
            usual_solution=self.usual_solution,
            probe=self.probe,
            context=self.context,
            efforts={**_USUAL.efforts, **self.efforts},
            think_start=self.think_start,
            think_end=self.think_end,
            sampling=Sampling(**self.sampling.model_dump()),
        )
