"""Problem files: every format gives the same problems, the published shapes load as they are, and a bad file gives one
sentence with the line."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thinkcap.errors import ThinkcapError, UsageError
from thinkcap.runs import formats
from thinkcap.runs.problems import Fields, Problem, load

SUMS: list[dict[str, Any]] = [
    {"id": "a", "problem": "What is 1 + 1?", "answer": 2},
    {"id": "b", "problem": "What is ½ + ½?", "answer": "1"},
]
AS_READ = [Problem("a", "What is 1 + 1?", "2"), Problem("b", "What is ½ + ½?", "1")]


def jsonl(entries: list[Any]) -> str:
    return "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)


def table(entries: list[dict[str, Any]], delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(entries[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(entries)
    return text.getvalue()


def written(path: Path, text: str | bytes) -> str:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


FORMS = {
    "sums.jsonl": jsonl(SUMS),
    "sums.json": json.dumps(SUMS, indent=2),
    "one-line.json": json.dumps(SUMS),
    "lines.json": jsonl(SUMS),
    "sums.csv": table(SUMS, ","),
    "sums.tsv": table(SUMS, "\t"),
    "windows.csv": "\ufeff" + table(SUMS, ","),
    "mac.jsonl": "\ufeff\n\n" + jsonl(SUMS),
    "unnamed-jsonl": jsonl(SUMS),
    "unnamed-json": json.dumps(SUMS),
    "unnamed-csv": table(SUMS, ","),
    "unnamed-tsv": table(SUMS, "\t"),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_every_format_gives_the_same_problems(tmp_path: Path, name: str, packed: bool) -> None:
    data = FORMS[name].encode()
    source = written(tmp_path / (name + ".gz" * packed), gzip.compress(data) if packed else data)
    assert load(source) == AS_READ


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_parquet_loads_like_the_rest(tmp_path: Path, packed: bool) -> None:
    import pyarrow
    import pyarrow.parquet

    sums = [entry | {"answer": str(entry["answer"])} for entry in SUMS]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(sums), tmp_path / "sums.parquet")
    data = (tmp_path / "sums.parquet").read_bytes()
    assert load(written(tmp_path / "in", gzip.compress(data) if packed else data)) == AS_READ


def test_plain_text_is_a_problem_a_line(tmp_path: Path) -> None:
    source = written(tmp_path / "p.txt", "What is 2 + 3?\n\n  [5, 7] has which mean?\r\n")
    assert load(source) == [Problem("1", "What is 2 + 3?"), Problem("2", "[5, 7] has which mean?")]


def test_a_text_that_is_not_named_as_one_is_no_list_of_problems(tmp_path: Path) -> None:
    text = "What is 2 + 3?\nWhat is 3 + 4?\n"
    for name in ("solve.py", "README.md", "problems.log.gz"):
        data = gzip.compress(text.encode()) if name.endswith(".gz") else text
        with pytest.raises(ThinkcapError, match=r"if each line is one, rename it to end in \.txt"):
            load(written(tmp_path / name, data))
    assert len(load(written(tmp_path / "problems", text))) == 2
    assert len(load(written(tmp_path / "PROBLEMS.TXT", text))) == 2
    assert len(load(written(tmp_path / "export.data", '{"problem": "What is 2 + 3?"}\n'))) == 1


def test_standard_input_is_read_through_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size, 7) if size and size > 0 else 7)

    monkeypatch.setattr(sys, "stdin", type("In", (), {"buffer": io.BufferedReader(Pipe(FORMS["sums.csv"].encode()))}))
    assert load("-") == AS_READ


# The shapes of the published test files, with problems of our own in them.
SHAPES: dict[str, tuple[dict[str, Any], Problem]] = {
    "aime as a table": (
        {"ID": "2099-I-1", "Problem": "Find 7 · 6.", "Solution": "It is 42.", "Answer": 42},
        Problem("2099-I-1", "Find 7 · 6.", "42", {"Solution": "It is 42."}),
    ),
    "aime with a solution only": (
        {"id": 60, "problem": "Find 7 · 6.", "solution": "So it is \\boxed{042}", "url": "https://example.org/1"},
        Problem("60", "Find 7 · 6.", "042", {"url": "https://example.org/1"}),
    ),
    "amc with a float": (
        {"id": 3, "problem": "Find 12².", "answer": 144.0, "url": ""},
        Problem("3", "Find 12².", "144"),
    ),
    "math-500": (
        {
            "problem": "Write $1/2$ in other words.",
            "solution": "We get $\\boxed{\\frac{1}{2}}$.",
            "answer": "\\frac{1}{2}",
            "subject": "Prealgebra",
            "level": 2,
            "unique_id": "test/prealgebra/1.json",
        },
        Problem(
            "test/prealgebra/1.json",
            "Write $1/2$ in other words.",
            "\\frac{1}{2}",
            {"subject": "Prealgebra", "level": 2, "solution": "We get $\\boxed{\\frac{1}{2}}$."},
        ),
    ),
    "minerva": (
        {"question": "A cart of 2 kg at 3 m/s has which momentum?", "answer": "6 kg m/s"},
        Problem("1", "A cart of 2 kg at 3 m/s has which momentum?", "6 kg m/s"),
    ),
    "minerva with a solution": (
        {"problem": "Which charge?", "type": "Physics", "solution": "\\[ \\boxed{1.6e-19} \\]", "idx": 4},
        Problem("4", "Which charge?", "1.6e-19", {"type": "Physics"}),
    ),
    "olympiadbench": (
        {
            "id": 1606,
            "subfield": "Algebra",
            "context": None,
            "question": "Solve $x^2=4$.",
            "solution": ["Take roots."],
            "final_answer": ["$2,-2$"],
            "is_multiple_answer": True,
            "unit": None,
            "answer_type": "Numerical",
            "error": None,
        },
        Problem(
            "1606",
            "Solve $x^2=4$.",
            "$2,-2$",
            {"subfield": "Algebra", "is_multiple_answer": True, "answer_type": "Numerical"},
        ),
    ),
    "olympiadbench with a context and two answers": (
        {"id": 7, "context": "Let $f(x)=x$.", "question": "Find $f(1)$ and $f(2)$.", "final_answer": ["1", "2"]},
        Problem("7", "Let $f(x)=x$.\nFind $f(1)$ and $f(2)$.", "1, 2", {"context": "Let $f(x)=x$."}),
    ),
    "gsm8k": (
        {"question": "Ann has 3 boxes of 400. How many?", "answer": "3 x 400 = <<3*400=1200>>1200\n#### 1,200"},
        Problem("1", "Ann has 3 boxes of 400. How many?", "1200"),
    ),
    "reinforcement learning rows": (
        {
            "data_source": "sums",
            "prompt": [{"role": "user", "content": "What is 2 + 3? Think for 64 tokens."}],
            "reward_model": {"style": "rule", "ground_truth": "5"},
        },
        Problem("1", "What is 2 + 3? Think for 64 tokens.", "5", {"data_source": "sums"}),
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_published_shapes_load_as_they_are(tmp_path: Path, shape: str) -> None:
    entry, problem = SHAPES[shape]
    assert load(written(tmp_path / "test.jsonl", jsonl([entry]))) == [problem]
    assert load(written(tmp_path / "test.json", json.dumps([entry]))) == [problem]


def test_named_fields_win_over_the_usual_names(tmp_path: Path) -> None:
    entry = {"problem": "no", "task": {"text": "What is 1 + 2?"}, "answer": "no", "gold": 3, "key": "k1", "id": 9}
    source = written(tmp_path / "p.jsonl", jsonl([entry]))
    problem = load(source, Fields(problem="task.text", answer="gold", id="key"))[0]
    assert (problem.id, problem.text, problem.expected) == ("k1", "What is 1 + 2?", "3")
    assert load(source, Fields(id="none"))[0].id == "1"


def test_entries_without_an_answer_expect_none(tmp_path: Path) -> None:
    entries = [{"problem": "a", "answer": None}, {"problem": "b", "answer": ""}, {"problem": "c", "solution": "long"}]
    source = written(tmp_path / "p.jsonl", jsonl(entries) + '{"problem": "d", "answer": NaN}\n')
    assert [problem.expected for problem in load(source)] == [None] * 4


def test_ids_shuffle_and_limit_choose_problems(tmp_path: Path) -> None:
    source = written(tmp_path / "p.txt", "".join(f"What is {n} + 1?\n" for n in range(1, 31)))
    everything = load(source)
    assert [problem.id for problem in load(source, limit=3)] == ["1", "2", "3"]
    assert [problem.id for problem in load(source, ids=["7", "2", "29..99999999999999"])] == ["2", "7", "29", "30"]
    shuffled = load(source, shuffle=5)
    assert shuffled != everything
    assert sorted(shuffled, key=lambda problem: int(problem.id)) == everything
    assert load(source, shuffle=5, limit=4) == shuffled[:4]
    assert load(source, shuffle=6) != shuffled
    with pytest.raises(UsageError, match=r"no problem with the id '31'.*from '1' to '30'"):
        load(source, ids=["31"])


GOOD = '{"id": 1, "problem": "What is 1 + 1?", "answer": 2}\n'
MALFORMED: dict[str, tuple[str, str | bytes, str]] = {
    "bad UTF-8": ("p.jsonl", GOOD.encode() + b'{"problem": "caf\xe9"}\n', "line 2: the text is not UTF-8 .byte 0xe9"),
    "bad UTF-8 in an array": ("p.json", b'[\n{"problem": "a"},\n{"problem": "caf\xe9"}]', "line 3: .* not UTF-8"),
    "UTF-16": ("p.csv", "problem,answer\na,b\n".encode("utf-16"), "line 1: .*UTF-16"),
    "half a JSON line": ("p.jsonl", GOOD + '{"id": 2, "problem": "Wha\n' + GOOD, "line 2: the JSON breaks off"),
    "not JSON": ("p.jsonl", GOOD + "What is 2 + 2?\n", "line 2: this is not JSON"),
    "a number for a problem": ("p.jsonl", GOOD + "7\n", "line 2: this is not an object"),
    "an open array": ("p.json", '[{"problem": "a"},\n{"problem": "b"}\n', "line 3: the JSON array is never closed"),
    "half an object in an array": ("p.json", '[{"problem": "a"},\n{"problem": "b"', "line 2: the JSON breaks off"),
    "no comma in an array": ("p.json", '[{"problem": "a"}\n{"problem": "b"}]', "line 2: .*expected , or ]"),
    "text after an array": ("p.json", '[{"problem": "a"}]\n\n{}', "line 3: there is more text"),
    "an array of numbers": ("p.json", '[{"problem": "a"},\n1]', "line 2: this is not a problem"),
    "nested too deeply": ("p.jsonl", GOOD + "[" * 100_000, "line 2: the JSON is nested too deeply"),
    "digits without end": ("p.jsonl", GOOD + '{"problem": "a", "answer": ' + "9" * 5000 + "}", "line 2: .*digits"),
    "missing field": (
        "p.jsonl",
        GOOD + '{"text": "What is 2 + 2?"}\n',
        "line 2: there is no problem .*--problem-field",
    ),
    "missing column": ("p.csv", "a,b\n1,2\n", "line 2: there is no problem among the fields .a, b."),
    "a blank problem": ("p.jsonl", GOOD + '{"problem": " "}\n', "line 2: the field 'problem' is blank"),
    "a problem that is an object": ("p.jsonl", '{"problem": {"text": "a"}}\n', "line 1: .*holds an object"),
    "a conversation": ("p.jsonl", '{"prompt": [{"role": "system"}, {"role": "user"}]}\n', "line 1: .*holds a list"),
    "an answer that is an object": ("p.jsonl", '{"problem": "a", "answer": {"v": 1}}\n', "line 1: .*--answer-field"),
    "half a character": ("p.jsonl", GOOD + '{"problem": "\\ud800"}\n', r"line 2: .*half a character .\\ud800"),
    "empty": ("p.jsonl", "", "holds no problems"),
    "blank lines only": ("p.txt", "\n \n", "holds no problems"),
    "an empty array": ("p.json", "[]", "holds no problems"),
    "duplicate ids": ("p.jsonl", GOOD + "\n" + GOOD, "line 3: the id '1' is already that of line 1"),
    "too many cells": ("p.csv", "problem,answer\na,1\nWhat is 1,000 + 1?,1001\n", "line 3: the row has 3 cells"),
    "an open quote": ("p.csv", 'problem,answer\na,1\n"b,2\nc,3\n', "line 3: the row that begins here is broken"),
    "a cut gzip": ("p.jsonl.gz", gzip.compress(GOOD.encode() * 99)[:-20], "damaged or cut-short gzip"),
    "no gzip inside": ("p.jsonl.gz", b"\x1f\x8bnonsense", "damaged or cut-short gzip"),
    "a cut Parquet file": ("p.parquet", b"PAR1 and then nothing", "row 1: the Parquet file can't be read"),
    "a line too long": ("p.jsonl", '{"problem": "' + "a" * 17_000_000, "line 1: the line is longer than 16 MiB"),
    "an array too long": ("p.json", '[\n{"problem": "' + "a" * 2**27, "line 1: the JSON is longer than 128 MiB"),
    "a cell too long": ("p.csv", "problem\n" + '"' + ("a" * 99 + "\n") * 170_000, "line 2: .*field larger than"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_file_gives_one_sentence_with_the_line(tmp_path: Path, case: str) -> None:
    name, data, message = MALFORMED[case]
    with pytest.raises(ThinkcapError, match=message) as caught:
        load(written(tmp_path / name, data))
    sentence = str(caught.value)
    assert name in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 400


def test_folders_and_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ThinkcapError, match="is a folder, not a file"):
        load(str(tmp_path))
    with pytest.raises(ThinkcapError, match="There is no file"):
        load(str(tmp_path / "none.jsonl"))
    with pytest.raises(ThinkcapError, match="can't be opened"):
        load("nul\0byte")


@pytest.mark.parametrize("name", ["p.jsonl", "p.json", "p.csv", "p.txt", "p"])
def test_a_gigabyte_on_one_line_is_refused_in_bounded_memory(tmp_path: Path, name: str) -> None:
    import tracemalloc

    path = tmp_path / name
    with path.open("wb") as file:
        file.write(b'[{"problem": "' if name.endswith("n") else b'{"problem": "')
        file.truncate(1_000_000_000)  # a hole: no disk is used
    tracemalloc.start()
    with pytest.raises(ThinkcapError, match=r"line 1: .*longer than (16|128) MiB"):
        load(str(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * formats.MAX_RECORD_BYTES


@settings(max_examples=50)
@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"]), min_size=1).filter(str.strip), min_size=1))
def test_json_survives_any_text_in_any_layout(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("any")
    entries = [{"problem": text} for text in texts]
    for name, data in {
        "a.jsonl": jsonl(entries),
        "b.json": json.dumps(entries, indent=1),
        "c.json": json.dumps(texts),
    }.items():
        assert [problem.text for problem in load(written(folder / name, data))] == [text.strip() for text in texts]
