"""A model's weights and vocabulary, thin over llama.cpp's low-level C interface. The only file that imports it.

Tokens are ints, text that goes in and out is bytes.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
import weakref
from collections import deque
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import llama_cpp.llama_cpp as api
import psutil

from thinkcap.engine.model.batching import Batching
from thinkcap.engine.model.file_errors import ModelFileError, check_head, why_unloadable
from thinkcap.errors import ClosedError, ThinkcapError
from thinkcap.text import write

if TYPE_CHECKING:
    from thinkcap.engine.model.kv_cache import KvCache

__all__ = ["Model", "ModelFileError", "api", "can_offload", "free_memory", "start", "system_info", "version"]

_SPECIAL = api.LLAMA_TOKEN_ATTR_CONTROL | api.LLAMA_TOKEN_ATTR_USER_DEFINED
_ALL_LAYERS = 1_000_000
_LOG_LEVEL_ERROR = 4  # GGML_LOG_LEVEL_ERROR
_GPU_KINDS = (1, 2)  # GGML_BACKEND_DEVICE_TYPE_GPU, _IGPU


class _Log:
    """llama.cpp's log: kept off the terminal, its last lines remembered, because only they tell why a load failed."""

    def __init__(self) -> None:
        self.verbose = False
        self.errors: deque[str] = deque(maxlen=20)
        self._callback = api.llama_log_callback(self._take)
        api.llama_log_set(self._callback, ctypes.c_void_p(0))

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
    api.llama_backend_init()
    return log


def version() -> str:
    """llama-cpp-python's version."""
    import llama_cpp

    return str(llama_cpp.__version__)


def build() -> tuple[str, str, list[tuple[str, int, int]]]:
    """What tells the installed build from others: its version, its folder, and each library's name, size and time."""
    folder = Path(api._lib._name).resolve().parent
    stats = [(path.name, path.stat()) for path in sorted(folder.iterdir())]
    return version(), str(folder), [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]


def can_offload() -> bool:
    """Whether the installed build can put layers on a GPU."""
    start()
    return bool(api.llama_supports_gpu_offload())


def free_memory(offloaded: bool) -> int:
    """Bytes that a KV cache can take now: of all GPUs together if layers are there, otherwise of this machine."""
    if offloaded and (on_gpus := _free_on_gpus()):
        return on_gpus
    return psutil.virtual_memory().available


def _free_on_gpus() -> int:
    """Bytes free on all GPUs together; 0 if llama.cpp can't be asked."""
    try:
        library = api._lib
        count, get, kind, memory = (library[f"ggml_backend_dev_{name}"] for name in ("count", "get", "type", "memory"))
    except AttributeError:  # Windows finds only what a library itself exports
        return 0
    count.restype, get.restype = ctypes.c_size_t, ctypes.c_void_p
    get.argtypes, kind.argtypes = (ctypes.c_size_t,), (ctypes.c_void_p,)
    memory.argtypes, memory.restype = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p), None
    free, total, found = ctypes.c_size_t(), ctypes.c_size_t(), 0
    for device in map(get, range(count())):
        if kind(device) in _GPU_KINDS:
            memory(device, ctypes.byref(free), ctypes.byref(total))
            found += free.value
    return found


def system_info() -> str:
    """llama.cpp's line about the CPU features and backends it was built with."""
    start()
    return str(api.llama_print_system_info().decode("utf-8", "replace"))


def quantize(source: Path, target: Path, block_format: str) -> None:
    """Writes a GGUF with its weights in another block format (`Q4_0`, `Q8_0`, …)."""
    start()
    params = api.llama_model_quantize_default_params()
    params.ftype = getattr(api, f"LLAMA_FTYPE_MOSTLY_{block_format}")
    params.pure = True
    if api.llama_model_quantize(str(source).encode(), str(target).encode(), params):
        raise ThinkcapError(f"llama.cpp could not write {target} in {block_format}.")


class Model:
    """A GGUF file, mapped: its metadata, its vocabulary, its weights.

    path           the file; of a split model, the first
    gpu_layers     layers to offload; None offloads all if the build can
    verbose        whether llama.cpp's log goes to standard error
    extra_buffers  whether llama.cpp may rearrange weights for this processor
    caches         its open KV caches
    offloaded      whether layers are on a GPU

    Raises ModelFileError, one sentence, for whatever is not a usable GGUF.
    """

    def __init__(
        self, path: Path, gpu_layers: int | None = None, verbose: bool = False, extra_buffers: bool = True
    ) -> None:
        log = start()
        log.verbose = verbose
        log.errors.clear()
        check_head(path)
        params = api.llama_model_default_params()
        params.n_gpu_layers = _ALL_LAYERS if gpu_layers is None else gpu_layers
        params.use_extra_bufts = extra_buffers
        pointer = api.llama_model_load_from_file(os.fsencode(path), params)
        if not pointer:
            raise ModelFileError(why_unloadable(path, log.errors))
        self._pointer = pointer
        self._free = weakref.finalize(self, api.llama_model_free, pointer)
        self._vocab = api.llama_model_get_vocab(pointer)
        self.caches: weakref.WeakSet[KvCache] = weakref.WeakSet()
        self._pieces: dict[int, bytes] = {}
        self.offloaded = gpu_layers != 0 and can_offload()
        self.path = path
        self.n_vocab: int = api.llama_vocab_n_tokens(self._vocab)
        self.context_length: int = api.llama_model_n_ctx_train(pointer)
        if self.n_vocab == 0:
            self.close()
            raise ModelFileError(f"{path} has no vocabulary, so it cannot be run; use a complete GGUF.")

    def close(self) -> None:
        """Frees the weights, for good. Raises ThinkcapError while a KV cache of the model is open."""
        if self.caches:
            raise ThinkcapError("The model is in use; close its engine instead.")
        self._pointer = None
        self._free()

    @property
    def pointer(self) -> object:
        """llama.cpp's model. Raises ClosedError once it is freed."""
        if not self._pointer:
            raise ClosedError
        return self._pointer

    @property
    def vocab(self) -> object:
        """llama.cpp's vocabulary. Raises ClosedError once it is freed."""
        if not self._pointer:
            raise ClosedError
        return self._vocab

    @cached_property
    def sha256(self) -> str:
        """SHA-256, in hex, of the file's first mebibyte: enough to tell models apart, quick to read."""
        with self.path.open("rb") as file:
            return hashlib.sha256(file.read(1 << 20)).hexdigest()

    def meta(self, key: str) -> str | None:
        """A metadata value as text, None if the file has no such key."""
        size = 256
        while True:
            buffer = ctypes.create_string_buffer(size)
            length: int = api.llama_model_meta_val_str(self.pointer, key.encode(), buffer, size)
            if length < 0:
                return None
            if length < size:
                return buffer.value.decode("utf-8", "replace")
            size = length + 1

    @cached_property
    def chat_template(self) -> str | None:
        """The jinja source of the file's chat template."""
        raw = api.llama_model_chat_template(self.pointer, None)
        return raw.decode("utf-8", "replace") if raw else None

    @cached_property
    def special_tokens(self) -> dict[str, int]:
        """Text to id of every token that stands for itself in a prompt: control and user-defined ones."""
        vocab, attr, text = self.vocab, api.llama_vocab_get_attr, api.llama_vocab_get_text
        special = (token for token in range(self.n_vocab) if attr(vocab, token) & _SPECIAL)
        found = {(text(vocab, token) or b"").decode("utf-8", "replace"): token for token in special}
        found.pop("", None)
        return found

    @cached_property
    def end_of_generation(self) -> frozenset[int]:
        """The tokens that end a reply."""
        vocab, is_eog = self.vocab, api.llama_vocab_is_eog
        ends = {token for token in self.special_tokens.values() if is_eog(vocab, token)}
        ends.update(token for token in (api.llama_vocab_eos(vocab), api.llama_vocab_eot(vocab)) if token >= 0)
        return frozenset(ends)

    @cached_property
    def bos(self) -> int | None:
        """The token that begins every sequence, None if the model has none."""
        token = api.llama_vocab_bos(self.vocab)
        return int(token) if token >= 0 else None

    @cached_property
    def adds_bos(self) -> bool:
        """Whether a prompt must begin with `bos`."""
        return bool(api.llama_vocab_get_add_bos(self.vocab))

    def token_text(self, token: int | None) -> str:
        """How the vocabulary spells a token; empty for None."""
        if token is None:
            return ""
        return (api.llama_vocab_get_text(self.vocab, token) or b"").decode("utf-8", "replace")

    def eos_text(self) -> str:
        """How the end-of-sentence token is spelled, for chat templates that name it."""
        token = api.llama_vocab_eos(self.vocab)
        return self.token_text(token if token >= 0 else None)

    def tokenize(self, text: str) -> list[int]:
        """The tokens of plain text. User-defined tokens that the text spells are still matched by llama.cpp: callers
        split the text if that must not happen (see `prompter.py`)."""
        raw = text.encode("utf-8", "surrogatepass") if text.isascii() else text.encode("utf-8", "replace")
        if not raw:
            return []
        size = len(raw) + 8
        while True:
            tokens = (api.llama_token * size)()
            count = api.llama_tokenize(self.vocab, raw, len(raw), tokens, size, False, False)
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
            length: int = api.llama_token_to_piece(self.vocab, token, buffer, size, 0, True)
            if length >= 0:
                return bytes(buffer.raw[:length])
            size = -length

    @cached_property
    def size(self) -> int:
        """Bytes of all weights."""
        return int(api.llama_model_size(self.pointer))

    @cached_property
    def bytes_per_cell(self) -> int:
        """Bytes one token takes in a 16-bit KV cache."""
        layers: int = api.llama_model_n_layer(self.pointer)
        heads: int = max(1, api.llama_model_n_head(self.pointer))
        kv_heads: int = api.llama_model_n_head_kv(self.pointer) or heads
        width: int = api.llama_model_n_embd(self.pointer) // heads
        architecture = self.meta("general.architecture")
        keys = int(self.meta(f"{architecture}.attention.key_length") or width)
        values = int(self.meta(f"{architecture}.attention.value_length") or width)
        return max(1, 2 * layers * kv_heads * (keys + values))

    @cached_property
    def recurrent(self) -> bool:
        """Whether it has layers that remember a state in the place of tokens."""
        return bool(api.llama_model_is_recurrent(self.pointer) or api.llama_model_is_hybrid(self.pointer))

    @cached_property
    def batching(self) -> Batching:
        """How its decodes are filled up."""
        avx512 = "AVX512 = 1" in system_info()
        return Batching.of(api.llama_model_ftype(self.pointer), self.recurrent, self.offloaded, avx512)
