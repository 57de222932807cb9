"""Would speculative decoding from a thought's own n-grams pay off?

The n-grams guess the next tokens, one decode checks several guesses at once, and those that the sampler would have
drawn anyway are kept. The table shows how many are kept on real thoughts, what checking costs on this machine, and the
resulting speed-up.

    python benchmarks/drafting.py
    python benchmarks/drafting.py smollm2 --problems 40

The thoughts are abacus's, whose columns all have the same form, or a small language model's. `--costs-of` is the model
whose decoding is timed, by default the same one.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import thinkcap
from benchmarks import smollm2
from thinkcap.engine.engine import Engine
from thinkcap.runs.drafts import decode_seconds
from thinkcap.runs.speed import DEPTH

HELD_OUT = Path(__file__).parent.parent / "examples" / "abacus-heldout.jsonl"
LENGTHS = (1, 2, 3, 4, 7, 15)


def guess(tokens: list[int], count: int, longest: int = 4, shortest: int = 2) -> list[int]:
    """The tokens that followed the latest earlier occurrence of the last few tokens; the longest match wins."""
    for size in range(longest, shortest - 1, -1):
        tail = tokens[-size:]
        for start in range(len(tokens) - size - 1, -1, -1):
            if tokens[start : start + size] == tail:
                return tokens[start + size : start + size + count]
    return []


def steps(prompt: list[int], text: list[int], count: int) -> tuple[int, int]:
    """How many decodes a generation takes with drafts of `count` tokens, and how many of them check a draft."""
    at = decodes = drafted = 0
    while at < len(text):
        draft = guess(prompt + text[:at], count)
        kept = 0
        while kept < len(draft) and at + kept < len(text) and draft[kept] == text[at + kept]:
            kept += 1
        decodes += 1
        drafted += bool(draft)
        at += kept + 1
    return decodes, drafted


def load(name: str, threads: int | None) -> Engine:
    return smollm2.load(threads) if name == "smollm2" else thinkcap.load(name, threads=threads)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", choices=("abacus", "smollm2"), default="abacus")
    parser.add_argument("--costs-of", metavar="MODEL")
    parser.add_argument("--problems", type=int, default=100)
    parser.add_argument("--temperature", type=float, default=0.6)
    parser.add_argument("--threads", type=int)
    asked = parser.parse_args()
    if asked.model == "smollm2":
        problems, budget = list(smollm2.prompts().values()), thinkcap.Budget(128, 128)
    else:
        problems, budget = (
            [json.loads(line)["problem"] for line in HELD_OUT.read_text().splitlines()],
            thinkcap.Budget(None),
        )
    with load(asked.model, asked.threads) as engine:
        options: thinkcap.Options = {"temperature": asked.temperature, "top_p": 0.95, "cut_style": "bare"}
        found = engine.solve_many(problems[: asked.problems], budget, **options)
        texts = [
            (engine.model.tokenize(o.problem), engine.model.tokenize(o.thinking) + engine.model.tokenize(o.solution))
            for o in found
            if isinstance(o, thinkcap.Outcome)
        ]
    total = sum(len(text) for _, text in texts)
    with load(asked.costs_of or asked.model, asked.threads) as engine:
        single, *checks = decode_seconds(engine, [1, *(count + 1 for count in LENGTHS)], DEPTH)
        print(
            f"{len(texts)} thoughts, {total:,} tokens; one position of {engine.profile.name}: {1000 * single:.2f} ms\n"
        )
        print("| draft | tokens a decode | decodes with a draft | cost of checking | speed-up |")
        print("| --- | --- | --- | --- | --- |")
        for count, check in zip(LENGTHS, checks, strict=True):
            counted = [steps(prompt, text, count) for prompt, text in texts]
            decodes, drafted = (sum(column) for column in zip(*counted, strict=True))
            ratio = check / single
            speed_up = total / (drafted * ratio + decodes - drafted)
            kept, share = total / decodes, 100 * drafted / decodes
            print(f"| {count} | {kept:.2f} | {share:.0f} % | {ratio:.2f} × one | {speed_up:.2f} × |", flush=True)


if __name__ == "__main__":
    main()
