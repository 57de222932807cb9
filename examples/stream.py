"""Stream a thought as it is generated, and see why it ended."""

import thinkcap

with thinkcap.load("abacus") as engine:
    for event in engine.stream("What is 384 + 297 + 581?", 40):
        match event:
            case thinkcap.Thought(text=text) | thinkcap.Answered(text=text):
                print(text, end="")
            case thinkcap.Closed(stop_reason=reason, thinking_tokens=tokens):
                print(f"\n[{reason} after {tokens} tokens]")
