"""Writes a checkpoint with the weights of a GGUF, so that a stage can continue from published weights:

    python -m training.restore thinkcap/catalog/builtin/abacus-f16.gguf training/runs/abacus/checkpoint.pt

The optimizers start anew.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

from training.shape import Shape


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gguf", type=Path)
    parser.add_argument("checkpoint", type=Path)
    options = parser.parse_args()
    import torch

    model = {name: torch.from_numpy(weights) for name, weights in restore(options.gguf).items()}
    state = {"shape": asdict(Shape()), "model": model, "optimizers": [], "progress": {}}
    options.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, options.checkpoint)


def restore(path: Path) -> dict[str, NDArray[np.float32]]:
    """The tensors of a GGUF under the model's names; the inverse of `export.rename`."""
    tensors = gguf.GGUFReader(path).tensors
    theirs = {tensor.name: gguf.quants.dequantize(tensor.data, tensor.tensor_type) for tensor in tensors}
    state = {"embedding.weight": theirs["token_embd.weight"], "output_norm.weight": theirs["output_norm.weight"]}
    for layer in range(Shape().layers):
        ours, block = f"blocks.{layer}.", f"blk.{layer}."
        for part in ("weight", "bias"):
            state[f"{ours}qkv.{part}"] = np.concatenate([theirs[f"{block}attn_{name}.{part}"] for name in "qkv"])
        state |= {
            f"{ours}attention_norm.weight": theirs[f"{block}attn_norm.weight"],
            f"{ours}attention_output.weight": theirs[f"{block}attn_output.weight"],
            f"{ours}feed_forward_norm.weight": theirs[f"{block}ffn_norm.weight"],
            f"{ours}gate_up.weight": np.concatenate([theirs[f"{block}ffn_{name}.weight"] for name in ("gate", "up")]),
            f"{ours}down.weight": theirs[f"{block}ffn_down.weight"],
        }
    return {name: np.array(weights, dtype=np.float32) for name, weights in state.items()}


if __name__ == "__main__":
    main()
