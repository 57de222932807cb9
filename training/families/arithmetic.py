"""Sums and differences, products, division with remainder, and the order of operations."""

from __future__ import annotations

from random import Random
from typing import TypeAlias

from training import longhand
from training.problem import EXPRESSIONS, Problem, Wordings, number, slipped, typed

SUMS = Wordings(
    [
        "Find the sum of {list}.",
        "What is the sum of {list}?",
        "Add {list}.",
        "Add up {list}.",
        "What do you get when you add {list}?",
        "What is the total of {list}?",
        "Please add up {list}.",
        "Work out the total of {list}.",
        "How much are {list} together?",
        "[Compute|Calculate|Give|Tell me|Determine|Get|Show me|I need|I want] the [sum|total] of [the numbers "
        "|]{list}.",
        "[Please|Kindly|Now] [sum|total|add up|add together] {list}.",
        "[Can|Could|Would] you [add|sum up|add up|total] {list}?",
        "[Sum up|Total|Add together] {list}[.|, please.]",
        "[What|How much] do {list} [add up to|make|come to|give][ together|]?",
        "[Work out|Find|Compute] {list} [added up|together|in total].",
        "The [sum|total] of {list}[.|?| is what?]",
    ],
    ["Work out the sum of {list}.", "Find the total of {list}.", "Please add {list}."],
)
DIFFERENCES = Wordings(
    [
        "Subtract {b} from {a}.",
        "What is {a} minus {b}?",
        "Take {b} away from {a}.",
        "What is {a} take away {b}?",
        "What do you get when you subtract {b} from {a}?",
        "{a} minus {b}",
        "Compute {a} less {b}.",
        "Please take {b} from {a}.",
        "What is left of {a} when {b} is taken away?",
        "How much more is {a} than {b}?",
        "[Please|Kindly|Now|Then] [deduct|remove|take] {b} from {a}.",
        "[Can|Could|Would] you [deduct|remove|take|subtract] {b} from {a}?",
        "[Find|Calculate|Give|Work out|Tell me|Evaluate] {a} [minus|less|take away] {b}.",
        "What [remains|is left|stays] [if|when] [I|we|one] [subtract|remove|deduct] {b} from {a}?",
    ],
    ["Please subtract {b} from {a}.", "Compute {a} minus {b}.", "What is left when you take {b} away from {a}?"],
)
PRODUCTS = Wordings(
    [
        "Multiply {a} by {b}.",
        "What is {a} times {b}?",
        "Find the product of {a} and {b}.",
        "What is the product of {a} and {b}?",
        "What do you get when you multiply {a} by {b}?",
        "Multiply {a} and {b}.",
        "{a} times {b}",
        "Please find {a} times {b}.",
        "Work out {a} times {b}.",
        "Compute the product of {a} and {b}.",
        "[Can|Could|Would] you multiply {a} [by|and] {b}?",
        "[Kindly|Now|Then] multiply {a} [by|and] {b}.",
        "[Calculate|Give|Tell me|Determine|Get|I need] the product of {a} and {b}.",
        "[Find|Calculate|Give|Evaluate|Tell me] {a} [times|multiplied by] {b}.",
    ],
    ["Please multiply {a} by {b}.", "Work out the product of {a} and {b}.", "Compute {a} times {b}."],
)
QUOTIENTS = Wordings(
    [
        "What is the quotient when {a} is divided by {b}?",
        "How many times does {b} go into {a}?",
        "Divide {a} by {b} and give the whole quotient.",
        "Find the whole quotient of {a} divided by {b}.",
        "What is the integer part of {a} / {b}?",
        "How often does {b} fit into {a}?",
        "How many times can {b} be taken out of {a}?",
        "When {a} is divided by {b}, what is the whole quotient?",
        "[Compute|Calculate|Give|Tell me|Work out] the [whole |]quotient when {a} is divided by {b}.",
        "How [many times|often] [can|will|would] {b} [go|fit] into {a}?",
    ],
    ["Find the quotient when {a} is divided by {b}.", "How many times does {b} fit into {a}?"],
)
REMAINDERS = Wordings(
    [
        "What is the remainder when {a} is divided by {b}?",
        "Find the remainder of {a} divided by {b}.",
        "What is {a} mod {b}?",
        "Compute {a} mod {b}.",
        "What remainder does {a} leave when divided by {b}?",
        "{a} mod {b}",
        "Divide {a} by {b}. What is the remainder?",
        "What is left over when {a} is divided by {b}?",
        "Please find {a} mod {b}.",
        "[Compute|Give|Tell me|Work out] the remainder [when {a} is divided by {b}|of {a} divided by {b}].",
        "[Find|Evaluate|Work out] {a} mod {b}.",
    ],
    [
        "Find the remainder when {a} is divided by {b}.",
        "What is the remainder of {a} divided by {b}?",
        "Calculate {a} mod {b}.",
    ],
)
EXACT_DIVISIONS = Wordings(
    [
        "Divide {a} by {b}.",
        "What is {a} divided by {b}?",
        "{a} divided by {b}",
        "Find {a} divided by {b}.",
        "Work out {a} divided by {b}.",
        "Please calculate {a} divided by {b}.",
        "[Kindly|Now|Then] divide {a} by {b}.",
        "[Can|Could|Would] you divide {a} by {b}?",
        "[Calculate|Give|Evaluate|Tell me] {a} [divided by|over] {b}.",
    ],
    ["Please divide {a} by {b}.", "Compute {a} divided by {b}."],
)
TIMES_SIGNS = ["*", "*", "*", "x", "×", "\\times", "\\cdot"]


def _width(random: Random) -> int:
    return random.choices([1, 2, 3, 4], [2, 4, 4, 3])[0]


def _in_words(numbers: list[int], random: Random) -> str:
    head, last = ", ".join(map(str, numbers[:-1])), numbers[-1]
    comma = "," if len(numbers) > 2 and random.random() < 0.4 else ""
    return f"{head}{comma} and {last}"


def _signed(numbers: list[int]) -> str:
    """`384 - 297 + 581`."""
    return f"{numbers[0]}" + "".join(f" {'-' if n < 0 else '+'} {abs(n)}" for n in numbers[1:])


def make_sum(random: Random, held_out: bool) -> Problem:
    """2 to 5 numbers of 1 to 4 digits, some of them subtracted; sometimes the first is negative."""
    count = random.choices([2, 3, 4, 5], [9, 5, 3, 1])[0]
    same = _width(random) if random.random() < 0.5 else 0
    numbers = [number(random, same or _width(random)) for _ in range(count)]
    kind = random.choices(["plus", "difference", "mixed"], [5, 4, 2])[0]
    if kind == "difference":
        if numbers[0] < numbers[1] and random.random() < 0.4:
            numbers[0], numbers[1] = numbers[1], numbers[0]
        numbers = [numbers[0], -numbers[1]]
    elif kind == "mixed":
        numbers = [n if random.random() < 0.5 else -n for n in numbers]
    a, b = str(numbers[0]), str(abs(numbers[1]))
    if kind == "plus" and random.random() < 0.35:
        text = SUMS.fill(random, held_out, list=_in_words(numbers, random))
    elif kind == "plus" and random.random() < 0.1:
        text = EXPRESSIONS.fill(random, held_out, e=" plus ".join(map(str, numbers)))
    elif kind == "difference" and random.random() < 0.35:
        text = DIFFERENCES.fill(random, held_out, a=a, b=b)
    else:
        text = EXPRESSIONS.fill(random, held_out, e=typed(random, _signed(numbers)))
    ordered = numbers[:1] + sorted(numbers[1:]) if min(numbers) < 0 else sorted(numbers)
    key = "".join(f"{n:+d}" for n in ordered)
    work, total = _add_up(numbers), sum(numbers)
    slip = None
    if " " in work[-1] and random.random() < 0.15:
        wrong_work, wrong = slipped(random, work)
        slip = wrong_work, _check_sum(numbers, wrong)
    checks = [_check_sum(numbers, total), _add_up([numbers[-1], *numbers[:-1]])]
    if count > 2:
        checks += [_add_up(numbers[::-1]), _add_up([*numbers[1:], numbers[0]])]
    if min(numbers) >= 0:
        checks += [[f"nines {longhand.nines_of_sum(numbers)}"]]
        checks += [[_units(numbers)]]
    else:
        checks += [_head_sums(numbers)]
    return Problem("sum", key, text, str(total), _head_sums(numbers), work, checks, slip)


def _add_up(numbers: list[int]) -> list[str]:
    """Running sums: the first two numbers are combined until one is left."""
    lines, rest = [], list(numbers)
    while len(rest) > 1:
        if len(rest) > 2:
            lines.append(_signed(rest).replace(" ", ""))
        pair = longhand.combine(rest[0], rest[1])
        lines += pair
        rest = [rest[0] + rest[1], *rest[2:]]
    return lines


def _head_sums(numbers: list[int]) -> list[str]:
    lines, total = [], numbers[0]
    for n in numbers[1:]:
        lines.append(f"{total}{n:+d}={total + n}")
        total += n
    return lines


def _check_sum(numbers: list[int], claimed: int) -> list[str]:
    """For two numbers, subtracts the second again. For more, casts out nines or adds from the end."""
    if len(numbers) == 2:
        return longhand.combine(claimed, -numbers[1])
    if min(numbers) >= 0:
        line = longhand.nines_of_sum(numbers).rpartition("=")[0].rpartition(" ")
        whole, root = longhand.nines(claimed)
        return [f"nines {line[0].rpartition(' ')[0]} {whole} {line[2]}={root}"]
    if claimed != sum(numbers):
        return longhand.combine(claimed, -sum(numbers[1:]))
    return _add_up(numbers[::-1])


def _units(numbers: list[int]) -> str:
    total, steps = numbers[0] % 10, []
    for n in numbers[1:]:
        steps.append(f"{total}+{n % 10}={total + n % 10}")
        total = (total + n % 10) % 10
    return f"units {' '.join(steps)} {total}"


def make_product(random: Random, held_out: bool) -> Problem:
    """Factors of 1 to 3 digits each."""
    widths = random.choices([(1, 1), (2, 1), (3, 1), (2, 2), (3, 2), (3, 3)], [2, 3, 3, 4, 4, 3])[0]
    a, b = (number(random, width) for width in widths)
    if random.random() < 0.3:
        a, b = b, a
    if random.random() < 0.65:
        text = EXPRESSIONS.fill(random, held_out, e=typed(random, f"{a} {random.choice(TIMES_SIGNS)} {b}"))
    else:
        text = PRODUCTS.fill(random, held_out, a=a, b=b)
    work = longhand.times(a, b)
    slip = None
    if " " in work[-1] and random.random() < 0.2:
        wrong_work, wrong = slipped(random, work)
        slip = wrong_work, [_nines_check(a, b, wrong)]
    checks = [[_nines_check(a, b, a * b)], longhand.times(b, a), [f"units {a % 10}*{b % 10}={a % 10 * (b % 10)}"]]
    if a > 99 and b > 99:
        checks.insert(2, longhand.divide(a * b, a) if a <= 25 else _split_product(a, b))
    key = "*".join(map(str, sorted((a, b))))
    return Problem("product", key, text, str(a * b), [f"{a}*{b}={a * b}"], work, checks, slip)


def _nines_check(a: int, b: int, claimed: int) -> str:
    right = longhand.nines_of_product(a, b)
    (whole, root), (true, _) = longhand.nines(claimed), longhand.nines(a * b)
    start = right.rpartition(f" {true} ")
    return f"nines {start[0]} {whole} {start[2].partition('=')[0]}={root}"


def _split_product(a: int, b: int) -> list[str]:
    """`a * b`, computed from the hundreds of `a` and the rest."""
    hundreds, left = a // 100 * 100, a % 100
    lines = longhand.times(b, hundreds)
    if left:
        lines += longhand.times(b, left)
        lines += longhand.combine(hundreds * b, left * b)
    return lines


def make_division(random: Random, held_out: bool) -> Problem:
    """Quotient, remainder or both: up to four digits divided by one digit, up to three divided by 10 to 25."""
    if random.random() < 0.6:
        divisor, dividend = random.randint(2, 9), number(random, random.choice([2, 3, 3, 4]))
    else:
        divisor, dividend = random.randint(10, 25), number(random, random.choice([2, 3, 3]))
    kind = random.choices(["exact", "quotient", "remainder"], [4, 3, 4])[0]
    if kind == "exact":
        dividend -= dividend % divisor
        dividend = dividend or divisor
    quotient, remainder = divmod(dividend, divisor)
    if kind == "exact" and random.random() < 0.6:
        sign = random.choice(["/", "/", "/", "÷", ":", "\\div"])
        text = EXPRESSIONS.fill(random, held_out, e=typed(random, f"{dividend} {sign} {divisor}"))
    else:
        wordings = {"exact": EXACT_DIVISIONS, "quotient": QUOTIENTS, "remainder": REMAINDERS}[kind]
        text = wordings.fill(random, held_out, a=dividend, b=divisor)
    answer = str(remainder if kind == "remainder" else quotient)
    shown = f"{quotient} r {remainder}"
    closing = [] if kind == "remainder" else [f"whole {quotient}"]
    work = [*longhand.divide(dividend, divisor), *closing]
    back = longhand.times(quotient, divisor) + (longhand.combine(quotient * divisor, remainder) if remainder else [])
    roots, root = longhand.nines(dividend)
    (first, a), (second, b) = longhand.nines(quotient), longhand.nines(divisor)
    product, c = longhand.nines(a * b)
    cast = f"nines {first} {second} {a}*{b}={product} {c}+{remainder}={longhand.nines(c + remainder)[0]} {roots} {root}"
    checks = [back, [cast], [f"{remainder}<{divisor}"]]
    head = [f"{dividend}/{divisor}={shown}", *closing]
    return Problem("division", f"{dividend}/{divisor}", text, answer, head, work, checks)


def make_brackets(random: Random, held_out: bool) -> Problem:
    """Three to five small numbers with +, -, * and / and sometimes brackets; everything stays whole."""
    while True:
        expression = _tree(random, random.choice([3, 3, 4, 4, 5]))
        steps = _reduce(expression)
        if steps is None:
            continue
        equations, states, value = steps
        if any(sign in states[0] for sign in "*/("):
            break
    shown = _spaced(states[0])
    sign = random.choice(TIMES_SIGNS)
    if "\\" in sign:
        shown = shown.replace("/", "\\div")
    elif random.random() < 0.15:
        shown = shown.replace("/", "÷")
    text = EXPRESSIONS.fill(random, held_out, e=typed(random, shown.replace("*", sign)))
    work: list[str] = []
    for state, (a, operator, b, _) in zip(states, equations, strict=True):
        work += [state] if len(equations) > 1 and state != states[-1] else []
        work += _long_step(a, operator, b)
    head = [_equation(*equation) for equation in equations]
    checks = [[" ".join(head)], work, [" ".join(head[::-1])]]
    return Problem("brackets", states[0], text, str(value), head, work, checks)


def _equation(a: int, operator: str, b: int, c: int) -> str:
    return f"{a}{operator}{b}={c}"


def _long_step(a: int, operator: str, b: int) -> list[str]:
    if operator == "*":
        return longhand.times(a, b)
    if operator == "/":
        return [f"{a}/{b}={a // b}"]
    return longhand.combine(a, b if operator == "+" else -b)


Item: TypeAlias = "int | str | list[Item]"
"""A number, a sign, or a list of items for what is in brackets. Numbers and signs take turns."""


def _tree(random: Random, count: int) -> list[Item]:
    """An expression of `count` numbers."""
    items: list[Item] = [random.randint(1, 12)]
    for _ in range(count - 1):
        items += [random.choices("+-*/", [4, 4, 4, 2])[0], random.randint(1, 12)]
    if count > 2 and random.random() < 0.75:
        size = random.choice([2, 2, 3]) if count > 3 else 2
        start = random.randint(0, count - size)
        items[2 * start : 2 * (start + size) - 1] = [items[2 * start : 2 * (start + size) - 1]]
    return items


def _write(items: list[Item]) -> str:
    return "".join(f"({_write(item)})" if isinstance(item, list) else str(item) for item in items)


def _spaced(expression: str) -> str:
    for sign in "+*/-":
        expression = expression.replace(sign, f" {sign} ")
    return expression


def _reduce(items: list[Item]) -> tuple[list[tuple[int, str, int, int]], list[str], int] | None:
    """Every operation in order, the expression before each, and the value. None unless all numbers stay small and
    whole."""
    equations: list[tuple[int, str, int, int]] = []
    states: list[str] = []
    while not isinstance(value := items[0], int) or len(items) > 1:
        states.append(_write(items))
        inner, outer = next(((item, i) for i, item in enumerate(items) if isinstance(item, list)), (items, -1))
        at = next((i for i, item in enumerate(inner) if item in ("*", "/")), 1)
        a, operator, b = inner[at - 1 : at + 2]
        assert isinstance(a, int)
        assert isinstance(b, int)
        assert isinstance(operator, str)
        if operator == "/" and (b == 0 or a % b or a > 108 or a // b > 12):
            return None
        value = {"+": a + b, "-": a - b, "*": a * b, "/": a // b if b else 0}[operator]
        if not (-400 if _count(items) == 1 else 0) <= value <= 400:
            return None
        if operator == "*" and max(a, b) > longhand.TABLE and min(a, b) > 9:
            return None
        equations.append((a, operator, b, value))
        inner[at - 1 : at + 2] = [value]
        if outer >= 0 and len(inner) == 1:
            items[outer] = inner[0]
    return equations, states, value


def _count(items: list[Item]) -> int:
    """How many operations remain."""
    return sum(_count(item) if isinstance(item, list) else item in ("+", "-", "*", "/") for item in items)
