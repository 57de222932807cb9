"""What one `llama_decode` costs on this machine without thinkcap, by number of sequences, threads, flash attention,
type of the KV cache and context depth. The defaults of thinkcap's engine follow from these figures.

    python benchmarks/steps.py MODEL [--widths 1,2,4,8,16] [--depth 64] [--threads 2] [--flash auto] [--cache f16]
    python benchmarks/steps.py MODEL --chunks 64,256,512   milliseconds a prompt token by tokens a decode

Prints milliseconds a step, the median of --steps steps. Each step decodes one token of every sequence.
"""

from __future__ import annotations

import argparse
import ctypes
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import llama_cpp.llama_cpp as llama
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.machine import DISTURBED, Watch
from thinkcap.engine.model.threads import physical_cores

FLASH = {"auto": -1, "off": 0, "on": 1}
CACHES = {"f16": 1, "q8_0": 8, "f32": 0, "bf16": 30}  # ggml's numbers
quiet = llama.llama_log_callback(lambda level, text, user: None)


@dataclass(frozen=True)
class Setting:
    """A configuration of llama.cpp. `chunk` is the most tokens in one decode, `micro` the most in one pass through the
    layers."""

    threads: int
    flash: str = "auto"
    cache: str = "f16"
    unified: bool = True
    chunk: int = 512
    micro: int = 512

    def context(self, model: object, cells: int, sequences: int) -> object:
        params = llama.llama_context_default_params()
        params.n_ctx, params.n_seq_max = cells, sequences
        params.n_batch, params.n_ubatch = self.chunk, self.micro
        params.n_threads = params.n_threads_batch = self.threads
        params.flash_attn_type = FLASH[self.flash]
        params.type_k = params.type_v = CACHES[self.cache]
        params.kv_unified, params.no_perf = self.unified, True
        context = llama.llama_init_from_model(model, params)
        if not context:
            raise SystemExit(f"llama.cpp refuses {self}")
        return context


class Batch:
    """A llama_batch over numpy arrays."""

    def __init__(self, size: int) -> None:
        self.tokens, self.positions, self.owners = (np.zeros(size, np.int32) for _ in range(3))
        self.ones, self.wanted = np.ones(size, np.int32), np.zeros(size, np.int8)
        self.pointers = self.owners.ctypes.data + 4 * np.arange(size, dtype=np.uint64)
        self.raw = llama.llama_batch(
            0,
            ctypes.cast(self.tokens.ctypes.data, ctypes.POINTER(ctypes.c_int32)),
            None,
            ctypes.cast(self.positions.ctypes.data, ctypes.POINTER(ctypes.c_int32)),
            ctypes.cast(self.ones.ctypes.data, ctypes.POINTER(ctypes.c_int32)),
            ctypes.cast(self.pointers.ctypes.data, ctypes.POINTER(ctypes.POINTER(ctypes.c_int32))),
            ctypes.cast(self.wanted.ctypes.data, ctypes.POINTER(ctypes.c_int8)),
        )

    def decode(self, context: object, count: int) -> float:
        """Decodes the first `count` tokens and returns the seconds it took."""
        self.raw.n_tokens = count
        began = time.perf_counter()
        if llama.llama_decode(context, self.raw):
            raise SystemExit("llama.cpp could not decode")
        llama.llama_synchronize(context)
        return time.perf_counter() - began


def prompt(context: object, batch: Batch, tokens: int, chunk: int) -> float:
    """Puts `tokens` random tokens into sequence 0 and returns the seconds it took."""
    rng, seconds = np.random.default_rng(0), 0.0
    batch.owners[:], batch.wanted[:] = 0, 0
    for start in range(0, tokens, chunk):
        count = min(chunk, tokens - start)
        batch.tokens[:count] = rng.integers(1000, 100_000, count) % VOCABULARY
        batch.positions[:count] = np.arange(start, start + count)
        batch.wanted[count - 1] = start + count == tokens
        seconds += batch.decode(context, count)
    return seconds


def copy(context: object, sequences: int) -> None:
    """Copies the contents of sequence 0 to every other sequence, in separate cells."""
    size = llama.llama_state_seq_get_size(context, 0)
    state = (ctypes.c_uint8 * size)()
    llama.llama_state_seq_get_data(context, state, size, 0)
    for sequence in range(1, sequences):
        if not llama.llama_state_seq_set_data(context, state, size, sequence):
            raise SystemExit("llama.cpp could not copy a sequence")


def steps(model: object, setting: Setting, widths: list[int], depth: int, count: int, rows: bool = True) -> list[float]:
    """Milliseconds a step at each width."""
    most = max(widths)
    each = -(-(depth + count + 1) // 256) * 256 if not setting.unified else depth + count + 1
    context = setting.context(model, most * each, most)
    memory = llama.llama_get_memory(context)
    batch = Batch(max(setting.chunk, most))
    prompt(context, batch, depth, setting.chunk)
    copy(context, most)
    batch.owners[:most] = np.arange(most)
    batch.tokens[:most] = (7919 * np.arange(1, most + 1)) % VOCABULARY
    batch.wanted[:most] = rows
    found = []
    for width in widths:
        times = []
        for position in range(depth, depth + count + 1):
            batch.positions[:width] = position
            times.append(1000 * batch.decode(context, width))
        found.append(statistics.median(times[1:]))  # the first of a shape builds llama.cpp's graph
        for sequence in range(width):
            llama.llama_memory_seq_rm(memory, sequence, depth, -1)
    llama.llama_free(context)
    return found


def chunks(model: object, setting: Setting, tokens: int) -> float:
    """Milliseconds a prompt token."""
    context = setting.context(model, tokens + 64, 1)
    batch = Batch(setting.chunk)
    prompt(context, batch, min(tokens, setting.chunk), setting.chunk)
    llama.llama_memory_clear(llama.llama_get_memory(context), False)
    seconds = prompt(context, batch, tokens, setting.chunk)
    llama.llama_free(context)
    return 1000 * seconds / tokens


def load(path: Path) -> object:
    global VOCABULARY
    llama.llama_log_set(quiet, ctypes.c_void_p(0))
    llama.llama_backend_init()
    model = llama.llama_model_load_from_file(str(path).encode(), llama.llama_model_default_params())
    if not model:
        raise SystemExit(f"{path} is no usable GGUF")
    VOCABULARY = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    numbers = lambda text: [int(part) for part in text.split(",")]  # noqa: E731
    parser.add_argument("model", type=Path)
    parser.add_argument("--widths", type=numbers, default=[1, 2, 4, 8, 12, 16, 20, 24, 32])
    parser.add_argument("--depth", type=int, default=64, help="tokens of context in each sequence")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--threads", type=int, default=physical_cores())
    parser.add_argument("--flash", choices=FLASH, default="auto")
    parser.add_argument("--cache", choices=CACHES, default="f16")
    parser.add_argument("--streams", action="store_true", help="a KV cache for each sequence instead of one for all")
    parser.add_argument("--no-rows", action="store_true", help="don't read logits")
    parser.add_argument(
        "--chunks", type=numbers, help="measure a prompt of 512 tokens instead, in chunks of these sizes"
    )
    asked = parser.parse_args()
    model = load(asked.model)
    setting = Setting(asked.threads, asked.flash, asked.cache, not asked.streams)
    if asked.chunks:
        print("| tokens a decode | ms a prompt token |\n| --- | --- |")
        for chunk in asked.chunks:
            sized = Setting(asked.threads, asked.flash, asked.cache, True, chunk, chunk)
            print(f"| {chunk} | {chunks(model, sized, 512):.2f} |", flush=True)
        return
    print("| sequences | ms a step | tokens/s |\n| --- | --- | --- |")
    watch = Watch()
    found = steps(model, setting, asked.widths, asked.depth, asked.steps, not asked.no_rows)
    for width, step in zip(asked.widths, found, strict=True):
        print(f"| {width} | {step:.1f} | {1000 * width / step:.1f} |")
    if (others := watch.others()) > DISTURBED:
        print(f"Other processes used {others:.0%} of the machine: measure again.", file=sys.stderr)


VOCABULARY = 0

if __name__ == "__main__":
    main()
