"""Results grouped by model, budget and settings, with the figures of each group.

The figures are runs/metrics.py's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from thinkcap.errors import UsageError
from thinkcap.runs.metrics import Metrics, by_problem, measure
from thinkcap.runs.result import Result
from thinkcap.runs.settings import DEFAULTS_FOR_OLD_FILES, TYPES

if TYPE_CHECKING:
    from thinkcap.grading import Grader, Vote

SettingsKey = tuple[tuple[str, Any], ...]
"""Settings by name, as a value that groups can be told apart by."""


@dataclass(frozen=True, slots=True)
class ResultGroup:
    """The results that one model made under one budget and the same settings.

    settings  model, quant, seed, the budget's parts and the sampling, by name
    unneeded  samples that the votes were decided without; no figure counts them
    by        the value of the field that the report is split by; None if it is not split
    timeouts  answers that took too long to compare, and count as wrong
    """

    settings: Mapping[str, Any]
    results: Sequence[Result]
    metrics: Metrics
    unneeded: Sequence[Result] = ()
    by: str | None = None
    timeouts: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The group as JSON: settings and figures, without the results."""
        split = {} if self.by is None else {"by": self.by}
        return {
            **self.settings,
            **split,
            **asdict(self.metrics),
            "timeouts": self.timeouts,
            "unneeded": len(self.unneeded),
        }


def settings_of(result: Result) -> SettingsKey:
    """What a result was made with: its own model and budget, and the rest from its run if that says."""
    run = {**DEFAULTS_FOR_OLD_FILES, **result.settings}
    return (
        *((name, getattr(result, name)) for name in ("model", "quant", "model_sha256", "seed")),
        *result.budget_fields.items(),
        *((name, run[name]) for name in TYPES if name in run),
        # The same depth in tokens belongs to another vote if the whole thought was longer.
        ("depths_of", run.get("budget", {}).get("thinking") if run["depths"] else None),
    )


def group(results: Iterable[Result], by: str | None = None, grader: Grader | None = None) -> list[ResultGroup]:
    """Groups results and measures each group: by model in the order they come, budgets from small to unlimited.

    by      also split by this field: one of the problem's (`level`, `subject` …) or of the result's (`stop_reason` …)
    grader  compares the answers of several samples for maj@k; without it there is no maj@k

    Raises UsageError if no result has the field.
    """
    found: dict[tuple[SettingsKey, str | None], list[Result]] = {}
    for result in results:
        found.setdefault((settings_of(result), None if by is None else _value(result, by)), []).append(result)
    if by is not None and all(value == "none" for _, value in found):
        names = {name for members in found.values() for result in members for name in result.extra}
        raise UsageError(
            f"No result has a field {by!r}: --by takes stop_reason, finish_reason, answer or a field of the problems"
            + (f" ({', '.join(sorted(names)[:8])})." if names else ".")
        )
    models = {settings[:4]: place for place, (settings, _) in reversed(list(enumerate(found)))}
    ordered = sorted(found.items(), key=lambda item: (models[item[0][0][:4]], *_order(*item[0])))
    # A problem's last samples may be in another part of a split than those that decided without them.
    return [
        _measured(settings, value, members, grader)
        for (settings, value), members in ordered
        if not all(result.unneeded for result in members)
    ]


def _order(settings: SettingsKey, value: str | None) -> tuple[Any, ...]:
    thinking = dict(settings)["thinking"]
    number = value is not None and value.replace(".", "", 1).removeprefix("-").isdecimal()
    return (
        float("inf") if thinking is None else thinking,
        [str(part) for part in settings],
        (not number, float(value) if value is not None and number else 0.0, value or ""),
    )


def _measured(settings: SettingsKey, value: str | None, members: list[Result], grader: Grader | None) -> ResultGroup:
    results = [result for result in members if not result.unneeded]
    unneeded = [result for result in members if result.unneeded]
    stopped = any(dict(settings)[name] is not None for name in ("vote_until", "vote_first"))
    labels = None
    # Samples of votes that ended early are no random ones, which maj@k draws from: runs/methods.py judges these votes.
    if grader is not None and not stopped:
        several = {problem: given for problem, given in by_problem(results).items() if len(given) > 1}
        labels = {problem: vote_on(given, grader).labels for problem, given in several.items()}
    timeouts = sum(result.verdict == "timeout" for result in results)
    return ResultGroup(dict(settings), results, measure(results, labels=labels), unneeded, value, timeouts)


def vote_on(results: Iterable[Result], grader: Grader, weights: Sequence[float] | None = None) -> Vote:
    """The vote over one problem's results, in the order they come."""
    from thinkcap.grading import vote

    return vote([result.answer for result in results], grader, weights)


def _value(result: Result, by: str) -> str:
    line = result.to_dict()
    for place in (result.extra, line, line["budget"]):
        if by in place and not isinstance(place[by], dict | list):
            return "none" if place[by] is None else str(place[by])
    return "none"
