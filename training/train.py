"""Train abacus from nothing, or go on from its checkpoint: `python -m training.train --minutes 75`.

Learning rates follow the clock (warm-up, constant, then down to zero at the last minute), so a slow machine trains less
but always ends annealed. The last quarter mixes in long samples of repeated checking, up to the whole context.
"""

from __future__ import annotations

import argparse
import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import torch
from torch import Tensor

from training import samples, vocabulary
from training.model import Abacus, Shape

STEP_TOKENS = 5_000
MICRO_BATCHES = 4
WARM_UP, DECAY_FROM, LONG_FROM = 0.02, 0.45, 0.75
LONG_EVERY, LONGEST = 12, 8_192
"""In the last part one step in this many holds a long sample, of up to so many tokens."""
CHECKPOINT_SECONDS = 120


@dataclass
class Progress:
    """Where a training run stands."""

    steps: int = 0
    tokens: int = 0
    seconds: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=75.0, help="training time in all, earlier parts included")
    parser.add_argument("--run", type=Path, default=Path("training/runs/abacus"), help="folder of checkpoint and log")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--threads", type=int, default=torch.get_num_threads(), help="micro-batches worked on at a time"
    )
    options = parser.parse_args()
    options.run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    with ThreadPoolExecutor(options.threads, initializer=torch.set_num_threads, initargs=(1,)) as workers:
        train(options.run, options.minutes * 60, options.seed, workers)


def train(run: Path, seconds: float, seed: int, workers: ThreadPoolExecutor) -> None:
    """Train until `seconds` of training time are spent; leaves `checkpoint.pt` and `log.txt` in `run`."""
    torch.manual_seed(seed)
    model, progress = Abacus(Shape()), Progress()
    optimizers = make_optimizers(model)
    checkpoint = run / "checkpoint.pt"
    if checkpoint.exists():
        progress = load(checkpoint, model, optimizers)
    random = Random(f"{seed} {progress.steps}")
    say(run, f"{model.parameter_count:,} parameters, {seconds / 60:.1f} minutes, from step {progress.steps}")
    mean_loss, saved_at, last = None, progress.seconds, time.monotonic()
    while (done := progress.seconds / seconds) < 1:
        set_rates(optimizers, done)
        batches = draw_step(random, done, progress.steps)
        loss = step(model, optimizers, batches, workers)
        progress.steps += 1
        progress.tokens += sum(len(sample) for batch in batches for sample in batch)
        now = time.monotonic()
        progress.seconds += now - last
        last = now
        mean_loss = loss if mean_loss is None else 0.98 * mean_loss + 0.02 * loss
        if progress.steps % 20 == 0:
            rate = progress.tokens / progress.seconds
            say(run, f"{progress.seconds:6.0f} s  step {progress.steps:5}  loss {mean_loss:.4f}  {rate:,.0f} tokens/s")
        if progress.seconds - saved_at > CHECKPOINT_SECONDS:
            save(checkpoint, model, optimizers, progress)
            saved_at = progress.seconds
    save(checkpoint, model, optimizers, progress)


def make_optimizers(model: Abacus) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the blocks, AdamW for embedding, norms and biases."""
    matrices = [p for p in model.blocks.parameters() if p.dim() == 2]
    inside = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in inside]
    muon = torch.optim.Muon(matrices, lr=4e-3, weight_decay=0.05, adjust_lr_fn="match_rms_adamw")
    adam = torch.optim.AdamW(others, lr=4e-3, betas=(0.9, 0.98), weight_decay=0.0)
    for optimizer in (muon, adam):
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return [muon, adam]


def set_rates(optimizers: list[torch.optim.Optimizer], done: float) -> None:
    """Learning rates at the share `done` of the training time."""
    share = min(1.0, done / WARM_UP + 0.01, (1 - done) / (1 - DECAY_FROM))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = share * group["peak"]


def draw_step(random: Random, done: float, number: int) -> list[list[samples.Sample]]:
    """The samples of one step, in micro-batches of similar length so that little is padded."""
    drawn, size = [], 0
    while size < STEP_TOKENS:
        drawn.append(samples.make_sample(random))
        size += len(drawn[-1])
    drawn.sort(key=len)
    bounds, filled = [0], 0
    for i, sample in enumerate(drawn):
        filled += len(sample)
        if filled >= size * len(bounds) / MICRO_BATCHES:
            bounds.append(i + 1)
    batches = [drawn[start:end] for start, end in itertools.pairwise(bounds) if end > start]
    if done > LONG_FROM and number % LONG_EVERY == 0:
        batches.append([samples.make_long_sample(random, random.randint(600, LONGEST))])
    return batches


def step(
    model: Abacus,
    optimizers: list[torch.optim.Optimizer],
    batches: list[list[samples.Sample]],
    workers: ThreadPoolExecutor,
) -> float:
    """One update over `batches`; the mean loss a target token, in nats.

    Each worker takes whole micro-batches: the tensors are too small to be worth sharing out among threads one by one.
    """
    wanted = sum(target != samples.NO_TARGET for batch in batches for sample in batch for target in sample.targets)

    def accumulate(batch: list[samples.Sample]) -> float:
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(*collate(batch)) / wanted
        loss.backward()
        return loss.item()

    total = sum(workers.map(accumulate, reversed(batches)))
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return total


def collate(batch: list[samples.Sample]) -> tuple[Tensor, Tensor]:
    """Tokens and targets, both (batch, length), padded on the right."""
    length = max(map(len, batch))
    tokens = [sample.tokens + [vocabulary.END] * (length - len(sample)) for sample in batch]
    targets = [sample.targets + [samples.NO_TARGET] * (length - len(sample)) for sample in batch]
    return torch.tensor(tokens), torch.tensor(targets)


def save(path: Path, model: Abacus, optimizers: list[torch.optim.Optimizer], progress: Progress) -> None:
    state = {
        "shape": asdict(model.shape),
        "model": model.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "progress": asdict(progress),
    }
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)


def load(path: Path, model: Abacus, optimizers: list[torch.optim.Optimizer]) -> Progress:
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    return Progress(**state["progress"])


def say(run: Path, line: str) -> None:
    print(line, flush=True)
    with (run / "log.txt").open("a") as log:
        log.write(line + "\n")


if __name__ == "__main__":
    main()
