"""An outcome as JSON, as types: what `Outcome.to_dict` gives, and what the published schema says of it."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # typing's own is not enough for pydantic before Python 3.12

from thinkcap.engine.budget import FinishReason, StopReason
from thinkcap.engine.settings import CutStyle, PromptMode

Count = Annotated[int, Field(ge=0)]
Duration = Annotated[float, Field(ge=0)]
LogProbability = Annotated[float, Field(le=0)] | None


class BudgetRecord(TypedDict):
    """What was allowed, in tokens and seconds; null is no limit."""

    thinking: Count | None
    solution: Count
    min_thinking: Count
    time_limit: Duration | None
    style: Annotated[CutStyle, Field(description="How a thought that reaches its budget is closed.")]
    prompt_mode: Annotated[PromptMode, Field(description="Whether the prompt also stated the budget.")]


class SecondsRecord(TypedDict):
    """Seconds of each phase. `load` is the model's loading, counted once an engine."""

    load: Duration
    prompt: Duration
    thinking: Duration
    solution: Duration


class AskedRecord(TypedDict):
    """What was asked of which model, and the answer."""

    id: str
    problem: str
    prompt_text: Annotated[str, Field(description="The user message as sent, before the chat template.")]
    sample: Annotated[Count, Field(description="Which of several samples of the problem.")]
    model: str
    quant: str
    seed: Count
    budget: BudgetRecord
    answer: Annotated[str | None, Field(description="The answer read out of the solution, null if there is none.")]
    expected: str | None
    correct: Annotated[bool | None, Field(description="Whether the answer equals the expected one, null if unknown.")]
    reply: Annotated[Count, Field(description="Which of several answers to the same thought.")]
    thinkcap_version: str
    model_sha256: Annotated[str, Field(description="Of the first mebibyte of the model's file.")]


class OutcomeRecord(AskedRecord):
    """One problem under one budget, thought about and answered."""

    thinking: Annotated[str, Field(description="The thought without its markers, with what was injected into it.")]
    solution: str
    stop_reason: Annotated[StopReason, Field(description="Why the thought ended.")]
    finish_reason: Annotated[FinishReason, Field(description="Why the solution ended.")]
    prompt_tokens: Count
    thinking_tokens: Annotated[Count, Field(description="Tokens that the model sampled inside the thought.")]
    injected_tokens: Annotated[
        Count, Field(description="Tokens that thinkcap put in: the marker of a cut, `Wait`, a wrap-up message.")
    ]
    solution_tokens: Count
    rolled_back_tokens: Annotated[
        Count, Field(description="Thinking tokens removed from the thought at a cut: half a character, half a marker.")
    ]
    answer_forced: Annotated[
        bool, Field(description="Whether thinkcap began the answer, because none could be read after a cut.")
    ]
    probe_tokens: Annotated[Count, Field(description="Tokens of that answer, in no other count.")]
    resumed_tokens: Annotated[
        Count, Field(description="Thinking tokens taken over from the same thought under a smaller budget.")
    ]
    shared: Annotated[
        bool, Field(description="Whether the thought ended before the budget mattered: another budget's result.")
    ]
    mean_log_probability: Annotated[
        LogProbability, Field(description="Of the thought's sampled tokens; null if not all were sampled here.")
    ]
    lowest_log_probability: Annotated[LogProbability, Field(description="The lowest mean over 64 of them in a row.")]
    seconds: SecondsRecord
    model_file_sha256: Annotated[str, Field(description="Of the whole file; empty if it was not taken.")]
    thought_ids: NotRequired[
        Annotated[list[Count], Field(description="The thought's tokens, if its text does not give them back.")]
    ]
