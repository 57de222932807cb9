"""What a run would take, without loading its model: tokens and time, likely and at worst, and KV memory.

What is likely comes from the results that the run goes on with, or else from the usual lengths of the model's entry.
Unless results say how fast they were, time is an upper bound from two speeds measured on the spot: a step reads every
weight once, and computes twice as many operations a token as there are weights (the roofline of Williams et al.,
doi:10.1145/1498765.1498785, both parts added, as small batches overlap them badly).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from thinkcap.catalog.gguf.header import read_header
from thinkcap.catalog.gguf.quants import bits_per_weight
from thinkcap.engine.engine import PARALLEL
from thinkcap.engine.limits import UNBOUNDED_CONTEXT
from thinkcap.engine.model.kv_pool import affordable, separate_sequences
from thinkcap.engine.model.llama import can_offload, free_memory
from thinkcap.engine.model.threads import physical_cores
from thinkcap.engine.profile import Profile
from thinkcap.runs.batch import Task, tasks_of
from thinkcap.runs.cost import cost_of
from thinkcap.runs.load_options import LoadOptions
from thinkcap.runs.machine_speed import SECONDS_BESIDES, measure_speed
from thinkcap.runs.plan import Plan
from thinkcap.runs.problems import Problem
from thinkcap.runs.result import Key, Result
from thinkcap.runs.result_file import read
from thinkcap.runs.top_up import top_up

BYTES_PER_TOKEN = 3
"""Bytes of a prompt a token stands for, about: mathematics in English, a vocabulary of 150,000."""
TEMPLATE_TOKENS = 20


@dataclass(frozen=True, slots=True)
class RunEstimate:
    """What is left of a run, likely and at worst.

    problems, samples  of the whole run
    results           results to make
    thinking_tokens, solution_tokens  tokens sampled at most
    prompt_tokens     prompt tokens, about; a problem's samples share theirs
    parallel          thoughts at once
    weights_bytes     memory of the weights
    kv_bytes          memory of the KV cache; None if the model is not here to say
    seconds           time at most, about; None on a GPU, whose speed shows only when it runs
    usual_thinking_tokens, usual_solution_tokens, usual_seconds
                      the same if thoughts and solutions are as long as in the results that are there, or else as the
                      model's entry says they usually are; None if neither is known
    model             its name
    continued         thoughts that go on from where the file's were cut
    done              results that are there already, or known from thoughts that ended by themselves
    """

    problems: int
    samples: int
    results: int
    thinking_tokens: int
    solution_tokens: int
    prompt_tokens: int
    parallel: int
    weights_bytes: int
    kv_bytes: int | None
    seconds: float | None
    usual_thinking_tokens: int | None
    usual_solution_tokens: int | None
    usual_seconds: float | None
    model: str
    continued: int
    done: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Demand:
    """What one thought and its answers take at worst, in tokens; `resumed` thinking tokens are read like a prompt."""

    prompt: int
    thinking: int
    solution: int
    answers: int
    resumed: int = 0

    @classmethod
    def of(cls, task: Task, context: int) -> _Demand:
        """`context`: tokens that a thought without a budget ends at."""
        budget = task.request.budget
        prompt = len(task.request.prompt_text.encode()) // BYTES_PER_TOKEN + TEMPLATE_TOKENS
        thinking = max(0, context - prompt - budget.solution) if budget.thinking is None else budget.thinking
        resumed = task.request.earlier.thinking_tokens if task.request.earlier is not None else 0
        return cls(prompt + resumed, thinking - resumed, budget.solution, len(task.keys), resumed)

    @property
    def longest(self) -> int:
        return self.prompt + self.thinking + self.solution

    @property
    def sampled(self) -> int:
        return self.thinking + self.answers * self.solution


@dataclass(frozen=True, slots=True)
class _Usual:
    """What a run usually takes: tokens if that is known, and seconds if results say how fast they were."""

    thinking: int | None = None
    solution: int | None = None
    seconds: float | None = None

    @property
    def sampled(self) -> int | None:
        return None if self.thinking is None or self.solution is None else self.thinking + self.solution


def _as_before(results: Sequence[Result], thoughts: int, width: int) -> _Usual | None:
    """What `thoughts` more take, `width` at once, if they are like those that the results are of; None of none."""
    seconds: dict[tuple[str, int, str], float] = {}
    for result in results:
        if result.error is None:
            thought, took = (result.id, result.sample, result.prompt_text), result.seconds
            seconds[thought] = max(seconds.get(thought, 0.0), took.prompt + took.thinking + took.solution)
    if not seconds:
        return None
    more, cost = thoughts / len(seconds), cost_of(results)
    return _Usual(round(more * cost.thinking), round(more * cost.solution), more * sum(seconds.values()) / width)


def _by_entry(tasks: Sequence[Task], demands: Sequence[_Demand], profile: Profile) -> _Usual:
    """What the tasks take if they are as long as the model's entry says, if it does."""
    thinking = solution = 0
    for task, demand in zip(tasks, demands, strict=True):
        if (usual := profile.usual_thinking) is None and task.request.budget.thinking is None:
            return _Usual()
        whole = demand.thinking + demand.resumed
        likely = min(whole, max(usual or whole, task.request.budget.min_thinking)) - demand.resumed
        # Budgets that the thought does not reach share its last answer.
        reached = sum(fork < demand.resumed + likely for fork in task.request.fork_budgets)
        answers = (reached + 1) * task.request.answers_per_thought
        thinking += max(0, likely)
        solution += answers * min(demand.solution, profile.usual_solution)
    return _Usual(thinking, solution)


def estimate(
    load: LoadOptions,
    plan: Plan,
    problems: Sequence[Problem],
    *,
    parallel: int | None = None,
    output: str | None = None,
) -> RunEstimate:
    """What a run over the problems would take.

    parallel  thoughts at once, at most; None chooses
    output    the result file that it would go on with

    Raises ThinkcapError if nothing is known of the model, or the file can't be read.
    """
    profile, path, weights = _weights(load)
    every = tasks_of(problems, plan, profile)
    held = list(read(output)) if output is not None and Path(output).exists() else []
    there = {Key.of(result) for result in held}
    missing = top_up([task for task in every if not there.issuperset(task.keys)], held)
    tasks = missing.tasks
    demands = [_Demand.of(task, load.context or profile.context or UNBOUNDED_CONTEXT) for task in tasks]
    width = max(1, min(parallel or PARALLEL, len(tasks)))
    prompts = _prompt_tokens(tasks, demands)
    before = _as_before(held, len(tasks), width) if not missing.continued else None  # these thoughts were shorter
    usual = before or _by_entry(tasks, demands, profile)
    seconds, usual_seconds = None, usual.seconds
    if not _offloads(load):
        time_of = _time_by_tokens(load.threads or physical_cores(), weights, profile.quant, width, prompts)
        seconds = time_of(sum(demand.sampled for demand in demands))
        if usual.seconds is None and usual.sampled is not None:
            usual_seconds = time_of(usual.sampled)
    return RunEstimate(
        problems=len(problems),
        samples=plan.samples,
        results=sum(demand.answers for demand in demands),
        thinking_tokens=sum(demand.thinking for demand in demands),
        solution_tokens=sum(demand.answers * demand.solution for demand in demands),
        prompt_tokens=prompts,
        parallel=width,
        weights_bytes=weights,
        kv_bytes=_kv_bytes(path, demands, width, load),
        seconds=seconds,
        usual_thinking_tokens=usual.thinking,
        usual_solution_tokens=usual.solution,
        usual_seconds=usual_seconds,
        model=profile.name,
        continued=missing.continued,
        done=sum(len(task.keys) for task in every) - sum(demand.answers for demand in demands),
    )


def _prompt_tokens(tasks: Sequence[Task], demands: Sequence[_Demand]) -> int:
    """Tokens of all prompts; the samples of a problem that begin at the same place read theirs once."""
    alike = {(task.problem.id, demand.resumed): demand.prompt for task, demand in zip(tasks, demands, strict=True)}
    return sum(alike.values())


def _time_by_tokens(threads: int, weights: int, quant: str, width: int, prompts: int) -> Callable[[int], float]:
    """The seconds that sampled tokens take, `width` sequences at once, after `prompts` tokens are read."""
    speed = measure_speed(threads)
    token = 2 * weights * 8 / bits_per_weight(quant) / speed.operations_per_second
    step = weights / speed.bytes_per_second + width * (token + SECONDS_BESIDES)
    return lambda sampled: sampled / width * step + prompts * token


def _offloads(load: LoadOptions) -> bool:
    return load.gpu_layers != 0 and can_offload()


def _kv_bytes(path: Path | None, demands: Sequence[_Demand], width: int, load: LoadOptions) -> int | None:
    """Memory of the KV cache; None if the model is not here to say, or does not."""
    cell = read_header(path).bytes_per_cell if path else None
    return cell and cell * _cells(demands, width, load.context or affordable(cell, free_memory(_offloads(load))))


def _cells(demands: Sequence[_Demand], width: int, most: int) -> int:
    """KV cells that `width` thoughts at once take at worst, of at most `most`."""
    longest = max((demand.longest for demand in demands), default=0)
    answers = max((demand.answers for demand in demands), default=1)
    if sequences := separate_sequences(longest, answers, width, most):
        return longest * sequences
    return sum(sorted((demand.prompt + demand.sampled for demand in demands), reverse=True)[:width])


def _weights(load: LoadOptions) -> tuple[Profile, Path | None, int]:
    """The model's profile, its file if that is here, and the bytes of its weights."""
    from thinkcap.catalog.gguf.names import size_of
    from thinkcap.catalog.gguf.quants import estimated_size
    from thinkcap.catalog.locate import NotDownloaded, resolve

    try:
        located = load.locate()
    except NotDownloaded:
        reference = resolve(load.name, load.quant)
        if reference.entry is None or reference.entry.parameters is None:
            raise
        quant = reference.quant or reference.entry.quants[0]
        return reference.entry.profile(reference.name, quant), None, estimated_size(reference.entry.parameters, quant)
    return located.profile, located.path, size_of(located.path)
