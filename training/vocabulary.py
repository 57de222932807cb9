"""Bytes and six markers: what abacus reads and writes, and the chat template that puts them in place.

The markers have the names and the roles of the DeepSeek-R1 family, so whatever finds a thought there finds it here.
"""

from __future__ import annotations

BEGIN, END, USER, ASSISTANT, THINK, CLOSE = range(256, 262)
"""Token ids of the markers; ids below 256 are the bytes themselves."""

MARKERS = {
    BEGIN: "<｜begin▁of▁sentence｜>",
    END: "<｜end▁of▁sentence｜>",
    USER: "<｜User｜>",
    ASSISTANT: "<｜Assistant｜>",
    THINK: "<think>",
    CLOSE: "</think>",
}
SIZE = 288
"""Rows in the embedding: a multiple of 32, as q8_0 blocks want it. The rest is unused."""

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


def encode(text: str) -> list[int]:
    """Plain text as tokens; markers spelled in it stay text."""
    return list(text.encode())


def prompt(problem: str) -> list[int]:
    """What the chat template makes of one user message, up to the open thought."""
    return [BEGIN, USER, *encode(problem), ASSISTANT, THINK, *encode("\n")]


def byte_spellings() -> list[str]:
    """GPT-2's spelling of each byte as one printable character, as byte-level BPE vocabularies store it."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    spelling = {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(others)}
    return [spelling[byte] for byte in range(256)]
