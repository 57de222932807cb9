"""What one generation ended in: every text, count and second of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any, Self

import thinkcap
from thinkcap.engine.budget import Budget, FinishReason, StopReason
from thinkcap.engine.settings import CutStyle, PromptMode
from thinkcap.errors import ThinkcapError

if TYPE_CHECKING:
    from thinkcap.engine.profile import Profile
    from thinkcap.engine.record import OutcomeRecord
    from thinkcap.engine.request import Request


@dataclass(frozen=True, slots=True)
class Seconds:
    """Wall-clock seconds of each phase. `load` is the model's loading, counted once an engine."""

    load: float = 0.0
    prompt: float = 0.0
    thinking: float = 0.0
    solution: float = 0.0


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that could not be run, and why."""

    request: Request
    error: ThinkcapError


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """The result of one problem under one budget: the contract's JSON object, as a value.

    prompt_text       the user message as sent to the model, before the chat template
    thinking          the thought's text, markers left out, injected text (`Wait`, a wrap-up message) included
    solution          the text after the thought
    answer            the answer read out of the solution, None if there is none
    correct           whether the answer equals `expected`; None if nothing was expected
    thinking_tokens   tokens the model itself sampled inside the thought
    injected_tokens   tokens thinkcap put in: the end marker of a cut, `Wait`, a wrap-up message
    solution_tokens   tokens sampled after the thought, the end-of-generation token left out
    answer_forced     whether thinkcap began the answer, because none could be read after a cut
    probe_tokens      tokens of that answer: its opening, and the sampled ones behind it, in no other count
    shared            whether the thought ended before the budget could matter, so that the outcome is another budget's
                      and cost nothing
    answer_index      which of several answers to the same thought
    mean_log_probability    mean log-probability of the thought's sampled tokens at the sampling temperature, see
                            `thinkcap.engine.sampler.draw`; None if nothing was sampled, or not all of it
    lowest_log_probability  the lowest mean over 64 of them in a row
    rolled_back_tokens  thinking tokens sampled and counted, but taken out of the thought at a cut because they
                      were half a character or half a marker
    resumed_tokens    thinking tokens taken over from the same thought under a smaller budget, not sampled again
    thought_ids       the tokens drawn in the thought before its budget had a say, from which a larger budget goes on;
                      empty in a result from a file if its text gives them back
    spelled           whether the text of the thought gives them back
    request           what was asked for; None in a result that was read from a file
    model_sha256      SHA-256 of the model file's first mebibyte
    model_file_sha256  SHA-256 of the model file; empty if it was not taken
    """

    id: str
    problem: str
    prompt_text: str
    sample: int
    model: str
    quant: str
    seed: int
    budget: Budget
    style: CutStyle
    prompt_mode: PromptMode
    thinking: str
    solution: str
    stop_reason: StopReason
    finish_reason: FinishReason
    prompt_tokens: int
    thinking_tokens: int
    injected_tokens: int
    solution_tokens: int
    rolled_back_tokens: int
    seconds: Seconds
    thinkcap_version: str
    model_sha256: str
    answer_forced: bool = False
    model_file_sha256: str = ""
    probe_tokens: int = 0
    resumed_tokens: int = 0
    shared: bool = False
    answer_index: int = 0
    mean_log_probability: float | None = None
    lowest_log_probability: float | None = None
    answer: str | None = None
    expected: str | None = None
    correct: bool | None = None
    thought_ids: tuple[int, ...] = ()
    spelled: bool = True
    request: Request | None = None

    @classmethod
    def unstarted(cls, request: Request, profile: Profile, model_sha256: str) -> Self:
        """The outcome of a request that never ran: no texts, no tokens, interrupted."""
        return cls(
            id=request.id,
            problem=request.problem,
            prompt_text=request.prompt_text,
            sample=request.sample,
            model=profile.name,
            quant=profile.quant,
            seed=request.settings.seed,
            budget=request.budget,
            style=request.settings.cut_style,
            prompt_mode=request.settings.prompt_mode,
            thinking="",
            solution="",
            stop_reason="interrupted",
            finish_reason="interrupted",
            prompt_tokens=0,
            thinking_tokens=0,
            injected_tokens=0,
            solution_tokens=0,
            rolled_back_tokens=0,
            seconds=Seconds(),
            thinkcap_version=thinkcap.__version__,
            model_sha256=model_sha256,
            answer_index=request.answer_index,
        )

    def __repr__(self) -> str:
        answer = "no answer" if self.answer is None else f"answer {self.answer!r}"
        thinking = f"{self.thinking_tokens} thinking tokens ({self.stop_reason})"
        return f"<Outcome {self.id}: {answer}, {thinking}, {self.solution_tokens} of solution ({self.finish_reason})>"

    def _repr_html_(self) -> str:
        """For notebooks: the thought folded, the cut marked, the solution below."""
        cut = "" if self.stop_reason == "natural" else f"<hr><small>cut: {self.stop_reason}</small>"
        thought = f"<pre style='white-space:pre-wrap;opacity:.7'>{escape(self.thinking)}</pre>{cut}"
        summary = f"{self.thinking_tokens} thinking tokens"
        solution = f"<pre style='white-space:pre-wrap'>{escape(self.solution)}</pre>"
        return f"<details><summary>{summary}</summary>{thought}</details>{solution}"

    @property
    def tokens_per_second(self) -> float:
        """Sampled tokens a second over thought and solution; 0.0 if nothing was sampled."""
        seconds = self.seconds.thinking + self.seconds.solution
        sampled = self.thinking_tokens - self.resumed_tokens + self.solution_tokens
        return sampled / seconds if seconds > 0 else 0.0

    @property
    def was_interrupted(self) -> bool:
        """Whether Ctrl-C or a cancellation ended the thought or the solution."""
        return "interrupted" in (self.stop_reason, self.finish_reason)

    def graded(self, expected: str, correct: bool) -> Outcome:
        """The same outcome with a verdict on its answer."""
        return replace(self, expected=expected, correct=correct)

    def to_dict(self) -> dict[str, Any]:
        """The contract's JSON object, its fields in the contract's order. `thinkcap.engine.record` has its types."""
        record: OutcomeRecord = {
            "id": self.id,
            "problem": self.problem,
            "prompt_text": self.prompt_text,
            "sample": self.sample,
            "model": self.model,
            "quant": self.quant,
            "seed": self.seed,
            "budget": {
                "thinking": self.budget.thinking,
                "solution": self.budget.solution,
                "min_thinking": self.budget.min_thinking,
                "time_limit": self.budget.time_limit,
                "style": self.style,
                "prompt_mode": self.prompt_mode,
            },
            "thinking": self.thinking,
            "solution": self.solution,
            "answer": self.answer,
            "expected": self.expected,
            "correct": self.correct,
            "stop_reason": self.stop_reason,
            "finish_reason": self.finish_reason,
            "prompt_tokens": self.prompt_tokens,
            "thinking_tokens": self.thinking_tokens,
            "injected_tokens": self.injected_tokens,
            "solution_tokens": self.solution_tokens,
            "rolled_back_tokens": self.rolled_back_tokens,
            "answer_forced": self.answer_forced,
            "probe_tokens": self.probe_tokens,
            "resumed_tokens": self.resumed_tokens,
            "shared": self.shared,
            "reply": self.answer_index,
            "mean_log_probability": self.mean_log_probability,
            "lowest_log_probability": self.lowest_log_probability,
            "seconds": {
                "load": round(self.seconds.load, 4),
                "prompt": round(self.seconds.prompt, 4),
                "thinking": round(self.seconds.thinking, 4),
                "solution": round(self.seconds.solution, 4),
            },
            "thinkcap_version": self.thinkcap_version,
            "model_sha256": self.model_sha256,
            "model_file_sha256": self.model_file_sha256,
        }
        if not self.spelled:
            record["thought_ids"] = list(self.thought_ids)
        return {**record}
