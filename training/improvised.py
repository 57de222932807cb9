"""What people improvise: expressions of abacus's families in casual words, and what is near them or far from them.

Whatever abacus can't do is refused: decimals, more digits than it knows, powers, negative factors, numbers in words,
stories of other kinds, questions about the world. Most refused texts are near misses: they share their words or their
shape with a family. `refused.txt` has questions of every kind; the rest is assembled here.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random

from training import longhand, scope, words
from training.families import FAMILIES, training_problem
from training.families.stories import FRAMES, NAMES, THINGS
from training.problem import EXPRESSIONS, Problem, expand, typed
from training.refused_expressions import SHAPES, decimal_number, large_number
from training.words import in_words

TEMPLATES = Path(__file__).with_name("refused.txt")
HELD_OUT_SHARE = 10
"""One template in this many is held out."""
CHAT_SHARE = 0.35
"""Share of casual texts with words in no particular order before or after the expression."""
PAUSES = [" ", " ", " ", ", ", ": ", "... ", "! ", ". "]
EXPRESSION = re.compile(r"[^\d(-]*(-?[\d(][\d\s+*/x×÷:()-]*[\d)])[^\d]*", re.IGNORECASE)
IMPROVISED = sorted((Path(__file__).parents[1] / "benchmarks").glob("improvised*.jsonl"))
"""The questions that abacus is measured on; training sees none of their wordings."""


@dataclass(frozen=True)
class Refusal:
    """A text that is refused, and the lines of the thought that finds out."""

    text: str
    lines: list[str]


def casual_problem(random: Random, held_out: bool = False) -> Problem:
    """A problem of a family, mostly a short expression, with casual words round it."""
    family = random.choices(["sum", "product", "division", "brackets", "fraction", ""], [6, 4, 3, 4, 2, 3])[0]
    if not family and not held_out:
        return training_problem(random)
    family = family or "sum"
    longest = random.choice([7, 9, 12, 16, 24])
    while True:
        problem = FAMILIES[family](random, False)
        expression = _bare(problem)
        if expression and len(expression) <= longest and problem.held_out == held_out:
            text = casual(random, expression, held_out)
            if wording(text) not in barred():
                return replace(problem, text=text)


def _bare(problem: Problem) -> str:
    """The expression in a problem's text, or nothing if it is worded in another way."""
    found = EXPRESSION.fullmatch(problem.text)
    if not found or not re.search(r"[+*/x×÷:-]", found[1][1:]):
        return ""
    if problem.family == "division":
        dividend, divisor = map(int, problem.key.split("/"))
        return "" if dividend % divisor else found[1]
    return found[1]


def casual(random: Random, text: str, held_out: bool = False) -> str:
    """`text` without its own punctuation, with words before and after it."""
    before, after = random.choice(_share(words.BEFORE, held_out)), random.choice(_share(words.AFTER, held_out))
    if not held_out and random.random() < CHAT_SHARE:
        if random.random() < 0.8:
            before = _chat(random) + random.choice(PAUSES)
        else:
            before, after = "", random.choice(PAUSES) + _chat(random) + random.choice(["", "", "?", ".", "!"])
    text = before + text.rstrip(" .?=\n") + after
    draw = random.random()
    return text[0].upper() + text[1:] if draw < 0.25 else text.lower() if draw < 0.5 else text


def _chat(random: Random) -> str:
    """One to five words that mean nothing together."""
    return " ".join(random.choices(words.CHAT.split(), k=random.choice([1, 1, 2, 2, 3, 4, 5])))


def refusal(random: Random, held_out: bool = False) -> Refusal:
    """Something that people type and that abacus refuses, in no wording that it is measured on."""
    while wording((found := _draw_refusal(random, held_out)).text) in barred():
        pass
    return found


def _draw_refusal(random: Random, held_out: bool) -> Refusal:
    kind = random.choices(["template", "expression", "spoilt", "mixed", "inexact", "scope"], [36, 44, 8, 3, 5, 4])[0]
    if kind == "inexact" and not held_out:
        return inexact(random)
    if kind == "expression":
        text = random.choice(SHAPES)(random)
        plain = random.random() < 0.35
        text = EXPRESSIONS.fill(random, held_out, e=text) if plain else casual(random, text, held_out)
    elif kind == "spoilt":
        text = spoilt(random)
    elif kind == "mixed":
        text = mixed_story(random)
    elif kind == "scope":
        text = scope.ask(random, held_out)
    else:
        text = fill(random, random.choice(_templates(held_out)))
        if random.random() < 0.1:
            text = casual(random, text, held_out)
    draw = random.random()
    text = text.lower() if draw < 0.25 else text.upper() if draw < 0.28 else text
    return Refusal(text.strip() or "?", scope.THOUGHT)


def inexact(random: Random) -> Refusal:
    """A division or an equation without a whole result, which is found out by the work."""
    if random.random() < 0.75:
        divisor, dividend = random.randint(2, 12), random.randint(1, random.choice([12, 60, 999]))
        dividend += int(dividend % divisor == 0)
        text = typed(random, f"{dividend} {random.choice('///÷:')} {divisor}")
        text = casual(random, text) if random.random() < 0.6 else EXPRESSIONS.fill(random, False, e=text)
        return Refusal(text, [*longhand.divide(dividend, divisor), "not whole"])
    a, b, solution = random.randint(2, 9), random.choice([-1, 1]) * random.randint(1, 25), random.randint(-9, 12)
    d = a * solution + b + random.randint(1, a - 1)
    equation = f"{a}x {'-' if b < 0 else '+'} {abs(b)} = {d}"
    text = casual(random, typed(random, equation))
    lines = [equation.replace(" ", ""), *longhand.combine(d, -b), f"{a}x={d - b}", f"x={d - b}/{a}", "not whole"]
    return Refusal(text, lines)


def spoilt(random: Random) -> str:
    """A family's problem with one of its numbers replaced by one that the family doesn't know."""
    while True:
        text = training_problem(random).text
        if numbers := list(re.finditer(r"\d+", text)):
            found = random.choice(numbers)
            other = random.choice([decimal_number, decimal_number, large_number, large_number, in_words])(random)
            return text[: found.start()] + other + text[found.end() :]


def mixed_story(random: Random) -> str:
    """The start of one story with the question of another kind."""
    first, second = random.sample([kind for kind in FRAMES if kind not in ("average", "hours", "distance")], 2)
    fields = {name: random.randint(2, 60) for name in "apq"} | {"things": random.choice(THINGS)}
    fields |= dict(zip("AB", random.sample(NAMES, 2), strict=True))
    start = expand(random, random.choice(FRAMES[first].wordings.trained)).format(**fields).split(". ")[0]
    end = expand(random, random.choice(FRAMES[second].wordings.trained)).format(**fields).split(". ")[-1]
    return f"{start}. {end}"


def wording(text: str) -> str:
    """`text` with every number replaced by 0, in lower case, without superfluous spaces."""
    return " ".join(re.sub(r"\d+", "0", text.lower()).split())


@cache
def barred() -> frozenset[str]:
    rows = [row for path in IMPROVISED for row in path.read_text(encoding="utf-8").splitlines()]
    return frozenset(wording(json.loads(row)["problem"]) for row in rows)


# --- templates ------------------------------------------------------------------------------------------------------


def fill(random: Random, template: str) -> str:
    """`template` with its choices made, from the innermost out, and its fields filled in."""
    template = expand(random, template)
    fields: dict[str, str] = {}
    for name in "NM":
        fields[name] = random.choice(NAMES if random.random() < 0.3 else words.NAMES)
    for name in "TV":
        fields[name] = random.choice(THINGS if random.random() < 0.3 else words.THINGS)
    for name in "abc":
        fields[name] = str(random.randint(1, random.choice([9, 12, 30, 99])))
    fields["n"] = str(random.randint(2, random.choice([20, 99, 999, 9999])))
    fields["d"], fields["w"], fields["v"] = decimal_number(random), in_words(random), in_words(random)
    fields["S"] = random.choice(scope.TRAINED.subjects.split("|"))
    fields["Y"] = str(random.randint(1900, 2035))
    return re.sub(r"\{([A-Za-z])\}", lambda found: fields.get(found[1], found[0]), template)


@cache
def _templates(held_out: bool) -> list[str]:
    lines = TEMPLATES.read_text(encoding="utf-8").splitlines()
    return _share([line for line in lines if line and not line.startswith("#")], held_out)


def _share(texts: list[str], held_out: bool) -> list[str]:
    """The texts that training sees, or the one in HELD_OUT_SHARE that it doesn't."""
    return [text for text in texts if not text or (zlib.crc32(text.encode()) % HELD_OUT_SHARE == 0) == held_out]
