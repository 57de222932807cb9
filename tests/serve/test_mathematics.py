"""LaTeX as MathML, in the browser that shows it."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest

pytestmark = pytest.mark.browser

SCRIPT = files("thinkcap.serve.page").joinpath("mathematics.js").read_text("utf-8")
Typeset = Callable[[str], str]


@pytest.fixture
def typeset(visit: Callable[..., Any]) -> Typeset:
    """The HTML of a text, MathML without its attributes and the rows that only group."""
    browser = visit("about:blank")

    def html(text: str) -> str:
        run = f"{SCRIPT}; const box = document.createElement('p'); box.append(...typeset(arguments[0]));"
        found = str(browser.execute_script(run + "return box.innerHTML", text))
        found = re.sub(r'<(m\w+)(?: (?!class)[\w-]+="[^"]*")+', r"<\1", found)
        return re.sub(r"<mrow>|</mrow>(?!</mrow>)", "", found) if "boxed" not in found else found

    return html


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"$\frac{1}{2}$", "<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>"),
        (r"\(\frac12\)", "<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>"),
        (r"$\sqrt[3]{x}$", "<math><mroot><mi>x</mi><mn>3</mn></mroot></math>"),
        (r"$x_1^{10}$", "<math><msubsup><mi>x</mi><mn>1</mn><mn>10</mn></msubsup></math>"),
        (r"$10^10$", "<math><msup><mn>10</mn><mn>1</mn></msup><mn>0</mn></math>"),
        (r"$2 \times 3$", "<math><mn>2</mn><mo>×</mo><mn>3</mn></math>"),
        (r"$12{,}345$", "<math><mn>12,345</mn></math>"),
        (r"$1{,}2$", "<math><mn>1</mn><mo>,</mo><mn>2</mn></math>"),
        (r"$\text{5 apples}$", "<math><mtext>5 apples</mtext></math>"),
        (r"$90^\circ$", "<math><msup><mn>90</mn><mo>∘</mo></msup></math>"),
        (r"$\unknown x$", r"<math><mtext>\unknown</mtext><mi>x</mi></math>"),
        (r"$\sum_{n=1}^3 n$", "<mo>∑</mo><mi>n</mi><mo>=</mo><mn>1</mn><mn>3</mn></munderover><mi>n</mi></math>"),
    ],
)
def test_formulas(typeset: Typeset, text: str, expected: str) -> None:
    assert typeset(text).endswith(expected.removeprefix("<math>") if "∑" in text else expected)


def test_a_box_needs_no_dollars(typeset: Typeset) -> None:
    html = typeset(r"So it is \boxed{7}.")
    assert html == 'So it is <math><mrow><mrow class="boxed"><mrow><mn>7</mn></mrow></mrow></mrow></math>.'


@pytest.mark.parametrize(
    "text",
    ["It costs $5 and $6.", r"\boxed{unclosed", "$unclosed", r"\[ x", "a * b", "1 < 2", r"\begin{align} x", "$ 5 $"],
)
def test_what_is_no_formula_stays_as_it_is(typeset: Typeset, text: str) -> None:
    assert typeset(text) == text.replace("<", "&lt;")


def test_matrices_and_cases(typeset: Typeset) -> None:
    assert typeset(r"\[\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}\]").count("<mtd>") == 4
    assert "<mo>{</mo>" in typeset(r"$$\begin{cases} 1 & x > 0 \\ 0 & x \le 0 \end{cases}$$")
    assert typeset(r"\begin{align*} a &= b \\ c &= d \end{align*}").count("<mtr>") == 2


def test_lines_around_a_formula_are_its_own(typeset: Typeset) -> None:
    html = typeset("so\n\n\\[ 7 \\]\n\nand $8$ too")
    assert html == "so<math><mn>7</mn></math>and <math><mn>8</mn></math> too"


def test_words_may_be_bold(typeset: Typeset) -> None:
    assert typeset("**Answer:** 2 ** 3") == "<strong>Answer:</strong> 2 ** 3"


def test_a_sign_belongs_to_its_number(visit: Callable[..., Any]) -> None:
    browser = visit("about:blank")
    run = f"{SCRIPT}; return [...formula(arguments[0]).querySelectorAll('[form=prefix]')].length"
    assert browser.execute_script(run, r"-1 + (-2) = -3 - 4") == 3
