"""From a Qwen2 checkpoint in safetensors to a GGUF that llama.cpp runs, a tensor's piece in memory at a time."""

from __future__ import annotations

import errno
import hashlib
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from thinkcap.catalog.cache import add_to_snapshot
from thinkcap.catalog.checkpoint import Checkpoint, StoredTensor, open_checkpoint
from thinkcap.catalog.quants import estimated_size
from thinkcap.catalog.sizes import bytes_text
from thinkcap.catalog.vocabulary import read_vocabulary
from thinkcap.errors import ThinkcapError, UsageError

if TYPE_CHECKING:
    from gguf import GGMLQuantizationType, GGUFWriter

QUANTS = ("q8_0", "f16", "bf16")
_LARGEST_F16 = 65_504.0

Progress = Callable[[int], None]


def check_quant(quant: str) -> None:
    """Raises UsageError for a quant that conversion can't write, ThinkcapError where its libraries are missing."""
    if quant not in QUANTS:
        raise UsageError(f"A conversion writes {', '.join(QUANTS[:-1])} or {QUANTS[-1]}, not {quant}.")
    try:
        import gguf  # noqa: F401
        import safetensors  # noqa: F401
    except ImportError as error:
        raise ThinkcapError(
            "Converting needs the gguf and safetensors libraries: run `pip install gguf safetensors`."
        ) from error


def convert(folder: Path, quant: str, *, name: str, progress: Progress) -> Path:
    """Converts the checkpoint in a snapshot folder of the hub's cache and leaves the GGUF beside it.

    The file is a blob of the cache like any download, so `locate` finds it and cleaning tools know it. Returns its
    path. Raises ThinkcapError; nothing half-written stays.
    """
    blobs = folder.parent.parent / "blobs"
    part = blobs / f"{name}-{quant}.incomplete"
    try:
        blobs.mkdir(exist_ok=True)
        convert_file(folder, part, quant, name=name, progress=progress)
        with part.open("rb") as file:
            blob = blobs / hashlib.file_digest(file, "sha256").hexdigest()
        part.replace(blob)
        return add_to_snapshot(folder, f"{name}-{quant.upper()}.gguf", blob)
    finally:
        part.unlink(missing_ok=True)


def convert_file(folder: Path, output: Path, quant: str, *, name: str, progress: Progress) -> None:
    """Writes the checkpoint of a folder as one GGUF.

    quant     q8_0, f16 or bf16 for the matrices; vectors stay float32
    progress  hears how many bytes of weights have been read

    Raises ThinkcapError for what can't be converted faithfully: another architecture, an unknown tensor, a tokenizer
    that splits in another way, weights beyond float16 in f16.
    """
    import gguf

    check_quant(quant)
    checkpoint = open_checkpoint(folder)
    config = checkpoint.config
    check_config(config, folder)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, config["num_hidden_layers"])
    tensors: dict[str, StoredTensor] = {}
    for key, tensor in checkpoint.tensors.items():
        if key == "lm_head.weight" and config.get("tie_word_embeddings"):
            continue  # a copy of the embedding; llama.cpp reads that in its place
        if key.endswith("rotary_emb.inv_freq"):
            continue  # follows from rope_theta
        new = names.get_name(key, try_suffixes=(".weight", ".bias"))
        if new is None:
            raise ThinkcapError(f"{folder} has a tensor {key} that a Qwen2 model has not: it can't be converted.")
        tensors[new] = tensor
    _check_tensors(tensors, config, folder)
    _check_space(tensors, quant, output)

    writer = gguf.GGUFWriter(output, "qwen2")
    try:
        _add_settings(writer, checkpoint, name, quant)
        _add_vocabulary(writer, checkpoint, tensors["token_embd.weight"].shape[0])
        kinds = {new: _kind(tensor, quant) for new, tensor in tensors.items()}
        for new, tensor in tensors.items():
            block, size = gguf.GGML_QUANT_SIZES[kinds[new]]
            writer.add_tensor_info(
                new, tensor.shape, np.dtype(np.float32), math.prod(tensor.shape) // block * size, kinds[new]
            )
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        read = 0
        for new, tensor in tensors.items():

            def report(weights: int, read: int = read) -> None:
                progress(read + weights)

            writer.write_tensor_data(_Streamed(new, tensor, kinds[new], report))
            read += tensor.size
        writer.close()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EFBIG, errno.EDQUOT):
            raise ThinkcapError(
                f"No space is left for the {quant} file in {output.parent}: free some, or set HF_HOME to a folder on "
                "another disk."
            ) from error
        raise


def weights_in(folder: Path) -> int:
    """How many weights a checkpoint has: what `progress` counts up to."""
    return sum(tensor.size for tensor in open_checkpoint(folder).tensors.values())


class _Streamed:
    """A tensor that is converted while it is written; to the gguf library it looks like an array (its own lazy ones do
    the same)."""

    def __init__(self, name: str, tensor: StoredTensor, kind: GGMLQuantizationType, report: Progress) -> None:
        import gguf

        block, size = gguf.GGML_QUANT_SIZES[kind]
        self.name, self.tensor, self.kind, self.report = name, tensor, kind, report
        self.nbytes = tensor.size // block * size

    def byteswap(self, inplace: bool = False) -> _Streamed:
        raise ThinkcapError("Conversion runs on little-endian machines only.")

    def tofile(self, file: IO[bytes]) -> None:
        import gguf

        done = 0
        for piece in self.tensor.pieces():
            if self.kind == gguf.GGMLQuantizationType.F16 and float(np.abs(piece).max(initial=0.0)) > _LARGEST_F16:
                raise ThinkcapError(f"{self.name} has weights that float16 can't hold: convert to bf16 or q8_0.")
            file.write(gguf.quantize(piece, self.kind).tobytes())
            done += piece.size
            self.report(done)


def _kind(tensor: StoredTensor, quant: str) -> GGMLQuantizationType:
    """The type a tensor is stored in: matrices in the wanted one, vectors and rows that blocks do not divide apart."""
    from gguf import GGMLQuantizationType as Kind

    if len(tensor.shape) == 1:
        return Kind.F32
    if quant == "q8_0":
        return Kind.Q8_0 if tensor.shape[-1] % 32 == 0 else Kind.F16
    return Kind.F16 if quant == "f16" else Kind.BF16


def check_config(config: dict[str, Any], place: Path | str) -> None:
    """Raises ThinkcapError where a config.json is not that of a model which conversion can write."""
    kind = config.get("model_type")
    if kind != "qwen2":
        raise ThinkcapError(
            f"{place} is of the architecture {kind}: only qwen2 is converted; look for a GGUF on the hub."
        )
    if config.get("use_sliding_window"):
        raise ThinkcapError(f"{place} uses sliding-window attention, which can't be converted.")
    for key in ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"):
        if not isinstance(config.get(key), int):
            raise ThinkcapError(f"The config.json of {place} should give {key} as a whole number.")


def _check_tensors(tensors: dict[str, StoredTensor], config: dict[str, Any], folder: Path) -> None:
    needed = ["token_embd.weight", "output_norm.weight"]
    if not config.get("tie_word_embeddings"):
        needed.append("output.weight")
    for layer in range(config["num_hidden_layers"]):
        parts = ("attn_norm.weight", "ffn_norm.weight", "attn_output.weight", "ffn_gate.weight", "ffn_up.weight",
                 "ffn_down.weight", "attn_q.weight", "attn_k.weight", "attn_v.weight", "attn_q.bias", "attn_k.bias",
                 "attn_v.bias")  # fmt: skip
        needed += [f"blk.{layer}.{part}" for part in parts]
    missing = [name for name in needed if name not in tensors]
    if missing:
        raise ThinkcapError(f"{folder} lacks {len(missing)} of the model's tensors ({missing[0]}): fetch it again.")


def _check_space(tensors: dict[str, StoredTensor], quant: str, output: Path) -> None:
    needed = estimated_size(sum(tensor.size for tensor in tensors.values()), quant) or 0
    free = shutil.disk_usage(output.parent).free
    if needed > free:
        raise ThinkcapError(
            f"The {quant} file takes {bytes_text(needed)} and only {bytes_text(free)} are free in {output.parent}: "
            "free some, or set HF_HOME to a folder on another disk."
        )


def _add_settings(writer: GGUFWriter, checkpoint: Checkpoint, name: str, quant: str) -> None:
    import gguf

    config = checkpoint.config
    types = {"q8_0": gguf.LlamaFileType.MOSTLY_Q8_0, "f16": gguf.LlamaFileType.MOSTLY_F16,
             "bf16": gguf.LlamaFileType.MOSTLY_BF16}  # fmt: skip
    writer.add_name(name)
    writer.add_file_type(types[quant])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config.get("max_position_embeddings", 32_768))
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config.get("num_key_value_heads", config["num_attention_heads"]))
    writer.add_layer_norm_rms_eps(config.get("rms_norm_eps", 1e-6))
    rope = config.get("rope_parameters") or {}
    writer.add_rope_freq_base(float(rope.get("rope_theta", config.get("rope_theta", 10_000.0))))
    scaling = config.get("rope_scaling") or (rope if rope.get("factor") else {})
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    if kind in ("linear", "yarn"):
        writer.add_rope_scaling_type(gguf.RopeScalingType(kind))
        writer.add_rope_scaling_factor(float(scaling["factor"]))
        if kind == "yarn" and "original_max_position_embeddings" in scaling:
            writer.add_rope_scaling_orig_ctx_len(int(scaling["original_max_position_embeddings"]))
    elif kind != "default":
        raise ThinkcapError(f"{checkpoint.folder} stretches its context by {kind!r}, which can't be converted.")

    sampling = checkpoint.json("generation_config.json")
    if sampling.get("do_sample", True):
        if isinstance(sampling.get("temperature"), int | float):
            writer.add_sampling_temp(float(sampling["temperature"]))
        if isinstance(sampling.get("top_p"), int | float):
            writer.add_sampling_top_p(float(sampling["top_p"]))
        if isinstance(sampling.get("top_k"), int):
            writer.add_sampling_top_k(sampling["top_k"])


def _add_vocabulary(writer: GGUFWriter, checkpoint: Checkpoint, rows: int) -> None:
    vocabulary = read_vocabulary(checkpoint, rows)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(vocabulary.types)
    writer.add_token_merges(vocabulary.merges)
    add = {"bos": writer.add_bos_token_id, "eos": writer.add_eos_token_id, "pad": writer.add_pad_token_id}
    for role, number in vocabulary.special.items():
        add[role](number)
    writer.add_add_bos_token(vocabulary.add_bos)
    if vocabulary.chat_template is not None:
        writer.add_chat_template(vocabulary.chat_template)
