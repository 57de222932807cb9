import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.same_results import compare_files

RECORD: dict[str, Any] = {
    "id": "a",
    "sample": 0,
    "budget": {"thinking": 16, "style": "bare"},
    "reply": 0,
    "thinking": "1+2",
    "seconds": {"load": 0.1},
    "thinkcap_version": "0.1.0",
}


def written(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"thinking": "1+3"}, "a 0 16 0: thinking '1+2' -> '1+3'"),
        ({"budget": {"thinking": 16, "style": "soft"}}, "a 0 16 0: budget.style 'bare' -> 'soft'"),
        ({"budget": {"thinking": 16}}, "a 0 16 0: budget.style 'bare' -> 'missing'"),
        ({"budget": {"style": "bare", "thinking": 16}}, "a 0 16 0: the order of the fields"),
        ({"sample": False}, "a 0 16 0: sample 0 -> False"),
    ],
)
def test_a_changed_field_is_a_difference(tmp_path: Path, change: dict[str, Any], expected: str) -> None:
    found = compare_files(written(tmp_path / "old", RECORD), written(tmp_path / "new", RECORD | change))
    assert (found.equal, found.differences) == (0, [expected])


def test_seconds_version_order_and_added_fields_are_no_difference(tmp_path: Path) -> None:
    other = RECORD | {"sample": 1}
    added = RECORD | {"seconds": {}, "thinkcap_version": "9", "budget": RECORD["budget"] | {"pause": 1}, "more": 2}
    found = compare_files(written(tmp_path / "old", RECORD, other), written(tmp_path / "new", other, added))
    assert (found.records, found.equal, found.differences) == (2, 2, [])
    assert found.added == {"budget.pause", "more"}
    assert not found.same_order


def test_a_record_or_file_that_only_one_side_has_is_a_difference(tmp_path: Path) -> None:
    one, other = written(tmp_path / "one", RECORD), written(tmp_path / "other", RECORD | {"id": "b"})
    assert len(compare_files(one, other).differences) == 2
    assert len(compare_files(one, tmp_path / "none").differences) == 1


def test_a_key_used_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="twice"):
        compare_files(written(tmp_path / "old", RECORD, RECORD), written(tmp_path / "new", RECORD))
