"""The tokenizer of a Qwen2 checkpoint, from its JSON files to GGUF's lists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from thinkcap.catalog.convert.checkpoint import Checkpoint, Model, read_json
from thinkcap.errors import ThinkcapError

# GGUF's token types.
NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5

# Qwen2 splits single digits off; other byte-level vocabularies split numbers elsewhere and must not pass for it.
_QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Spellings that llama.cpp's converter takes for control tokens whatever the file says about them.
_LOOKS_SPECIAL = re.compile(r"<\|.*\|>|<｜.*｜>|<pad>|<mask>")


def _joined(merge: Any) -> Any:
    return " ".join(map(str, merge)) if isinstance(merge, list) else merge


def _content(token: Any) -> Any:
    """A special token is written as its text, or as a table with it."""
    return token.get("content") if isinstance(token, dict) else token


def _first(ids: Any) -> Any:
    """A role has one token, or several of which the first counts."""
    return next(iter(ids), None) if isinstance(ids, list) else ids


def _bpe(model: Any) -> Any:
    return model if isinstance(model, dict) and model.get("type") == "BPE" else None


Id = Annotated[int, Field(ge=0)]
TokenText = Annotated[str | None, BeforeValidator(_content)]
TokenId = Annotated[int | None, BeforeValidator(_first)]


class _Added(BaseModel):
    id: Id
    content: str
    special: bool = False


class _Bpe(BaseModel):
    vocab: dict[str, Id]
    merges: list[Annotated[str, BeforeValidator(_joined)]] = []


class _Tokenizer(BaseModel):
    model: Annotated[_Bpe | None, BeforeValidator(_bpe)] = None
    added_tokens: list[_Added] = []
    pre_tokenizer: Any = None


class _Template(BaseModel):
    name: str
    template: str


class _Settings(BaseModel):
    tokenizer_class: str | None = None
    bos_token: TokenText = None
    eos_token: TokenText = None
    pad_token: TokenText = None
    add_bos_token: bool | None = None
    chat_template: str | list[_Template] | None = None


class Generation(BaseModel):
    """generation_config.json: special tokens, and how the makers sample."""

    bos_token_id: TokenId = None
    eos_token_id: TokenId = None
    pad_token_id: TokenId = None
    do_sample: bool | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None


@dataclass(frozen=True, slots=True)
class TokenizerLists:
    """What a GGUF says about a tokenizer.

    tokens, types  by token id, padded to the embedding's rows
    merges         byte-pair merges, `left right`, in the order they are applied
    pre            llama.cpp's name for how text is split before merging
    special        token ids by role: bos, eos, pad
    """

    tokens: tuple[str, ...]
    types: tuple[int, ...]
    merges: tuple[str, ...]
    pre: str
    special: Mapping[str, int]
    add_bos: bool
    chat_template: str | None


def read_tokenizer(checkpoint: Checkpoint, rows: int) -> TokenizerLists:
    """Reads the tokenizer of a checkpoint whose embedding has `rows` rows.

    Raises ThinkcapError if the tokenizer is missing, or is not a byte-level BPE that splits text as Qwen2's does.
    """
    folder = checkpoint.folder
    tokenizer = _optional(folder / "tokenizer.json", _Tokenizer)
    settings = _optional(folder / "tokenizer_config.json", _Settings)
    if tokenizer.model is None:
        raise ThinkcapError(f"{folder} has no tokenizer.json with a BPE vocabulary: it can't be converted.")
    is_qwen2 = (settings.tokenizer_class or "").startswith("Qwen2")
    if not is_qwen2 and _QWEN2_SPLIT not in _patterns(tokenizer.pre_tokenizer):
        raise ThinkcapError(f"{folder} splits text in another way than Qwen2: it can't be converted.")
    added = {token.id: token for token in tokenizer.added_tokens}
    texts = {number: text for text, number in tokenizer.model.vocab.items()}
    texts.update({number: token.content for number, token in added.items()})
    highest = max(texts, default=0)
    if highest >= rows:
        raise ThinkcapError(
            f"{folder} has a token {highest} and only {rows} rows of embeddings: it can't be converted."
        )
    return TokenizerLists(
        tokens=tuple(texts.get(number, f"[PAD{number}]") for number in range(rows)),
        types=tuple(_type(number, texts, added) for number in range(rows)),
        merges=tuple(tokenizer.model.merges) or ("[ ]",),  # llama.cpp refuses an empty list; this never applies
        pre="deepseek-r1-qwen" if "<｜Assistant｜>" in texts.values() else "qwen2",
        special=_special(checkpoint, settings, {text: number for number, text in texts.items()}, rows),
        add_bos=bool(settings.add_bos_token),
        chat_template=_chat_template(checkpoint, settings),
    )


def read_generation(checkpoint: Checkpoint) -> Generation:
    """The checkpoint's generation_config.json, empty if it has none."""
    return _optional(checkpoint.folder / "generation_config.json", Generation)


def _optional(path: Path, model: type[Model]) -> Model:
    return read_json(path, model) if path.exists() else model()


def _special(checkpoint: Checkpoint, settings: _Settings, ids: Mapping[str, int], rows: int) -> dict[str, int]:
    """Token ids by role: the tokenizer's, else those of the generation settings, else those of config.json."""
    config = read_json(checkpoint.folder / "config.json", Generation)
    generation, special = read_generation(checkpoint), {}
    for role in ("bos", "eos", "pad"):
        number = ids.get(getattr(settings, f"{role}_token") or "")
        for fallback in (generation, config):
            number = getattr(fallback, f"{role}_token_id") if number is None else number
        if number is not None and 0 <= number < rows:
            special[role] = number
    return special


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


def _chat_template(checkpoint: Checkpoint, settings: _Settings) -> str | None:
    """The chat template: its own file in newer repositories, one text or several named ones in older ones."""
    file = checkpoint.folder / "chat_template.jinja"
    if file.exists():
        return file.read_text(encoding="utf-8", errors="replace")
    if isinstance(settings.chat_template, list):
        return next((each.template for each in settings.chat_template if each.name == "default"), None)
    return settings.chat_template
