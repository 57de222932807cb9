"""What the engine is told about a model beside its file: prompt text, defaults, how it likes to be cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

CutStyle = Literal["bare", "message", "soft"]
PromptMode = Literal["none", "max", "exact"]

DEFAULT_CUT_MESSAGE = "\n\nMy thinking time is used up, so I will answer with what I have found so far.\n"


EFFORTS: Mapping[str, int | None] = {"minimal": 128, "low": 512, "medium": 1024, "high": 4096, "xhigh": 16384}
"""Thinking tokens of each level of effort; None is as many as the context holds."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a token is drawn from the logits: temperature 0 is greedy, top_k 0, top_p 1 and min_p 0 are off."""

    temperature: float = 0.6
    top_p: float = 0.95
    top_k: int = 0
    min_p: float = 0.0


@dataclass(frozen=True, slots=True)
class Profile:
    """One model's entry as the engine sees it. Every field has a default that suits an unknown reasoning model.

    prompt           the user message: `{problem}` and, for models told their budget, `{length}` stand in it
    length_max       what `{length}` becomes under prompt mode `max`; `{n}` is the budget in tokens
    length_exact     the same under prompt mode `exact`
    thinking         the thinking budget unless one is given, in tokens; None is as many as the context holds
    solution         the solution budget unless one is given, in tokens
    usual_solution   tokens a solution usually takes: what a time limit keeps free for it
    context          context in tokens where the thinking has no budget; None is the model's own, at most 32,768
    probe            how an answer begins, up to the open brace of its box: what an early answer is asked with
    efforts          thinking tokens of each level of effort that clients ask for by name
    think_start/end  the thought's markers, where the file's template and vocabulary do not tell
    """

    name: str
    quant: str = ""
    prompt: str = "{problem}{length}"
    length_max: str = "\n\nThink for maximum {n} tokens."
    length_exact: str = "\n\nThink for {n} tokens."
    prompt_mode: PromptMode = "none"
    cut_style: CutStyle = "message"
    cut_message: str = DEFAULT_CUT_MESSAGE
    thinking: int | None = 1024
    solution: int = 1024
    usual_solution: int = 256
    context: int | None = None
    probe: str = "\n\nThe final answer is \\boxed{"
    efforts: Mapping[str, int | None] = field(default_factory=lambda: EFFORTS)
    think_start: str | None = None
    think_end: str | None = None
    sampling: Sampling = field(default_factory=Sampling)
