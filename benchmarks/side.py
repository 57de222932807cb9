"""One side of a comparison, in a process of its own: prints one JSON object. `compare.py` runs these in turn.

python benchmarks/side.py thinkcap-decode MODEL WIDTH TOKENS
python benchmarks/side.py thinkcap-many MODEL REQUESTS PROMPT TOKENS    (REQUESTS prompts, 16 at once)
python benchmarks/side.py thinkcap-samples MODEL SAMPLES PROMPT TOKENS  (SAMPLES of one prompt)
python benchmarks/side.py high-level MODEL TOKENS                       (llama-cpp-python's own loop)
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time

import thinkcap
from thinkcap.engine.engine import Engine, Failure
from thinkcap.engine.request import Request
from thinkcap.runs.speed import measure

SAMPLING = {"temperature": 0.6, "top_p": 0.95, "top_k": 0, "min_p": 0.0}


def words(engine: Engine, tokens: int, seed: int) -> str:
    """A problem whose whole prompt has about so many tokens."""
    draw = random.Random(seed)
    text = ""
    while len(engine.model.tokenize(text)) < tokens - 8:
        text += f"{draw.randrange(1000)} + "
    return text + "1 = ?"


def asked(engine: Engine, problem: str, tokens: int) -> Request:
    """A thought of exactly so many tokens and a solution of one."""
    return engine.request(
        problem, tokens, min_thinking=tokens, solution_budget=1, cut_style="bare", loop_guard=False, **SAMPLING
    )


def run(engine: Engine, requests: list[Request]) -> dict[str, float]:
    engine.solve("1 + 1 = ?", 1, solution_budget=1)  # the first decode pays for llama.cpp's warm-up
    steps = []
    began = time.perf_counter()
    for result in engine.solve_many(requests, parallel=16, on_step=steps.append):
        if isinstance(result, Failure):
            raise result.error
    wall = time.perf_counter() - began
    outside = (steps[-1].seconds - steps[-1].decode_seconds) / len(steps)
    return {"seconds": wall, "tokens": steps[-1].sampled, "outside_ms": 1000 * outside}


def decode(model: str, width: int, tokens: int) -> dict[str, float]:
    with thinkcap.load(model) as engine:
        rate = measure(engine, (width,), tokens=tokens, prompt_tokens=64).rates[0]
        return {
            "tokens_per_second": rate.tokens_per_second,
            "outside_ms": rate.outside_ms,
            "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "cache_bytes": rate.kv_bytes,
            "weights_bytes": engine.model.size,
        }


def many(model: str, requests: int, prompt: int, tokens: int) -> dict[str, float]:
    with thinkcap.load(model) as engine:
        return run(engine, [asked(engine, words(engine, prompt, seed), tokens) for seed in range(requests)])


def samples(model: str, count: int, prompt: int, tokens: int) -> dict[str, float]:
    with thinkcap.load(model) as engine:
        request = asked(engine, words(engine, prompt, 0), tokens)
        return run(engine, [request.with_sample(sample) for sample in range(count)])


def high_level(model: str, tokens: int) -> dict[str, float]:
    from llama_cpp import Llama

    from thinkcap.catalog.locate import locate
    from thinkcap.engine.threads import physical_cores, suitable

    path = locate(model, None).path
    threads = suitable(path.stat().st_size) if path.stat().st_size < 1 << 26 else physical_cores()
    llama = Llama(str(path), n_ctx=1024, n_threads=threads, verbose=False)
    stamps = []
    for _ in llama.create_completion("What is 384 + 297 + 581?", max_tokens=tokens, stream=True, **SAMPLING):
        stamps.append(time.perf_counter())
    return {"tokens_per_second": (len(stamps) - 1) / (stamps[-1] - stamps[0]), "tokens": len(stamps)}


SIDES = {"thinkcap-decode": decode, "thinkcap-many": many, "thinkcap-samples": samples, "high-level": high_level}

if __name__ == "__main__":
    side, model, *numbers = sys.argv[1:]
    print(json.dumps(SIDES[side](model, *map(int, numbers))))
