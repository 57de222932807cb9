"""The whole engine on the real built-in model, in real llama.cpp."""

from __future__ import annotations

import signal
import struct
import subprocess
import sys
import threading
import time
from dataclasses import replace
from itertools import accumulate, count, pairwise
from pathlib import Path
from types import SimpleNamespace

import gguf
import pytest

import thinkcap
from thinkcap.engine.events import Answered, Closed, Finished, Started, Thought
from thinkcap.engine.limits import DoesNotFitError
from thinkcap.engine.model.llama import Model, ModelFileError
from thinkcap.engine.outcome import Failure, Outcome

PROBLEM = "What is 384 + 297 + 581?"
HARD = "What is 4821 + 9377 + 6145 + 2088 + 7316?"


def test_it_solves_a_problem(abacus: thinkcap.Engine) -> None:
    outcome = abacus.solve(PROBLEM)
    assert outcome.answer == "1262"
    assert (outcome.stop_reason, outcome.finish_reason) == ("natural", "stop")
    assert outcome.injected_tokens == 0


@pytest.mark.parametrize("budget", [0, 1, 7, 20, 64])
def test_a_cut_is_exact(abacus: thinkcap.Engine, budget: int) -> None:
    outcome = abacus.solve(HARD, budget, cut_style="bare")
    assert outcome.stop_reason == "budget"
    assert outcome.thinking_tokens == budget
    assert outcome.injected_tokens == 1
    assert outcome.thinking == abacus.solve(HARD, None).thinking[:budget]
    assert outcome.finish_reason == "stop"


def test_a_prompt_of_many_tokens_is_read_alike_whole_and_in_part() -> None:
    """To the last bit on the CPU: the second time, all but its last token is in the cache."""
    problem = " + ".join(str(number**2 * 37 % 9973) for number in range(3, 30))
    with thinkcap.load("abacus", gpu_layers=0) as engine:
        first, second = (engine.solve(f"What is {problem}?", 40, temperature=0.6) for _ in range(2))
        assert first.prompt_tokens > 100
        assert engine.counts.decoded < first.prompt_tokens + 2 * (40 + 20)  # the prompt was read once
        assert second.mean_log_probability == first.mean_log_probability


@pytest.mark.parametrize("temperature", [0.0, 0.6])
def test_smaller_budgets_are_prefixes_of_larger_ones(abacus: thinkcap.Engine, temperature: float) -> None:
    thoughts = [
        abacus.solve(HARD, budget, temperature=temperature, seed=5, cut_style="bare").thinking
        for budget in range(0, 60, 7)
    ]
    assert all(longer.startswith(shorter) for shorter, longer in pairwise(thoughts))
    assert len(thoughts[-1]) > len(thoughts[0])


def test_seeds_and_samples_differ_and_repeat(abacus: thinkcap.Engine) -> None:
    def thought(**options: int) -> str:
        return abacus.solve(HARD, 80, temperature=3.0, top_p=1.0, **options).thinking  # type: ignore[arg-type]

    assert thought(seed=1) == thought(seed=1)
    assert len({thought(seed=1), thought(seed=2), thought(seed=1, sample=1)}) == 3


def test_the_solution_budget_holds(abacus: thinkcap.Engine) -> None:
    outcome = abacus.solve(PROBLEM, thinkcap.Budget(16, solution=3))
    assert (outcome.solution_tokens, outcome.finish_reason) == (3, "length")


def test_the_streams_texts_are_the_outcomes(abacus: thinkcap.Engine) -> None:
    for style in ("bare", "message", "soft"):
        events = list(abacus.stream(HARD, 40, cut_style=style))
        started, finished = events[0], events[-1]
        assert isinstance(started, Started)
        assert isinstance(finished, Finished)
        outcome = finished.outcome
        assert "".join(event.text for event in events if isinstance(event, Thought)) == outcome.thinking
        assert "".join(event.text for event in events if isinstance(event, Answered)) == outcome.solution
        closed = [event for event in events if isinstance(event, Closed)]
        assert len(closed) == 1
        assert closed[0].thinking_tokens == outcome.thinking_tokens == 40 or outcome.stop_reason == "natural"
        assert started.thinking_limit == 40
        solved = abacus.solve(HARD, 40, cut_style=style)
        assert replace(solved, seconds=outcome.seconds) == outcome


def test_message_style_tells_the_model(abacus: thinkcap.Engine) -> None:
    outcome = abacus.solve(HARD, 20, cut_style="message")
    assert outcome.thinking.endswith(abacus.profile.cut_message)
    message = len(abacus.model.tokenize(abacus.profile.cut_message))
    assert outcome.injected_tokens == message + 1
    assert outcome.thinking_tokens == 20


def test_a_minimum_replaces_the_close_by_wait(abacus: thinkcap.Engine) -> None:
    short = abacus.solve("5 + 4 = ?")
    longer = abacus.solve("5 + 4 = ?", thinkcap.Budget(400, min_thinking=short.thinking_tokens + 30))
    assert longer.thinking.startswith(short.thinking + "Wait")
    assert longer.thinking_tokens >= short.thinking_tokens + 30
    assert longer.injected_tokens >= len(abacus.model.tokenize("Wait"))


def test_a_time_limit_holds(abacus: thinkcap.Engine) -> None:
    began = time.perf_counter()
    outcome = abacus.solve(PROBLEM, thinkcap.Budget(None, min_thinking=7000, time_limit=1.0))
    took = time.perf_counter() - began
    assert outcome.stop_reason == "deadline"
    assert took < 1.5


@pytest.mark.parametrize("slowing", [1.0, 1.002], ids=["a steady machine", "one that slows down"])
def test_a_time_limit_leaves_time_for_the_solution(
    abacus: thinkcap.Engine, monkeypatch: pytest.MonkeyPatch, slowing: float
) -> None:
    """On a clock of its own, which a busy machine can't stop for half a second."""
    ticks = accumulate(count(), lambda now, tick: now + 0.002 * slowing**tick)
    monkeypatch.setattr("thinkcap.engine.sequence.time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    outcome = abacus.solve(PROBLEM, thinkcap.Budget(None, min_thinking=7000, time_limit=1.0))
    assert outcome.stop_reason == "deadline"
    assert outcome.finish_reason == "stop"
    assert outcome.solution.rstrip().endswith(".")
    assert next(ticks) < 1.05


def test_no_budget_stops_at_the_context(abacus: thinkcap.Engine) -> None:
    with thinkcap.load("abacus", context=512) as engine:
        outcome = engine.solve(PROBLEM, None, min_thinking=490 - 200, solution_budget=60, loop_guard=False)
        assert outcome.prompt_tokens + outcome.thinking_tokens + outcome.injected_tokens <= 512 - 60


def test_no_second_thought_and_no_stray_marker(abacus: thinkcap.Engine) -> None:
    for seed in range(20):
        outcome = abacus.solve(PROBLEM, thinkcap.Budget(5, solution=200), temperature=4.0, top_p=1.0, seed=seed)
        assert "<think>" not in outcome.solution
        assert "</think>" not in outcome.solution


def test_markers_of_several_tokens(abacus: thinkcap.Engine) -> None:
    """A marker of our own, spelled in ordinary characters: cut exactly, never half in the thought or the answer."""
    with thinkcap.load("abacus", think_start="<think>", think_end="[end of thought]") as engine:
        outcome = engine.solve(HARD, 25, cut_style="bare")
        assert outcome.thinking_tokens == 25
        assert outcome.injected_tokens == len(abacus.model.tokenize("[end of thought]"))
        assert outcome.thinking == abacus.solve(HARD, None).thinking[:25]
        assert "[end of thought]" not in outcome.solution


def test_a_natural_close_of_several_tokens(abacus: thinkcap.Engine) -> None:
    """What the model writes by itself serves as its marker: the text from there on is the solution."""
    thought = abacus.solve(HARD, None).thinking
    marker = thought[20:24]
    end = thought.index(marker)
    with thinkcap.load("abacus", think_start="<think>", think_end=marker) as engine:
        outcome = engine.solve(HARD, 200)
        assert outcome.stop_reason == "natural"
        assert outcome.thinking == thought[:end]
        assert outcome.thinking_tokens == end
        assert outcome.injected_tokens == 0


def test_many_at_once_give_what_one_at_a_time_gives(abacus_f16: thinkcap.Engine) -> None:
    problems = [f"What is {a} + {b}?" for a, b in ((3, 4), (812, 99), (5012, 777), (64, 36), (9, 9), (1234, 4321))]
    requests = [abacus_f16.request(problem, budget) for problem in problems for budget in (0, 16, None)]
    alone = {(r.problem, r.budget): abacus_f16.solve(r) for r in requests}
    together = list(abacus_f16.solve_many(requests, parallel=5))
    assert len(together) == len(requests)
    for outcome in together:
        assert isinstance(outcome, thinkcap.Outcome)
        same = alone[outcome.problem, outcome.budget]
        assert (outcome.thinking, outcome.solution) == (same.thinking, same.solution)


def test_one_problem_that_does_not_fit_does_not_stop_the_others(abacus: thinkcap.Engine) -> None:
    requests = [abacus.request("7 " * 5000, 5), abacus.request(PROBLEM)]
    failure, outcome = list(abacus.solve_many(requests))
    assert isinstance(failure, Failure)
    assert isinstance(outcome, thinkcap.Outcome)
    assert outcome.answer == "1262"


def test_a_budget_that_does_not_fit_names_the_largest_that_does(abacus: thinkcap.Engine) -> None:
    with pytest.raises(DoesNotFitError, match=r"the largest that does here is ([\d,]+)") as caught:
        abacus.solve(PROBLEM, 1_000_000)
    largest = int(str(caught.value).rstrip(".").split()[-1].replace(",", ""))
    assert abacus.solve(PROBLEM, largest).answer == "1262"
    with pytest.raises(DoesNotFitError):
        abacus.solve(PROBLEM, largest + 1)


def test_a_problem_longer_than_the_context_is_refused(abacus: thinkcap.Engine) -> None:
    with pytest.raises(DoesNotFitError, match="shorten the problem"):
        abacus.solve("1 + " * 5000, 5)


def test_a_ctrl_c_returns_what_there_is(abacus: thinkcap.Engine) -> None:
    threading.Timer(0.4, lambda: signal.raise_signal(signal.SIGINT)).start()
    outcome = abacus.solve(PROBLEM, None, min_thinking=7000)
    assert (outcome.stop_reason, outcome.finish_reason) == ("interrupted", "interrupted")
    assert outcome.thinking_tokens > 0
    assert outcome.solution == ""
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert abacus.solve(PROBLEM).answer == "1262"


def interrupted_at(engine: thinkcap.Engine, *kinds: type) -> Outcome:
    """The outcome of a stream with a Ctrl-C at the first event of each kind, one after another."""
    waiting = list(kinds)
    for event in engine.submit(PROBLEM, None, min_thinking=7000).stream(answer_first=True):
        while waiting and isinstance(event, waiting[0]):
            waiting.pop(0)
            signal.raise_signal(signal.SIGINT)
    assert isinstance(event, Finished)
    return event.outcome


@pytest.mark.parametrize(
    ("kinds", "finish_reason"),
    [([Thought], "stop"), ([Thought, Thought], "interrupted"), ([Thought, Closed], "interrupted")],
)
def test_the_first_ctrl_c_answers_and_the_second_ends(
    abacus: thinkcap.Engine, kinds: list[type], finish_reason: str
) -> None:
    outcome = interrupted_at(abacus, *kinds)
    assert (outcome.stop_reason, outcome.finish_reason) == ("interrupted", finish_reason)
    assert (outcome.answer is not None) == (finish_reason == "stop")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_third_ctrl_c_quits(abacus: thinkcap.Engine) -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupted_at(abacus, Thought, Thought, Thought)
    assert abacus.solve(PROBLEM).answer == "1262"


def test_a_ctrl_c_in_the_solution_ends_it(abacus: thinkcap.Engine) -> None:
    events = []
    for event in abacus.submit(PROBLEM).stream(answer_first=True):
        if isinstance(event, Closed):
            signal.raise_signal(signal.SIGINT)
        events.append(event)
    assert isinstance(events[-1], Finished)
    outcome = events[-1].outcome
    assert (outcome.stop_reason, outcome.finish_reason) == ("natural", "interrupted")


def test_a_stream_left_early_leaves_the_engine_usable(abacus: thinkcap.Engine) -> None:
    stream = abacus.stream(PROBLEM)
    for _ in range(10):
        next(stream)
    stream.close()
    assert abacus.solve(PROBLEM).answer == "1262"


@pytest.fixture
def abacus_file(abacus: thinkcap.Engine) -> Path:
    return abacus.model.path


def vocabulary_alone(path: Path) -> bytes:
    """A model's file with its metadata and vocabulary, and no tensor."""
    count = struct.Struct("<q")
    whole = path.read_bytes()
    reader = gguf.GGUFReader(path)
    head = bytearray(whole[: reader.tensors[0].field.offset])
    head[8:16] = count.pack(0)  # behind magic and version stands the number of tensors
    return bytes(head)


def test_files_that_are_no_models_get_one_sentence(tmp_path: Path, abacus_file: Path) -> None:
    whole = abacus_file.read_bytes()
    contents = {
        "empty.gguf": b"",
        "text.gguf": b"this is no model at all",
        "noise.gguf": bytes(range(256)) * 50,
        "head.gguf": b"GGUF",
        "metadata.gguf": whole[:3000],
        "tensors.gguf": whole[: len(whole) * 3 // 4],
        "vocabulary.gguf": vocabulary_alone(abacus_file),
    }
    said = {
        "tensors.gguf": "is cut short",
        "vocabulary.gguf": "weights",
        "empty.gguf": "empty",
        "text.gguf": "not a GGUF",
    }
    for name, content in contents.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(ModelFileError) as caught:
            Model(path)
        sentence = str(caught.value)
        assert name in sentence
        assert said.get(name, "") in sentence
        assert "\n" not in sentence
    for path in (tmp_path / "nowhere.gguf", tmp_path):
        with pytest.raises(ModelFileError):
            Model(path)


def test_nothing_of_llama_cpp_reaches_the_terminal() -> None:
    program = "import thinkcap; print(thinkcap.load('abacus').solve('5 + 4 = ?').answer)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("9\n", "")
