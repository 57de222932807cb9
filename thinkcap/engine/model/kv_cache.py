"""A KV cache and the decoding over it, thin over llama.cpp's low-level C interface.

Logits are numpy views of llama.cpp's own memory: valid until the next decode, free to be changed in place.
"""

from __future__ import annotations

import ctypes
import time
import weakref
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from thinkcap.engine.model.kv_pool import KvPlan
from thinkcap.engine.model.llama import Model, api
from thinkcap.errors import ClosedError, ThinkcapError

# The same function as api.llama_get_logits, without its wrapper: a plain address is all that is needed of it.
_logits_address = api._lib["llama_get_logits"]
_logits_address.argtypes = (ctypes.c_void_p,)
_logits_address.restype = ctypes.c_void_p


class KvCache:
    """A KV cache and the decoding over it.

    shape    its cells and sequences; the ids of sequences are 0 … shape.sequences-1
    chunk    tokens that one decode takes at most
    piece    tokens that one decode should take at most: of one sequence, or in a pool of all together
    odd      whether one decode of several sequences should take an odd number of tokens of each
    seconds  time spent in llama.cpp's decoding so far

    Separate cells are read without a look at other sequences' cells, and always in the order of the text. So decoding
    is faster, the more so the longer the texts; and what a sequence gets is the same to the last bit whatever runs
    beside it and however its tokens are divided among decodes, if callers keep to `piece` and `odd`. In a pool a fork
    shares the cells of what it forked from, which otherwise have to be copied, and a long prompt that many have in
    common is read faster. Sequences with separate cells are decoded together only if their ids are consecutive: callers
    keep them in the lowest ones, and take at least one token of each.

    llama.cpp decodes as many tokens of each of these sequences as the shortest has, then of those that have more, and
    so on. If the numbers are odd, the differences are even, and none of them is a single token, which llama.cpp would
    round in another way if the weights are in f16.

    A decode whose last tokens would cost llama.cpp another pass over the weights is filled up with tokens that are
    forgotten again: with AVX-512, 14 sequences of a 1.5B model in Q8_0 take 390 ms a step, 16 take 319.

    Raises ThinkcapError if there is no memory for it.
    """

    def __init__(self, model: Model, shape: KvPlan, threads: int, chunk: int = 512) -> None:
        self._batching = model.batching if shape.per_sequence_kv else replace(model.batching, min_batch=1)
        if shape.sequences >= api.llama_max_parallel_sequences():
            self._batching = replace(self._batching, tile=1)
        params = _context_params(shape, self._batching.tile, threads, chunk)
        params.op_offload = model.offloaded  # else a GPU would compute what the CPU's layers do with 32 tokens or more
        self._pointer = api.llama_init_from_model(model.pointer, params)
        if not self._pointer:
            raise ThinkcapError(
                f"A context of {shape.cells:,} tokens does not fit in memory; ask for less with `budget` or `context`."
            )
        self._free = weakref.finalize(self, _free_context, self._pointer, model)
        model.caches.add(self)
        self._model = model
        self._memory = api.llama_get_memory(self._pointer)
        self._n_vocab = model.n_vocab
        self.shape = shape
        self.chunk = chunk
        self.piece = min(chunk, self._batching.piece or chunk)
        self.odd = self._batching.min_batch > 1
        self._ids: int = params.n_seq_max
        self._longest: int = params.n_ctx // self._ids
        self._filled = 0
        self._new_batch()
        self.drop_batch()
        self._logits: list[npt.NDArray[np.float32]] = []
        self._seen = (0, 0)
        self.seconds = 0.0

    def _new_batch(self) -> None:
        """Makes the arrays that llama.cpp reads a batch from."""
        chunk = self.chunk
        self._tokens = np.zeros(chunk, dtype=np.int32)
        self._positions = np.zeros(chunk, dtype=np.int32)
        self._owners = np.zeros(chunk, dtype=np.int32)
        self._wanted = np.zeros(chunk, dtype=np.int8)
        self._ones = np.ones(chunk, dtype=np.int32)
        base, width = self._owners.ctypes.data, self._owners.itemsize
        self._owner_pointers = np.arange(base, base + width * chunk, width, dtype=np.uint64)
        self._batch = api.llama_batch(
            n_tokens=0,
            token=self._tokens.ctypes.data_as(ctypes.POINTER(api.llama_token)),
            embd=None,
            pos=self._positions.ctypes.data_as(ctypes.POINTER(api.llama_pos)),
            n_seq_id=self._ones.ctypes.data_as(ctypes.POINTER(ctypes.c_int32)),
            seq_id=ctypes.cast(self._owner_pointers.ctypes.data, ctypes.POINTER(ctypes.POINTER(api.llama_seq_id))),
            logits=self._wanted.ctypes.data_as(ctypes.POINTER(ctypes.c_int8)),
        )

    def close(self) -> None:
        """Frees the cache. It cannot be used afterwards."""
        self._pointer = None
        self._free()
        self._model.caches.discard(self)

    @property
    def room(self) -> int:
        """Tokens that still fit into the batch being filled."""
        return self.chunk - self._filled

    def add(self, sequence: int, position: int, tokens: Sequence[int], wants_logits: bool) -> None:
        """Puts tokens of one sequence into the batch; `wants_logits` asks for the logits after the last of them."""
        first, end = self._filled, self._filled + len(tokens)
        self._tokens[first:end] = tokens
        self._positions[first:end] = range(position, position + end - first)
        self._owners[first:end] = sequence
        self._wanted[first:end] = 0
        self._wanted[end - 1] = wants_logits
        if wants_logits:
            self._rows.append(end - 1)
        self._parts.append((first, end - first))
        self._filled = end

    def add_one(self, sequence: int, position: int, token: int) -> None:
        """Puts a single token into the batch and asks for the logits after it."""
        at = self._filled
        self._tokens[at] = token
        self._positions[at] = position
        self._owners[at] = sequence
        self._wanted[at] = 1
        self._rows.append(at)
        self._parts.append((at, 1))
        self._filled = at + 1

    def drop_batch(self) -> None:
        """Empties the batch without running it."""
        self._filled = 0
        self._rows: list[int] = []  # tokens after which logits are wanted
        self._parts: list[tuple[int, int]] = []  # of each sequence its first token, and their number

    def decode(self) -> list[npt.NDArray[np.float32]]:
        """Runs the batch and empties it. Returns the logits asked for, each of shape (vocabulary,), in the order of
        asking; the arrays are llama.cpp's memory. Raises ThinkcapError if llama.cpp fails or the cache is closed."""
        if not self._pointer:
            raise ClosedError
        count = len(self._rows)
        filler = self._fill_up()
        rows = self._pair_up(self._rows[:count]) if self.odd else range(count)
        self._batch.n_tokens = self._filled
        self.drop_batch()
        start = time.perf_counter()
        status = api.llama_decode(self._pointer, self._batch)
        address: int = _logits_address(self._pointer) if count else 0  # waits for a GPU
        self.seconds += time.perf_counter() - start
        for sequence, position in filler:
            self.forget(sequence, position)
        if status != 0:
            raise ThinkcapError(
                "llama.cpp found no room in its KV cache; ask for less with `budget` or more with `context`."
                if status == 1
                else f"llama.cpp failed to decode (status {status}); `verbose` shows its log."
            )
        if not count:
            return []
        outputs = rows[-1] + 1
        if (address, outputs) != self._seen:
            memory = memoryview((ctypes.c_float * (outputs * self._n_vocab)).from_address(address))
            self._logits = list(np.frombuffer(memory, dtype=np.float32).reshape(outputs, self._n_vocab))
            self._seen = (address, outputs)
        return self._logits if count == outputs else [self._logits[row] for row in rows]

    @property
    def filler_sequences(self) -> range:
        """The sequences that the batch will be filled up with, and that will be empty afterwards.

        Without a unified cache llama.cpp splits a batch into equal lengths, so it is the number of sequences that is
        padded, not of tokens, and prompts alone get no other sequence beside them: their first tokens would become a
        batch of their own.
        A batch with room left has tokens of all active sequences in it, so those with higher ids hold at most what is
        kept.
        """
        separate = self.shape.per_sequence_kv
        if separate and all(length > 1 for _, length in self._parts):
            return range(0)
        filler = self._batching.filler(len(self._parts) if separate else self._filled) if self._filled else 0
        if filler <= 0 or filler > self.room:
            return range(0)
        if not separate:
            return range(self.shape.sequences, self.shape.sequences + 1)
        first = int(self._owners[self._filled - 1]) + 1
        return range(first, min(first + filler, self._ids))

    def spare(self, used: int) -> range:
        """The sequences behind `used` ones with separate cells that a decode of all these will be filled up with."""
        filler = self._batching.filler(used) if self.shape.per_sequence_kv else 0
        return range(used, used + filler)

    def _fill_up(self) -> list[tuple[int, int]]:
        """Adds filler tokens. Returns which sequences they are in, and from which position on."""
        used = self.filler_sequences
        if not used:
            return self._lengthen_prompt()
        asked = len(self._rows) == self._filled
        token = int(self._tokens[0])
        if self.shape.per_sequence_kv:
            for sequence in used:
                self.add(sequence, 0, (token,), asked)
        else:
            filler = self._batching.filler(self._filled)
            self.add(used[0], 0, [token] * filler, False)
            self._wanted[self._filled - filler : self._filled] = asked
        return [(sequence, 0) for sequence in used]

    def _lengthen_prompt(self) -> list[tuple[int, int]]:
        """Adds filler tokens behind a prompt that is alone in the batch, if its sequence has cells for them."""
        if not self.shape.per_sequence_kv or len(self._parts) != 1 or self._filled == 1:
            return []
        sequence, end = int(self._owners[0]), int(self._positions[self._filled - 1]) + 1
        filler = self._batching.filler(self._filled)
        if not 0 < filler <= min(self.room, self._longest - end):
            return []
        self.add(sequence, end, [int(self._tokens[0])] * filler, False)
        return [(sequence, end)]

    def _pair_up(self, rows: list[int]) -> Sequence[int]:
        """Asks for another row of logits in each part of the batch that would have one alone. Returns the numbers of
        the rows that were wanted."""
        several = [(first, count) for first, count in self._parts if count > 1]
        if not several:
            return range(len(rows))
        for first, count in several:
            if self._wanted[first + count - 1]:
                self._wanted[first + count - 2] = 1
        if len(several) == len(self._parts) - 1:
            self._wanted[several[0][0]] = 1  # beside the only single token
        numbers: list[int] = (np.cumsum(self._wanted[: self._filled])[rows] - 1).tolist()
        return numbers

    def forget(self, sequence: int, start: int = 0) -> bool:
        """Removes a sequence's tokens from position `start` on. Returns False if the model's memory cannot do that in
        part (recurrent layers): nothing was removed then."""
        return bool(self._pointer and api.llama_memory_seq_rm(self._memory, sequence, start, -1))

    def share(self, source: int, target: int, end: int) -> None:
        """Makes the first `end` tokens of one sequence the beginning of another: at no cost in cells, or if cells are
        separate, by copying."""
        if not self.shape.per_sequence_kv:
            api.llama_memory_seq_cp(self._memory, source, target, 0, end)
            return
        if self._model.offloaded:
            api.llama_memory_seq_cp(self._memory, source, target, -1, -1)  # all cells, also empty ones
        else:
            self.copy_to(self, source, target)
        self.forget(target, end)

    def copy_to(self, other: KvCache, source: int, target: int) -> None:
        """Copies a sequence's tokens into another cache of the same model, or within this one."""
        size: int = api.llama_state_seq_get_size(self._pointer, source)
        state = (ctypes.c_uint8 * size)()
        written = api.llama_state_seq_get_data(self._pointer, state, size, source)
        if not api.llama_state_seq_set_data(other._pointer, state, written, target):
            raise ThinkcapError("llama.cpp could not copy a sequence in its KV cache; set `context` when loading.")


def _context_params(shape: KvPlan, tile: int, threads: int, chunk: int) -> api.llama_context_params:
    """llama.cpp's parameters for a cache of this shape, with room for filler tokens."""
    params = api.llama_context_default_params()
    if shape.per_sequence_kv:
        params.n_seq_max = min(api.llama_max_parallel_sequences(), -(-shape.sequences // tile) * tile)
        params.n_ctx = -(-shape.cells // shape.sequences) * params.n_seq_max
    else:
        params.n_seq_max = shape.sequences + (tile > 1)
        params.n_ctx = shape.cells + tile - 1
    params.n_batch = params.n_ubatch = chunk
    params.n_threads = params.n_threads_batch = threads
    params.kv_unified = not shape.per_sequence_kv
    params.no_perf = True
    return params


def _free_context(pointer: object, _model: Model) -> None:
    """Frees a context. The model is an argument so that it outlives the context."""
    api.llama_free(pointer)
