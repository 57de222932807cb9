"""What a GGUF says of itself that matters for thinking: markers, who opens the thought, where a reply ends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from thinkcap.catalog.header import Header, read_header
from thinkcap.catalog.quants import shards
from thinkcap.engine.prompt import markers
from thinkcap.engine.prompt.markers import Markers
from thinkcap.engine.prompt.template import ChatTemplate


@dataclass(frozen=True, slots=True)
class Inspection:
    """A model file, looked at without loading its weights.

    bytes         of all its parts
    context       the longest it was trained for, in tokens; None where the file does not say
    markers       the thought's markers, None where it has none
    end_of_reply  the texts of the tokens that the file says end a reply
    """

    header: Header
    bytes: int
    context: int | None
    vocabulary: int
    has_template: bool
    markers: Markers | None
    end_of_reply: tuple[str, ...]

    def is_one_token(self, marker: str) -> bool:
        """Whether the vocabulary has the marker as a token of its own."""
        return marker in self.header.special


def inspect(path: Path) -> Inspection:
    """Reads a GGUF's head. Raises ThinkcapError where it is no GGUF, or its chat template is broken."""
    header = read_header(path, tokens=True)
    source = header.text("tokenizer.chat_template")
    template = ChatTemplate(source, _token(header, "bos"), _token(header, "eos")) if source else None
    ends = [_token(header, role) for role in ("eos", "eot", "eom")]
    return Inspection(
        header=header,
        bytes=sum(Path(part).stat().st_size for part in shards(str(path))),
        context=header.count(f"{header.architecture}.context_length"),
        vocabulary=len(header.tokens),
        has_template=template is not None,
        markers=markers.find(template, header.special),
        end_of_reply=tuple(dict.fromkeys(end for end in ends if end)),
    )


def _token(header: Header, role: str) -> str:
    number = header.count(f"tokenizer.ggml.{role}_token_id")
    return header.tokens[number] if number is not None and number < len(header.tokens) else ""
