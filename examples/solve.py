"""Solve one problem under a budget."""

import thinkcap

with thinkcap.load("abacus") as engine:
    outcome = engine.solve("What is 384 + 297 + 581?", thinkcap.Budget(thinking=256, solution=64))
    print(outcome.answer, outcome.thinking_tokens, outcome.stop_reason)
