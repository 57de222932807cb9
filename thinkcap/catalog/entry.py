"""One model's table in models.toml: what its keys mean and what they may hold."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator
from pydantic.dataclasses import dataclass

from thinkcap.catalog.gguf.quants import canonical_quant
from thinkcap.engine.profile import STRICT, ModelDefaults, Profile
from thinkcap.errors import UsageError


def _canonical(value: Any) -> Any:
    try:
        return canonical_quant(value) if isinstance(value, str) else value
    except UsageError as error:
        raise ValueError("the name of a GGUF quant such as q8_0, f16 or bf16") from error


RepositoryName = Annotated[str, Field(pattern=r"^[\w\-.]+/[\w\-.]+$")]
Quant = Annotated[str, BeforeValidator(_canonical)]


EXAMPLES = (
    "A rectangle has perimeter 34 and diagonal 13. What is its area?",
    "How many positive divisors does 5400 have?",
    "What is the remainder when 3^100 is divided by 14?",
    "Five people sit in a row, and two of them want to sit together. In how many ways can they?",
)
"""Problems for a model that can do more than arithmetic."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Entry(ModelDefaults):
    """One `[models.NAME]` table: the keys of `ModelDefaults`, and where the model comes from.

    description    what the model is for, in a line
    scope          what can be asked of it, for those who have not met it
    examples       problems that suit it
    sources        hub repositories with GGUF files of it, in the order they are tried
    original       the hub repository of its safetensors, for `thinkcap pull --convert`
    path           a GGUF on this machine instead of the hub
    builtin        the model is part of thinkcap
    licence        as its publisher names it
    noncommercial  whether the licence forbids commercial use
    parameters     number of weights, to estimate the size of files that are not here
    active_parameters  how many of them a token reads, if a mixture of experts reads only some
    quants         the recommended quants, the default first
    """

    description: str = ""
    scope: str = ""
    examples: tuple[str, ...] = EXAMPLES
    sources: tuple[RepositoryName, ...] = ()
    original: RepositoryName | None = None
    path: str | None = None
    builtin: bool = False
    licence: str = "unknown"
    noncommercial: bool = False
    parameters: Annotated[int, Field(ge=1)] | None = None
    active_parameters: Annotated[int, Field(ge=1)] | None = None
    quants: Annotated[tuple[Quant, ...], Field(min_length=1)] = ("q8_0",)

    @model_validator(mode="after")
    def _is_somewhere(self) -> Entry:
        if not (self.builtin or self.path or self.sources or self.original):
            raise ValueError("one of sources, original or path, to say where the model is")
        return self

    @property
    def repositories(self) -> tuple[str, ...]:
        """The hub repositories the model may come from, the original last: there conversions are kept."""
        return self.sources + ((self.original,) if self.original else ())

    def profile(self, name: str, quant: str) -> Profile:
        """The entry as the engine reads it."""
        shared = {field.name: getattr(self, field.name) for field in fields(ModelDefaults)}
        return Profile(name=name, quant=quant, **shared)
