"""What counts as the same answer, beyond the thousand pairs."""

import subprocess
import sys

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from thinkcap.grading import equivalent
from thinkcap.grading.equivalence import PLAIN_RULES, RULES, Rule, quick, same
from thinkcap.grading.latex import normal
from thinkcap.grading.numbers import number


def test_importing_grading_brings_neither_sympy_nor_the_engine() -> None:
    seen = subprocess.run(
        [sys.executable, "-c", "import thinkcap.grading, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"sympy", "math_verify", "latex2sympy2_extended", "numpy", "llama_cpp"} & set(seen)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("1262", "1262"),
        (r"\frac{1}{2}", "0.5"),
        ("1,262", "1262"),
        ("(B)", "B"),
        ("50\\%", "1/2"),
        (r"\text{Even}", "even"),
    ],
)
def test_plain_answers_are_settled_without_a_worker(answer: str, expected: str) -> None:
    assert quick(answer, expected) is True
    assert equivalent(answer, expected)


def test_algebra_is_done_where_it_takes_algebra() -> None:
    assert quick(r"\sqrt{18}", r"3\sqrt{2}") is None
    assert equivalent(r"\sqrt{18}", r"3\sqrt{2}")
    assert not equivalent(r"\sqrt{18}", r"2\sqrt{3}")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.decide.__name__)
def test_each_rule_decides_its_examples_and_none_before_it_does(rule: Rule) -> None:
    earlier = RULES[: RULES.index(rule)]
    for example, verdict in ((rule.alike, True), (rule.unlike, False)):
        if example is None:
            continue
        answer, expected = example
        given, wanted = normal(answer), normal(expected)
        assert [other.decide(given, wanted) for other in earlier] == [None] * len(earlier)
        assert rule.decide(given, wanted) is verdict
        assert same(answer, expected) is verdict
        assert quick(answer, expected) is (verdict if rule in PLAIN_RULES else None)


def test_the_last_rule_always_decides() -> None:
    assert [RULES[-1].decide(one, "2x") for one in ("", "(", "x+x")] == [False, False, True]


@pytest.mark.parametrize(("answer", "expected"), [("", ""), ("", "5"), ("5", ""), (" ", " "), ("$$", "$$")])
def test_nothing_equals_nothing(answer: str, expected: str) -> None:
    assert not equivalent(answer, expected)


@given(st.integers(-(10**30), 10**30), st.integers(-(10**30), 10**30))
def test_integers_are_equal_exactly_where_they_are(one: int, other: int) -> None:
    assert quick(str(one), f"{other:,}") is (one == other) or (one != other and quick(str(one), f"{other:,}") is None)
    assert quick(f"{one:,}", str(one)) is True


@given(st.integers(-999, 999), st.integers(1, 999), st.integers(1, 30))
def test_a_fraction_equals_its_expanded_self(over: int, under: int, factor: int) -> None:
    assert quick(rf"\frac{{{over * factor}}}{{{under * factor}}}", f"{over}/{under}") is True


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**6), max_value=10**6))
def test_a_decimal_equals_itself_with_more_zeros(decimal: object) -> None:
    assert quick(f"{decimal}", f"{decimal}000") is True


@given(st.integers(1, 10**6), st.integers(2, 10**4))
def test_a_fraction_equals_its_decimal_from_six_digits_on(over: int, under: int) -> None:
    fraction = rf"\frac{{{over}}}{{{under}}}"
    assert quick(f"{over / under:.9f}", fraction) is True or over / under < 1e-3
    rounded = number(f"{over / under:.1f}")
    assume(rounded is not None and rounded.value * under != over and over / under < 1000)
    assert quick(f"{over / under:.1f}", fraction) is False


@given(st.text(max_size=60))
@settings(max_examples=300)
def test_spelling_anything_normally_never_raises_and_settles(text: str) -> None:
    once = normal(text)
    assert quick(text, text) is bool(once)
    quick(text, "12")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (r"x<1, x>2", "x<1"),  # a second answer, not a condition on the first
        (r"n \neq 3, n \neq 5", r"n \neq 3"),
        ("AB", "ab"),
        (r"2 \text{ or } 3", "2"),
        (r"\text{(B) and (D)}", "B"),
        (r"3\vec{a}\times\vec{b}", r"3\vec{b}\times\vec{a}"),
        (r"\angle ABC", r"\angle ACB"),
        (r"\sqrt{x^2}", "x"),
        (r"1.2 \text{ million}", r"1.2 \text{ billion}"),
        (r"9 \text{ yards}", r"9 \text{ feet}"),
    ],
)
def test_what_says_more_or_something_else_is_different(answer: str, expected: str) -> None:
    assert not equivalent(answer, expected)
    assert not equivalent(expected, answer)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("3.5", "3,5"),
        (r"\frac{7}{2}", "3,5"),
        ("-0.5", "-0,5"),
        (r"\frac{1}{8}", "0,125"),
        ("2.5 cm", r"2,5 \text{ cm}"),
        ("1.5, 2.5", "1,5; 2,5"),
        ("(1.5, 2)", "(1,5; 2)"),
        ("5, 3", "3,5"),
    ],
)
def test_an_expected_answer_may_have_a_decimal_comma(answer: str, expected: str) -> None:
    assert equivalent(answer, expected)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [("3.6", "3,5"), ("35", "3,5"), ("3,5", "3.5"), ("1.234", "1,234"), ("1.2", "(1,2)"), ("(1.5, 2)", "(1;5; 2)")],
)
def test_a_comma_between_digits_is_not_always_a_decimal_one(answer: str, expected: str) -> None:
    assert not equivalent(answer, expected)


@pytest.mark.parametrize(
    ("answer", "expected"), [("x^2+y^2=25", "25"), ("(x-1)^2+(y-2)^2=9", "9"), ("x^2+y^2=25", "x^2+y^2=16")]
)
def test_a_curve_is_not_the_number_on_its_right_side(answer: str, expected: str) -> None:
    assert not equivalent(answer, expected)
    assert not equivalent(expected, answer)


@pytest.mark.parametrize("equation", ["BC^2 = 50", "m + n = 50", "x_1 + x_2 = 50", "7^2 + 1^2 = 50", "f(2) = 50"])
def test_a_named_value_is_the_value(equation: str) -> None:
    assert equivalent(equation, "50")
