"""Texts that try to steer a terminal, a page or a log."""

from __future__ import annotations

import random

TERMINAL = {
    "clipboard": "\x1b]52;c;Y3VybCBldmlsfHNo\x07",
    "title": "\x1b]0;taken\x1b\\",
    "answerback": "\x1b[c\x1b[6n\x05",
    "erase": "\x1b[2J\x1b[H\x1bc",
    "colour": "\x1b[31;7m",
    "eight bits": "\x9b2J\x9d52;c;YQ==\x9c\x90q\x9c",
    "backspace": "safe\x08\x08\x08\x08evil\x7f",
    "carriage return": "thinkcap: all is well.\rthinkcap: ",
    "reordered": "\u202egpj.exe\u2066\u200f\u061c",
    "null": "a\0b",
    "link": "\x1b]8;;http://example.org\x07here\x1b]8;;\x07",
}
"""Sequences by what they would do."""

PAGE = {
    "element": "</script><script>document.title='taken'</script>",
    "image": "<img src=x onerror=\"document.title='taken'\">",
    "comment": "<!--<script>",
    "entity": "&lt;b&gt;&#60;b>",
    "template": "{{ data }}{{ script }}",
    "separators": "\u2028\u2029",
    "surrogate": "\ud83d",
    "style": "</style><style>*{display:none}</style>",
    "frame": "<iframe src='javascript:top.document.title=1'></iframe><base href='//example.org'>",
}
"""Markup by its kind."""


def terminal_text(rng: random.Random) -> str:
    """Words with two sequences in them."""
    words = ["What", "is", "1 + 1?", *rng.sample(list(TERMINAL.values()), 2)]
    rng.shuffle(words)
    return " ".join(words)


def any_text(rng: random.Random) -> str:
    """Words with sequences and markup in them."""
    return terminal_text(rng) + "".join(rng.sample(list(PAGE.values()), 3))


def steering(output: str) -> list[str]:
    """The characters of an output that no terminal should get from outside."""
    reordering = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return [
        character
        for character in output
        if (ord(character) < 32 and character not in "\n\t")
        or 0x7F <= ord(character) < 0xA0
        or character in reordering
        or 0xD800 <= ord(character) < 0xE000
    ]
