"""Learns the vocabulary's merges from the words of the problems: `python -m training.merges` writes merges.txt."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from random import Random

from training import samples, scope, vocabulary
from training.families import training_problem

PROBLEMS = 60_000
MIN_COUNT = 30
"""Pairs that occur less often are not merged."""
INSIDE = re.compile(r" ?[A-Za-z]+|\n\n")


def main() -> None:
    pairs = learn(count_words(Random(1)), vocabulary.SIZE - 262)
    lines = [f"{vocabulary.spell(left)} {vocabulary.spell(right)}\n" for left, right in pairs]
    vocabulary.MERGES.write_text("".join(lines), encoding="utf-8")
    print(f"{vocabulary.MERGES}: {len(lines)} merges")


def count_words(random: Random) -> Counter[str]:
    """How often each word, with the space before it, occurs in problems, thoughts, solutions and instructions."""
    words: Counter[str] = Counter()
    for _ in range(PROBLEMS):
        problem = training_problem(random)
        text = problem.text + random.choice(["", "", samples.length_text(random, 100, random.choice(["", "maximum "]))])
        thought = [*samples.checked(problem), "left 1:", "guess 1", "again: 1", "so 1"]
        for part in (text, samples.text_of(thought), "\n\nThe answer is \\boxed{1}.", scope.SOLUTION):
            words.update(piece for piece in vocabulary.pieces(part) if INSIDE.fullmatch(piece))
    return words


def learn(words: Counter[str], most: int) -> list[tuple[bytes, bytes]]:
    """Byte-pair encoding: merges the most frequent pair of neighbours, again and again."""
    split = {word: [bytes([byte]) for byte in word.encode()] for word in words}
    pairs: list[tuple[bytes, bytes]] = []
    while len(pairs) < most:
        counts: Counter[tuple[bytes, bytes]] = Counter()
        for word, parts in split.items():
            for pair in pairwise(parts):
                counts[pair] += words[word]
        if not counts:
            break
        best = max(counts, key=lambda pair: (counts[pair], pair))
        if counts[best] < MIN_COUNT:
            break
        pairs.append(best)
        for parts in split.values():
            at = 0
            while at < len(parts) - 1:
                if (parts[at], parts[at + 1]) == best:
                    parts[at : at + 2] = [best[0] + best[1]]
                at += 1
    return pairs


if __name__ == "__main__":
    main()
