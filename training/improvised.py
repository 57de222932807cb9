"""What people improvise: expressions of abacus's families in casual words, and what is near them or far from them.

Whatever abacus can't do is refused: decimals, more digits than it knows, powers, negative factors, numbers in words,
stories of other kinds, questions about the world. Most refused texts are near misses: they share their words or their
shape with a family. `refused.txt` has questions of every kind; the rest is assembled here.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random

from training import longhand, scope
from training.families import FAMILIES, training_problem
from training.families.stories import FRAMES, NAMES, THINGS
from training.problem import EXPRESSIONS, Problem, typed

TEMPLATES = Path(__file__).with_name("refused.txt")
HELD_OUT_SHARE = 10
"""One template in this many is held out."""
MORE_NAMES = (
    "Ada|Kofi|Lena|Omar|Ines|Raj|Nina|Hugo|Clara|Mehmet|Sofia|Liam|Noah|Olga|Yuki|Zoe|Max|Eve|Bob|Alice|Jan|Maria"
    "|Peter|Susan|Kim|Leo|Dora|Felix|Greta|Ivan|The teacher|My sister|A farmer|The baker|Grandpa|Our neighbour"
).split("|")
MORE_THINGS = (
    "oranges|coins|marbles|flowers|chairs|cookies|bottles|tickets|shirts|hats|cats|fish|trees|stones|toys|cups|keys"
    "|pears|sweets|boxes|shells|candles|lamps|plates|shoes|stickers|nuts|buttons|roses|tyres|ducks|bananas|pencils"
).split("|")
ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
EXPRESSION = re.compile(r"[^\d(-]*(-?[\d(][\d\s+*/x×÷:()-]*[\d)])[^\d]*", re.IGNORECASE)
IMPROVISED = Path(__file__).parents[1] / "benchmarks" / "improvised.jsonl"
"""The questions that abacus is measured on; training sees none of their wordings."""
BEFORE = (
    "|||||||hey |yo |hello, |well, |alright, |next: |then |also |please |pls do |gimme |tell me |say, |I wonder: |my sum: "
    "|math: |calc |um |er, |could you do |can you do |compute: |answer: |here: |maths question: |> |a) |=|whats |wats "
    "|what is |what makes |what would be |how big is |I need |work this out: |solve |solve this: |show me |figure out "
    "|guess |you know |is |no, |again: |fast: |simple one: |easy: |what of |what about |would you tell me "
).split("|")
AFTER = (
    "|||||||?| ?|??|.|=|= ?| =| = ...| thx| please| thanks!| makes?| gives?| is what?| is how much?| :)|, please| asap"
    "| quickly| if you can|, right now| in total| for my homework|, go|;|\n| equals what| = what| is| makes|, what is it?"
).split("|")


@dataclass(frozen=True)
class Refusal:
    """A text that is refused, and the lines of the thought that finds out."""

    text: str
    lines: list[str]


def casual_problem(random: Random) -> Problem:
    """A problem of a family, mostly a short expression, with casual words round it."""
    family = random.choices(["sum", "product", "division", "brackets", "fraction", ""], [6, 4, 3, 4, 2, 3])[0]
    if not family:
        return training_problem(random)
    longest = random.choice([7, 9, 12, 16, 24])
    while True:
        problem = FAMILIES[family](random, False)
        expression = _bare(problem)
        if expression and len(expression) <= longest and not problem.held_out:
            text = casual(random, expression)
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
    before, after = random.choice(_share(BEFORE, held_out)), random.choice(_share(AFTER, held_out))
    text = before + text.rstrip(" .?=\n") + after
    draw = random.random()
    return text[0].upper() + text[1:] if draw < 0.25 else text.lower() if draw < 0.5 else text


def refusal(random: Random, held_out: bool = False) -> Refusal:
    """Something that people type and that abacus refuses, in no wording that it is measured on."""
    while wording((found := _draw_refusal(random, held_out)).text) in barred():
        pass
    return found


def _draw_refusal(random: Random, held_out: bool) -> Refusal:
    kind = random.choices(["template", "expression", "spoilt", "mixed", "inexact", "scope"], [42, 32, 10, 5, 5, 6])[0]
    if kind == "inexact" and not held_out:
        return inexact(random)
    if kind == "expression":
        text = random.choice(EXPRESSIONS_REFUSED)(random)
        if random.random() < 0.35:
            text = EXPRESSIONS.fill(random, held_out, e=text)
        else:
            text = casual(random, text, held_out)
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
        if numbers := [found for found in re.finditer(r"\d+", text)]:
            found = random.choice(numbers)
            other = random.choice([_decimal, _decimal, _large, _large, in_words])(random)
            return text[: found.start()] + other + text[found.end() :]


def mixed_story(random: Random) -> str:
    """The start of one story with the question of another kind."""
    first, second = random.sample([kind for kind in FRAMES if kind not in ("average", "hours", "distance")], 2)
    fields = {name: random.randint(2, 60) for name in "apq"} | {"things": random.choice(THINGS)}
    fields |= dict(zip("AB", random.sample(NAMES, 2), strict=True))
    start = random.choice(FRAMES[first].wordings.trained).format(**fields).split(". ")[0]
    end = random.choice(FRAMES[second].wordings.trained).format(**fields).split(". ")[-1]
    return f"{start}. {end}"


# --- expressions that are refused ------------------------------------------------------------------------------------


def _small(random: Random) -> int:
    return random.randint(0, random.choice([9, 20, 99, 99, 999]))


def _decimal(random: Random) -> str:
    whole = random.choice(["0", "0", "1", str(random.randint(0, 20)), str(random.randint(0, 999))])
    part = str(random.randint(1, 9)) if random.random() < 0.5 else f"{random.randint(0, 999):0{random.choice([2, 2, 3])}d}"
    sign = random.choices([".", ","], [12, 1])[0]
    return f"{whole if random.random() < 0.95 else ''}{sign}{part}"


def _large(random: Random) -> str:
    digits = random.choice([5, 5, 5, 6, 6, 7, 8, 9, 12, 15])
    number = random.randint(1, 9) * 10 ** (digits - 1)
    if random.random() < 0.7:
        number = random.randint(10 ** (digits - 1), 10**digits - 1)
    return f"{number:,}" if random.random() < 0.15 else str(number)


def in_words(random: Random) -> str:
    number = random.randint(0, random.choice([12, 12, 20, 99, 999]))
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10 - 2] + (f"-{ONES[number % 10]}" if number % 10 else "")
    return f"{ONES[number // 100]} hundred" + (f" and {ONES[number % 100 % 20]}" if number % 3 else "")


def _with(random: Random, special: Callable[[Random], str], signs: str = "+-*/") -> str:
    """Two or three numbers, of which at least one is special."""
    numbers = [special(random) if random.random() < 0.5 else str(_small(random)) for _ in range(random.choice([2, 2, 2, 3]))]
    numbers[random.randrange(len(numbers))] = special(random)
    signs += "×x÷" if "*" in signs else ""
    text = numbers[0] + "".join(f" {random.choice(signs)} {number}" for number in numbers[1:])
    return typed(random, text)


def _decimals(random: Random) -> str:
    return _with(random, _decimal)


def _larger(random: Random) -> str:
    if random.random() < 0.6:
        return _with(random, _large)
    thousands = random.choice([random.randint(1000, 9999), random.randint(1, 9) * 1000])
    pair = [str(thousands), str(random.randint(0, random.choice([9, 99, 999, 9999])))]
    sign = random.choice("*x×*")
    if random.random() < 0.3:
        pair, sign = [str(random.randint(1000, 99999)), str(random.randint(26, 400))], "/"
    elif random.random() < 0.4:
        pair.reverse()
    return typed(random, f" {sign} ".join(pair))


def _chain(random: Random) -> str:
    """Too many numbers, or numbers too large for the order of operations."""
    if random.random() < 0.4:
        numbers = [random.randint(1, random.choice([9, 12, 99])) for _ in range(random.randint(6, 10))]
        signs = "+" if random.random() < 0.3 else "+-*"
    else:
        numbers = [random.randint(10, 200) for _ in range(random.randint(3, 4))]
        signs = random.choice(["*", "*", "*+", "*-", "/*", "*+-"])
    items = [str(numbers[0])]
    for number in numbers[1:]:
        items += [random.choice(signs), str(number)]
    if len(numbers) < 6 and not {"*", "/"} & set(items):
        items[1] = "*"
    return typed(random, " ".join(items))


def _bracketed(random: Random, most: int = 30) -> str:
    return f"({random.randint(1, most)} {random.choice('+-+-*')} {random.randint(1, most)})"


def _two_brackets(random: Random) -> str:
    most, sign = random.choice([9, 9, 12, 30, 100]), random.choice("*+-/*")
    first, second, n = _bracketed(random, most), _bracketed(random, most), random.randint(2, 30)
    shapes = [
        f"{first} {sign} {second}",
        f"{first}{second}",
        f"{n}{first}",
        f"({first} {sign} {n}) {random.choice('+-*')} {n + 1}",
        f"{n} - ({first} + {n})",
        f"{first} {sign} {n} {random.choice('+-')} {second}",
        f"[{first} + {n}] * {n}",
        f"(({n} + 1) * 2)",
        f"{first}^2",
        f"{random.randint(13, 200)} * {_bracketed(random, 200)}",
        f"{random.randint(101, 999)} - {_bracketed(random, 99)}",
    ]
    return typed(random, random.choice(shapes[:1] * 5 + shapes))


def _power(random: Random) -> str:
    a, b, c = random.randint(0, 30), random.randint(0, 12), _small(random)
    shapes = ["{a}^{b}", "{a}**{b}", "{a}²", "{a}³", "√{c}", "sqrt({c})", "{a}!", "{c}!", "|-{a}|", "{a}^{b} + {c}"]
    shapes += ["sqrt {c}", "{a}^2 + {b}^2", "{a}! / {b}!", "log({c})", "sin({c})", "{a}e{b}", "10^{b}", "2^{a}", "{c}°"]
    shapes += ["{a} ^ {b}", "-{a}^2", "\\sqrt{{{c}}}", "{a}^{{{b}}}", "{a} % {b}", "{a} // {b}", "{a} << {b}", "{a} & {b}"]
    shapes += ["0x{c}", "{c} mod 0", "{a} to the power {b}", "{a} squared", "{b} cubed", "{b} factorial", "root of {c}"]
    shapes += ["the square of {a}", "cube root of {c}", "{a}C{b}", "π * {a}", "{a}pi", "{a}i + {b}", "{a} ± {b}", "∞ - {a}"]
    return random.choice(shapes).format(a=a, b=b, c=c)


def _over_zero(random: Random) -> str:
    a, b = _small(random), random.randint(1, 20)
    shapes = ["{a} / 0", "{a} / 0", "{a}/0", "0 / 0", "0/0", "{a} ÷ 0", "{a} : 0", "{a} divided by 0", "{a} / ({b} - {b})"]
    shapes += ["{a} mod 0", "{a} over 0", "{a} + {b} / 0", "{a} * {b} / 0", "{a}/0 + {b}", "{a}.0 / 0", "1/0", "-{a} / 0"]
    return random.choice(shapes).format(a=a, b=b)


def _negative(random: Random) -> str:
    a, b = random.randint(1, random.choice([9, 20, 99])), random.randint(1, random.choice([9, 20, 99]))
    shapes = ["-{a} * {b}", "{a} * -{b}", "-{a} * -{b}", "{a} - -{b}", "{a} + -{b}", "-{a} - -{b}", "{a} + (-{b})"]
    shapes += ["{a} - (-{b})", "(-{a}) * {b}", "-{a} / {b}", "{a} / -{b}", "(-{a}) + {b}", "(-{a})*(-{b})", "-(-{a})"]
    shapes += ["-{a} x {b}", "-({a} + {b})", "+{a}", "-{a}", "--{a}", "-{a} times {b}", "minus {a} plus {b}", "-1 * {a}"]
    return typed(random, random.choice(shapes).format(a=a, b=b))


def _fraction(random: Random) -> str:
    a, b, c, d, e, f = (random.randint(1, 9) for _ in range(6))
    n, m, sign = random.randint(1, 60), random.randint(10, 99), random.choice("+-*/")
    shapes = [
        f"{a}/{b} of {n * b}",
        f"{a}/{b} of {n}",
        f"{a}/{b} + {c}/{d} + {e}/{f}",
        f"{a}/{b} {sign} {c}/{d} {random.choice('+-*')} {e}/{f}",
        f"{n} {random.choice('+-')} {a}/{b + 9}",
        f"{n} {random.choice('+-')} 1/{b + 1}",
        f"1/{b + 1} {sign} {n}",
        f"{n} {a}/{b}",
        f"{n} {a}/{b} {sign} {m} {c}/{d}",
        f"{a}/{m} {sign} {c}/{n}",
        f"{m}/{b} {sign} {n}/{m}",
        f"{a}/{b} {sign} {_decimal(random)}",
        f"{_decimal(random)} {sign} {a}/{b}",
        f"-{a}/{b} + {c}/{d}",
        f"({a}/{b})^2",
        f"{a}/0 + {b}/{c}",
        f"½ {sign} {random.choice('¼⅓¾½')}",
        f"{a}/{b} as a decimal",
        f"{a}/{b} {random.choice('<>=')} {c}/{d}",
    ]
    return random.choice(shapes)


def _percentage(random: Random) -> str:
    p, q, n = random.randint(1, 99), random.choice([5, 10, 20, 25, 50]), random.randint(2, 99) * 10
    shapes = [
        f"{random.randint(101, 400)}% of {n}",
        f"{_decimal(random)}% of {n}",
        f"{p}% of {_decimal(random)}",
        f"{p}% of {random.randint(1000, 90000)}",
        f"{q}% + {p}%",
        f"{q}% of {p}% of {n}",
        f"{q}% of {p}%",
        f"{n} * {q}%",
        f"{n} + {q}% - {p}%",
        f"{p}%",
        f"{n}/{p} in %",
        f"{q}% of {n} + {p}",
        f"{q}% off {n}",
        f"0.{p}% of {n}",
    ]
    return random.choice(shapes)


def _worded(random: Random) -> str:
    signs = ["plus", "minus", "times", "divided by", "and", "+", "-", "*", "/", "x", "over"]
    numbers = [in_words(random), in_words(random) if random.random() < 0.7 else str(_small(random))]
    random.shuffle(numbers)
    return f" {random.choice(signs)} ".join(numbers)


def _broken(random: Random) -> str:
    a, b, x, y = _small(random), _small(random), *random.sample("abcxyzn", 2)
    sign, other = random.choice("+-*/"), random.choice("+-*/=^")
    shapes = [f"{a} {sign}", f"{sign} {a}", f"{x} {sign} {y}", f"{a}{x} {sign} {b}{y}", f"{a} {sign}{other} {b}", f"{a}"]
    shapes += [f"{a} {b}", f"({a} {sign} {b}", f"{a} {sign} {b})", f"{a} = {b}", f"{a} < {b}", f"{a} {sign} {x}", f"{x}"]
    shapes += [f"{a} {sign} {b} = {a}", f"{a} {sign} {b} > {a}", f"{a}:{b:02d} {sign} {b}", f"{a} {sign} ?", f"? {sign} {a}"]
    shapes += [f"{a}{random.choice('kmM$€')} {sign} {b}{random.choice('kmM$€')}", f"${a} {sign} ${b}.50", f"{a}, {b}, ..."]
    return random.choice(shapes)


def _equation(random: Random) -> str:
    a, b, c, d = (random.randint(2, 20) for _ in range(4))
    shapes = [f"x^2 = {a * a}", f"x² + {a}x = {b}", f"x + y = {a}", f"{a}(x + {b}) = {c}", f"x/{a} = {b}", f"{a}/x = {b}"]
    shapes += [f"{a}x + {b}y = {c}", f"{a}x", f"{a}x + {b}", "x = x", f"{a}x > {b}", f"x*x = {a}", f"x^3 - {a} = {b}"]
    shapes += [f"0.5x = {a}", f"{a}x + {b} = {_decimal(random)}", f"x + {a} + {b} = {c}", f"{a}x + {b}x = {c}", f"√x = {a}"]
    shapes += [f"({a}x + {b}) / {c} = {d}", f"x + {_large(random)} = {_large(random)}", f"2^x = {2**b}", f"|x| = {a}"]
    text = typed(random, random.choice(shapes))
    return random.choice(["", "", "solve ", "Solve for x: ", "find x: ", "x? "]) + text


EXPRESSIONS_REFUSED: list[Callable[[Random], str]] = [
    *[_decimals] * 5,
    *[_larger] * 5,
    *[_two_brackets] * 3,
    *[_chain] * 2,
    *[_power] * 4,
    *[_over_zero] * 2,
    *[_negative] * 2,
    *[_fraction] * 4,
    *[_percentage] * 2,
    *[_worded] * 3,
    *[_broken] * 2,
    *[_equation] * 2,
]


def wording(text: str) -> str:
    """`text` with every number replaced by 0, in lower case, without superfluous spaces."""
    return " ".join(re.sub(r"\d+", "0", text.lower()).split())


@cache
def barred() -> frozenset[str]:
    rows = IMPROVISED.read_text(encoding="utf-8").splitlines()
    return frozenset(wording(json.loads(row)["problem"]) for row in rows)


# --- templates ------------------------------------------------------------------------------------------------------


def fill(random: Random, template: str) -> str:
    """`template` with its choices made, from the innermost out, and its fields filled in."""
    while found := re.search(r"\[([^\[\]]*)\]", template):
        template = template[: found.start()] + random.choice(found[1].split("|")) + template[found.end() :]
    fields: dict[str, str] = {}
    for name in "NM":
        fields[name] = random.choice(NAMES if random.random() < 0.3 else MORE_NAMES)
    for name in "TV":
        fields[name] = random.choice(THINGS if random.random() < 0.3 else MORE_THINGS)
    for name in "abc":
        fields[name] = str(random.randint(1, random.choice([9, 12, 30, 99])))
    fields["n"] = str(random.randint(2, random.choice([20, 99, 999, 9999])))
    fields["d"], fields["w"], fields["v"] = _decimal(random), in_words(random), in_words(random)
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
