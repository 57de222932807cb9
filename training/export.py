"""Writes abacus as GGUF: `python -m training.export training/runs/abacus/checkpoint.pt thinkcap/catalog/builtin`."""

from __future__ import annotations

import argparse
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Quant
from numpy.typing import NDArray

from training import vocabulary
from training.shape import Shape

FORMATS = {
    "q8_0": (Quant.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
    "f16": (Quant.F16, gguf.LlamaFileType.MOSTLY_F16),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    import torch

    state = torch.load(options.checkpoint, weights_only=True)
    tensors = rename({name: tensor.float().numpy() for name, tensor in state["model"].items()})
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in FORMATS:
        path = options.folder / f"abacus-{name}.gguf"
        write(path, Shape(**state["shape"]), tensors, name)
        print(f"{path}  {path.stat().st_size:,} bytes")


def rename(state: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """The model's tensors under llama.cpp's names; fused ones are split."""
    tensors = {"token_embd.weight": state["embedding.weight"], "output_norm.weight": state["output_norm.weight"]}
    for layer in range(sum(name.endswith(".down.weight") for name in state)):
        ours, theirs = f"blocks.{layer}.", f"blk.{layer}."
        for part in ("weight", "bias"):
            q, k, v = np.split(state[f"{ours}qkv.{part}"], 3)
            tensors |= {f"{theirs}attn_q.{part}": q, f"{theirs}attn_k.{part}": k, f"{theirs}attn_v.{part}": v}
        gate, up = np.split(state[f"{ours}gate_up.weight"], 2)
        tensors |= {
            f"{theirs}attn_norm.weight": state[f"{ours}attention_norm.weight"],
            f"{theirs}attn_output.weight": state[f"{ours}attention_output.weight"],
            f"{theirs}ffn_norm.weight": state[f"{ours}feed_forward_norm.weight"],
            f"{theirs}ffn_gate.weight": gate,
            f"{theirs}ffn_up.weight": up,
            f"{theirs}ffn_down.weight": state[f"{ours}down.weight"],
        }
    return tensors


def write(path: Path, shape: Shape, tensors: dict[str, NDArray[np.float32]], name: str) -> None:
    """Writes one GGUF in the format `name`. Norms and biases stay in 32-bit floats."""
    quant, file_type = FORMATS[name]
    writer = gguf.GGUFWriter(path, "qwen2")
    _describe(writer, file_type)
    _write_shape(writer, shape)
    _write_vocabulary(writer)
    for tensor_name, tensor in tensors.items():
        if tensor.ndim == 1:
            writer.add_tensor(tensor_name, np.ascontiguousarray(tensor, dtype=np.float32))
        else:
            writer.add_tensor(tensor_name, gguf.quants.quantize(np.ascontiguousarray(tensor), quant), raw_dtype=quant)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _describe(writer: gguf.GGUFWriter, file_type: gguf.LlamaFileType) -> None:
    writer.add_type("model")
    writer.add_name("abacus")
    writer.add_version("2")
    writer.add_description("Built-in model of thinkcap: long-hand arithmetic only, not a general model.")
    writer.add_license("MIT")
    writer.add_size_label("1.9M")
    writer.add_tags(["arithmetic", "reasoning"])
    writer.add_languages(["en"])
    writer.add_sampling_temp(0.6)
    writer.add_sampling_top_p(0.95)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_file_type(file_type)


def _write_shape(writer: gguf.GGUFWriter, shape: Shape) -> None:
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    writer.add_vocab_size(vocabulary.SIZE)


def _write_vocabulary(writer: gguf.GGUFWriter) -> None:
    spelled = vocabulary.token_bytes()
    pairs = [f"{vocabulary.spell(spelled[a])} {vocabulary.spell(spelled[b])}" for a, b in vocabulary.merges()]
    words = [vocabulary.spell(spelled[token]) for token in vocabulary.merges().values()]
    unused = [f"<unused{i}>" for i in range(vocabulary.SIZE - 256 - len(vocabulary.MARKERS) - len(words))]
    thought = (vocabulary.THINK, vocabulary.CLOSE)
    kind = gguf.TokenType
    types = [kind.NORMAL] * 256
    types += [kind.USER_DEFINED if marker in thought else kind.CONTROL for marker in vocabulary.MARKERS]
    types += [kind.NORMAL] * len(words) + [kind.UNUSED] * len(unused)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([*vocabulary.byte_spellings(), *vocabulary.MARKERS.values(), *words, *unused])
    writer.add_token_types(types)
    writer.add_token_merges(pairs)
    writer.add_bos_token_id(vocabulary.BEGIN)
    writer.add_eos_token_id(vocabulary.END)
    writer.add_pad_token_id(vocabulary.END)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_chat_template(vocabulary.CHAT_TEMPLATE)


if __name__ == "__main__":
    main()
