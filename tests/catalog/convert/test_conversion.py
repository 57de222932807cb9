"""Conversion keeps the function: checkpoints in the real formats, run by llama.cpp, against numpy in float32."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from tests.catalog.qwen2 import ADDED, MERGES, Qwen2
from thinkcap.catalog import extra_buffers
from thinkcap.catalog.convert.conversion import convert_file
from thinkcap.catalog.gguf.header import read_header
from thinkcap.engine.model.kv_cache import KvCache
from thinkcap.engine.model.kv_pool import KvPlan
from thinkcap.engine.model.llama import Model
from thinkcap.errors import ThinkcapError, UsageError

# How far logits may be from the reference, as a part of their standard deviation, and how often the likeliest token
# must be the same.
CLOSE = {"f16": (2e-2, 0.99), "bf16": (2e-2, 0.99), "q8_0": (5e-2, 0.97)}


def converted(model: Qwen2, folder: Path, quant: str, **how: Any) -> Path:
    model.write(folder, **how)
    output = folder / f"out-{quant}.gguf"
    convert_file(folder, output, quant, name="tiny", report=lambda weights: None)
    return output


def compare(model: Qwen2, path: Path) -> tuple[float, float]:
    """Root mean square error of llama.cpp's logits over their spread, and the share of equal likeliest tokens."""
    rng = np.random.default_rng(1)
    off, equal = [], []
    loaded = Model(path, gpu_layers=0, extra_buffers=extra_buffers.allowed())
    try:
        cache = KvCache(loaded, KvPlan(512, 1), threads=1)
        for _ in range(10):
            tokens = [int(token) for token in rng.integers(0, 256, 64)]
            for position, token in enumerate(tokens):
                cache.add(0, position, [token], wants_logits=True)
            ours = np.array(cache.decode())
            cache.forget(0)
            reference = model.logits(tokens)
            off.append(np.sqrt(np.mean((ours - reference) ** 2)) / reference.std())
            equal.append(np.mean(ours.argmax(-1) == reference.argmax(-1)))
        cache.close()
    finally:
        loaded.close()
    return float(np.max(off)), float(np.mean(equal))


@pytest.mark.parametrize("quant", ["q8_0", "f16", "bf16"])
def test_converted_model_computes_the_same(tmp_path: Path, quant: str) -> None:
    model = Qwen2.random()
    off, equal = compare(model, converted(model, tmp_path, quant))
    most, least = CLOSE[quant]
    assert off <= most
    assert equal >= least


@pytest.mark.parametrize("dtype", ["F32", "F16"])
def test_two_shards_and_tied_weights(tmp_path: Path, dtype: str) -> None:
    model = Qwen2.random(seed=2, tied=True)
    path = converted(model, tmp_path, "f16", dtype=dtype, shards=2)
    off, equal = compare(model, path)
    assert off <= CLOSE["f16"][0]
    assert equal >= CLOSE["f16"][1]


def test_vocabulary_template_and_sampling_come_along(tmp_path: Path) -> None:
    model = Qwen2.random(layers=1)
    path = converted(model, tmp_path, "q8_0")
    first_added = 256 + len(MERGES)
    loaded = Model(path, gpu_layers=0, extra_buffers=extra_buffers.allowed())
    try:
        assert loaded.tokenize("in the") == [256 + MERGES.index(("i", "n")), 256 + MERGES.index(("Ġt", "he"))]
        assert loaded.piece(first_added + 4) == b"<think>"
        assert set(loaded.special_tokens) == {text for text, _ in ADDED}
        assert loaded.tokenize("<｜User｜>") != [first_added + 1], (
            "role markers are control tokens, never read from text"
        )
        assert loaded.tokenize("<think>") == [first_added + 4], "thought markers are user-defined tokens"
        assert loaded.bos == first_added + 3
        assert loaded.adds_bos
        assert loaded.end_of_generation == {first_added}
        assert "<｜Assistant｜>" in (loaded.chat_template or "")
    finally:
        loaded.close()
    types = gguf.GGUFReader(path).fields["tokenizer.ggml.token_type"].contents()
    assert types.count(gguf.TokenType.UNUSED) == model.rows - first_added - len(ADDED), "rows beyond the vocabulary"
    header = read_header(path)
    assert header.quant == "q8_0"
    assert header.number("general.sampling.temp") == 0.5
    assert header.number("general.sampling.top_p") == pytest.approx(0.9)


def test_template_may_be_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "chat_template.jinja").write_text("{{ messages[0].content }}<think>")
    header = read_header(converted(Qwen2.random(layers=1), tmp_path, "f16"))
    assert header.text("tokenizer.chat_template") == "{{ messages[0].content }}<think>"


def test_what_cannot_be_converted_is_refused(tmp_path: Path) -> None:
    def refusal(folder: Path, quant: str = "f16") -> str:
        with pytest.raises(ThinkcapError) as caught:
            convert_file(folder, folder / "out.gguf", quant, name="tiny", report=lambda weights: None)
        return str(caught.value)

    model = Qwen2.random(layers=1)
    llama = tmp_path / "llama"
    model.write(llama, model_type="llama")
    assert "is of the architecture llama: only qwen2 is converted" in refusal(llama)

    assert refusal(tmp_path) == f"{tmp_path} has no config.json: it is no model in the transformers format."

    other = tmp_path / "other"
    model.write(other)
    tokenizer = json.loads((other / "tokenizer.json").read_text())
    tokenizer["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = r"\d{1,3}"
    (other / "tokenizer.json").write_text(json.dumps(tokenizer))
    assert refusal(other) == f"{other} splits text in another way than Qwen2: it can't be converted."

    cut = tmp_path / "cut"
    model.write(cut)
    weights = cut / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    assert refusal(cut).startswith(f"{weights} is damaged or cut short: fetch it again (")

    lacking = tmp_path / "lacking"
    Qwen2.random(layers=1, tied=True).write(lacking, tie_word_embeddings=False)
    assert refusal(lacking) == f"{lacking} lacks 1 of the model's tensors (output.weight): fetch it again."

    large = tmp_path / "large"
    big = Qwen2.random(layers=1)
    big.weights["lm_head.weight"][0, 0] = 1e6
    big.write(large)
    assert refusal(large) == "output.weight has weights that float16 can't hold: convert to bf16 or q8_0."

    with pytest.raises(UsageError, match="A conversion writes q8_0, f16 or bf16, not q4_k_m"):
        convert_file(large, large / "out.gguf", "q4_k_m", name="tiny", report=lambda weights: None)


def test_no_space_leaves_nothing_behind(tmp_path: Path) -> None:
    snapshot = tmp_path / "models--a--b" / "snapshots" / "c1"
    Qwen2.random().write(snapshot)
    script = (
        "import resource; from pathlib import Path; from thinkcap.catalog.convert.conversion import convert;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20));"
        f"convert(Path({str(snapshot)!r}), 'f16', name='b', report=lambda weights: None)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    blobs = snapshot.parents[1] / "blobs"
    assert run.stderr.splitlines()[-1] == (
        f"thinkcap.errors.ThinkcapError: No space is left for the f16 file in {blobs}: free some, or set HF_HOME to a "
        "folder on another disk."
    )
    assert list(blobs.iterdir()) == []
    assert list(snapshot.glob("*.gguf")) == []


def test_memory_stays_small(tmp_path: Path) -> None:
    """A checkpoint of 84 MB, its largest tensor 34 MB, in a process whose data may not grow beyond the promise."""
    model = Qwen2.random(layers=1, width=512, feed_forward=1024, rows=16_384)
    model.write(tmp_path, dtype="F32")
    largest = max(array.nbytes for array in model.weights.values())
    script = (
        "from pathlib import Path; from thinkcap.catalog.convert.conversion import convert_file;"
        "from tests.catalog.memory import peak;"
        f"folder = Path({str(tmp_path)!r});"
        "convert_file(folder, folder / 'out.gguf', 'q8_0', name='big', report=lambda weights: None);"
        "print(peak())"
    )
    root = Path(__file__).parents[3]
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    assert int(run.stdout) < 2 * largest + 200e6
