"""Linear equations, fractions and percentages."""

from __future__ import annotations

import math
from random import Random

from training import longhand
from training.families.arithmetic import TIMES_SIGNS
from training.problem import EXPRESSIONS, Problem, Wordings, typed

EQUATIONS = Wordings(
    [
        "Solve {e}.",
        "Solve {e}",
        "Solve for {x}: {e}",
        "Solve for {x}: {e}.",
        "Solve {e} for {x}.",
        "Solve the equation {e}.",
        "Find {x} if {e}.",
        "Find {x}: {e}",
        "If {e}, what is {x}?",
        "What is {x} if {e}?",
        "Please find {x} if {e}.",
        "Can you solve {e}?",
        "What is the value of {x} when {e}?",
        "Find the value of {x}: {e}",
        "What value of {x} satisfies {e}?",
        "{e}",
        "[Can|Could|Would] you solve {e} for {x}?",
        "[Now|Kindly|Next,] solve [{e}|the equation {e}].",
        "[Compute|Determine|Give|Tell me] [{x}|the value of {x}] [if|when|given that] {e}.",
        "[Given|When|Suppose] {e}, [what is|compute|determine|give] {x}[.|?]",
        "[Work out|Get] {x} from {e}.",
        "The equation {e} is given. [Find|What is] {x}[.|?]",
    ],
    [
        "Find the value of {x} if {e}.",
        "Please solve {e} for {x}.",
        "If {e}, find {x}.",
        "Solve the equation {e} for {x}.",
        "What is the value of {x} if {e}?",
    ],
)
SHARES = Wordings(
    [
        "What is {p}% of {n}?",
        "Find {p}% of {n}.",
        "Calculate {p}% of {n}.",
        "What is {p} percent of {n}?",
        "Work out {p} percent of {n}.",
        "{p}% of {n}",
        "How much is {p}% of {n}?",
        "Please find {p}% of {n}.",
        "What do I get if I take {p}% of {n}?",
        "Compute {p} percent of {n}.",
        "Take {p} percent of {n}.",
        "[Give|Tell me|Determine|Get|Work out|Evaluate] {p}[%| percent] of {n}.",
        "[Can|Could|Would] you [find|compute|work out|take] {p}[%| percent] of {n}?",
        "How much [is|are|makes] {p} percent of {n}?",
    ],
    ["Compute {p}% of {n}.", "Find {p} percent of {n}.", "What do you get for {p}% of {n}?"],
)
INCREASES = Wordings(
    [
        "Increase {n} by {p}%.",
        "What is {n} increased by {p}%?",
        "A price of {n} goes up by {p}%. What is the new price?",
        "{n} plus {p}%",
        "{n} rises by {p}%. How much is it now?",
        "A rent of {n} dollars rises by {p}%. What is the new rent?",
        "Find {n} plus {p} percent.",
        "A town of {n} people grows by {p}%. How many people live there now?",
        "[Compute|Give|Work out|Calculate] {n} [increased|raised] by {p}[%| percent].",
        "A [rent|fee|salary|bill|number] of {n} [rises|grows|goes up|climbs] by {p}%. [What is it now|What is "
        "the new one|How much is it now]?",
    ],
    ["Find {n} increased by {p}%.", "A price of {n} rises by {p}%. What is the new price?"],
)
DECREASES = Wordings(
    [
        "Decrease {n} by {p}%.",
        "What is {n} decreased by {p}%?",
        "A price of {n} goes down by {p}%. What is the new price?",
        "{n} minus {p}%",
        "{n} falls by {p}%. How much is it now?",
        "A rent of {n} dollars falls by {p}%. What is the new rent?",
        "Find {n} minus {p} percent.",
        "A coat for {n} dollars is {p}% off. What does it cost now?",
        "[Compute|Give|Work out|Calculate] {n} [decreased|lowered] by {p}[%| percent].",
        "A [rent|fee|salary|bill|number] of {n} [falls|shrinks|goes down|drops] by {p}%. [What is it now|What is "
        "the new one|How much is it now]?",
    ],
    ["Find {n} decreased by {p}%.", "A price of {n} falls by {p}%. What is the new price?"],
)
UNKNOWNS = ["x"] * 12 + ["y", "z", "n", "t", "k", "a"]
PRIMES = (2, 3, 5, 7)


def make_linear(random: Random, held_out: bool) -> Problem:
    """`a·x + b = d` and `a·x + b = c·x + d` with small whole numbers and a whole solution, possibly negative."""
    name, solution = random.choice(UNKNOWNS), random.randint(-10, 12)
    a, b, c = random.randint(2, 9), random.choice([-1, 1]) * random.randint(1, 25), 0
    if random.random() < 0.45:
        a, c = random.sample(range(1, 10), 2)
    elif random.random() < 0.2:
        a, b = random.choice([(1, b), (a, 0)])
    d = (a - c) * solution + b
    left, right = _side(a, b, name), _side(c, d, name)
    if b > 0 and random.random() < 0.15:
        left = f"{b} + {longhand.term(a, name)}"
    if not c and random.random() < 0.12:
        left, right = right, left
    text = EQUATIONS.fill(random, held_out, e=typed(random, f"{left} = {right}"), x=name)
    if text == text.upper():
        text = text.lower()
    factor, constant = a - c, d - b
    tidy = f"{_side(a, b, name)}={_side(c, d, name)}".replace(" ", "")
    collect = [f"{longhand.term(a, name)}{longhand.signed_term(-c, name)}={longhand.term(factor, name)}"] if c else []
    ends = []
    if factor < 0:
        ends.append(f"{longhand.term(factor, name)}={constant}")
        factor, constant = -factor, -constant
    ends.append(f"{longhand.term(factor, name)}={constant}")
    if factor > 1:
        ends.append(f"{name}={constant}/{factor}={solution}")
    work = [tidy, *collect, *(longhand.combine(d, -b) if b else []), *ends]
    head = [*ends[-2:]] if factor > 1 else ends[-1:]
    plug = _plugged(a, b, solution)
    other = _plugged(c, d, solution) if c else []
    checks = [[" ".join([*plug, *other])], work, [f"{d}{-b:+d}={d - b}"]]
    return Problem("linear", f"{a},{b},{c},{d}", text, str(solution), head, work, checks)


def _side(factor: int, constant: int, name: str) -> str:
    if not factor:
        return str(constant)
    sign = "-" if constant < 0 else "+"
    return longhand.term(factor, name) + (f" {sign} {abs(constant)}" if constant else "")


def _plugged(factor: int, constant: int, value: int) -> list[str]:
    """`factor·value + constant` in the head."""
    product = factor * value
    steps = [f"{factor}*{value}={product}"]
    return steps + ([f"{product}{constant:+d}={product + constant}"] if constant else [])


def make_fraction(random: Random, held_out: bool) -> Problem:
    """Adds, subtracts, multiplies or divides two fractions of digits, or reduces one."""
    (a, b), (c, d) = _proper(random), _proper(random)
    operator = random.choices("+-*/=", [4, 4, 3, 3, 2])[0]
    key, text = f"{a}/{b}{operator}{c}/{d}", ""
    lines: list[str] = []
    if operator == "=":
        g = random.choice([2, 3, 4, 5, 6, 7, 8, 9])
        top, bottom = a * g, b * g
        key = f"{top}/{bottom}"
        text = REDUCTIONS.fill(random, held_out, f=_fraction(random, top, bottom))
    elif operator in "+-":
        lines = [f"{a}*{d}={a * d}"] if b != d else []
        lines += [f"{c}*{b}={c * b}", f"{b}*{d}={b * d}"] if b != d else []
        left, right = (a * d, c * b) if b != d else (a, c)
        sign = 1 if operator == "+" else -1
        lines += longhand.combine(left, sign * right)
        top, bottom = left + sign * right, b * d if b != d else b
    else:
        if operator == "/":
            c, d = d, c
            lines.append(f"{a}/{b}*{c}/{d}")
        top, bottom = a * c, b * d
        lines += [f"{a}*{c}={top}", f"{b}*{d}={bottom}"]
        if operator == "/":
            c, d = d, c
    if not text:
        text = _asked(random, held_out, a, b, operator, c, d)
    reduced = _reduce(top, bottom)
    answer = reduced[-1].rpartition("=")[2]
    work = [*lines, *reduced]
    p, q = (int(part) for part in f"{answer}/1".split("/")[:2])
    g = math.gcd(top, bottom) if top else bottom
    back = f"{p}*{g}={top} {q}*{g}={bottom}"
    checks = [[back], work, [f"{top}/{bottom}"]]
    if operator in "+-" and b != d:
        checks.insert(2, [f"{a}/{b}={a * d}/{b * d} {c}/{d}={c * b}/{b * d}"])
    head = [f"{top}/{bottom}={answer}"] if answer != f"{top}/{bottom}" else [answer]
    return Problem("fraction", key, text, answer, head, work, checks)


FRACTION_WORDS = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
REDUCTIONS = Wordings(
    [
        "Reduce {f}.",
        "Simplify {f}.",
        "Reduce {f} to lowest terms.",
        "Write {f} in lowest terms.",
        "Simplify the fraction {f}.",
        "What is {f} in lowest terms?",
        "Please reduce {f}.",
        "Can you simplify {f}?",
        "Reduce {f} as far as it goes.",
        "[Bring|Put|Write] {f} [in|into] [lowest terms|simplest form].",
        "[Can|Could|Would] you reduce {f}[ to lowest terms|]?",
        "[Kindly|Now] [reduce|simplify] [the fraction |]{f}[ as far as possible|].",
    ],
    ["Reduce the fraction {f}.", "Simplify {f} to lowest terms.", "Please simplify {f}."],
)


def _asked(random: Random, held_out: bool, a: int, b: int, operator: str, c: int, d: int) -> str:
    draw = random.random()
    if draw < 0.2:
        return EXPRESSIONS.fill(random, held_out, e=f"{a}/{b} {FRACTION_WORDS[operator]} {c}/{d}")
    if draw < 0.4:
        sign = {"*": random.choice(["\\times", "\\cdot"]), "/": "\\div"}.get(operator, operator)
        return EXPRESSIONS.fill(random, held_out, e=f"$\\frac{{{a}}}{{{b}}} {sign} \\frac{{{c}}}{{{d}}}$")
    if operator == "/":
        shown = random.choice([f"({a}/{b}) / ({c}/{d})", f"{a}/{b} ÷ {c}/{d}", f"{a}/{b} : {c}/{d}"])
    else:
        sign = random.choice(TIMES_SIGNS[:5]) if operator == "*" else operator
        shown = random.choice([f"{a}/{b} {sign} {c}/{d}"] * 3 + [f"({a}/{b}) {sign} ({c}/{d})"])
    return EXPRESSIONS.fill(random, held_out, e=typed(random, shown))


def _fraction(random: Random, top: int, bottom: int) -> str:
    return f"$\\frac{{{top}}}{{{bottom}}}$" if random.random() < 0.25 else f"{top}/{bottom}"


def _proper(random: Random) -> tuple[int, int]:
    """Two different digits without a common factor; usually the larger is the denominator."""
    while True:
        a, b = random.randint(1, 9), random.randint(2, 9)
        if math.gcd(a, b) == 1 and (a < b or random.random() < 0.2):
            return a, b


def _reduce(top: int, bottom: int) -> list[str]:
    """Reduces `top/bottom` by one prime after another until none divides both. The last line is the answer."""
    if top == 0:
        return [f"0/{bottom}=0"]
    lines = []
    for prime in PRIMES:
        while top % prime == 0 and bottom % prime == 0:
            lines.append(f"by {prime}: {top}/{bottom}={top // prime}/{bottom // prime}")
            top, bottom = top // prime, bottom // prime
        if min(abs(top), bottom) == 1:
            break
        lines.append(f"by {prime} no")
    return [*lines, f"{top}/1={top}" if bottom == 1 else f"{top}/{bottom}"]


def make_percent(random: Random, held_out: bool) -> Problem:
    """A percentage of a number, with up to two decimals, or a number increased or reduced by a percentage."""
    percent = random.choice([5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 80, 90, 12, 35, 45, random.randint(1, 99)])
    amount = random.choice([random.randint(1, 20) * 20, random.randint(10, 99) * 10, random.randint(11, 400)])
    kind = random.choices(["share", "more", "less"], [6, 2, 2])[0]
    if kind != "share":
        percent, amount = random.choice([5, 10, 15, 20, 25, 30, 40, 50, 60, 75]), random.randint(1, 40) * 20
    wordings = {"share": SHARES, "more": INCREASES, "less": DECREASES}[kind]
    text = wordings.fill(random, held_out, p=percent, n=amount)
    product = amount * percent
    share = _hundredth(product)
    lines = [*longhand.times(amount, percent), f"{product}/100={share}"]
    answer = share
    head = [f"{amount}*{percent}={product}", f"{product}/100={share}"]
    checks = [[f"nines {longhand.nines_of_product(amount, percent)}"], longhand.times(percent, amount)]
    if kind != "share":
        change = int(share) if kind == "more" else -int(share)
        lines += longhand.combine(amount, change)
        answer = str(amount + change)
        head.append(f"{amount}{change:+d}={answer}")
        checks.append(longhand.combine(amount + change, -change))
    checks.append([f"{share}*100={product}"])
    return Problem("percent", f"{kind}{percent},{amount}", text, answer, head, lines, checks)


def _hundredth(number: int) -> str:
    """`number / 100` as a decimal without trailing zeros."""
    whole, rest = divmod(number, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".")
