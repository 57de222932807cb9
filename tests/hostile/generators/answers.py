r"""Answers and solutions that no well-meaning model writes: endless, enormous, nested, broken, or code.

`HOSTILE` is a fixed list of what once did harm or might. `answer` and `solution` make new ones from a seeded generator,
any number of them and the same ones for the same seed.
"""

from random import Random

LONGEST = 20_000
"""Characters of the longest answer made here."""

NEVER_ENDING = (
    r"9^{9^{9^9}}",
    r"\sum_{k=1}^{10^{12}} \sin(k)",
    "x" * 9_000,
    "[{" * 4_000,
    "(" * 4_000 + "x" + ")" * 4_000,
)
ENORMOUS = (
    "9" * 1_000_000,
    "(" * 10_000 + "x",
    "9" * 9_000,
    "(10^{10})!",
    "99999999!",
    "1e999999999",
    r"2^{99999999999}",
)
TWISTED = (
    "\x00",
    "x\x00y",
    "\x1b[31mx\x1b[0m",
    "\ud800",
    "\u202e5",
    r"\frac{x}{0}",
    r"\frac{" * 1_500,
    r"\begin{pmatrix}" * 500,
    r"\text{" * 1_500,
    r"\pm" * 3_000,
    "1," * 300,
    "+1" * 1_000,
    r"\boxed{" * 1_400,
    r"\left(" * 1_600,
    r"\boxed{" * 20_000 + "x" + "}" * 20_000,
)
SLOW_TO_READ = tuple(
    head + space * 9_983 + "x"
    for head in ("answer", "the ", "(B)", r"\text{")
    for space in (" ", "\u2028", "\u2029", "\u205f", "\u1680", "\u00a0")
)
"""Answers whose spaces make a pattern with two open repeats side by side take quadratic time."""

HOSTILE = NEVER_ENDING + ENORMOUS + TWISTED + SLOW_TO_READ

_COMMANDS = r"""
\frac \frac{1}{2} \sqrt{ \text{ \text{and} \boxed{ \fbox{ \left( \right) \pm \cup \in \cdot \times \begin{pmatrix}
\end{pmatrix} \\ \{ \} \pmod{7} \equiv \choose \overline{ \sum_{k=1}^{n} \int \log \quad \, \( \) \[ \] \infty \pi
\sin ^\circ \mathbb{R} \setminus \mid \phantom{ \vec{a}
"""
_PIECES = (
    *"0123456789xyzeipnABCD +-*/^_=<>()[]{}|,.;:!?%$&#~`'\"\\\n\t",
    *"²₁½√×·−≤∞π∪∈°\u2028\u205f\u1680\u200b\x00\x1b\ud800🙂",
    *_COMMANDS.split(),
    *("answer is ", "the ", " and ", " or ", "yes", "(B)", "A.", "#### ", "**", "million", " cm", "1,234", "3,5", "0."),
)
_HEADS = ("", "answer", "the answer is ", "(B) ", r"\text{", r"\boxed{", "5", "x = ", r"\frac", "yes", "-", r"\{")
_TAILS = ("", "x", "}", "$", "=", ")", " and", r"\}", "!", "^2")
_BRACKETS = (("(", ")"), ("{", "}"), ("[", "]"), (r"\{", r"\}"), (r"\frac{", "}{2}"), (r"\sqrt{", "}"), ("2^{", "}"))
_ORDINARY = (
    r"\frac{1}{2}", "1,234", r"3\sqrt{2}", "(B) 12", r"\{1, 2, 3\}", r"(-\infty, 3] \cup [5, \infty)", "x^2 + 2x + 1",
    r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", r"5 \text{ cm}^2", r"90^\circ", r"1 \pm \sqrt{2}", "y = 2x + 1",
)  # fmt: skip


def answer(random: Random) -> str:
    """One answer, of at most `LONGEST` characters."""
    make = random.choice((_pieces, _repeated, _nested, _tower, _mutated, _any_characters))
    return make(random)[:LONGEST]


def solution(random: Random) -> str:
    """A solution with an answer somewhere in it, perhaps announced, perhaps in a box that never closes."""
    before = _pieces(random) if random.random() < 0.5 else "We add."
    opening = random.choice(("", r"\boxed{", "The answer is ", "**Final Answer**\n\n", "#### ", "$", r"\[ "))
    return before + opening + answer(random) + random.choice(("", "}", ".", "$", r" \]"))


def _pieces(random: Random) -> str:
    return "".join(random.choices(_PIECES, k=random.randint(1, 40)))


def _repeated(random: Random) -> str:
    unit = "".join(random.choices(_PIECES, k=random.randint(1, 3)))
    return (
        random.choice(_HEADS) + unit * (random.choice((50, 400, 5_000, LONGEST)) // len(unit)) + random.choice(_TAILS)
    )


def _nested(random: Random) -> str:
    opening, closing = random.choice(_BRACKETS)
    depth = random.choice((5, 50, 500, 3_000))
    return opening * depth + random.choice(("", "x", "1,2", _pieces(random))) + closing * (depth - random.randint(0, 1))


def _tower(random: Random) -> str:
    power = "9"
    for _ in range(random.randint(1, 5)):
        power = random.choice(
            (
                r"{base}^{{{power}}}",
                "({power})!",
                r"\binom{{{power}}}{{{base}}}",
                r"\sum_{{k=1}}^{{{power}}} k^{{{base}}}",
            )
        ).format(base=random.choice(("9", "10", "x", "99999999")), power=power)
    return power


def _mutated(random: Random) -> str:
    text = list(random.choice(_ORDINARY))
    for _ in range(random.randint(1, 6)):
        place = random.randrange(len(text) + 1)
        if random.random() < 0.5:
            text.insert(place, random.choice(_PIECES))
        else:
            del text[place : place + random.randint(1, 3)]
    return "".join(text)


def _any_characters(random: Random) -> str:
    return "".join(chr(random.randrange(random.choice((128, 0x3000, 0x110000)))) for _ in range(random.randint(1, 200)))
