"""The one file that knows llama.cpp: a `Model` (weights and vocabulary) and a `Context` (KV cache and decoding).

Both are thin over llama.cpp's low-level C interface. Tokens are ints, text that goes in and out is bytes, logits are
numpy views of llama.cpp's own memory: valid until the next decode, free to be changed in place.
"""

from __future__ import annotations

import ctypes
import platform
import re
import sys
import time
from collections import deque
from collections.abc import Collection, Sequence
from functools import cache, cached_property
from pathlib import Path

import llama_cpp.llama_cpp as llama
import numpy as np
import numpy.typing as npt

from thinkcap.errors import ThinkcapError
from thinkcap.text import write

_SPECIAL = llama.LLAMA_TOKEN_ATTR_CONTROL | llama.LLAMA_TOKEN_ATTR_USER_DEFINED
_UNPRINTED = llama.LLAMA_TOKEN_ATTR_UNUSED | llama.LLAMA_TOKEN_ATTR_UNKNOWN
_ALL_LAYERS = 1_000_000
_TILE = 4
"""On x86, llama.cpp multiplies these block formats with 4 tokens at a time, and with the 1 to 3 left over in another
pass over all weights."""

_TILED = (
    llama.LLAMA_FTYPE_MOSTLY_Q8_0,
    llama.LLAMA_FTYPE_MOSTLY_Q4_0,
    llama.LLAMA_FTYPE_MOSTLY_Q5_0,
    llama.LLAMA_FTYPE_MOSTLY_IQ4_NL,
)
_ROUNDED = (llama.LLAMA_FTYPE_MOSTLY_F16, llama.LLAMA_FTYPE_MOSTLY_BF16)
"""Formats that llama.cpp multiplies with a single token in another way than with several, and so rounds differently."""

_LOG_LEVEL_ERROR = 4  # GGML_LOG_LEVEL_ERROR


# The same function as llama.llama_get_logits, without its wrapper: a plain address is all that is needed of it.
_logits_address = llama._lib["llama_get_logits"]
_logits_address.argtypes = (ctypes.c_void_p,)
_logits_address.restype = ctypes.c_void_p


class ModelFileError(ThinkcapError):
    """The model file cannot be used; the text says why and what to do."""


class _Log:
    """llama.cpp's log: kept off the terminal, its last lines remembered, because only they tell why a load failed."""

    def __init__(self) -> None:
        self.verbose = False
        self.errors: deque[str] = deque(maxlen=20)
        self._callback = llama.llama_log_callback(self._take)
        llama.llama_log_set(self._callback, ctypes.c_void_p(0))

    def _take(self, level: int, text: bytes, _user: object) -> None:
        line = text.decode("utf-8", "replace")
        if self.verbose:
            write(line, sys.stderr)
        if level == _LOG_LEVEL_ERROR:
            self.errors.append(line.strip())


@cache
def start() -> _Log:
    """Starts llama.cpp, once a process. Returns its log."""
    log = _Log()
    llama.llama_backend_init()
    return log


def version() -> str:
    """llama-cpp-python's version."""
    import llama_cpp

    return str(llama_cpp.__version__)


def can_offload() -> bool:
    """Whether the installed build can put layers on a GPU."""
    start()
    return bool(llama.llama_supports_gpu_offload())


def system_info() -> str:
    """llama.cpp's line about the CPU features and backends it was built with."""
    start()
    return str(llama.llama_print_system_info().decode("utf-8", "replace"))


class Model:
    """A GGUF file, mapped: its metadata, its vocabulary, its weights.

    path        the file; of a split model, the first
    gpu_layers  layers to offload; None offloads all where the build can

    Raises ModelFileError, one sentence, for whatever is not a usable GGUF.
    """

    def __init__(self, path: Path, gpu_layers: int | None = None, verbose: bool = False) -> None:
        log = start()
        log.verbose = verbose
        log.errors.clear()
        _check_head(path)
        params = llama.llama_model_default_params()
        params.n_gpu_layers = _ALL_LAYERS if gpu_layers is None else gpu_layers
        pointer = llama.llama_model_load_from_file(str(path).encode(), params)
        if not pointer:
            raise ModelFileError(_why_unloadable(path, list(log.errors)))
        self._pointer = pointer
        self._vocab = llama.llama_model_get_vocab(pointer)
        self._pieces: dict[int, bytes] = {}
        self._offloaded = gpu_layers != 0 and can_offload()
        self.path = path
        self.n_vocab: int = llama.llama_vocab_n_tokens(self._vocab)
        self.context_length: int = llama.llama_model_n_ctx_train(pointer)
        if self.n_vocab == 0:
            self.close()
            raise ModelFileError(f"{path} has no vocabulary, so it cannot be run; use a complete GGUF.")

    def close(self) -> None:
        """Frees the weights. The model cannot be used afterwards."""
        if self._pointer:
            llama.llama_model_free(self._pointer)
            self._pointer = None

    def meta(self, key: str) -> str | None:
        """A metadata value as text, None where the file has no such key."""
        size = 256
        while True:
            buffer = ctypes.create_string_buffer(size)
            length: int = llama.llama_model_meta_val_str(self._pointer, key.encode(), buffer, size)
            if length < 0:
                return None
            if length < size:
                return buffer.value.decode("utf-8", "replace")
            size = length + 1

    @cached_property
    def chat_template(self) -> str | None:
        """The jinja source of the file's chat template."""
        raw = llama.llama_model_chat_template(self._pointer, None)
        return raw.decode("utf-8", "replace") if raw else None

    @cached_property
    def special_tokens(self) -> dict[str, int]:
        """Text to id of every token that stands for itself in a prompt: control and user-defined ones."""
        vocab, attr, text = self._vocab, llama.llama_vocab_get_attr, llama.llama_vocab_get_text
        special = (token for token in range(self.n_vocab) if attr(vocab, token) & _SPECIAL)
        found = {(text(vocab, token) or b"").decode("utf-8", "replace"): token for token in special}
        found.pop("", None)
        return found

    @cached_property
    def end_of_generation(self) -> frozenset[int]:
        """The tokens that end a reply."""
        vocab, is_eog = self._vocab, llama.llama_vocab_is_eog
        ends = {token for token in self.special_tokens.values() if is_eog(vocab, token)}
        ends.update(token for token in (llama.llama_vocab_eos(vocab), llama.llama_vocab_eot(vocab)) if token >= 0)
        return frozenset(ends)

    @cached_property
    def unprintable(self) -> npt.NDArray[np.int64]:
        """Ids of tokens that stand for nothing (unused, unknown): they are never to be sampled."""
        vocab, attr = self._vocab, llama.llama_vocab_get_attr
        return np.array([t for t in range(self.n_vocab) if attr(vocab, t) & _UNPRINTED], dtype=np.int64)

    @cached_property
    def bos(self) -> int | None:
        """The token that begins every sequence, None where the model has none."""
        token = llama.llama_vocab_bos(self._vocab)
        return int(token) if token >= 0 else None

    @cached_property
    def adds_bos(self) -> bool:
        """Whether a prompt must begin with `bos`."""
        return bool(llama.llama_vocab_get_add_bos(self._vocab))

    def token_text(self, token: int | None) -> str:
        """How the vocabulary spells a token; empty for None."""
        if token is None:
            return ""
        return (llama.llama_vocab_get_text(self._vocab, token) or b"").decode("utf-8", "replace")

    def eos_text(self) -> str:
        """How the end-of-sentence token is spelled, for chat templates that name it."""
        token = llama.llama_vocab_eos(self._vocab)
        return self.token_text(token if token >= 0 else None)

    def tokenize(self, text: str) -> list[int]:
        """The tokens of plain text. User-defined tokens that the text spells are still matched by llama.cpp: callers
        split the text where that must not happen (see `prompt.py`)."""
        raw = text.encode("utf-8", "surrogatepass") if text.isascii() else text.encode("utf-8", "replace")
        if not raw:
            return []
        size = len(raw) + 8
        while True:
            tokens = (llama.llama_token * size)()
            count = llama.llama_tokenize(self._vocab, raw, len(raw), tokens, size, False, False)
            if count >= 0:
                return list(tokens[:count])
            size = -count

    def piece(self, token: int) -> bytes:
        """The bytes a token adds to the text; special tokens give their own spelling."""
        known = self._pieces.get(token)
        if known is None:
            known = self._pieces[token] = self._piece(token)
        return known

    def _piece(self, token: int) -> bytes:
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            length: int = llama.llama_token_to_piece(self._vocab, token, buffer, size, 0, True)
            if length >= 0:
                return bytes(buffer.raw[:length])
            size = -length

    @cached_property
    def size(self) -> int:
        """Bytes of all weights."""
        return int(llama.llama_model_size(self._pointer))

    @cached_property
    def bytes_per_cell(self) -> int:
        """Bytes one token takes in a 16-bit KV cache."""
        layers: int = llama.llama_model_n_layer(self._pointer)
        heads: int = max(1, llama.llama_model_n_head(self._pointer))
        kv_heads: int = llama.llama_model_n_head_kv(self._pointer) or heads
        width: int = llama.llama_model_n_embd(self._pointer) // heads
        architecture = self.meta("general.architecture")
        keys = int(self.meta(f"{architecture}.attention.key_length") or width)
        values = int(self.meta(f"{architecture}.attention.value_length") or width)
        return max(1, 2 * layers * kv_heads * (keys + values))

    @cached_property
    def recurrent(self) -> bool:
        """Whether it has layers that remember a state in the place of tokens."""
        return bool(llama.llama_model_is_recurrent(self._pointer) or llama.llama_model_is_hybrid(self._pointer))

    @cached_property
    def tile(self) -> int:
        """Tokens in a decode of which multiples run best; 1 where that makes no difference."""
        on_x86 = platform.machine().lower() in ("x86_64", "amd64")
        tiled = llama.llama_model_ftype(self._pointer) in _TILED
        return _TILE if on_x86 and tiled and not self.recurrent and not self._offloaded else 1

    @cached_property
    def least(self) -> int:
        """Tokens that a decode needs at least to be rounded as decodes of more are."""
        return 2 if llama.llama_model_ftype(self._pointer) in _ROUNDED else 1

    def context(self, cells: int, sequences: int, threads: int, chunk: int = 512, apart: bool = False) -> Context:
        """A new KV cache of `cells` tokens for up to `sequences` sequences, shared by them, or `apart`."""
        return Context(self, self._pointer, cells, sequences, threads, chunk, apart)


class Context:
    """A KV cache and the decoding over it.

    cells       tokens it holds, all sequences together
    sequences   sequences at most; their ids are 0 … sequences-1
    chunk       tokens one decode takes at most
    apart       whether each sequence has cells of its own, an equal part of all, instead of a share in one pool
    seconds     time spent in llama.cpp's decoding so far

    Cells apart are read without a look at the other sequences' cells, and always in the order of the text: decoding is
    faster, the more so the longer the texts, and what a sequence gets is the same to the last bit whatever runs beside
    it, where its prompt was read in the same pieces: llama.cpp's attention rounds many tokens of a text otherwise than
    few. In one pool a fork shares the cells of what it forked from, which apart have to be copied; there a long prompt
    that many have in common is read faster, too. Sequences apart are decoded together only where their ids follow each
    other: callers keep them in the lowest ones.

    A decode whose last tokens would cost llama.cpp another pass over the weights is filled up with tokens that are
    forgotten again: 14 sequences of a 1.5B model in Q8_0 take 390 ms a step by themselves, 16 take 319.
    """

    def __init__(
        self, model: Model, pointer: object, cells: int, sequences: int, threads: int, chunk: int, apart: bool = False
    ) -> None:
        most = llama.llama_max_parallel_sequences()
        self._tile = model.tile if sequences < most else 1
        self._least = model.least if apart else 1
        params = llama.llama_context_default_params()
        if apart:
            params.n_seq_max = min(most, -(-sequences // self._tile) * self._tile)
            params.n_ctx = -(-cells // sequences) * params.n_seq_max
        else:
            params.n_seq_max = sequences + (self._tile > 1)
            params.n_ctx = cells + self._tile - 1
        params.n_batch = params.n_ubatch = chunk
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = not apart
        params.no_perf = True
        self._pointer = llama.llama_init_from_model(pointer, params)
        if not self._pointer:
            raise ThinkcapError(
                f"A context of {cells:,} tokens does not fit in memory; ask for less with --budget or --context."
            )
        self._memory = llama.llama_get_memory(self._pointer)
        self._n_vocab = model.n_vocab
        self.cells: int = cells
        self.sequences = sequences
        self.apart = apart
        self._ids: int = params.n_seq_max
        self.chunk = chunk
        self._tokens = np.zeros(chunk, dtype=np.int32)
        self._positions = np.zeros(chunk, dtype=np.int32)
        self._owners = np.zeros(chunk, dtype=np.int32)
        self._wanted = np.zeros(chunk, dtype=np.int8)
        self._ones = np.ones(chunk, dtype=np.int32)
        base, width = self._owners.ctypes.data, self._owners.itemsize
        self._owner_pointers = np.arange(base, base + width * chunk, width, dtype=np.uint64)
        self._batch = llama.llama_batch(
            n_tokens=0,
            token=self._tokens.ctypes.data_as(ctypes.POINTER(llama.llama_token)),
            embd=None,
            pos=self._positions.ctypes.data_as(ctypes.POINTER(llama.llama_pos)),
            n_seq_id=self._ones.ctypes.data_as(ctypes.POINTER(ctypes.c_int32)),
            seq_id=ctypes.cast(self._owner_pointers.ctypes.data, ctypes.POINTER(ctypes.POINTER(llama.llama_seq_id))),
            logits=self._wanted.ctypes.data_as(ctypes.POINTER(ctypes.c_int8)),
        )
        self._filled = 0
        self._rows = 0
        self._parts = 0
        self._logits: list[npt.NDArray[np.float32]] = []
        self.seconds = 0.0
        self._seen = (0, 0)

    def close(self) -> None:
        """Frees the cache. The context cannot be used afterwards."""
        if self._pointer:
            llama.llama_free(self._pointer)
            self._pointer = None

    def serves(self, cells: int, sequences: int, apart: bool) -> bool:
        """Whether it can do the work of another with these measures."""
        if self.apart != apart or self.sequences < sequences:
            return False
        if apart:
            return self.cells // self.sequences >= -(-cells // sequences)
        return self.cells >= cells

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
        self._rows += wants_logits
        self._parts += 1
        self._filled = end

    def add_one(self, sequence: int, position: int, token: int) -> None:
        """Puts a single token into the batch and asks for the logits after it."""
        at = self._filled
        self._tokens[at] = token
        self._positions[at] = position
        self._owners[at] = sequence
        self._wanted[at] = 1
        self._rows += 1
        self._parts += 1
        self._filled = at + 1

    def decode(self) -> list[npt.NDArray[np.float32]]:
        """Runs the batch and empties it. Returns the logits asked for, each of shape (vocabulary,), in the order of
        asking; the arrays are llama.cpp's memory."""
        rows = self._rows
        filler = self._fill_up()
        self._batch.n_tokens, self._filled, self._rows, self._parts = self._filled, 0, 0, 0
        start = time.perf_counter()
        status = llama.llama_decode(self._pointer, self._batch)
        address: int = _logits_address(self._pointer) if rows else 0  # waits for a GPU
        self.seconds += time.perf_counter() - start
        for sequence in filler:
            self.forget(sequence)
        if status != 0:
            raise ThinkcapError(
                "llama.cpp found no room in its KV cache; ask for less with --budget or more with --context."
                if status == 1
                else f"llama.cpp failed to decode (status {status}); --verbose shows its log."
            )
        if rows == 0:
            return []
        if (address, rows) != self._seen:
            memory = memoryview((ctypes.c_float * (rows * self._n_vocab)).from_address(address))
            self._logits = list(np.frombuffer(memory, dtype=np.float32).reshape(rows, self._n_vocab))
            self._seen = (address, rows)
        return self._logits

    def _fill_up(self) -> Collection[int]:
        """Fills the batch up to whole tiles where 2 or 3 tokens stand over: 1 costs no more than the filling would.
        Sequences apart are taken apart by llama.cpp so that each gives as many tokens, first one each as a rule: then
        it is their number that counts. A batch with room left has tokens of all sequences in it, so those with higher
        ids are no one's. Returns the sequences that it used."""
        count = self._parts if self.apart else self._filled
        over = count % self._tile
        filler = self._tile - over if over > 1 and count > self._tile else 0
        filler = max(filler, self._least - count)
        if not filler or filler > self.room:
            return ()
        asked = self._rows == self._filled
        token = int(self._tokens[0])
        if self.apart:
            first = int(self._owners[self._filled - 1]) + 1
            used = range(first, min(first + filler, self._ids))
            for sequence in used:
                self.add(sequence, 0, (token,), asked)
        else:
            used = range(self.sequences, self.sequences + 1)
            self.add(self.sequences, 0, [token] * filler, False)
            self._wanted[self._filled - filler : self._filled] = asked
        return used

    def forget(self, sequence: int, start: int = 0) -> bool:
        """Removes a sequence's tokens from position `start` on. False where the model's memory cannot do that in part
        (recurrent layers): nothing was removed then."""
        return bool(llama.llama_memory_seq_rm(self._memory, sequence, start, -1))

    def share(self, source: int, target: int, end: int) -> None:
        """Makes the first `end` tokens of one sequence the beginning of another: at no cost in cells, or where they
        are apart, by copying."""
        if self.apart:
            llama.llama_memory_seq_cp(self._memory, source, target, -1, -1)
            self.forget(target, end)
        else:
            llama.llama_memory_seq_cp(self._memory, source, target, 0, end)


def _check_head(path: Path) -> None:
    """Refuses what plainly is no GGUF before llama.cpp is asked."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except FileNotFoundError:
        raise ModelFileError(f"There is no file {path}; check the path.") from None
    except IsADirectoryError:
        raise ModelFileError(f"{path} is a folder; name a .gguf file in it.") from None
    except OSError as error:
        raise ModelFileError(f"{path} cannot be read ({error.strerror}); check the file and its permissions.") from None
    if not head:
        raise ModelFileError(f"{path} is empty; download it again.")
    if head != b"GGUF":
        raise ModelFileError(f"{path} is not a GGUF file; thinkcap runs models in GGUF form.")


def _why_unloadable(path: Path, errors: list[str]) -> str:
    text = " ".join(errors)
    if "file bounds" in text or "failed to read" in text:
        return f"{path} is cut short (a part of the file is missing); download it again."
    if "unknown model architecture" in text:
        return f"{path} holds an architecture this llama.cpp does not know; run `pip install -U llama-cpp-python`."
    if re.search(r"tensor '.*' not found|missing tensor", text):
        return f"{path} has no (or not all) weights in it; use a complete GGUF of the model."
    reason = next((line for line in errors if "error" in line.lower()), errors[0] if errors else "")
    reason = reason.split(":", 1)[-1].strip().rstrip(".")
    detail = f" (llama.cpp: {reason})" if reason else ""
    return f"{path} could not be loaded{detail}; it may be damaged, so download it again."
