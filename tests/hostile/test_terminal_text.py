"""No control character of any text from outside reaches a terminal: not in tables, not in errors, not in logs."""

from __future__ import annotations

import ast
import io
import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import thinkcap
from tests.catalog.hub import serve
from tests.catalog.machine import Here
from tests.hostile.generators import results as hostile_results
from tests.hostile.generators.model_texts import with_texts
from tests.hostile.generators.texts import TERMINAL, steering, terminal_text
from tests.show.outcomes import cut_outcome
from thinkcap.cli import run
from thinkcap.engine.events import Answered, Closed, Event, Finished, Thought
from thinkcap.show.console import SafeConsole
from thinkcap.show.live.live_view import LiveView
from thinkcap.show.live.plain_views import PlainView, SolutionView

Ran = Callable[..., tuple[int, str]]
EVERYTHING = " ".join(TERMINAL.values())
DOORS = {"text.py", "show/live/region.py", "grading/worker.py", "catalog/extra_buffers.py"}
"""Files that may write: the door, what moves the cursor, and children that answer through a pipe."""


@pytest.fixture
def ran(capfd: pytest.CaptureFixture[str]) -> Ran:
    """Runs a command line; returns its exit code and all it wrote, after a look for control characters."""

    def run_(*words: str) -> tuple[int, str]:
        code = run(words)
        output = "".join(capfd.readouterr())
        assert steering(output) == []
        assert "Something unforeseen" not in output
        return code, output

    return run_


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "options", [[], ["--votes"], ["--failures"], ["--by", "note"], ["--by", "missing"], ["--plot", "-"], ["--json"]]
)
def test_reports_of_hostile_results(ran: Ran, tmp_path: Path, seed: int, options: list[str]) -> None:
    file = hostile_results.write(hostile_results.results(random.Random(seed), terminal_text), tmp_path / "r.jsonl")
    code, output = ran("report", str(file), *options)
    assert code == (2 if "missing" in options else 0)
    assert output


def test_errors_about_hostile_results(ran: Ran, tmp_path: Path) -> None:
    found = hostile_results.results(random.Random(0), terminal_text)
    del found[0]["thinking"]
    found[0].pop("error", None)
    file = hostile_results.write(found, tmp_path / f"{TERMINAL['title']}{TERMINAL['reordered']}.jsonl")
    assert ran("report", str(file))[0] == 1
    assert ran("report", str(file), "--debug")[0] == 1


def test_names_that_a_user_pastes(ran: Ran) -> None:
    assert ran(EVERYTHING.replace("\0", ""))[0] == 2
    assert ran("report", "--plot", EVERYTHING, "x.jsonl")[0] == 2
    assert ran("models", "show", EVERYTHING)[0] != 0
    assert ran("solve", "1 + 1", "--model", EVERYTHING)[0] != 0
    assert ran("solve", "1 + 1", "--model", "abacus", "--quant", EVERYTHING)[0] != 0


def test_problem_files(ran: Ran, tmp_path: Path) -> None:
    problem = {"id": EVERYTHING, "problem": EVERYTHING + " 1 +" * 4000, "answer": EVERYTHING, EVERYTHING: EVERYTHING}
    (tmp_path / "long.jsonl").write_text(json.dumps(problem) + "\n")
    output = str(tmp_path / "out.jsonl")
    assert ran("batch", str(tmp_path / "long.jsonl"), "-o", output, "--model", "abacus", "--context", "256")[0] == 1
    assert ran("report", output, "--failures")[0] == 0
    (tmp_path / "fields.jsonl").write_text(json.dumps({EVERYTHING: 1, "x": EVERYTHING}) + "\n")
    assert ran("batch", str(tmp_path / "fields.jsonl"), "-o", output, "--model", "abacus")[0] != 0


def test_a_models_name_in_the_log(ran: Ran, tmp_path: Path) -> None:
    model = with_texts(tmp_path / "m.gguf", name=EVERYTHING)
    code, output = ran("solve", "What is 1 + 1?", "--model", str(model), "--budget", "8", "--verbose")
    assert code == 0
    assert "safeevil" in output  # the log is shown, and shows the name


def test_a_templates_own_error(ran: Ran, tmp_path: Path) -> None:
    says = "{% set error = " + json.dumps(EVERYTHING.replace("\0", "")) + " %}{{ raise_exception(error) }}"
    model = with_texts(tmp_path / "m.gguf", template=says + "<think></think>")
    code, output = ran("--debug", "solve", "What is 1 + 1?", "--model", str(model))
    assert code == 1
    assert "Traceback" in output
    assert "safeevil" in output


def test_a_models_facts(ran: Ran, tmp_path: Path) -> None:
    model = with_texts(tmp_path / "m.gguf", name=EVERYTHING, template=EVERYTHING + "<think></think>")
    assert ran("models", "show", str(model))[0] == 0
    assert ran("models", "show", str(model), "--json")[0] == 0


def test_a_models_toml_and_a_hub_of_somebody_else(tmp_path: Path) -> None:
    with serve() as hub:
        machine = Here(tmp_path, hub)
        hub.add("some/one", {f"a{EVERYTHING.replace('/', '')}.gguf".replace("\0", ""): b"x"}, licence=EVERYTHING)
        said = json.dumps(EVERYTHING.replace("\0", ""))
        machine.own_models(f"[models.{said}]\ndescription = {said}\nsources = [{said}]\nlicence = {said}\n")
        for words in (["models"], ["doctor"], ["pull", "some/one"], ["pull", "some/one:q8_0"]):
            done = machine.run(*words)
            assert steering(done.stdout + done.stderr) == [], words


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_every_view_of_a_generation(encoding: str) -> None:
    said = replace(cut_outcome(), answer=EVERYTHING, solution=EVERYTHING, thinking=EVERYTHING).graded(EVERYTHING, False)
    events: list[Event] = [Thought(EVERYTHING, 1), Closed("budget", 1, 0, 1.0), Answered(EVERYTHING, 1), Finished(said)]

    def stream() -> io.TextIOWrapper:
        return io.TextIOWrapper(io.BytesIO(), encoding, errors="replace")

    def text(file: io.TextIOWrapper) -> str:
        file.seek(0)
        return file.read()

    out, err = stream(), stream()
    for view in (PlainView(out), SolutionView(out, err), LiveView(live := stream())):
        with view:
            view.status(EVERYTHING)
            view.begin(0, 2)
            for event in events:
                view.show(event)
            view.conclude(said)
            view.total([said])
    assert steering(text(out) + text(err)) == []
    moves = re.compile(r"\x1b\[[\d;]*[mACJK]|\x1b\[\?2026[hl]|\r")
    assert steering(moves.sub("", text(live))) == []
    assert not re.search(r"\x1b\[[23]J|\x1b\[H|\x1b\[31;7m", text(live))


def test_a_console_writes_no_sequence_but_its_own() -> None:
    file = io.StringIO()
    SafeConsole(file).print(EVERYTHING, end="")
    assert steering(file.getvalue()) == []


def test_there_is_one_door() -> None:
    """Whoever adds a print adds a hole: it belongs into `thinkcap.text`."""
    package = Path(thinkcap.__file__).parent
    holes = []
    for path in package.rglob("*.py"):
        name = path.relative_to(package).as_posix()
        if name in DOORS:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and re.fullmatch(
                r"print|(click\.)?s?echo|echo|sys\.std(out|err)\.write|traceback\.print_\w+|(rich\.)?(\w+\.)?Console",
                ast.unparse(node.func),
            ):
                holes.append(f"{name}:{node.lineno}")
    assert holes == []
