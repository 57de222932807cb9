"""Messages as clients send them, turned into a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from thinkcap.engine.request import Message, Role
from thinkcap.serve.body import Body
from thinkcap.serve.errors import bad_field

_TEXT_PARTS = ("text", "input_text", "output_text")


def _text(value: Any) -> Any:
    """The text of a content: a text already, or parts of text."""
    if not isinstance(value, list):
        return value
    texts = []
    for part in value:
        if not isinstance(part, dict) or part.get("type") not in _TEXT_PARTS or not isinstance(part.get("text"), str):
            raise ValueError("only text can be read, as a string or as parts of the type text")
        texts.append(part["text"])
    return "".join(texts)


Content = Annotated[str, BeforeValidator(_text)]


class ChatMessage(Body):
    """A message of OpenAI's or Ollama's."""

    harmless: ClassVar = frozenset({"refusal"})
    neutral: ClassVar = {"type": ("text", "message"), "tool_calls": ([],), "images": ([],), "annotations": ([],)}

    role: Literal["system", "developer", "user", "assistant"]
    content: Content = ""
    reasoning_content: str = ""
    reasoning: str = ""
    thinking: str = ""

    @property
    def message(self) -> Message:
        role: Role = "system" if self.role == "developer" else self.role
        return past_turn(role, self.content, self.reasoning_content or self.reasoning or self.thinking)


def past_turn(role: Role, content: str, thinking: str) -> Message:
    """A message of the conversation. What the model wrote loses the line breaks that its template puts around it, so
    that the prompt is what the model decoded then and need not be read again."""
    if role == "assistant":
        return Message(role, content.lstrip("\n"), thinking.strip("\n"))
    return Message(role, content, thinking)


Messages = Annotated[list[ChatMessage], Field(min_length=1)]


def conversation(messages: Sequence[Message]) -> list[Message]:
    """The messages, if they end in one of the user's. Raises HttpError otherwise."""
    if messages[-1].role != "user":
        raise bad_field("messages", "must end in a message of the user's: what to think about.")
    return list(messages)
