# ruff: noqa: E501
"""Whole model files that say what is not so: the built-in one, changed by a seed, its weights still behind it.

`HOSTILE` is a fixed list of what once ended llama.cpp, and with it the process, or might. `case` makes new ones, and
`check` is what has to hold for each.
"""

from __future__ import annotations

import os
import struct
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import thinkcap
from tests.hostile.generators.model_headers import ARRAY, NUMBERS, SCALARS, STRING, TEXTS
from thinkcap.catalog import model_trial
from thinkcap.engine.engine import Engine
from thinkcap.engine.model.llama import Model
from thinkcap.engine.profile import Profile
from thinkcap.errors import ThinkcapError

BUILTIN = Path(thinkcap.__file__).parent / "catalog" / "builtin" / "abacus-f16.gguf"
ALIGNMENT = 32
CODES = {code: kind for kind, code in SCALARS.items()}
ODD_FLOATS = (float("nan"), float("inf"), float("-inf"), -1.0, -0.0, 0.0, 1e-30, 1e30, 3.4e38)
TOKENS, TYPES, MERGES = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type", "tokenizer.ggml.merges"


@dataclass(frozen=True)
class Tensor:
    """What a file says of one tensor."""

    name: bytes
    shape: tuple[int, ...]
    kind: int
    offset: int


@dataclass(frozen=True)
class File:
    """A GGUF taken apart: its metadata as types and bytes, its tensors, and all its weights as they lie in it."""

    pairs: dict[str, tuple[int, bytes]]
    tensors: tuple[Tensor, ...]
    weights: bytes

    @classmethod
    def read(cls, data: bytes) -> File:
        at = 24

        def number(code: str) -> int:
            nonlocal at
            (value,) = struct.unpack_from("<" + code, data, at)
            at += struct.calcsize("<" + code)
            return int(value)

        def text() -> bytes:
            nonlocal at
            length = number("Q")
            at += length
            return data[at - length : at]

        def skip(kind: int) -> None:
            nonlocal at
            if kind == STRING:
                text()
            elif kind == ARRAY:
                element, count = number("I"), number("Q")
                for _ in range(count):
                    skip(element)
            else:
                at += struct.calcsize("<" + SCALARS[kind])

        pairs = {}
        for _ in range(int.from_bytes(data[16:24], "little")):
            key, kind = text().decode(), number("I")
            start = at
            skip(kind)
            pairs[key] = (kind, data[start:at])
        tensors = tuple(
            Tensor(text(), tuple(number("Q") for _ in range(number("I"))), number("I"), number("Q"))
            for _ in range(int.from_bytes(data[8:16], "little"))
        )
        return cls(pairs, tensors, data[-(-at // ALIGNMENT) * ALIGNMENT :])

    def write(self) -> bytes:
        head = struct.pack("<4sIQQ", b"GGUF", 3, len(self.tensors), len(self.pairs))
        for key, (kind, value) in self.pairs.items():
            head += string(key.encode()) + struct.pack("<I", kind) + value
        for tensor in self.tensors:
            head += string(tensor.name) + struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
            head += struct.pack("<IQ", tensor.kind, tensor.offset)
        return head + b"\0" * (-len(head) % ALIGNMENT) + self.weights

    def having(self, key: str, kind: int, value: bytes) -> File:
        return replace(self, pairs={**self.pairs, key: (kind, value)})

    def number(self, key: str, code: str, value: float) -> File:
        return self.having(key, CODES[code], struct.pack("<" + code, value))

    def text(self, key: str, value: bytes) -> File:
        return self.having(key, STRING, string(value))

    def texts(self, key: str) -> list[bytes]:
        value, at, found = self.pairs[key][1], 12, []
        while at < len(value):
            length = int.from_bytes(value[at : at + 8], "little")
            found.append(value[at + 8 : at + 8 + length])
            at += 8 + length
        return found

    def with_texts(self, key: str, texts: list[bytes]) -> File:
        return self.having(key, ARRAY, struct.pack("<IQ", STRING, len(texts)) + b"".join(map(string, texts)))

    def without(self, key: str) -> File:
        return replace(self, pairs={name: pair for name, pair in self.pairs.items() if name != key})


def string(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


SOUND = File.read(BUILTIN.read_bytes())
ARCHITECTURE = "qwen2"
ARCHITECTURES = (
    "llama", "qwen2", "qwen3", "qwen2moe", "qwen3moe", "gemma2", "gemma3", "phi3", "gpt-oss", "deepseek2", "mamba",
    "rwkv6", "bert", "t5", "falcon", "starcoder2", "olmo2", "granite", "command-r", "nemotron", "clip", "", "\x1b[31m",
)  # fmt: skip


def _token(index: int, text: bytes) -> File:
    tokens = SOUND.texts(TOKENS)
    tokens[index] = text
    return SOUND.with_texts(TOKENS, tokens)


HOSTILE: dict[str, File] = {
    "tokens twice": _token(5, SOUND.texts(TOKENS)[6]),
    "all tokens the same": SOUND.with_texts(TOKENS, [b"x"] * len(SOUND.texts(TOKENS))),
    "a token with NUL": _token(5, b"a\0b"),
    "a token of NUL": _token(5, b"\0"),
    "an empty token": _token(5, b""),
    "no vocabulary": SOUND.text("tokenizer.ggml.model", b"no_vocab"),
    "another vocabulary": SOUND.text("tokenizer.ggml.model", b"llama"),
    "a word piece vocabulary": SOUND.text("tokenizer.ggml.model", b"bert"),
    "no tokens": SOUND.with_texts(TOKENS, []),
    "no merges": SOUND.with_texts(MERGES, []) if MERGES in SOUND.pairs else SOUND,
    "epsilon NaN": SOUND.number(f"{ARCHITECTURE}.attention.layer_norm_rms_epsilon", "f", float("nan")),
    "epsilon below 0": SOUND.number(f"{ARCHITECTURE}.attention.layer_norm_rms_epsilon", "f", -1.0),
    "no blocks": SOUND.number(f"{ARCHITECTURE}.block_count", "I", 0),
    "many blocks": SOUND.number(f"{ARCHITECTURE}.block_count", "I", 2**32 - 1),
    "no heads": SOUND.number(f"{ARCHITECTURE}.attention.head_count", "I", 0),
    "three heads": SOUND.number(f"{ARCHITECTURE}.attention.head_count", "I", 3),
    "no KV heads": SOUND.number(f"{ARCHITECTURE}.attention.head_count_kv", "I", 0),
    "odd rope": SOUND.number(f"{ARCHITECTURE}.rope.dimension_count", "I", 7),
    "wide rope": SOUND.number(f"{ARCHITECTURE}.rope.dimension_count", "I", 4096),
    "rope base NaN": SOUND.number(f"{ARCHITECTURE}.rope.freq_base", "f", float("nan")),
    "odd keys": SOUND.number(f"{ARCHITECTURE}.attention.key_length", "I", 7),
    "experts": SOUND.number(f"{ARCHITECTURE}.expert_count", "I", 1000),
    "more experts used than there are": SOUND.number(f"{ARCHITECTURE}.expert_used_count", "I", 9),
    "no context": SOUND.number(f"{ARCHITECTURE}.context_length", "I", 0),
    "end token out of range": SOUND.number("tokenizer.ggml.eos_token_id", "I", 2**31),
    "begin token out of range": SOUND.number("tokenizer.ggml.bos_token_id", "I", 2**32 - 1),
    "weights NaN": replace(SOUND, weights=b"\xff" * len(SOUND.weights)),
    "no weights": replace(SOUND, weights=b""),
    "no tensors": replace(SOUND, tensors=()),
    "all tensors at 0": replace(SOUND, tensors=tuple(replace(each, offset=0) for each in SOUND.tensors)),
}
"""Files by what is wrong with them."""


def case(random: Random) -> tuple[str, bytes]:
    """What was changed, and the changed file."""
    if random.random() < 0.05:
        name, file = random.choice(list(HOSTILE.items()))
        return name, _bytes_changed(random, file.write())
    file, labels = SOUND, []
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        label, file = random.choice(_CHANGES)(random, file)
        labels.append(label)
    data = file.write()
    if random.random() < 0.1:
        labels.append("bytes")
        data = _bytes_changed(random, data)
    return "; ".join(labels), data


def _bytes_changed(random: Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(random.choice((1, 10, 1000))):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed[: random.randrange(len(changed))] if random.random() < 0.2 else changed)


def _number(random: Random, file: File) -> tuple[str, File]:
    key = random.choice([key for key, (kind, _) in file.pairs.items() if kind in SCALARS] or ["x"])
    kind, value = file.pairs.get(key, (4, b"\0\0\0\0"))
    code = SCALARS[kind]
    if code in "fd":
        odd = random.choice(ODD_FLOATS)
        return f"{key} = {odd}", file.number(key, code, odd)
    size = 8 * struct.calcsize(code)
    old = int.from_bytes(value, "little")
    new = random.choice((*NUMBERS, 3, 7, 12, 100, old + 1, old - 1, old * 2, old // 2)) % 2**size
    return f"{key} = {new}", file.having(key, kind, new.to_bytes(size // 8, "little"))


def _other_type(random: Random, file: File) -> tuple[str, File]:
    key = random.choice(list(file.pairs) or ["x"])
    code = random.choice(list(CODES))
    value = random.choice(ODD_FLOATS[3:8]) if code in "fd" else random.choice((0, 1, 2, 100))
    return f"{key} of type {code}", file.number(key, code, value)


def _text(random: Random, file: File) -> tuple[str, File]:
    key = random.choice([key for key, (kind, _) in file.pairs.items() if kind == STRING] or ["x"])
    value = random.choice(
        (*TEXTS, b"llama", b"gpt2", b"bert", b"t5", b"rwkv", b"no_vocab", b"default", b"qwen2", b"{{")
    )
    return f"{key} = {value[:20]!r}", file.text(key, value)


def _architecture(random: Random, file: File) -> tuple[str, File]:
    """Another architecture, for which the same numbers are given."""
    name = random.choice(ARCHITECTURES)
    pairs = {key.replace(f"{ARCHITECTURE}.", f"{name}."): pair for key, pair in file.pairs.items()}
    return f"architecture {name!r}", replace(file, pairs=pairs).text("general.architecture", name.encode())


def _array(random: Random, file: File) -> tuple[str, File]:
    keys = [key for key in (TOKENS, MERGES) if key in file.pairs]
    key = random.choice(keys or [TOKENS])
    texts = file.texts(key) if key in file.pairs else []
    way = random.randrange(6)
    if way == 0 or not texts:
        return f"{key} cut", file.with_texts(key, texts[: random.randrange(len(texts) + 1)])
    if way == 1:
        return f"{key} longer", file.with_texts(
            key, texts + [f"more{n}".encode() for n in range(random.choice((1, 999)))]
        )
    if way == 2:
        random.shuffle(texts)
        return f"{key} shuffled", file.with_texts(key, texts)
    place = random.randrange(len(texts))
    texts[place] = random.choice(
        (random.choice(texts), b"", b"\0", b"a\0b", b" ", b"x y z", b"\xff\xfe", b"y" * 70_000)
    )
    return f"{key}[{place}] = {texts[place][:20]!r}", file.with_texts(key, texts)


def _types(random: Random, file: File) -> tuple[str, File]:
    count = len(file.texts(TOKENS)) if TOKENS in file.pairs else 9
    kinds = [
        random.choice((0, 1, 2, 3, 4, 5, 6, 7, -1, 2**31 - 1)) for _ in range(random.choice((count, count - 1, 0)))
    ]
    return "types of tokens", file.having(TYPES, ARRAY, struct.pack(f"<IQ{len(kinds)}i", 5, len(kinds), *kinds))


def _missing(random: Random, file: File) -> tuple[str, File]:
    key = random.choice(list(file.pairs) or ["x"])
    return f"no {key}", file.without(key)


def _added(random: Random, file: File) -> tuple[str, File]:
    names = (
        "expert_count", "expert_used_count", "expert_group_count", "rope.dimension_count", "rope.scaling.type",
        "rope.scaling.factor", "attention.key_length", "attention.value_length", "attention.sliding_window",
        "attention.causal", "pooling_type", "logit_scale", "vocab_size", "nextn_predict_layers", "leading_dense_block_count",
        "feed_forward_length", "attention.layer_norm_epsilon", "attn_logit_softcapping", "ssm.state_size",
        "attention.head_count", "attention.head_count_kv", "embedding_length_out", "dense_2_feat_out", "decoder_start_token_id",
    )  # fmt: skip
    key = f"{ARCHITECTURE}.{random.choice(names)}"
    code = random.choice("IiQfB?")
    if random.random() < 0.1:
        return f"{key} is a text", file.text(key, random.choice((b"yarn", b"linear", b"longrope", b"x")))
    if random.random() < 0.2:
        count = random.choice((0, 1, 2, 4, 600))
        return f"{key} is {count} numbers", file.having(
            key, ARRAY, struct.pack(f"<IQ{count}I", 4, count, *range(count))
        )
    value = (
        random.choice(ODD_FLOATS[3:8])
        if code == "f"
        else random.choice((0, 1, 2, 3, 7, 64, 100)) % (2 if code == "?" else 999)
    )
    return f"{key} = {value}", file.number(key, code, value)


def _tensor(random: Random, file: File) -> tuple[str, File]:
    if not file.tensors:
        return "nothing", file
    place = random.randrange(len(file.tensors))
    tensor, tensors = file.tensors[place], list(file.tensors)
    sizes = (0, 1, 2, 31, 32, 33, 2**31, 2**32, 2**62, 2**63, 2**64 - 1)
    way = random.randrange(7)
    if way == 0:
        shape = list(tensor.shape)
        shape[random.randrange(len(shape))] = random.choice((*sizes, shape[0] + 1, shape[0] * 2))
        tensors[place] = replace(tensor, shape=tuple(shape))
    elif way == 1:
        tensors[place] = replace(tensor, shape=tuple(random.choice(sizes) for _ in range(random.randrange(7))))
    elif way == 2:
        tensors[place] = replace(tensor, kind=random.choice((*range(45), 2**31)))
    elif way == 3:
        tensors[place] = replace(tensor, offset=random.choice((*sizes, tensor.offset + 32, len(file.weights))))
    elif way == 4:
        tensors[place] = replace(
            tensor, name=random.choice((b"", b"x" * 64, b"x" * 999, b"a\0b", random.choice(tensors).name))
        )
    elif way == 5:
        del tensors[place]
    else:
        tensors.insert(place, tensor)
    return f"tensor {tensor.name.decode()} ({way})", replace(file, tensors=tuple(tensors))


def _weights(random: Random, file: File) -> tuple[str, File]:
    weights = bytearray(file.weights)
    if not weights:
        return "nothing", file
    start = random.randrange(len(weights))
    end = min(len(weights), start + random.choice((2, 1000, 1_000_000)))
    weights[start:end] = random.choice((b"\xff", b"\0", b"\x7e")) * (end - start)
    return f"weights from {start}", replace(file, weights=bytes(weights[: start if random.random() < 0.1 else None]))


Change = Callable[[Random, File], tuple[str, File]]
_CHANGES: tuple[Change, ...] = (
    _number, _number, _number, _other_type, _text, _architecture, _array, _array, _types, _missing, _added, _added, _tensor,
    _tensor, _weights,
)  # fmt: skip


SECONDS = 10
"""Processor time that a process may spend on a file."""


def check(path: Path) -> str:
    """Loads a file as thinkcap does, each step in a process: first the trial, then for good if the trial lived.

    Only a process that never used llama.cpp may call it, because it forks. Returns what came of it. Raises
    AssertionError if the second process dies, or takes too long, or anything but a ThinkcapError comes of it.
    """
    if _forked(lambda: model_trial.use(path, rearrange=True)) < 0:
        return "the trial died"
    code = _forked(lambda: _use(path))
    assert code in (0, 2), f"the process ended in {code}"
    return "a sentence" if code else "a result"


def _use(path: Path) -> int:
    try:
        model = Model(path, gpu_layers=0)
        with Engine(model, Profile(name="hostile", think_start="<think>", think_end="</think>"), threads=1) as engine:
            engine.solve("What is 384 + 297 + 581?", 8, solution_budget=8, temperature=0.0)
    except ThinkcapError as error:
        return 3 if "\n" in str(error) else 2
    return 0


def _forked(work: Callable[[], object]) -> int:
    """The exit code of a process that does `work`, silently; below 0 for a signal."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            import resource

            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            resource.setrlimit(resource.RLIMIT_DATA, (4 << 30, 4 << 30))
            os.environ["GGML_NO_BACKTRACE"] = "1"
            silence, errors = os.open(os.devnull, os.O_RDWR), os.dup(2)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            code = int(work() or 0)  # type: ignore[call-overload]
        except BaseException:
            os.write(errors, traceback.format_exc().encode("utf-8", "replace"))
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)
