"""Trains abacus from scratch, or resumes from checkpoints: `python -m training.train`.

The stages follow each other. The *stem* trains on whole thoughts. The branch *cuts* continues from it and also sees
thoughts cut at any point. *scope* also sees many long texts outside abacus's scope, *refusals* what people improvise.
*reading* mostly begins thoughts, because whether to refuse is decided there, and *own* and *abacus* do so with more
problems of its own. A *twin* of the branch continues from the stem with the same problems, thoughts and learning rates,
but without cuts. *early* is a model that errs in many ways.
Learning rates depend on the tokens seen, so the result depends on the seed and the number of workers, not on the
machine's speed.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.multiprocessing.spawn import start_processes

from training import samples, vocabulary
from training.model import Abacus
from training.muon import Muon
from training.shape import Shape

STEP_TOKENS = 5_000
MICRO_BATCHES = 4
MUON_RATE, ADAM_RATE = 4e-3, 4e-3
WARM_UP_TOKENS = 600_000
LONG_EVERY, LONGEST = 16, 8_192
"""In the last part of a branch one step in LONG_EVERY has a long sample, of up to LONGEST tokens."""
CHECKPOINT_SECONDS = 60


@dataclass(frozen=True)
class Stage:
    """A part of the training. Tokens are counted before any cut, so that the branch and its twin stay in step.

    rates        learning rate at the stage's start and end, as shares of the highest
    decay_from   share of the stage after which the rate moves from one to the other
    long_from    share of the stage after which long samples are mixed in
    """

    name: str
    seed: int
    tokens: int
    mix: samples.Mix
    start: str | None = None
    rates: tuple[float, float] = (1.0, 0.0)
    decay_from: float = 0.0
    long_from: float = 1.0


STAGES = [
    Stage("stem", 1, 26_000_000, samples.WHOLE, rates=(1.0, 0.9), decay_from=0.95),
    Stage("cuts", 2, 19_000_000, samples.ELASTIC, start="stem", rates=(0.9, 0.0), long_from=0.6),
    Stage("scope", 3, 2_000_000, samples.SCOPE, start="cuts", rates=(0.2, 0.0)),
    Stage("refusals", 4, 1_200_000, samples.REFUSALS, start="scope", rates=(0.3, 0.0)),
    Stage("reading", 6, 2_000_000, samples.READING, start="refusals", rates=(0.25, 0.0)),
    Stage("own", 7, 1_500_000, samples.FINISH, start="reading", rates=(0.2, 0.0)),
    Stage("abacus", 8, 2_500_000, samples.FINISH, start="own", rates=(0.3, 0.0)),
    Stage("early", 5, 250_000, samples.WHOLE, start="scope", rates=(1.0, 1.0)),
    Stage("twin", 2, 19_000_000, samples.TWIN, start="stem", rates=(0.9, 0.0), long_from=0.6),
]


@dataclass
class Progress:
    """The progress of a stage: steps done, tokens before any cut, processor seconds of one worker."""

    steps: int = 0
    tokens: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        rate = self.tokens / max(1, self.seconds)
        return f"{self.seconds:6.0f} s  step {self.steps:5}  {self.tokens:10,} tokens  {rate:,.0f} tokens/s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=Path("training/runs"), help="folder of the stages' checkpoints")
    parser.add_argument("--stages", nargs="+", default=[stage.name for stage in STAGES])
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual tokens, for a trial")
    parser.add_argument("--workers", type=int, default=2, help="processes that share each step's micro-batches")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        start_processes(work, (options, f"file://{folder}/meeting"), nprocs=options.workers, start_method="fork")


def work(rank: int, options: argparse.Namespace, meeting: str) -> None:
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(options.runs / f"compiled-{rank}")  # workers don't share one safely
    torch.set_num_threads(1)
    dist.init_process_group("gloo", meeting, rank=rank, world_size=options.workers)
    for stage in STAGES:
        if stage.name in options.stages:
            Run(options.runs, stage, options.scale).train()
    dist.destroy_process_group()


class Run:
    """Trains one stage: float32 weights are updated, gradients are computed on a copy in `gradient_type`."""

    def __init__(self, folder: Path, stage: Stage, scale: float) -> None:
        self.stage, self.total = stage, int(stage.tokens * scale)
        self.folder = folder / stage.name
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(stage.seed)
        self.model, self.progress = Abacus(Shape()), Progress()
        self.optimizers = make_optimizers(self.model)
        self.checkpoint = self.folder / "checkpoint.pt"
        if self.checkpoint.exists():
            self.load(self.checkpoint, resume=True)
        elif stage.start:
            self.load(folder / stage.start / "checkpoint.pt", resume=False)
        self.low = Abacus(Shape()).to(gradient_type())
        if gradient_type() == torch.bfloat16:
            for block in self.low.blocks:
                block.compile(dynamic=True)
        self.copy_down()

    def train(self) -> None:
        """Trains until the stage's tokens are seen. Leaves `checkpoint.pt` and `log.txt` in the stage's folder."""
        self.say(f"{self.stage.name}: {self.model.parameter_count:,} parameters, from step {self.progress.steps}")
        mean_loss, saved_at, last = None, self.progress.seconds, time.process_time()
        while (done := self.progress.tokens / self.total) < 1:
            self.set_rates(done)
            long = done > self.stage.long_from and self.progress.steps % LONG_EVERY == 0
            random = Random(f"{self.stage.seed} {self.progress.steps}")
            batches, whole = draw_step(random, self.stage.mix, long)
            loss = self.step(batches)
            now = time.process_time()
            self.progress.steps += 1
            self.progress.tokens += whole
            self.progress.seconds += now - last
            last = now
            mean_loss = loss if mean_loss is None else 0.98 * mean_loss + 0.02 * loss
            if self.progress.steps % 20 == 0:
                self.say(f"{self.progress}  loss {mean_loss:.4f}")
            if self.agreed(self.progress.seconds - saved_at) > CHECKPOINT_SECONDS:
                self.save()
                saved_at = self.progress.seconds
        self.save()
        dist.barrier()

    def agreed(self, seconds: float) -> float:
        """The first worker's clock, so that all save at the same step."""
        clock = torch.tensor([seconds])
        dist.broadcast(clock, 0)
        return float(clock.item())

    def set_rates(self, done: float) -> None:
        """Sets the learning rates for the share `done` of the stage."""
        warm = 1.0 if self.stage.start else min(1.0, self.progress.tokens / WARM_UP_TOKENS + 0.01)
        first, last = self.stage.rates
        decay = first + (last - first) * max(0.0, done - self.stage.decay_from) / (1 - self.stage.decay_from)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = warm * decay * group["peak"]

    def step(self, batches: list[list[samples.Sample]]) -> float:
        """One update over `batches`, shared by the workers. Returns the mean loss of a target token, in nats."""
        rank, workers = dist.get_rank(), dist.get_world_size()
        wanted = sum(target != samples.NO_TARGET for batch in batches for sample in batch for target in sample.targets)
        total = 0.0
        for batch in batches[rank::workers]:
            loss = self.low(*collate(batch)) / wanted
            loss.backward()
            total += loss.item()
        with torch.no_grad():
            gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in self.low.parameters()]
            flat = torch.cat([gradient.flatten() for gradient in gradients]).float()
            flat = torch.cat((flat, torch.tensor([total])))
            dist.all_reduce(flat)
            flat[:-1] *= min(1.0, 1.0 / (flat[:-1].norm().item() + 1e-6))
            start = 0
            for parameter in self.model.parameters():
                parameter.grad = flat[start : start + parameter.numel()].view_as(parameter)
                start += parameter.numel()
        for optimizer in self.optimizers:
            optimizer.step()
        self.share_matrices()
        self.low.zero_grad(set_to_none=True)
        self.copy_down()
        return float(flat[-1].item())

    def share_matrices(self) -> None:
        """Gives every worker the matrices that the others updated."""
        rank, matrices = dist.get_rank(), matrices_of(self.model)
        with torch.no_grad():
            mine = [m if i % dist.get_world_size() == rank else torch.zeros_like(m) for i, m in enumerate(matrices)]
            flat = torch.cat([matrix.flatten() for matrix in mine])
            dist.all_reduce(flat)
            for matrix, stepped in zip(matrices, flat.split([m.numel() for m in matrices]), strict=True):
                matrix.copy_(stepped.view_as(matrix))

    def copy_down(self) -> None:
        with torch.no_grad():
            torch._foreach_copy_(list(self.low.parameters()), list(self.model.parameters()))

    def save(self) -> None:
        optimizers: list[list[dict[str, Any]]] = [[] for _ in range(dist.get_world_size())]
        dist.all_gather_object(optimizers, [optimizer.state_dict() for optimizer in self.optimizers])
        if dist.get_rank():
            return
        state = {
            "shape": asdict(self.model.shape),
            "model": self.model.state_dict(),
            "optimizers": optimizers,
            "progress": asdict(self.progress),
        }
        partial = self.checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.checkpoint)

    def load(self, path: Path, resume: bool) -> None:
        state = torch.load(path, weights_only=True)
        self.model.load_state_dict(state["model"])
        if len(state["optimizers"]) == dist.get_world_size():
            for optimizer, saved in zip(self.optimizers, state["optimizers"][dist.get_rank()], strict=True):
                optimizer.load_state_dict(saved)
        if resume:
            self.progress = Progress(**state["progress"])

    def say(self, line: str) -> None:
        if dist.get_rank():
            return
        print(line, flush=True)
        with (self.folder / "log.txt").open("a") as log:
            log.write(line + "\n")


def gradient_type() -> torch.dtype:
    """The type that gradients are computed in: bfloat16 only if the processor multiplies matrices in it.

    Without such instructions torch's bfloat16 products take thirty times as long as those of float32.
    """
    supported: bool = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if supported else torch.float32


def make_optimizers(model: Abacus) -> list[torch.optim.Optimizer]:
    """Muon for this worker's share of the matrices inside the blocks, AdamW for embedding, norms and biases."""
    matrices = matrices_of(model)
    inside = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in inside]
    mine = matrices[dist.get_rank() :: dist.get_world_size()]
    muon = Muon(mine, MUON_RATE, weight_decay=0.05, precision=gradient_type())
    adam = torch.optim.AdamW(others, lr=ADAM_RATE, betas=(0.9, 0.98), weight_decay=0.0)
    for optimizer in (muon, adam):
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return [muon, adam]


def matrices_of(model: Abacus) -> list[Tensor]:
    return [p for p in model.blocks.parameters() if p.dim() == 2]


def draw_step(random: Random, mix: samples.Mix, long: bool) -> tuple[list[list[samples.Sample]], int]:
    """The samples of one step, in micro-batches of similar length to save padding, and their tokens before any cut."""
    drawn, size = [], 0
    while size < STEP_TOKENS:
        sample, whole = samples.make_sample(random, mix)
        drawn.append(sample)
        size += whole
    batches = split(drawn)
    if long:
        batches.append([samples.make_long_sample(random, random.randint(600, LONGEST))])
    return batches, size


def split(drawn: list[samples.Sample]) -> list[list[samples.Sample]]:
    """Micro-batches of about equal size in which the longest sample is at most twice as long as the shortest.

    The largest come first, so that workers who take turns have about as much to do.
    """
    batches: list[list[samples.Sample]] = []
    filled, most = 0, sum(map(len, drawn)) / MICRO_BATCHES
    for sample in sorted(drawn, key=len):
        if not batches or filled >= most or len(sample) > 2 * len(batches[-1][0]):
            batches.append([])
            filled = 0
        batches[-1].append(sample)
        filled += len(sample)
    return sorted(batches, key=lambda batch: -len(batch) * len(batch[-1]))


def collate(batch: list[samples.Sample]) -> tuple[Tensor, Tensor]:
    """Tokens and targets, both (batch, length), padded on the right."""
    length = max(map(len, batch))
    tokens = [sample.tokens + [vocabulary.END] * (length - len(sample)) for sample in batch]
    targets = [sample.targets + [samples.NO_TARGET] * (length - len(sample)) for sample in batch]
    return torch.tensor(tokens), torch.tensor(targets)


if __name__ == "__main__":
    main()
