"""Answer a problem under several budgets for little more than the price of the largest."""

import thinkcap

with thinkcap.load("abacus") as engine:
    outcomes = engine.sweep("What is 384 + 297 + 581?", [0, 16, 32, 64, None])
    for outcome in sorted(outcomes, key=lambda outcome: outcome.thinking_tokens):
        print(outcome.budget.thinking, outcome.thinking_tokens, outcome.answer)
