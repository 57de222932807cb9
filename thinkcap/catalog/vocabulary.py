"""The vocabulary of a Qwen2 tokenizer, from tokenizer.json and tokenizer_config.json to GGUF's lists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from thinkcap.catalog.checkpoint import Checkpoint
from thinkcap.errors import ThinkcapError

# GGUF's token types.
NORMAL, CONTROL, USER_DEFINED, UNUSED = 1, 3, 4, 5

# Qwen2 splits single digits off; other byte-level vocabularies split numbers elsewhere and must not pass for it.
_QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
# Spellings that llama.cpp's converter takes for control tokens whatever the file says of them.
_LOOKS_SPECIAL = re.compile(r"<\|.*\|>|<｜.*｜>|<pad>|<mask>")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a GGUF needs to know of a tokenizer.

    tokens, types  by token id, padded to the embedding's rows
    merges         byte-pair merges, `left right`, first come first merged
    pre            llama.cpp's name for how text is split before merging
    special        token ids by role: bos, eos, pad
    """

    tokens: tuple[str, ...]
    types: tuple[int, ...]
    merges: tuple[str, ...]
    pre: str
    special: dict[str, int]
    add_bos: bool
    chat_template: str | None


def read_vocabulary(checkpoint: Checkpoint, rows: int) -> Vocabulary:
    """Reads the tokenizer of a checkpoint whose embedding has so many rows.

    Raises ThinkcapError for a tokenizer that is missing, or not a byte-level BPE split as Qwen2's.
    """
    tokenizer, settings = checkpoint.json("tokenizer.json"), checkpoint.json("tokenizer_config.json")
    model = tokenizer.get("model", {})
    if model.get("type") != "BPE" or not isinstance(model.get("vocab"), dict):
        raise ThinkcapError(f"{checkpoint.folder} has no tokenizer.json with a BPE vocabulary: it can't be converted.")
    is_qwen2 = str(settings.get("tokenizer_class")).startswith("Qwen2")
    if not is_qwen2 and _QWEN2_SPLIT not in _patterns(tokenizer.get("pre_tokenizer")):
        raise ThinkcapError(f"{checkpoint.folder} splits text in another way than Qwen2: it can't be converted.")
    added = {entry["id"]: entry for entry in tokenizer.get("added_tokens", [])}
    texts = {number: text for text, number in model["vocab"].items()}
    texts.update({number: entry["content"] for number, entry in added.items()})
    if max(texts) >= rows:
        raise ThinkcapError(
            f"{checkpoint.folder} has a token {max(texts)} and only {rows} rows of embeddings: it can't be converted."
        )
    tokens = tuple(texts.get(number, f"[PAD{number}]") for number in range(rows))
    merges = tuple(merge if isinstance(merge, str) else " ".join(merge) for merge in model.get("merges", []))
    config, generation = checkpoint.config, checkpoint.json("generation_config.json")
    by_text = {text: number for number, text in texts.items()}
    special = {}
    for role in ("bos", "eos", "pad"):
        number = by_text.get(_content(settings.get(f"{role}_token")) or "")
        if number is None:
            number = _first(generation.get(f"{role}_token_id", config.get(f"{role}_token_id")))
        if number is not None and number < rows:
            special[role] = number
    return Vocabulary(
        tokens=tokens,
        types=tuple(_type(number, texts, added) for number in range(rows)),
        merges=merges or ("[ ]",),  # llama.cpp refuses an empty list; this one can never apply
        pre="deepseek-r1-qwen" if "<｜Assistant｜>" in by_text else "qwen2",
        special=special,
        add_bos=bool(settings.get("add_bos_token", False)),
        chat_template=_template(checkpoint, settings),
    )


def _type(number: int, texts: dict[int, str], added: dict[int, Any]) -> int:
    if number not in texts:
        return UNUSED
    if number not in added:
        return NORMAL
    return CONTROL if added[number].get("special") or _LOOKS_SPECIAL.fullmatch(texts[number]) else USER_DEFINED


def _patterns(step: Any) -> list[str]:
    """The regular expressions a pre-tokenizer splits by."""
    if not isinstance(step, dict):
        return []
    nested = [pattern for inner in step.get("pretokenizers", []) for pattern in _patterns(inner)]
    pattern = step.get("pattern")
    return [*nested, *([pattern["Regex"]] if isinstance(pattern, dict) and "Regex" in pattern else [])]


def _template(checkpoint: Checkpoint, settings: dict[str, Any]) -> str | None:
    """The chat template: a file of its own in newer repositories, one text or several named ones in older ones."""
    template = checkpoint.text("chat_template.jinja") or settings.get("chat_template")
    if isinstance(template, list):
        named = {entry.get("name"): entry.get("template") for entry in template}
        template = named.get("default")
    return template if isinstance(template, str) else None


def _content(token: Any) -> str | None:
    content = token.get("content") if isinstance(token, dict) else token
    return content if isinstance(content, str) else None


def _first(value: Any) -> int | None:
    value = value[0] if isinstance(value, list) and value else value
    return value if isinstance(value, int) else None
