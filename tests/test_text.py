from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from thinkcap.text import json_line, one_line, printable, spell, write_json, write_line


def test_no_escape_sequence_survives() -> None:
    hostile = "a\x1b[31mb\x1b]0;title\x07c\x9b2Jd\x7f\x08e\r\nf"
    assert printable(hostile) == "a[31mb]0;titlec2Jde\nf"


def test_newlines_tabs_and_every_script_stay() -> None:
    text = "x = 1\n\ty = 2\n汉字 👩‍👧 é √2 हिन्दी"
    assert printable(text) == text


def test_marks_that_reorder_text_are_removed() -> None:
    assert printable("1\u202e2\u2066 3\u200f") == "12 3"


@given(st.text())
def test_printable_text_holds_no_control_character(text: str) -> None:
    assert not any((ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 for c in printable(text))


def test_one_line_joins_and_shortens() -> None:
    assert one_line("a\n  b\tc") == "a b c"
    assert one_line("a" * 100, 10) == "a" * 9 + "…"


@given(
    st.dictionaries(st.text(), st.text(st.characters(exclude_categories=["Cs"]))), st.sampled_from(["utf-8", "ascii"])
)
def test_json_lines_are_one_safe_line_that_says_the_same(value: dict[str, str], encoding: str) -> None:
    line = json_line(value, encoding)
    assert json.loads(line) == value
    assert printable(line) == line
    assert "\n" not in line
    line.encode(encoding)


def test_json_keeps_readable_characters_where_it_can() -> None:
    assert json_line({"a": "√2"}, "utf-8") == '{"a": "√2"}'
    assert json_line({"a": "√2"}, "latin-1") == '{"a": "\\u221a2"}'
    assert json_line({"a": "\ud800\x9b"}, "utf-8") == '{"a": "\\ud800\\u009b"}'


def test_ornaments_become_ascii_where_they_must() -> None:
    assert spell("━─ ·", "ascii") == "=- |"
    assert spell("━─ ·", "UTF-8") == "━─ ·"


def test_numbers_without_a_spelling_in_json_become_null() -> None:
    assert json_line({"a": [float("nan"), 1.5], "b": (float("-inf"),)}) == '{"a": [null, 1.5], "b": [null]}'


def test_a_closed_stream_gets_nothing() -> None:
    write_line("text", None)
    write_json({}, None)
