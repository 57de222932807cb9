"""Measures one side of a comparison and prints one JSON object. `compare.py` runs each in a separate process.

python benchmarks/side.py single MODEL PROMPT TOKENS          one streamed thought, every event read
python benchmarks/side.py wide MODEL WIDTH PROMPT TOKENS      WIDTH samples of one problem at once
python benchmarks/side.py many MODEL REQUESTS PROMPT TOKENS   REQUESTS problems, 16 at once
python benchmarks/side.py problems MODEL COUNT PROMPT         COUNT problems whose whole prompts are PROMPT tokens long
python benchmarks/side.py prompts MODEL PROMPT                tokens a second of reading a prompt
python benchmarks/side.py memory MODEL WIDTH PROMPT TOKENS    peak memory, and llama.cpp's log of its buffers
python benchmarks/side.py abacus                              abacus on arithmetic problems, one streamed thought each
python benchmarks/side.py high-level MODEL PROMPT TOKENS      llama-cpp-python's own loop
python benchmarks/side.py high-level-abacus                   the same on abacus's problems

Rates are tokens divided by the time from first to last token, so they cover everything a token costs, but not the
prompt. `outside_ms` is the part of a step outside llama.cpp, in milliseconds.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import thinkcap
from thinkcap.engine.core import Step
from thinkcap.engine.engine import Engine
from thinkcap.engine.events import Thought
from thinkcap.engine.outcome import Failure
from thinkcap.engine.request import Request
from thinkcap.engine.settings import Options

WIDTH = 16
SAMPLING: Options = {"temperature": 0.6, "top_p": 0.95, "top_k": 0, "min_p": 0.0}
FRAME = ("<｜User｜>", "<｜Assistant｜><think>\n")
"""What the R1 models' chat template puts before and after a problem, without the first token."""

ABACUS_PROBLEMS = ("What is 4837 * 296?", "What is 738 * 915?", "What is 6094 * 87?", "What is 384 + 297 + 581?")


def problem(engine: Engine, tokens: int, seed: int) -> str:
    """A problem whose whole prompt is `tokens` long."""
    draw = random.Random(seed)
    frame = engine.solve("1", 0, solution_budget=1, cut_style="bare").prompt_tokens - 1
    text = ""
    while len(engine.model.tokenize(text + "0 + ")) <= tokens - frame:
        text += f"{draw.randrange(10)} + "
    while len(engine.model.tokenize(text)) < tokens - frame:
        text += "1"
    return text


def asked(engine: Engine, text: str, tokens: int) -> Request:
    """A request for exactly `tokens` thinking tokens and one solution token."""
    exact: Options = {"min_thinking": tokens, "solution_budget": 1, "cut_style": "bare", "loop_guard": False}
    return engine.request(text, tokens, **(exact | SAMPLING))


def warmed(model: str) -> Engine:
    """An engine that has decoded once: the first decode reads the weights and builds the graphs."""
    engine = thinkcap.load(model)
    engine.solve("1 + 1 = ?", 4, solution_budget=1)
    return engine


def streamed(engine: Engine, request: Request) -> list[float]:
    """When each thinking token arrived."""
    stamps, count = [], 0
    for event in engine.stream(request):
        if isinstance(event, Thought) and event.thinking_tokens > count:
            count = event.thinking_tokens
            stamps.append(time.perf_counter())
    return stamps


def rate(runs: list[list[float]]) -> float:
    """Tokens a second over streamed thoughts, from the first to the last token of each."""
    return sum(len(stamps) - 1 for stamps in runs) / sum(stamps[-1] - stamps[0] for stamps in runs)


def at_once(engine: Engine, requests: list[Request]) -> list[Step]:
    """Runs the requests at once and returns every step."""
    steps: list[Step] = []
    for result in engine.solve_many(requests, parallel=WIDTH, on_step=steps.append):
        if isinstance(result, Failure):
            raise result.error
    return steps


def outside(steps: list[Step], width: int) -> float:
    """Mean milliseconds outside llama.cpp, over the steps in which `width` sequences decoded one token each."""
    spent = [
        later.seconds - earlier.seconds - (later.decode_seconds - earlier.decode_seconds)
        for earlier, later in pairwise(steps)
        if later.active == width and later.sampled - earlier.sampled == width == later.decoded - earlier.decoded
    ]
    return 1000 * sum(spent) / len(spent)


def single(model: str, prompt: int, tokens: int) -> dict[str, float]:
    with warmed(model) as engine:
        request = asked(engine, problem(engine, prompt, 0), tokens)
        return {
            "tokens_per_second": rate([streamed(engine, request)]),
            "outside_ms": outside(at_once(engine, [request]), 1),
        }


def wide(model: str, width: int, prompt: int, tokens: int) -> dict[str, float]:
    with warmed(model) as engine:
        request = asked(engine, problem(engine, prompt, 0), tokens)
        began = time.perf_counter()
        steps = at_once(engine, [request.with_sample(sample) for sample in range(width)])
        wall = time.perf_counter() - began
        full = [step for step in steps if step.active == width]
        tokens_then = full[-1].sampled - full[0].sampled
        return {
            "tokens_per_second": tokens_then / (full[-1].seconds - full[0].seconds),
            "outside_ms": outside(steps, width),
            "seconds": wall,
            "sampled": steps[-1].sampled,
        }


def many(model: str, requests: int, prompt: int, tokens: int) -> dict[str, float]:
    with warmed(model) as engine:
        batch = [asked(engine, problem(engine, prompt, seed), tokens) for seed in range(requests)]
        began = time.perf_counter()
        steps = at_once(engine, batch)
        return {"seconds": time.perf_counter() - began, "sampled": steps[-1].sampled}


def problems(model: str, count: int, prompt: int) -> dict[str, list[str]]:
    with thinkcap.load(model) as engine:
        return {"problems": [problem(engine, prompt, seed) for seed in range(count)]}


def prompts(model: str, prompt: int) -> dict[str, float]:
    with warmed(model) as engine:
        # The first prompt of a size finds llama.cpp's buffers untouched, as llama-bench's does not. The second is
        # another one, as the engine keeps what it has read.
        for number in (0, 1):
            outcome = engine.solve(asked(engine, problem(engine, prompt, number), 1))
        return {"tokens_per_second": outcome.prompt_tokens / outcome.seconds.prompt}


def memory(model: str, width: int, prompt: int, tokens: int) -> dict[str, float]:
    """Peak memory. llama.cpp's log, which reports the size of its buffers, goes to standard error."""
    with thinkcap.load(model, verbose=True) as engine:
        request = asked(engine, problem(engine, prompt, 0), tokens)
        at_once(engine, [request.with_sample(sample) for sample in range(width)])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return {"peak_bytes": peak, "file_bytes": engine.model.path.stat().st_size}


def abacus() -> dict[str, float]:
    short: Options = {"solution_budget": 1}
    with warmed("abacus") as engine:
        requests = [engine.request(text, None, **(SAMPLING | short)) for text in ABACUS_PROBLEMS]
        runs = [streamed(engine, request) for request in requests for _ in range(5)]
        lengths = list(map(len, runs))
        # The mean context depth of one thought of this length equals that of all thoughts together.
        even = sum(length**2 for length in lengths) // sum(lengths)
        return {"tokens_per_second": rate(runs), "threads": engine.threads, "length": even}


def high_level(model: str, prompt: int, tokens: int) -> dict[str, float]:
    with thinkcap.load(model) as engine:
        text = FRAME[0] + problem(engine, prompt, 0) + FRAME[1]
        path, threads = str(engine.model.path), engine.threads
    llama = _llama(path, threads)
    _completed(llama, "1 + 1 = ?", 4)  # as `warmed` does on thinkcap's side
    return {"tokens_per_second": rate([_completed(llama, text, tokens)])}


def high_level_abacus() -> dict[str, float]:
    with thinkcap.load("abacus") as engine:
        llama = _llama(str(engine.model.path), engine.threads)
    texts = [FRAME[0] + text + FRAME[1] for text in ABACUS_PROBLEMS]
    runs = [_completed(llama, text, 4096) for text in texts for _ in range(5)]
    return {"tokens_per_second": rate(runs)}


def _llama(path: str, threads: int) -> Any:
    from llama_cpp import Llama

    return Llama(path, n_ctx=8192, n_threads=threads, n_threads_batch=threads, verbose=False)


def _completed(llama: Any, text: str, tokens: int) -> list[float]:
    return [time.perf_counter() for _ in llama.create_completion(text, max_tokens=tokens, stream=True, **SAMPLING)]


SIDES: dict[str, Callable[..., Mapping[str, object]]] = {
    "single": single,
    "wide": wide,
    "many": many,
    "problems": problems,
    "prompts": prompts,
    "memory": memory,
    "abacus": abacus,
    "high-level": high_level,
    "high-level-abacus": high_level_abacus,
}

if __name__ == "__main__":
    if sys.argv[1:] in ([], ["-h"], ["--help"]):
        print(__doc__)
        sys.exit()
    name, *words = sys.argv[1:]
    print(json.dumps(SIDES[name](*(int(word) if word.isdigit() else word for word in words))))
