"""One result, a line of a result file: an outcome, the problem's fields, a verdict, and the settings of its run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar, cast

from thinkcap.engine.budget import Budget
from thinkcap.engine.outcome import Failure, Outcome, Seconds
from thinkcap.errors import UsageError
from thinkcap.runs.settings import TYPES

if TYPE_CHECKING:
    from thinkcap.engine.request import Request
    from thinkcap.grading import Verdict
    from thinkcap.runs.batch import Solver
    from thinkcap.runs.problems import Problem

T = TypeVar("T")

_LARGEST = 10**300
"""Above every count and seed, and few enough that means over them are numbers."""
_IN_WORDS: Mapping[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "an object",
}


class Key(NamedTuple):
    """What a result file holds once: a problem's id, a sample, its thinking budget, and which of its answers."""

    id: str
    sample: int
    thinking: int | None = None
    answer_index: int = 0

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """The key of an outcome or a result."""
        return cls(outcome.id, outcome.sample, outcome.budget.thinking, outcome.answer_index)

    @classmethod
    def all_of(cls, request: Request) -> list[Self]:
        """The keys of all outcomes that a request has: one for each budget and answer."""
        return [
            cls(request.id, request.sample, thinking, answer)
            for thinking in (*request.fork_budgets, request.budget.thinking)
            for answer in range(request.answer_index, request.answer_index + request.answers_per_thought)
        ]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Result(Outcome):
    """An outcome as a run keeps it; or a problem that could not be run, whose texts are empty and whose counts are 0.

    extra     the problem's other short fields (level, subject …)
    verdict   how the answer compared (`equal`, `different`, `timeout` …); None if it was not graded
    settings  all that the run's results depend on beside the problems: the line's `run`; empty if the file does not say
    error     why the problem could not be run; None if it ran
    unneeded  whether the vote was decided without it: its answer has no vote, its tokens were spent all the same
    """

    extra: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    verdict: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    unneeded: bool = False

    @classmethod
    def of(cls, outcome: Outcome, problem: Problem, settings: Mapping[str, Any]) -> Self:
        """The result of an outcome that is still to be graded."""
        given = {each.name: getattr(outcome, each.name) for each in fields(Outcome)}
        given |= {"problem": problem.text, "expected": problem.expected}
        return cls(**given, extra=problem.extra, settings=settings)

    def with_verdict(self, verdict: Verdict) -> Self:
        """The same result, graded."""
        return replace(self, correct=verdict.correct, verdict=verdict.reason)

    @classmethod
    def failed(
        cls, failure: Failure, answer_index: int, problem: Problem, solver: Solver, settings: Mapping[str, Any]
    ) -> Self:
        """The result of a request that could not be run, for one of its answers."""
        request = replace(failure.request, answer_index=answer_index)
        outcome = Outcome.unstarted(request, solver.profile, solver.model_sha256)
        return replace(cls.of(outcome, problem, settings), error=str(failure.error))

    @classmethod
    def from_dict(cls, line: Mapping[str, Any]) -> Self:
        """Reads a line: strict about the types of the fields, silent about unknown ones; fields that the first versions
        did not write have their defaults. Raises ValueError, with the end of a sentence that begins with the result, if
        a field is missing or of another type.
        """
        error = _optional(line, "error", str)
        needed = None if error is None else ""
        budget = _get(line, "budget", dict)
        return cls(
            id=_get(line, "id", str),
            problem=_get(line, "problem", str),
            prompt_text=_get(line, "prompt_text", str, ""),
            sample=_get(line, "sample", int),
            model=_get(line, "model", str, ""),
            quant=_get(line, "quant", str, ""),
            seed=_get(line, "seed", int, 0),
            budget=_budget(budget),
            style=cast(Any, _get(budget, "style", str, "")),
            prompt_mode=cast(Any, _get(budget, "prompt_mode", str, "none")),
            thinking=_get(line, "thinking", str, needed),
            solution=_get(line, "solution", str, needed),
            answer=_optional(line, "answer", str),
            expected=_optional(line, "expected", str),
            correct=_optional(line, "correct", bool),
            stop_reason=cast(Any, _get(line, "stop_reason", str, needed)),
            finish_reason=cast(Any, _get(line, "finish_reason", str, needed)),
            prompt_tokens=_get(line, "prompt_tokens", int, 0),
            thinking_tokens=_get(line, "thinking_tokens", int, None if error is None else 0),
            injected_tokens=_get(line, "injected_tokens", int, 0),
            solution_tokens=_get(line, "solution_tokens", int, None if error is None else 0),
            rolled_back_tokens=_get(line, "rolled_back_tokens", int, 0),
            answer_forced=_get(line, "answer_forced", bool, False),
            probe_tokens=_get(line, "probe_tokens", int, 0),
            resumed_tokens=_get(line, "resumed_tokens", int, 0),
            shared=_get(line, "shared", bool, False),
            answer_index=_get(line, "reply", int, 0),
            thought_ids=_thought_ids(line.get("thought_ids")),
            spelled="thought_ids" not in line,
            mean_log_probability=_log_probability(line, "mean_log_probability"),
            lowest_log_probability=_log_probability(line, "lowest_log_probability"),
            seconds=_seconds(_get(line, "seconds", dict, {})),
            thinkcap_version=_get(line, "thinkcap_version", str, ""),
            model_sha256=_get(line, "model_sha256", str, ""),
            model_file_sha256=_get(line, "model_file_sha256", str, ""),
            extra=_extra(_get(line, "extra", dict, {})),
            verdict=_optional(line, "verdict", str),
            settings=_settings(_get(line, "run", dict, {})),
            error=error,
            unneeded=_get(line, "unneeded", bool, False),
        )

    @property
    def budget_fields(self) -> dict[str, Any]:
        """The line's `budget`."""
        limits = {each.name: getattr(self.budget, each.name) for each in fields(Budget)}
        return {**limits, "style": self.style, "prompt_mode": self.prompt_mode}

    def to_dict(self) -> dict[str, Any]:
        """The line's JSON object, its fields in the order in which files have them."""
        line = Outcome.to_dict(self)
        if self.error is not None:
            line = {name: line[name] for name in _WITHOUT_TEXTS} | {
                "error": self.error,
                "reply": self.answer_index,
                "thinkcap_version": self.thinkcap_version,
                "model_sha256": self.model_sha256,
            }
        verdict = {} if self.verdict is None else {"verdict": self.verdict}
        return line | {"extra": {**self.extra}} | verdict | self._unneeded | {"run": {**self.settings}}

    def outcome_to_dict(self) -> dict[str, Any]:
        """The JSON object without what a run over a file adds: what `thinkcap solve --json` prints."""
        return Outcome.to_dict(self) | self._unneeded

    @property
    def _unneeded(self) -> dict[str, Any]:
        return {"unneeded": True} if self.unneeded else {}


_WITHOUT_TEXTS = (
    *("id", "problem", "prompt_text", "sample", "model", "quant", "seed", "budget"),
    *("answer", "expected", "correct"),
)


def _budget(line: Mapping[str, Any]) -> Budget:
    try:
        return Budget(
            thinking=_optional(line, "thinking", int),
            solution=_get(line, "solution", int, 1024),
            min_thinking=_get(line, "min_thinking", int, 0),
            time_limit=_optional(line, "time_limit", float),
        )
    except UsageError as error:
        raise ValueError("has a budget that makes no sense") from error


def _thought_ids(value: object) -> tuple[int, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(type(token) is int and 0 <= token < 2**31 for token in value):
        raise ValueError("has thought_ids that are not a list of token numbers")
    return tuple(value)


def _seconds(line: Mapping[str, Any]) -> Seconds:
    return Seconds(**{name: _get(line, name, float, 0.0) for name in ("load", "prompt", "thinking", "solution")})


def _settings(run: dict[str, Any]) -> dict[str, Any]:
    _optional(_get(run, "budget", dict, {}), "thinking", int)
    for name, kind in TYPES.items():
        _optional(run, name, kind)
    return run


def _extra(line: dict[str, Any]) -> dict[str, Any]:
    for name, value in line.items():
        if isinstance(value, list | dict) or (isinstance(value, float) and not math.isfinite(value)):
            raise ValueError(f"has an extra.{name} that is not text, a number, true or false")
    return line


def _get(line: Mapping[str, Any], name: str, kind: type[T], default: T | None = None) -> T:
    """A field of this type; null counts as missing. Raises ValueError for another type, or if it is missing and has no
    default."""
    value = line.get(name)
    if value is None:
        if default is None:
            raise ValueError(f"has no {name}")
        return default
    if type(value) is not kind and not (kind is float and type(value) is int):
        raise ValueError(f"has a {name} that is not {_IN_WORDS[kind]}")
    if isinstance(value, int | float) and not 0 <= value < _LARGEST:  # NaN is neither
        raise ValueError(f"has a {name} that is out of range")
    return cast(T, value)


def _optional(line: Mapping[str, Any], name: str, kind: type[T]) -> T | None:
    return None if line.get(name) is None else _get(line, name, kind)


def _log_probability(line: Mapping[str, Any], name: str) -> float | None:
    value = line.get(name)
    if value is None:
        return None
    if type(value) not in (int, float):
        raise ValueError(f"has a {name} that is not a number")
    if not -_LARGEST < value <= 0:
        raise ValueError(f"has a {name} that is out of range")
    return float(value)
