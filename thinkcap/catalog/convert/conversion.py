"""Writing a Qwen2 checkpoint as a GGUF that llama.cpp runs, with only a piece of a tensor in memory at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from thinkcap.catalog.convert.checkpoint import Checkpoint, Rope, StoredTensor, open_checkpoint
from thinkcap.catalog.convert.tokenizer import add_tokenizer
from thinkcap.catalog.gguf.quants import estimated_size
from thinkcap.catalog.hub.cache import add_to_snapshot, check_space
from thinkcap.catalog.hub.failures import DISK_FULL
from thinkcap.errors import ThinkcapError, UsageError

if TYPE_CHECKING:
    from gguf import GGMLQuantizationType, GGUFWriter

QUANTS = ("q8_0", "f16", "bf16")
_LARGEST_F16 = 65_504.0
_MOST_ROWS = 1 << 21  # tokens in a vocabulary


def check_quant(quant: str) -> None:
    """Raises UsageError for a quant that conversion can't write, ThinkcapError if its libraries are missing."""
    if quant not in QUANTS:
        raise UsageError(f"A conversion writes {', '.join(QUANTS[:-1])} or {QUANTS[-1]}, not {quant}.")
    try:
        import gguf  # noqa: F401
        import safetensors  # noqa: F401
    except ImportError as error:
        raise ThinkcapError(
            "Converting needs the gguf and safetensors libraries: run `pip install gguf safetensors`."
        ) from error


def convert(folder: Path, quant: str, *, name: str, report: Callable[[int], None]) -> Path:
    """Converts the checkpoint in a snapshot folder of the hub's cache and leaves the GGUF beside it.

    The file is a blob of the cache like any download, so `locate` finds it and cleaning tools know it. `report` hears
    how many weights are done. Returns the file's path. Raises ThinkcapError; nothing half-written stays.
    """
    blobs = folder.parent.parent / "blobs"
    part = blobs / f"{name}-{quant}.incomplete"
    try:
        blobs.mkdir(exist_ok=True)
        convert_file(folder, part, quant, name=name, report=report)
        with part.open("rb") as file:
            blob = blobs / hashlib.file_digest(file, "sha256").hexdigest()
        part.replace(blob)
        return add_to_snapshot(folder, f"{name}-{quant.upper()}.gguf", blob)
    finally:
        part.unlink(missing_ok=True)


def convert_file(folder: Path, output: Path, quant: str, *, name: str, report: Callable[[int], None]) -> None:
    """Writes the checkpoint of a folder as one GGUF.

    quant   q8_0, f16 or bf16 for the matrices; vectors stay float32
    report  hears how many weights are done

    Raises ThinkcapError for what can't be converted faithfully: another architecture, an unknown tensor, a tokenizer
    that splits text in another way, weights beyond float16 in f16.
    """
    import gguf

    check_quant(quant)
    checkpoint = open_checkpoint(folder)
    tensors = _renamed(checkpoint)
    _check_tensors(tensors, checkpoint)
    check_space(estimated_size(sum(tensor.size for tensor in tensors.values()), quant), output.parent)
    writer = gguf.GGUFWriter(output, "qwen2")
    try:
        _add_settings(writer, checkpoint, name, quant)
        add_tokenizer(writer, folder, tensors["token_embd.weight"].shape[0])
        _write_tensors(writer, tensors, quant, report)
        writer.close()
    except OSError as error:
        if error.errno in DISK_FULL:
            raise ThinkcapError(
                f"No space is left for the {quant} file in {output.parent}: free some, or set HF_HOME to a folder on "
                "another disk."
            ) from error
        raise


def weights_in(folder: Path) -> int:
    """How many weights a checkpoint has."""
    return sum(tensor.size for tensor in open_checkpoint(folder).tensors.values())


def _renamed(checkpoint: Checkpoint) -> dict[str, StoredTensor]:
    """The tensors by their names in a GGUF."""
    import gguf

    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN2, checkpoint.config.num_hidden_layers)
    tensors: dict[str, StoredTensor] = {}
    for key, tensor in checkpoint.tensors.items():
        if key == "lm_head.weight" and checkpoint.config.tie_word_embeddings:
            continue  # a copy of the embedding; llama.cpp reads that in its place
        if key.endswith("rotary_emb.inv_freq"):
            continue  # follows from rope_theta
        new = names.get_name(key, try_suffixes=(".weight", ".bias"))
        if new is None:
            raise ThinkcapError(
                f"{checkpoint.folder} has a tensor {key} that a Qwen2 model has not: it can't be converted."
            )
        tensors[new] = tensor
    return tensors


def _write_tensors(
    writer: GGUFWriter, tensors: dict[str, StoredTensor], quant: str, report: Callable[[int], None]
) -> None:
    streams, done = [], 0
    for name, tensor in tensors.items():
        stream = _Streamed(name, tensor, _kind(tensor, quant), done, report)
        writer.add_tensor_info(name, tensor.shape, np.dtype(np.float32), stream.nbytes, stream.kind)
        streams.append(stream)
        done += tensor.size
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for stream in streams:
        writer.write_tensor_data(stream)


class _Streamed:
    """A tensor that is converted while it is written. The gguf library takes it for an array, as it does its own lazy
    ones. Reports the weights done, `before` among them."""

    def __init__(
        self, name: str, tensor: StoredTensor, kind: GGMLQuantizationType, before: int, report: Callable[[int], None]
    ) -> None:
        import gguf

        block, size = gguf.GGML_QUANT_SIZES[kind]
        self.name, self.tensor, self.kind, self.done, self.report = name, tensor, kind, before, report
        self.nbytes = tensor.size // block * size

    def byteswap(self, inplace: bool = False) -> _Streamed:
        raise ThinkcapError("Conversion runs on little-endian machines only.")

    def tofile(self, file: IO[bytes]) -> None:
        import gguf

        for piece in self.tensor.pieces():
            if self.kind == gguf.GGMLQuantizationType.F16 and float(np.abs(piece).max(initial=0.0)) > _LARGEST_F16:
                raise ThinkcapError(f"{self.name} has weights that float16 can't hold: convert to bf16 or q8_0.")
            file.write(gguf.quantize(piece, self.kind).tobytes())
            self.done += piece.size
            self.report(self.done)


def _kind(tensor: StoredTensor, quant: str) -> GGMLQuantizationType:
    """The type a tensor is stored in: the wanted one, except for vectors and for rows that blocks do not divide."""
    from gguf import GGMLQuantizationType as Kind

    if len(tensor.shape) == 1:
        return Kind.F32
    if quant == "q8_0":
        return Kind.Q8_0 if tensor.shape[-1] % 32 == 0 else Kind.F16
    return Kind.F16 if quant == "f16" else Kind.BF16


def _check_tensors(tensors: dict[str, StoredTensor], checkpoint: Checkpoint) -> None:
    config, folder = checkpoint.config, checkpoint.folder
    needed = ["token_embd.weight", "output_norm.weight"]
    if not config.tie_word_embeddings:
        needed.append("output.weight")
    for layer in range(config.num_hidden_layers):
        parts = ("attn_norm.weight", "ffn_norm.weight", "attn_output.weight", "ffn_gate.weight", "ffn_up.weight",
                 "ffn_down.weight", "attn_q.weight", "attn_k.weight", "attn_v.weight", "attn_q.bias", "attn_k.bias",
                 "attn_v.bias")  # fmt: skip
        needed += [f"blk.{layer}.{part}" for part in parts]
    missing = [name for name in needed if name not in tensors]
    if missing:
        raise ThinkcapError(f"{folder} lacks {len(missing)} of the model's tensors ({missing[0]}): fetch it again.")
    shape = tensors["token_embd.weight"].shape
    if len(shape) != 2 or shape[0] > _MOST_ROWS or shape[1] != config.hidden_size:
        raise ThinkcapError(f"{folder} has embeddings of another shape than its config.json says: fetch it again.")


def _add_settings(writer: GGUFWriter, checkpoint: Checkpoint, name: str, quant: str) -> None:
    import gguf

    config = checkpoint.config
    types = {"q8_0": gguf.LlamaFileType.MOSTLY_Q8_0, "f16": gguf.LlamaFileType.MOSTLY_F16,
             "bf16": gguf.LlamaFileType.MOSTLY_BF16}  # fmt: skip
    writer.add_name(name)
    writer.add_file_type(types[quant])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads or config.num_attention_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    # Newer files keep the base and the scaling together.
    rope = config.rope_parameters or Rope()
    writer.add_rope_freq_base(rope.rope_theta or config.rope_theta)
    scaling = config.rope_scaling or rope
    if scaling.kind in ("linear", "yarn") and scaling.factor is not None:
        writer.add_rope_scaling_type(gguf.RopeScalingType(scaling.kind))
        writer.add_rope_scaling_factor(scaling.factor)
        if scaling.kind == "yarn" and scaling.original_max_position_embeddings is not None:
            writer.add_rope_scaling_orig_ctx_len(scaling.original_max_position_embeddings)
    elif scaling.kind != "default":
        raise ThinkcapError(f"{checkpoint.folder} stretches its context by {scaling.kind!r}, which can't be converted.")

    makers = checkpoint.generation
    adds = (writer.add_sampling_temp, makers.temperature), (writer.add_sampling_top_p, makers.top_p)
    for add, value in (*adds, (writer.add_sampling_top_k, makers.top_k)):
        if value is not None and makers.do_sample is not False:
            add(value)
