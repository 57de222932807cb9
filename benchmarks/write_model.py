"""Writes a GGUF of the R1-distilled 1.5B models' exact shape with random weights, for measuring without a download.

28 layers of width 1536, 12 heads over 2 key-value heads, feed-forward 8960, 151,936 tokens, separate output weights:
1.89 GB in q8_0, 3.56 GB in f16. Its text is noise. But its vocabulary, special tokens, chat template and the spread of
its logits (standard deviation 5.5, as peaked as a trained model's) match the real models, so a step costs the same.

    python benchmarks/write_model.py --quant q8_0 benchmarks/cache/shape-1.5b-q8_0.gguf
    python benchmarks/write_model.py --quant f16 --layers 2 --width 192 tiny.gguf
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np

VOCABULARY = 151_936
FIRST_SPECIAL = 151_643
LOGIT_SPREAD = 5.5
CHUNK = 8_192  # rows of random numbers drawn at a time

# Token texts and types from id 151643 on, as in the R1 distillations of Qwen2.5.
CONTROL, USER = gguf.TokenType.CONTROL, gguf.TokenType.USER_DEFINED
SPECIALS = [
    ("<｜end▁of▁sentence｜>", CONTROL),
    ("<｜User｜>", CONTROL),
    ("<｜Assistant｜>", CONTROL),
    ("<｜begin▁of▁sentence｜>", CONTROL),
    ("<|EOT|>", CONTROL),
    ("<think>", USER),
    ("</think>", USER),
]

TEMPLATE = """\
{{- bos_token -}}
{%- for message in messages -%}
  {%- if message.role == 'system' -%}
    {{- message.content -}}
  {%- elif message.role == 'user' -%}
    {{- '<｜User｜>' + message.content -}}
  {%- else -%}
    {{- '<｜Assistant｜>' -}}
    {%- if message.reasoning_content -%}
      {{- '<think>\\n' + message.reasoning_content + '\\n</think>\\n\\n' -}}
    {%- endif -%}
    {{- message.content + '<｜end▁of▁sentence｜>' -}}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<｜Assistant｜><think>\\n' -}}{%- endif -%}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="the .gguf to write")
    parser.add_argument("--quant", choices=["q8_0", "f16"], default="q8_0")
    parser.add_argument("--layers", type=int, default=28)
    parser.add_argument("--width", type=int, default=1536, help="a multiple of 192")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.width % 192 or options.width < 192 or options.layers < 1:
        parser.error("--width must be a multiple of 192 and --layers at least 1")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    write_model(options.output, options.quant, options.layers, options.width, options.seed)
    print(f"{options.output}: {options.output.stat().st_size / 1e9:.2f} GB")


def write_model(output: Path, quant: str, layers: int = 28, width: int = 1536, seed: int = 0) -> None:
    """Writes the file, one tensor in memory at a time. `width` must be a multiple of 192 (12 heads, blocks of 32)."""
    feed_forward = width * 35 // 6
    writer = gguf.GGUFWriter(output, "qwen2")
    writer.add_name("shape-1.5b")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0 if quant == "q8_0" else gguf.LlamaFileType.MOSTLY_F16)
    writer.add_block_count(layers)
    writer.add_context_length(131_072)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(feed_forward)
    writer.add_head_count(12)
    writer.add_head_count_kv(2)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-6)
    add_vocabulary(writer)

    shapes = dict(tensors(layers, width, feed_forward))
    kind = gguf.GGMLQuantizationType.Q8_0 if quant == "q8_0" else gguf.GGMLQuantizationType.F16
    for name, shape in shapes.items():
        if len(shape) == 1:
            writer.add_tensor_info(name, shape, np.dtype(np.float32), 4 * shape[0])
        else:
            block, size = gguf.GGML_QUANT_SIZES[kind]
            writer.add_tensor_info(name, shape, np.dtype(np.float16), math.prod(shape) // block * size, kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    rng = np.random.Generator(np.random.SFC64(seed))
    for name, shape in shapes.items():
        writer.write_tensor_data(random_tensor(rng, name, shape, quant))
    writer.close()


def tensors(layers: int, width: int, feed_forward: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Every tensor of a qwen2 model: name and shape, rows first."""
    keys = width // 12 * 2
    yield "token_embd.weight", (VOCABULARY, width)
    for layer in range(layers):
        yield f"blk.{layer}.attn_norm.weight", (width,)
        yield f"blk.{layer}.ffn_norm.weight", (width,)
        for letter, rows in (("q", width), ("k", keys), ("v", keys)):
            yield f"blk.{layer}.attn_{letter}.weight", (rows, width)
            yield f"blk.{layer}.attn_{letter}.bias", (rows,)
        yield f"blk.{layer}.attn_output.weight", (width, width)
        yield f"blk.{layer}.ffn_gate.weight", (feed_forward, width)
        yield f"blk.{layer}.ffn_up.weight", (feed_forward, width)
        yield f"blk.{layer}.ffn_down.weight", (width, feed_forward)
    yield "output_norm.weight", (width,)
    yield "output.weight", (VOCABULARY, width)


def random_tensor(rng: np.random.Generator, name: str, shape: tuple[int, ...], quant: str) -> np.ndarray:
    """Random weights that keep activations near 1 and give the logits LOGIT_SPREAD."""
    if len(shape) == 1:
        return np.ones(shape, np.float32) if "norm" in name else np.zeros(shape, np.float32)
    rows, width = shape
    spread = 1.0 if name.startswith("token_embd") else 1.0 / math.sqrt(width)
    if name == "output.weight":
        spread *= LOGIT_SPREAD
    if quant == "f16":
        weights = np.empty(shape, np.float16)
        for start in range(0, rows, CHUNK):
            part = rng.standard_normal((min(CHUNK, rows - start), width), np.float32)
            weights[start : start + len(part)] = part * spread
        return weights
    # A q8_0 block is a float16 scale and 32 signed bytes. Uniform bytes have a standard deviation of 256 / √12.
    blocks = np.empty((rows, width // 32), [("scale", "<f2"), ("bytes", "i1", 32)])
    blocks["scale"] = spread * math.sqrt(12) / 256
    for start in range(0, rows, CHUNK):
        part = blocks["bytes"][start : start + CHUNK]
        part[...] = np.frombuffer(rng.bytes(part.size), np.int8).reshape(part.shape)
    return blocks.view(np.uint8).reshape(rows, -1)


def add_vocabulary(writer: gguf.GGUFWriter) -> None:
    """A byte-level BPE: 256 bytes, made-up words, the R1 family's special tokens at their ids, unused ones last."""
    words = made_up_words()
    merged = ["Ġt", "he", "in", "Ġthe", "er"]
    texts = [*byte_letters(), *merged]
    texts += [next(words) for _ in range(FIRST_SPECIAL - len(texts))]
    types = [gguf.TokenType.NORMAL] * len(texts)
    texts += [text for text, _ in SPECIALS]
    types += [kind for _, kind in SPECIALS]
    unused = VOCABULARY - len(texts)
    texts += [f"[PAD{len(texts) + number}]" for number in range(unused)]
    types += [gguf.TokenType.UNUSED] * unused

    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("deepseek-r1-qwen")
    writer.add_token_list(texts)
    writer.add_token_types(types)
    writer.add_token_merges(["Ġ t", "h e", "i n", "Ġt he", "e r"])
    writer.add_bos_token_id(texts.index("<｜begin▁of▁sentence｜>"))
    writer.add_eos_token_id(FIRST_SPECIAL)
    writer.add_pad_token_id(FIRST_SPECIAL)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_chat_template(TEMPLATE)


def byte_letters() -> list[str]:
    """The character for each byte in a byte-level vocabulary: itself if printable, else one from U+0100 on."""
    printable = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    letters, spare = [], 0x100
    for byte in range(256):
        letters.append(chr(byte if byte in printable else spare))
        spare += byte not in printable
    return letters


def made_up_words() -> Iterator[str]:
    """Endless pronounceable words, each with the leading space of a word in a sentence; no two alike."""
    syllables = [
        first + vowel + last for first in "bdfgklmnprstvz" for vowel in "aeiou" for last in ("", "n", "r", "s")
    ]
    length = 2
    while True:
        for number in range(len(syllables) ** length):
            parts = []
            for _ in range(length):
                number, digit = divmod(number, len(syllables))
                parts.append(syllables[digit])
            yield "Ġ" + "-".join(parts)
        length += 1


if __name__ == "__main__":
    main()
