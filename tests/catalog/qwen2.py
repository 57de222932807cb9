"""A small random Qwen2 model: written as a checkpoint in the real file formats, and computed in float32 by numpy."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import TensorSpec, serialize_file

from benchmarks.write_model import byte_letters

Array = npt.NDArray[np.float32]

SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
MERGES = [("Ġ", "t"), ("h", "e"), ("Ġt", "he"), ("i", "n"), ("in", "g")]
ADDED = [
    ("<｜end▁of▁sentence｜>", True),
    ("<｜User｜>", False),
    ("<｜Assistant｜>", False),
    ("<｜begin▁of▁sentence｜>", True),
    ("<think>", False),
    ("</think>", False),
]
TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}{{ '<｜User｜>' + message.content }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<｜Assistant｜>' }}{% endif %}"
)


@dataclass
class Qwen2:
    """Weights by their names in a checkpoint, and the sizes they follow from."""

    layers: int = 3
    width: int = 128
    heads: int = 4
    kv_heads: int = 2
    feed_forward: int = 320
    rows: int = 288
    tied: bool = False
    theta: float = 10_000.0
    weights: dict[str, Array] = field(default_factory=dict)

    @classmethod
    def random(cls, seed: int = 0, **sizes: Any) -> Qwen2:
        """Weights of a trained model's scale: activations stay near 1, logits have a standard deviation of about 5.

        All are bfloat16 numbers, so that a checkpoint in any type holds the same ones.
        """
        model = cls(**sizes)
        rng = np.random.default_rng(seed)
        width, keys = model.width, model.width // model.heads * model.kv_heads

        def matrix(rows: int, columns: int, gain: float = 1.0) -> Array:
            return rng.standard_normal((rows, columns), np.float32) * np.float32(gain / np.sqrt(columns))

        def vector(size: int, middle: float, spread: float) -> Array:
            return (middle + spread * rng.standard_normal(size)).astype(np.float32)

        weights = {"model.embed_tokens.weight": matrix(model.rows, width, 5.0 if model.tied else 10.0)}
        for layer in range(model.layers):
            name = f"model.layers.{layer}."
            weights |= {
                name + "input_layernorm.weight": vector(width, 1.0, 0.1),
                name + "post_attention_layernorm.weight": vector(width, 1.0, 0.1),
                name + "self_attn.q_proj.weight": matrix(width, width),
                name + "self_attn.q_proj.bias": vector(width, 0.0, 0.3),
                name + "self_attn.k_proj.weight": matrix(keys, width),
                name + "self_attn.k_proj.bias": vector(keys, 0.0, 0.3),
                name + "self_attn.v_proj.weight": matrix(keys, width),
                name + "self_attn.v_proj.bias": vector(keys, 0.0, 0.3),
                name + "self_attn.o_proj.weight": matrix(width, width),
                name + "mlp.gate_proj.weight": matrix(model.feed_forward, width),
                name + "mlp.up_proj.weight": matrix(model.feed_forward, width),
                name + "mlp.down_proj.weight": matrix(width, model.feed_forward),
            }
        weights["model.norm.weight"] = vector(width, 1.0, 0.1)
        if not model.tied:
            # Rows of differing length, as training leaves them: some tokens are likelier than others.
            lengths = np.exp(0.8 * rng.standard_normal((model.rows, 1))).astype(np.float32)
            weights["lm_head.weight"] = matrix(model.rows, width, 5.0) * lengths
        model.weights = {name: rounded(array) for name, array in weights.items()}
        return model

    def logits(self, tokens: list[int]) -> Array:
        """The logits after every token of one sequence, shape (tokens, rows): the forward pass of the Qwen2 report."""
        weights = self.weights
        hidden = weights["model.embed_tokens.weight"][tokens]
        for layer in range(self.layers):
            name = f"model.layers.{layer}."
            hidden = hidden + self._attention(
                norm(hidden, weights[name + "input_layernorm.weight"]), name + "self_attn."
            )
            inner = norm(hidden, weights[name + "post_attention_layernorm.weight"])
            gate = inner @ weights[name + "mlp.gate_proj.weight"].T
            up = inner @ weights[name + "mlp.up_proj.weight"].T
            hidden = hidden + (gate / (1 + np.exp(-gate)) * up) @ weights[name + "mlp.down_proj.weight"].T
        head = weights["model.embed_tokens.weight" if self.tied else "lm_head.weight"]
        return np.asarray(norm(hidden, weights["model.norm.weight"]) @ head.T, np.float32)

    def _attention(self, inner: Array, name: str) -> Array:
        count, size = len(inner), self.width // self.heads

        def projected(letter: str, heads: int) -> Array:
            rows = inner @ self.weights[f"{name}{letter}_proj.weight"].T + self.weights[f"{name}{letter}_proj.bias"]
            return rows.reshape(count, heads, size).swapaxes(0, 1)

        query, key = self._turned(projected("q", self.heads)), self._turned(projected("k", self.kv_heads))
        group = self.heads // self.kv_heads
        key, value = np.repeat(key, group, 0), np.repeat(projected("v", self.kv_heads), group, 0)
        scores = query @ key.swapaxes(1, 2) / np.float32(np.sqrt(size))
        scores = np.where(np.tri(count, dtype=bool), scores, -np.inf)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (shares / shares.sum(-1, keepdims=True)) @ value
        joined: Array = mixed.swapaxes(0, 1).reshape(count, self.width)
        return joined @ self.weights[name + "o_proj.weight"].T

    def _turned(self, heads: Array) -> Array:
        """Rotary positions: the first half of a head is turned against the second."""
        half = heads.shape[-1] // 2
        angles = np.arange(heads.shape[1])[:, None] * self.theta ** (-np.arange(half) / half)
        cos, sin = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
        first, second = heads[..., :half], heads[..., half:]
        return np.concatenate([first * cos - second * sin, second * cos + first * sin], -1)

    def write(self, folder: Path, dtype: str = "BF16", shards: int = 1, **settings: Any) -> None:
        """Writes config, tokenizer and weights as the transformers library lays them out."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in self.small_files(dtype, **settings).items():
            (folder / name).write_text(text, encoding="utf-8")
        names = sorted(self.weights)
        if shards == 1:
            return save(folder / "model.safetensors", self.weights, dtype)
        weight_map: dict[str, str] = {}
        for number in range(shards):
            file = f"model-{number + 1:05}-of-{shards:05}.safetensors"
            part = {name: self.weights[name] for name in names[number::shards]}
            weight_map |= dict.fromkeys(part, file)
            save(folder / file, part, dtype)
        (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
        return None

    def small_files(self, dtype: str = "BF16", **settings: Any) -> dict[str, str]:
        config = {
            "architectures": ["Qwen2ForCausalLM"],
            "model_type": "qwen2",
            "hidden_size": self.width,
            "intermediate_size": self.feed_forward,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads,
            "rms_norm_eps": 1e-6,
            "rope_theta": self.theta,
            "max_position_embeddings": 4096,
            "vocab_size": self.rows,
            "tie_word_embeddings": self.tied,
            "use_sliding_window": False,
            "torch_dtype": {"BF16": "bfloat16", "F16": "float16", "F32": "float32"}[dtype],
        } | settings
        vocabulary = {text: number for number, text in enumerate([*byte_letters(), *(a + b for a, b in MERGES)])}
        added = [
            {"id": len(vocabulary) + number, "content": text, "special": special, "normalized": not special}
            for number, (text, special) in enumerate(ADDED)
        ]
        tokenizer = {
            "version": "1.0",
            "added_tokens": added,
            "pre_tokenizer": {
                "type": "Sequence",
                "pretokenizers": [
                    {"type": "Split", "pattern": {"Regex": SPLIT}, "behavior": "Isolated", "invert": False},
                    {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
                ],
            },
            "model": {"type": "BPE", "vocab": vocabulary, "merges": [f"{a} {b}" for a, b in MERGES]},
        }
        tokenizer_config = {
            "add_bos_token": True,
            "bos_token": {"__type": "AddedToken", "content": "<｜begin▁of▁sentence｜>"},
            "eos_token": {"__type": "AddedToken", "content": "<｜end▁of▁sentence｜>"},
            "chat_template": TEMPLATE,
            "tokenizer_class": "LlamaTokenizerFast",
        }
        generation = {"do_sample": True, "temperature": 0.5, "top_p": 0.9, "eos_token_id": len(vocabulary)}
        files = {
            "config.json": config,
            "tokenizer.json": tokenizer,
            "tokenizer_config.json": tokenizer_config,
            "generation_config.json": generation,
        }
        return {name: json.dumps(content, ensure_ascii=False) for name, content in files.items()}


def norm(hidden: Array, weight: Array) -> Array:
    scale = 1 / np.sqrt(np.mean(hidden**2, -1, keepdims=True) + np.float32(1e-6))
    return np.asarray(hidden * scale * weight, np.float32)


def rounded(array: Array) -> Array:
    """The nearest-below bfloat16 numbers, as float32."""
    return (array.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def save(path: Path, weights: dict[str, Array], dtype: str) -> None:
    """One safetensors file, the numbers in BF16, F16 or F32."""
    stored = {}
    for name, array in weights.items():
        if dtype == "BF16":
            stored[name] = (array.view(np.uint32) >> 16).astype(np.uint16)
        else:
            stored[name] = array.astype({"F16": np.float16, "F32": np.float32}[dtype])
    kind = {"BF16": "bfloat16", "F16": "float16", "F32": "float32"}[dtype]
    specs = {
        name: TensorSpec(dtype=kind, shape=array.shape, data_ptr=array.ctypes.data, data_len=array.nbytes)
        for name, array in stored.items()
    }
    serialize_file(specs, str(path), metadata={"format": "pt"})
