"""Accuracy over thinking budgets, in llama.cpp: `python -m training.evaluate thinkcap/catalog/builtin/*.gguf`.

Greedy, one problem at a time. A thought under a smaller budget is a prefix of the one under a larger, so each problem
is thought through once and answered from every prefix.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import jinja2.sandbox
import llama_cpp
import numpy as np

from training import vocabulary

BUDGETS: list[int | None] = [0, 16, 32, 64, 128, None]
LONGEST_THOUGHT = 1024
LONGEST_SOLUTION = 64


class Runner:
    """One model, one sequence, one token at a time."""

    def __init__(self, path: Path, threads: int, temperature: float = 0.0, seed: int = 0) -> None:
        llama_cpp.llama_log_set(_silent, None)
        llama_cpp.llama_backend_init()
        self.temperature, self.random = temperature, np.random.default_rng(seed)
        self.model = llama_cpp.llama_model_load_from_file(str(path).encode(), llama_cpp.llama_model_default_params())
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = params.n_batch = llama_cpp.llama_model_n_ctx_train(self.model)
        params.n_threads = params.n_threads_batch = threads
        self.context = llama_cpp.llama_init_from_model(self.model, params)
        self.vocab = llama_cpp.llama_model_get_vocab(self.model)
        self.size = llama_cpp.llama_vocab_n_tokens(self.vocab)
        template = llama_cpp.llama_model_chat_template(self.model, None).decode()
        self.template = jinja2.sandbox.ImmutableSandboxedEnvironment().from_string(template)
        self.length = 0

    def prompt(self, problem: str) -> list[int]:
        """The chat template applied to one user message, tokenised by llama.cpp (problems here spell no marker)."""
        text = self.template.render(
            bos_token=vocabulary.MARKERS[vocabulary.BEGIN],
            messages=[{"role": "user", "content": problem}],
            add_generation_prompt=True,
        ).encode()
        tokens = (llama_cpp.llama_token * len(text))()
        count = llama_cpp.llama_tokenize(self.vocab, text, len(text), tokens, len(text), False, True)
        return list(tokens[:count])

    def rewind(self, length: int) -> None:
        """Forget all but the first `length` tokens."""
        llama_cpp.llama_memory_seq_rm(llama_cpp.llama_get_memory(self.context), 0, length, -1)
        self.length = length

    def read(self, tokens: list[int]) -> int:
        """Decode `tokens` (at least one) and draw the token that follows."""
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        if llama_cpp.llama_decode(self.context, llama_cpp.llama_batch_get_one(array, len(tokens))):
            raise RuntimeError(f"llama.cpp could not decode {len(tokens)} tokens after {self.length}")
        self.length += len(tokens)
        logits = np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(self.context, -1), (self.size,))
        if not self.temperature:
            return int(logits.argmax())
        weights = np.exp((logits - logits.max()) / self.temperature)
        return int(self.random.choice(self.size, p=weights / weights.sum()))

    def write(self, tokens: list[int], stop: int, limit: int) -> list[int]:
        """Read `tokens`, then write up to `limit` tokens, the `stop` token left out."""
        written: list[int] = []
        token = self.read(tokens)
        while token != stop and len(written) < limit:
            written.append(token)
            token = self.read([token])
        return written


@dataclass(frozen=True)
class Trial:
    """One problem, thought through once and answered from the first tokens of that thought under every budget."""

    thought: str
    closed: bool
    solutions: dict[int | None, str]

    def answer(self, budget: int | None) -> str | None:
        found = re.search(r"\\boxed\{([^{}]*)\}", self.solutions[budget])
        return found[1] if found else None


def attempt(runner: Runner, problem: str, budgets: list[int | None]) -> Trial:
    prompt = runner.prompt(problem)
    runner.rewind(0)
    thought = runner.write(prompt, vocabulary.CLOSE, LONGEST_THOUGHT)
    solutions = {}
    for budget in sorted(budgets, key=lambda budget: len(thought) if budget is None else budget, reverse=True):
        runner.rewind(len(prompt) + min(len(thought), len(thought) if budget is None else budget))
        solutions[budget] = _text(runner.write([vocabulary.CLOSE], vocabulary.END, LONGEST_SOLUTION))
    return Trial(_text(thought), len(thought) < LONGEST_THOUGHT, solutions)


def attempt_with_waits(runner: Runner, problem: str, thinking: int) -> tuple[str, str]:
    """Thought and solution where every close before `thinking` tokens becomes `Wait`, then one is forced."""
    tokens = runner.prompt(problem)
    runner.rewind(0)
    thought: list[int] = []
    while len(thought) < thinking:
        thought += runner.write(tokens, vocabulary.CLOSE, thinking - len(thought))
        tokens = vocabulary.encode("Wait")
    return _text(thought), _text(runner.write([vocabulary.CLOSE], vocabulary.END, LONGEST_SOLUTION))


def _text(tokens: list[int]) -> str:
    spelled = b"".join(bytes([t]) if t < 256 else vocabulary.MARKERS.get(t, "<unused>").encode() for t in tokens)
    return spelled.decode(errors="replace")


@llama_cpp.llama_log_callback
def _silent(level: int, text: bytes, data: object) -> None:
    """llama.cpp's log is of no interest here."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("gguf", type=Path, nargs="+")
    parser.add_argument("--problems", type=Path, default=Path("examples/abacus-heldout.jsonl"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--wrong", action="store_true", help="show the problems answered wrongly without a budget")
    options = parser.parse_args()
    problems = [json.loads(line) for line in options.problems.read_text().splitlines()]
    print("| file | problems | " + " | ".join(_name(budget) for budget in BUDGETS) + " |")
    print("| --- " * (len(BUDGETS) + 2) + "|")
    for path in options.gguf:
        report(path, Runner(path, options.threads, options.temperature), problems, options.wrong)


def report(path: Path, runner: Runner, problems: list[dict[str, str]], show_wrong: bool) -> None:
    """Print a row of accuracies (%) for every family and for all, over the budgets."""
    right: dict[str, list[list[bool]]] = defaultdict(list)
    for problem in problems:
        trial = attempt(runner, problem["problem"], BUDGETS)
        marks = [trial.answer(budget) == problem["answer"] for budget in BUDGETS]
        right[problem["family"]].append(marks)
        if show_wrong and not marks[-1]:
            print(json.dumps(problem), trial.thought, trial.solutions[None], sep="\n")
    right["all"] = [marks for family in right.values() for marks in family]
    for family, marks in right.items():
        shares = [100 * sum(column) / len(marks) for column in zip(*marks, strict=True)]
        print(f"| {path.name} | {family} ({len(marks)}) | " + " | ".join(f"{share:.1f}" for share in shares) + " |")


def _name(budget: int | None) -> str:
    return "none" if budget is None else str(budget)


if __name__ == "__main__":
    main()
