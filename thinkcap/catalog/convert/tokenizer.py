"""The tokenizer of a Qwen2 checkpoint, from its JSON files to GGUF's lists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from thinkcap.catalog.convert.checkpoint import read_json
from thinkcap.errors import ThinkcapError

if TYPE_CHECKING:
    from gguf import GGUFWriter

# GGUF's token types.
NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5

# Qwen2 splits single digits off; other byte-level vocabularies split numbers elsewhere and must not pass for it.
_QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Spellings that llama.cpp's converter takes for control tokens whatever the file says about them.
_LOOKS_SPECIAL = re.compile(r"<\|.*\|>|<｜.*｜>|<pad>|<mask>")

Id = Annotated[int, Field(ge=0)]


class _Added(BaseModel):
    id: Id
    content: str
    special: bool = False


class _Bpe(BaseModel):
    vocab: dict[str, Id]
    merges: list[str] | list[tuple[str, str]] = []


def _bpe(model: Any) -> Any:
    return model if isinstance(model, dict) and model.get("type") == "BPE" else None


class _Tokenizer(BaseModel):
    model: Annotated[_Bpe | None, BeforeValidator(_bpe)] = None
    added_tokens: list[_Added] = []
    pre_tokenizer: Any = None


class _TokenizerConfig(BaseModel):
    tokenizer_class: str | None = None
    chat_template: str | list[dict[str, str]] | None = None


def add_tokenizer(writer: GGUFWriter, folder: Path, rows: int) -> None:
    """Writes the tokenizer of a checkpoint whose embedding has `rows` rows; rows beyond its tokens are unused.

    Raises ThinkcapError if the tokenizer is missing, or is not a byte-level BPE that splits text as Qwen2's does.
    """
    tokenizer = read_json(folder / "tokenizer.json", _Tokenizer, or_empty=True)
    if tokenizer.model is None:
        raise ThinkcapError(f"{folder} has no tokenizer.json with a BPE vocabulary: it can't be converted.")
    kind = read_json(folder / "tokenizer_config.json", _TokenizerConfig, or_empty=True).tokenizer_class or ""
    if not kind.startswith("Qwen2") and _QWEN2_SPLIT not in _patterns(tokenizer.pre_tokenizer):
        raise ThinkcapError(f"{folder} splits text in another way than Qwen2: it can't be converted.")
    added = {token.id: token for token in tokenizer.added_tokens}
    texts = {number: text for text, number in tokenizer.model.vocab.items()}
    texts.update({number: token.content for number, token in added.items()})
    highest = max(texts, default=0)
    if highest >= rows:
        raise ThinkcapError(
            f"{folder} has a token {highest} and only {rows} rows of embeddings: it can't be converted."
        )
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("deepseek-r1-qwen" if "<｜Assistant｜>" in texts.values() else "qwen2")
    writer.add_token_list([texts.get(number, f"[PAD{number}]") for number in range(rows)])
    writer.add_token_types([_type(number, texts, added) for number in range(rows)])
    _add_special(writer, folder, rows)


def _add_special(writer: GGUFWriter, folder: Path, rows: int) -> None:
    """Merges, roles of tokens and the chat template, as the gguf library finds them."""
    from gguf.vocab import SpecialVocab

    try:
        special = SpecialVocab(folder, load_merges=True, special_token_types=("bos", "eos", "pad"), n_vocab=rows)
        template = folder / "chat_template.jinja"
        if template.exists():  # goes before an older one in tokenizer_config.json
            special.chat_template = template.read_text(encoding="utf-8")
        # llama.cpp refuses an empty list; this merge never applies.
        special.merges = special.merges or ["[ ]"]
        special.add_to_gguf(writer, quiet=True)
    except Exception as error:  # the library takes the files as they are, so anything may be wrong with them
        raise ThinkcapError(f"{folder} has tokenizer files that can't be used: fetch the model again.") from error


def _type(number: int, texts: Mapping[int, str], added: Mapping[int, _Added]) -> int:
    if number not in texts:
        return UNUSED
    if number not in added:
        return NORMAL
    return CONTROL if added[number].special or _LOOKS_SPECIAL.fullmatch(texts[number]) else USER_DEFINED


def _patterns(step: Any) -> list[str]:
    """The regular expressions that a pre-tokenizer splits by."""
    if not isinstance(step, dict):
        return []
    inner = step.get("pretokenizers")
    nested = [pattern for each in (inner if isinstance(inner, list) else ()) for pattern in _patterns(each)]
    pattern = step.get("pattern")
    return [*nested, *([pattern["Regex"]] if isinstance(pattern, dict) and "Regex" in pattern else [])]
