"""Expressions that look like abacus's own and that it refuses: decimals, large numbers, powers, two brackets."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from training.problem import typed
from training.words import in_words


def _small(random: Random) -> int:
    return random.randint(0, random.choice([9, 20, 99, 99, 999]))


def decimal_number(random: Random) -> str:
    whole = random.choice(["0", "0", "1", str(random.randint(0, 20)), str(random.randint(0, 999))])
    part = (
        str(random.randint(1, 9)) if random.random() < 0.5 else f"{random.randint(0, 999):0{random.choice([2, 2, 3])}d}"
    )
    sign = random.choices([".", ","], [12, 1])[0]
    return f"{whole if random.random() < 0.95 else ''}{sign}{part}"


def large_number(random: Random) -> str:
    digits = random.choice([5, 5, 5, 6, 6, 7, 8, 9, 12, 15])
    number = random.randint(1, 9) * 10 ** (digits - 1)
    if random.random() < 0.7:
        number = random.randint(10 ** (digits - 1), 10**digits - 1)
    return f"{number:,}" if random.random() < 0.15 else str(number)


def _with(random: Random, special: Callable[[Random], str], signs: str = "+-*/") -> str:
    """Two or three numbers, of which at least one is special."""
    numbers = [
        special(random) if random.random() < 0.5 else str(_small(random)) for _ in range(random.choice([2, 2, 2, 3]))
    ]
    numbers[random.randrange(len(numbers))] = special(random)
    signs += "×x÷" if "*" in signs else ""
    text = numbers[0] + "".join(f" {random.choice(signs)} {number}" for number in numbers[1:])
    return typed(random, text)


def _decimals(random: Random) -> str:
    return _with(random, decimal_number)


def _larger(random: Random) -> str:
    if random.random() < 0.6:
        return _with(random, large_number)
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
    shapes += [
        "{a} ^ {b}",
        "-{a}^2",
        "\\sqrt{{{c}}}",
        "{a}^{{{b}}}",
        "{a} % {b}",
        "{a} // {b}",
        "{a} << {b}",
        "{a} & {b}",
    ]
    shapes += ["0x{c}", "{c} mod 0", "{a} to the power {b}", "{a} squared", "{b} cubed", "{b} factorial", "root of {c}"]
    shapes += [
        "the square of {a}",
        "cube root of {c}",
        "{a}C{b}",
        "π * {a}",
        "{a}pi",
        "{a}i + {b}",
        "{a} ± {b}",
        "∞ - {a}",
    ]
    return random.choice(shapes).format(a=a, b=b, c=c)


def _over_zero(random: Random) -> str:
    a, b = _small(random), random.randint(1, 20)
    shapes = [
        "{a} / 0",
        "{a} / 0",
        "{a}/0",
        "0 / 0",
        "0/0",
        "{a} ÷ 0",
        "{a} : 0",
        "{a} divided by 0",
        "{a} / ({b} - {b})",
    ]
    shapes += [
        "{a} mod 0",
        "{a} over 0",
        "{a} + {b} / 0",
        "{a} * {b} / 0",
        "{a}/0 + {b}",
        "{a}.0 / 0",
        "1/0",
        "-{a} / 0",
    ]
    return random.choice(shapes).format(a=a, b=b)


def _negative(random: Random) -> str:
    a, b = random.randint(1, random.choice([9, 20, 99])), random.randint(1, random.choice([9, 20, 99]))
    shapes = ["-{a} * {b}", "{a} * -{b}", "-{a} * -{b}", "{a} - -{b}", "{a} + -{b}", "-{a} - -{b}", "{a} + (-{b})"]
    shapes += ["{a} - (-{b})", "(-{a}) * {b}", "-{a} / {b}", "{a} / -{b}", "(-{a}) + {b}", "(-{a})*(-{b})", "-(-{a})"]
    shapes += [
        "-{a} x {b}",
        "-({a} + {b})",
        "+{a}",
        "-{a}",
        "--{a}",
        "-{a} times {b}",
        "minus {a} plus {b}",
        "-1 * {a}",
    ]
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
        f"{a}/{b} {sign} {decimal_number(random)}",
        f"{decimal_number(random)} {sign} {a}/{b}",
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
        f"{decimal_number(random)}% of {n}",
        f"{p}% of {decimal_number(random)}",
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
    shapes = [
        f"{a} {sign}",
        f"{sign} {a}",
        f"{x} {sign} {y}",
        f"{a}{x} {sign} {b}{y}",
        f"{a} {sign}{other} {b}",
        f"{a}",
    ]
    shapes += [
        f"{a} {b}",
        f"({a} {sign} {b}",
        f"{a} {sign} {b})",
        f"{a} = {b}",
        f"{a} < {b}",
        f"{a} {sign} {x}",
        f"{x}",
    ]
    shapes += [
        f"{a} {sign} {b} = {a}",
        f"{a} {sign} {b} > {a}",
        f"{a}:{b:02d} {sign} {b}",
        f"{a} {sign} ?",
        f"? {sign} {a}",
    ]
    shapes += [
        f"{a}{random.choice('kmM$€')} {sign} {b}{random.choice('kmM$€')}",
        f"${a} {sign} ${b}.50",
        f"{a}, {b}, ...",
    ]
    return random.choice(shapes)


def _equation(random: Random) -> str:
    a, b, c, d = (random.randint(2, 20) for _ in range(4))
    shapes = [
        f"x^2 = {a * a}",
        f"x² + {a}x = {b}",
        f"x + y = {a}",
        f"{a}(x + {b}) = {c}",
        f"x/{a} = {b}",
        f"{a}/x = {b}",
    ]
    shapes += [f"{a}x + {b}y = {c}", f"{a}x", f"{a}x + {b}", "x = x", f"{a}x > {b}", f"x*x = {a}", f"x^3 - {a} = {b}"]
    shapes += [
        f"0.5x = {a}",
        f"{a}x + {b} = {decimal_number(random)}",
        f"x + {a} + {b} = {c}",
        f"{a}x + {b}x = {c}",
        f"√x = {a}",
    ]
    shapes += [
        f"({a}x + {b}) / {c} = {d}",
        f"x + {large_number(random)} = {large_number(random)}",
        f"2^x = {2**b}",
        f"|x| = {a}",
    ]
    text = typed(random, random.choice(shapes))
    return random.choice(["", "", "solve ", "Solve for x: ", "find x: ", "x? "]) + text


SHAPES: list[Callable[[Random], str]] = [
    *[_decimals] * 6,
    *[_larger] * 4,
    *[_two_brackets] * 7,
    *[_chain] * 6,
    *[_power] * 4,
    *[_over_zero] * 2,
    *[_negative] * 5,
    *[_fraction] * 6,
    *[_percentage] * 6,
    *[_worded] * 3,
    *[_broken] * 3,
    *[_equation] * 3,
]
