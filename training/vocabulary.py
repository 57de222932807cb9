"""The vocabulary of abacus: bytes, six markers, merges for the words of its problems, and the chat template.

The markers have the names and roles of the DeepSeek-R1 family's, so whatever finds a thought there also finds it here.
Text is split like llama.cpp's `qwen2` pre-tokenizer splits it (digits stay single). Each piece is then merged by the
pairs in `merges.txt`, all of which are inside words. Whatever no pair covers stays bytes, so any text can be encoded.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

BEGIN, END, USER, ASSISTANT, THINK, CLOSE = range(256, 262)
"""Token ids of the markers. Ids below 256 are the bytes themselves, ids from 262 on are the merges in order."""

MARKERS = {
    BEGIN: "<｜begin▁of▁sentence｜>",
    END: "<｜end▁of▁sentence｜>",
    USER: "<｜User｜>",
    ASSISTANT: "<｜Assistant｜>",
    THINK: "<think>",
    CLOSE: "</think>",
}
SIZE = 768
"""Rows in the embedding, a multiple of 32 as q8_0 blocks require. Rows that the merges don't need are unused."""
MERGES = Path(__file__).with_name("merges.txt")

CHAT_TEMPLATE = (
    "{{ bos_token }}"
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'user' -%}"
    "{{ '<｜User｜>' + message['content'] }}"
    "{%- elif message['role'] == 'assistant' -%}"
    "{{ '<｜Assistant｜>' }}"
    "{%- if message['reasoning_content'] -%}"
    "{{ '<think>\\n' + message['reasoning_content'] + '\\n</think>\\n\\n' }}"
    "{%- endif -%}"
    "{{ message['content'] + '<｜end▁of▁sentence｜>' }}"
    "{%- else -%}"
    "{{ message['content'] }}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}"
    "{{ '<｜Assistant｜><think>\\n' }}"
    "{%- endif -%}"
)

# The pre-tokenizer's classes. One character represents each class outside ASCII: `é` letters, `٠` numbers, a form feed
# white space, `§` anything else.
_PIECE = re.compile(
    r"'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])|[^\r\nA-Za-zé0-9٠]?[A-Za-zé]+|[0-9٠]"
    r"| ?[^\sA-Za-zé0-9٠]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    re.ASCII,
)


def pieces(text: str) -> list[str]:
    """`text` split as the pre-tokenizer does."""
    classes = text if text.isascii() else "".join(map(_class, text))
    return [text[found.start() : found.end()] for found in _PIECE.finditer(classes)]


@lru_cache(maxsize=65536)
def _class(character: str) -> str:
    if character < "\x80":
        return character
    if character.isspace():
        return "\f"
    return {"L": "é", "N": "٠"}.get(unicodedata.category(character)[0], "§")


@cache
def merges() -> dict[tuple[int, int], int]:
    """The token that each pair of tokens is merged into; lower numbers are merged first."""
    if not MERGES.exists():
        return {}
    token_of = {bytes([byte]): byte for byte in range(256)}
    pairs: dict[tuple[int, int], int] = {}
    for line in MERGES.read_text(encoding="utf-8").splitlines():
        left, right = (_spelled_bytes(part) for part in line.split(" "))
        pair = token_of[left], token_of[right]
        pairs[pair] = token_of[left + right] = 262 + len(pairs)
    return pairs


@cache
def token_bytes() -> dict[int, bytes]:
    """The bytes of each token that is not a marker."""
    spelled = {byte: bytes([byte]) for byte in range(256)}
    for (left, right), token in merges().items():
        spelled[token] = spelled[left] + spelled[right]
    return spelled


def encode(text: str) -> list[int]:
    """Plain text as tokens; markers written in it stay text."""
    return [token for piece in pieces(text) for token in _merged(piece)]


@lru_cache(maxsize=65536)
def _merged(piece: str) -> tuple[int, ...]:
    tokens = list(piece.encode())
    while len(tokens) > 1:
        ranks = [merges().get(pair, SIZE) for pair in pairwise(tokens)]
        best = min(ranks)
        if best == SIZE:
            break
        at = ranks.index(best)
        tokens[at : at + 2] = [best]
    return tuple(tokens)


def decode(tokens: list[int]) -> str:
    """The text of tokens, markers included."""
    spelled = token_bytes()
    return b"".join(spelled.get(t) or MARKERS.get(t, "").encode() for t in tokens).decode(errors="replace")


def prompt(problem: str) -> list[int]:
    """The chat template applied to one user message, up to the open thought."""
    return [BEGIN, USER, *encode(problem), ASSISTANT, THINK, *encode("\n")]


@cache
def byte_spellings() -> list[str]:
    """GPT-2's spelling of each byte as one printable character, as byte-level BPE vocabularies store it."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    spelling = {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}
    return [spelling[byte] for byte in range(256)]


def spell(raw: bytes) -> str:
    return "".join(byte_spellings()[byte] for byte in raw)


def _spelled_bytes(spelled: str) -> bytes:
    return bytes(byte_spellings().index(character) for character in spelled)
