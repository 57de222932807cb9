"""Watch a thought while it happens, and its close."""

import thinkcap
from thinkcap.engine.events import Answered, Closed, Thought

with thinkcap.load("abacus") as engine:
    for event in engine.stream("What is 384 + 297 + 581?", 40):
        match event:
            case Thought(text=text) | Answered(text=text):
                print(text, end="")
            case Closed(stop_reason=reason, thinking_tokens=tokens):
                print(f"\n[{reason} after {tokens} tokens]")
