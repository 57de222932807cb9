"""Short word problems: shopping, change, distances, ages, sharing, packing, saving, reading, averages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from training import longhand
from training.problem import Problem, Wordings

NAMES = ["Tom", "Anna", "Ben", "Lisa", "Sam", "Mia", "Paul", "Emma"]
THINGS = ["pens", "apples", "books", "cards", "cakes", "balls", "eggs", "stamps"]

Step = tuple[int, str, int]


@dataclass(frozen=True)
class Frame:
    """A kind of story: its wordings, and how random numbers give its fields and the steps that solve it."""

    wordings: Wordings
    draw: Callable[[Random], tuple[dict[str, int], list[Step]]]


def _shopping(random: Random) -> tuple[dict[str, int], list[Step]]:
    a, p, q = random.randint(2, 12), random.randint(2, 12), random.randint(2, 60)
    return {"a": a, "p": p, "q": q}, [(a, "*", p), (a * p, "+", q)]


def _change(random: Random) -> tuple[dict[str, int], list[Step]]:
    a, p = random.randint(2, 9), random.randint(2, 9)
    note = random.choice([n for n in (50, 100, 200) if n > a * p])
    return {"a": a, "p": p, "q": note}, [(a, "*", p), (note, "-", a * p)]


def _distance(random: Random) -> tuple[dict[str, int], list[Step]]:
    speed, hours = random.randint(4, 120), random.randint(2, 9)
    return {"p": speed, "q": hours}, [(speed, "*", hours)]


def _hours(random: Random) -> tuple[dict[str, int], list[Step]]:
    speed, hours = random.choice([4, 5, 6, 8, 9, 12, 20, 30, 40, 50, 60, 80]), random.randint(2, 9)
    return {"p": speed, "q": speed * hours}, [(speed * hours, "/", speed)]


def _ages(random: Random) -> tuple[dict[str, int], list[Step]]:
    age, more = random.randint(3, 60), random.randint(2, 30)
    return {"p": age, "q": more}, [(age, "+", more), (age, "+", age + more)]


def _later(random: Random) -> tuple[dict[str, int], list[Step]]:
    age, less, years = random.randint(20, 70), random.randint(2, 19), random.randint(2, 30)
    return {"p": age, "q": less, "a": years}, [(age, "-", less), (age - less, "+", years)]


def _sharing(random: Random) -> tuple[dict[str, int], list[Step]]:
    people, each = random.randint(2, 9), random.randint(2, 40)
    return {"a": people, "p": people * each}, [(people * each, "/", people)]


def _packing(random: Random) -> tuple[dict[str, int], list[Step]]:
    boxes, each = random.randint(2, 9), random.randint(6, 40)
    gone = random.randint(2, boxes * each - 1)
    return {"a": boxes, "p": each, "q": gone}, [(boxes, "*", each), (boxes * each, "-", gone)]


def _saving(random: Random) -> tuple[dict[str, int], list[Step]]:
    start, each, weeks = random.randint(10, 200), random.randint(2, 30), random.randint(2, 9)
    return {"q": start, "p": each, "a": weeks}, [(each, "*", weeks), (start, "+", each * weeks)]


def _average(random: Random) -> tuple[dict[str, int], list[Step]]:
    while True:
        a, p, q = (random.randint(2, 60) for _ in range(3))
        if (a + p + q) % 3 == 0:
            return {"a": a, "p": p, "q": q}, [(a, "+", p), (a + p, "+", q), (a + p + q, "/", 3)]


FRAMES = {
    "shopping": Frame(
        Wordings(
            [
                "{A} buys {a} {things} at {p} dollars each and a bag for {q} dollars. How much does {A} pay?",
                "{A} buys {a} {things} for {p} dollars each and a hat for {q} dollars. What is the total cost?",
                "{a} {things} cost {p} dollars each. {A} buys them and a bag for {q} dollars. How much is it in all?",
                "{A} [buys|takes|orders|gets] {a} {things} [at|for] {p} dollars each and a "
                "[bag|cap|scarf|lamp|book] for {q} dollars. [What does {A} pay|What is the price of it all|How "
                "much is the bill|How much must {A} pay|What is the total]?",
            ],
            ["{A} buys {a} {things} for {p} dollars each and a bag for {q} dollars. How much does {A} pay in all?"],
        ),
        _shopping,
    ),
    "change": Frame(
        Wordings(
            [
                "{A} buys {a} {things} at {p} dollars each and pays with {q} dollars. How much change does {A} get?",
                "{a} {things} cost {p} dollars each. {A} pays with a {q} dollar note. What is the change?",
                "{A} [buys|takes|orders] {a} {things} [at|for] {p} dollars each and [pays with|hands over|gives] "
                "[{q} dollars|a {q} dollar bill]. [How much change is it|What does {A} get back|How much change "
                "does {A} get|How much comes back]?",
            ],
            ["{A} buys {a} {things} for {p} dollars each and pays with a {q} dollar note. What is the change?"],
        ),
        _change,
    ),
    "distance": Frame(
        Wordings(
            [
                "A train goes {p} km an hour. How far does it go in {q} hours?",
                "{A} drives at {p} km per hour for {q} hours. How far does {A} get?",
                "A car travels {q} hours at {p} km per hour. How many km is that?",
                "A [bus|car|boat|truck|bike] [goes|drives|moves|travels] [at |]{p} km [an|per] hour. How "
                "[far|many km] does it [go|get|travel|drive] in {q} hours?",
                "[How far|How many km] does a [train|car|bus] [go|get] in {q} hours at {p} km [an|per] hour?",
            ],
            ["A train travels at {p} km per hour. How far does it go in {q} hours?"],
        ),
        _distance,
    ),
    "hours": Frame(
        Wordings(
            [
                "A train goes {p} km an hour. How many hours does it take for {q} km?",
                "{A} drives {q} km at {p} km per hour. How many hours does it take?",
                "How long does it take to travel {q} km at {p} km per hour?",
                "A [bus|train|boat|truck] [goes|drives|moves|travels] [at |]{p} km [an|per] hour. How many hours "
                "[does it need|does it take|are needed] for {q} km?",
            ],
            ["A car travels at {p} km per hour. How many hours does it take for {q} km?"],
        ),
        _hours,
    ),
    "ages": Frame(
        Wordings(
            [
                "{A} is {p} years old. {B} is {q} years older. How old are they together?",
                "{A} is {p}. {B} is {q} years older than {A}. What is the sum of their ages?",
                "{A} is {p}[ years old|]. {B} is {q} years older. [What is the sum of their ages|How old are "
                "both together|What do their ages add up to]?",
            ],
            ["{A} is {p} years old. {B} is {q} years older than {A}. How old are they together?"],
        ),
        _ages,
    ),
    "later": Frame(
        Wordings(
            [
                "{A} is {p} years old. {B} is {q} years younger. How old will {B} be in {a} years?",
                "{A} is {p}. {B} is {q} years younger than {A}. How old is {B} in {a} years?",
                "{A} is {p}[ years old|] and {B} is {q} years younger. [How old will {B} be|How old is {B}|What "
                "is {B}'s age] in {a} years?",
            ],
            ["{A} is {p} years old. {B} is {q} years younger than {A}. How old will {B} be in {a} years?"],
        ),
        _later,
    ),
    "sharing": Frame(
        Wordings(
            [
                "{a} children share {p} {things} equally. How many does each get?",
                "{A} shares {p} {things} equally among {a} children. How many does each child get?",
                "{p} {things} are put into {a} bags, the same number in each. How many are in a bag?",
                "{p} {things} are [divided|split|given out] equally [among|between] {a} "
                "[children|friends|pupils]. How many does each [get|one get|receive]?",
                "{A} [divides|splits] {p} {things} equally among {a} [children|friends|pupils]. How many [are "
                "for each|does each get]?",
            ],
            ["{p} {things} are shared equally among {a} children. How many does each child get?"],
        ),
        _sharing,
    ),
    "packing": Frame(
        Wordings(
            [
                "{A} has {a} boxes of {p} {things} each. {q} {things} are sold. How many are left?",
                "There are {a} boxes with {p} {things} each. {A} takes {q} of them. How many {things} are left?",
                "[{A} has|There are|We have] {a} [boxes|bags|packs] [of|with] {p} {things} each. {q} [{things} "
                "|of them |][are gone|are eaten|are given away|get lost]. How many [{things} |][are "
                "left|remain|are still there]?",
            ],
            ["{A} has {a} boxes with {p} {things} each. {q} of them are sold. How many {things} are left?"],
        ),
        _packing,
    ),
    "saving": Frame(
        Wordings(
            [
                "{A} has {q} dollars and saves {p} dollars a week. How much does {A} have after {a} weeks?",
                "{A} saves {p} dollars each week for {a} weeks and had {q} dollars before. How much is it now?",
                "{A} [has|owns|starts with] {q} dollars and [puts aside|adds|keeps] {p} dollars [a|every|each] "
                "week. How much [is it|does {A} have|is there] after {a} weeks?",
            ],
            ["{A} has {q} dollars and saves {p} dollars each week. How much is it after {a} weeks?"],
        ),
        _saving,
    ),
    "average": Frame(
        Wordings(
            [
                "What is the average of {a}, {p} and {q}?",
                "Find the average of {a}, {p} and {q}.",
                "Find the mean of {a}, {p} and {q}.",
                "What is the mean of {a}, {p}, {q}?",
                "[Compute|Give|Work out|Tell me|Determine] the [average|mean] of [the numbers |]{a}, {p} and {q}.",
            ],
            ["Calculate the average of {a}, {p} and {q}.", "What is the mean of {a}, {p} and {q}?"],
        ),
        _average,
    ),
}


def make_story(random: Random, held_out: bool) -> Problem:
    kind = random.choice(list(FRAMES))
    fields, steps = FRAMES[kind].draw(random)
    first, second = random.sample(NAMES, 2)
    text = FRAMES[kind].wordings.fill(random, held_out, A=first, B=second, things=random.choice(THINGS), **fields)
    head, work, value = [], [], 0
    for a, sign, b in steps:
        value = {"+": a + b, "-": a - b, "*": a * b, "/": a // b}[sign]
        head.append(f"{a}{sign}{b}={value}")
        work += _written(a, sign, b)
    a, sign, b = steps[-1]
    back = {"+": (value, "-", b), "-": (value, "+", b), "*": (value, "/", b), "/": (value, "*", b)}[sign]
    checks = [_written(*back), work, [" ".join(head)]]
    key = f"{kind}:{','.join(f'{name}{number}' for name, number in sorted(fields.items()))}"
    return Problem("story", key, text, str(value), head, work, checks)


def _written(a: int, sign: str, b: int) -> list[str]:
    """One step in long-hand."""
    if sign == "*":
        return longhand.times(a, b)
    if sign == "/":
        if b > longhand.TABLE or a // b <= 9:
            return [f"{a}/{b}={a // b}"]
        return [*longhand.divide(a, b)[:-1], f"whole {a // b}"]
    return longhand.combine(a, b if sign == "+" else -b)
