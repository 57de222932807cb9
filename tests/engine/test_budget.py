from __future__ import annotations

import pytest

from thinkcap.engine.budget import Budget
from thinkcap.errors import UsageError
from thinkcap.text import parse_seconds, parse_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("0", 0), ("1024", 1024), ("4k", 4096), ("4K", 4096), ("1.5k", 1536), ("1_000", 1000), ("1,000", 1000)],
)
def test_tokens_are_read(text: str, tokens: int) -> None:
    assert parse_tokens(text) == tokens


def test_none_is_no_limit() -> None:
    assert parse_tokens("none") is None
    assert parse_tokens("None") is None


@pytest.mark.parametrize("text", ["", "-5", "abc", "1.5", "4g", "1e3", "nan", "inf", "4k4"])
def test_other_words_are_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(UsageError, match="write it like 1024, 4k or unlimited"):
        parse_tokens(text)


@pytest.mark.parametrize(("text", "seconds"), [("20s", 20), ("20", 20), ("1.5m", 90), ("500ms", 0.5), ("1h", 3600)])
def test_seconds_are_read(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0s", "-1s", "soon", "5d", "inf"])
def test_other_times_are_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(UsageError, match="write it like 20s"):
        parse_seconds(text)


@pytest.mark.parametrize(
    "values",
    [
        {"thinking": -1},
        {"thinking": 1.5},
        {"thinking": True},
        {"solution": 0},
        {"solution": -1},
        {"min_thinking": -1},
        {"thinking": 5, "min_thinking": 6},
        {"time_limit": 0.0},
        {"time_limit": -1.0},
        {"time_limit": float("inf")},
        {"time_limit": float("nan")},
    ],
)
def test_budgets_that_make_no_sense_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Budget(**values)  # type: ignore[arg-type]
