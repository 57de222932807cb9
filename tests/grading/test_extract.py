"""The answer in a solution, whatever the model wraps it in."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thinkcap.grading import answer_in


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        (r"So the sum is \boxed{42}.", "42"),
        (r"First \boxed{1}, but no: \boxed{2}", "2"),
        (r"Thus $\boxed{\frac{1}{2}}$.", r"\frac{1}{2}"),
        (r"\boxed{\sqrt{\frac{a^{2}}{b_{1}}}}", r"\sqrt{\frac{a^{2}}{b_{1}}}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{\left\{ x \mid x > 2 \right\}}", r"\left\{ x \mid x > 2 \right\}"),
        (r"\boxed {7}", "7"),
        (r"\fbox{7}", "7"),
        (r"\boxed 5.", "5"),
        (r"\boxed\frac{1}{2} it is", r"\frac{1}{2}"),
        (r"\boxed{\boxed{5}}", "5"),
        (r"stray } and { around \boxed{9} }", "9"),
        (r"\boxed{\text{(B)}}", r"\text{(B)}"),
        (r"$\boxed{3}$ and $\boxed{4}$", "3, 4"),
        (r"\[\boxed{3}\quad\text{and}\quad\boxed{4}\]", "3, 4"),
        (r"$\boxed{3}, \; \boxed{4} \qquad \mbox{or} \qquad \boxed{5}$", "3, 4, 5"),
        (r"$x = \boxed{3}$, $y = \boxed{4}$", "4"),
        (r"\boxed{5}, or \boxed{5}", "5"),
    ],
)
def test_the_last_box_is_the_answer(solution: str, answer: str) -> None:
    assert answer_in(solution) == answer


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        (r"We get \boxed{5}. Checking: \boxed{12", "5"),
        (r"The answer is \boxed{12", None),
        (r"The answer is 42. Indeed \boxed{4", "42"),
        (r"\boxed{", None),
        (r"\boxed{}", None),
        (r"\boxed{5}, that is \boxed{ }", "5"),
        (r"\boxed{\frac{1}{2}", None),
        (r"\boxed", None),
    ],
)
def test_a_box_that_breaks_off_or_is_empty_does_not_count(solution: str, answer: str | None) -> None:
    assert answer_in(solution) == answer


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        ("The answer is 5.", "5"),
        ("The answer is 3.5.", "3.5"),
        ("The answer is 1,234.", "1,234"),
        ("The final answer is: $\\frac12$. I hope it is correct.", r"\frac12"),
        ("Final answer: 12 cm", "12 cm"),
        ("**Answer:** 17\n", "17"),
        ("**Final Answer**\n\n17", "17"),
        ("**The answer is: 7**", "7"),
        ("The answer is **(B)**.", "(B)"),
        ("The correct answer is option C.", "option C"),
        ("answer = 5", "5"),
        ("Janet sells 9 eggs.\n#### 18", "18"),
        ("#### -3.5\n", "-3.5"),
        ("#### Step 1\nWe add.\nThe answer is 8.", "8"),
        ("The answer to the problem is 3.", "3"),
        ("The answer is 5 because 2 + 3 = 5.", "5"),
        ("The answer is 4. Wait. The answer is 5.", "5"),
        ("So the answer is\n\\[ x = 5 \\]", "x = 5"),
        ("The answer is Evelyn.", "Evelyn"),
        ("Final Answer: The largest $n$ is 34.", "34"),
        ("**Final Answer**\n\nThe smallest number of coins for 30 cents is $4$.", "4"),
        ("Final Answer: The largest $n$ above 1.5 for which $n^2+1$ is prime is 34.", "34"),
        ("Answer: The value of $x^2$ is $\\frac{1}{2}$ when $x$ is 3.", r"\frac{1}{2}"),
        ("The answer is the red one, since its size is 12.", "the red one"),
        ("Answer: the roots are $x=1$ and $x=2$.", "$x=1$ and $x=2$"),
        ("The answers are $x=1$ and $x=2$.", "$x=1$ and $x=2$"),
    ],
)
def test_announced_answers_are_found(solution: str, answer: str) -> None:
    assert answer_in(solution) == answer


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        ("42", "42"),
        ("(B)", "(B)"),
        ("x = 5", "x = 5"),
        ("We add.\n$\\frac{3}{4}$", r"\frac{3}{4}"),
        ("Therefore $x = \\frac{3}{4}$.", r"\frac{3}{4}"),
        ("Janet makes 18 dollars every day.", "18"),
        ("So 3 + 4", None),
        ("Let me think about it", None),
        ("", None),
        (" \n ", None),
    ],
)
def test_without_a_box_or_an_announcement_the_end_decides(solution: str, answer: str | None) -> None:
    assert answer_in(solution) == answer


UNITS = [
    r"\boxed{",
    r"\boxed{1}",
    r"\boxed{1},",
    r"\boxed ",
    "{",
    "}",
    "\\",
    "$",
    "9",
    " ",
    "\n",
    "answer is ",
    "the answer to ",
]
UNITS += ["#### 1\n", r"\(", r"\boxed{{}", "**answer**\n", "a. ", "\x00\x1b[", "so = "]


@pytest.mark.parametrize("unit", UNITS)
def test_a_megabyte_of_anything_takes_linear_time(unit: str) -> None:
    megabyte = unit * (1_000_000 // len(unit))
    started = time.process_time()
    answer_in(megabyte)
    answer_in(rf"\boxed{{{megabyte}}}")
    assert time.process_time() - started < 10  # quadratic time would be hours


@given(st.lists(st.sampled_from([*"\\{}$ .\n*#=12ab", "\\boxed{", "\\boxed", "answer is "]), max_size=100).map("".join))
def test_an_answer_is_never_blank_and_never_raises(solution: str) -> None:
    answer = answer_in(solution)
    assert answer is None or answer.strip()


BALANCED = st.recursive(
    st.text(alphabet="x1+ ,", min_size=1, max_size=5).filter(str.strip),
    lambda inner: st.lists(inner | inner.map(lambda text: "{" + text + "}"), min_size=1, max_size=3).map("".join),
    max_leaves=8,
)


@given(content=BALANCED, before=BALANCED, after=BALANCED)
def test_balanced_content_comes_out_of_its_box_whole(content: str, before: str, after: str) -> None:
    assert answer_in(f"{before} \\boxed{{{content}}} {after}") == content.strip()
