"""JSON as a tree, changed at one place."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

WRONG: list[Any] = [None, True, -1, 0, 10**30, 1.5, float("nan"), float("inf"), "", "x", [], {}, [[]], {"a": {}}]
"""Values of every type and size."""


def spoil(rng: random.Random, tree: Any, more: Sequence[Any] = ()) -> None:
    """Puts a value of WRONG or `more`, or nothing, in the place of one that is anywhere in a tree, in place."""
    depth = rng.randint(1, 5)
    while True:
        keys = list(tree) if isinstance(tree, dict) else range(len(tree))
        key = rng.choice(keys)
        depth -= 1
        if depth == 0 or not isinstance(tree[key], dict | list) or not tree[key]:
            break
        tree = tree[key]
    if rng.random() < 0.1:
        del tree[key]
    else:
        tree[key] = rng.choice([*WRONG, *more])
