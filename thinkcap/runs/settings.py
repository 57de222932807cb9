"""The settings of a run as its results keep them: the generation options, and what else tells runs apart.

The names, their order and their types are derived from the one list of options, `thinkcap.engine.settings.Settings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thinkcap.engine.settings import OPTIONS, Settings
from thinkcap.text import one_line

BUDGET_FIELDS: Mapping[str, str] = {
    "budget": "thinking",
    "solution_budget": "solution",
    "min_thinking": "min_thinking",
    "time_limit": "time_limit",
    "cut_style": "style",
    "prompt_mode": "prompt_mode",
}
"""The options that make up a result's `budget`, and what they are called in it."""

OWN_FIELDS = ("seed",)
"""The options that a result has as a field."""

RUN_OPTIONS: tuple[str, ...] = tuple(
    name
    for name in sorted(OPTIONS, key=lambda name: OPTIONS[name].group != "sampling")
    if name not in BUDGET_FIELDS and name not in OWN_FIELDS
)
"""The options that only `run` holds."""

_TYPES: Mapping[str, type] = {
    "tokens": int, "whole": int, "seconds": float, "number": float, "choice": str, "switch": bool,
}  # fmt: skip
TYPES: Mapping[str, type] = {name: _TYPES[OPTIONS[name].kind] for name in RUN_OPTIONS} | {
    "depths": int,
    "answers": int,
    "vote_by": str,
    "vote_until": float,
    "vote_first": int,
    "context": int,
    "think_start": str,
    "think_end": str,
}
"""What `run` holds beside the fields of a result, and its types in JSON."""

DEFAULTS_FOR_OLD_FILES: Mapping[str, Any] = {
    "budgets": None,
    "force_answer": False,
    "depths": 0,
    "answers": 1,
    "vote_by": "count",
    "vote_until": None,
    "vote_first": None,
}
"""Settings that the first versions did not write, and what their runs were made with."""


def budget_fields(settings: Settings) -> dict[str, Any]:
    """A result's `budget`."""
    return {field: getattr(settings, name) for name, field in BUDGET_FIELDS.items()}


BUDGETS = ("budget.thinking", "budgets")
"""What may differ between the results of one file: every result says its budget, and thoughts go on to larger ones."""


def differences(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> tuple[str, str] | None:
    """The settings that differ, as `mine` and as `theirs` have them, in words; None if none does.

    A setting that one side does not name, as files of other versions may not, does not differ. Budgets may differ.
    """
    asked, held = _flat(mine), {**DEFAULTS_FOR_OLD_FILES, **_flat(theirs)}
    names = [name for name in asked if name in held and asked[name] != held[name]]
    if not (asked.get("depths") or held["depths"]):  # these are shares of the budget
        names = [name for name in names if name not in BUDGETS]
    if not names:
        return None
    return _in_words(names, asked), _in_words(names, held)


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Nested settings by dotted names."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": found for inner, found in value.items()}
        else:
            flat[name] = value
    return flat


def _in_words(names: list[str], values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_value_in_words(name, values[name])}" for name in names)


def _value_in_words(name: str, value: Any) -> str:
    if isinstance(value, list):
        return one_line(",".join("unlimited" if each is None else str(each) for each in value), 200)
    if value is None:
        return "unlimited" if name == "budget.thinking" else "none"
    return one_line(str(value), 60)
