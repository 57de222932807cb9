"""Arithmetic written out by hand: the thoughts abacus learns.

Every thought is lines of one grammar. A line with an expression says what is worked on; each line under it is one
column, units first, with the carry or the borrow written out, and after a space the result's digits so far:

    384+297
    4+7=11 1
    8+9+1=18 81
    3+2+1=6 681

So every step looks back a line or two, every number is copied rather than remembered, and a thought that is cut short
has already fixed the last digits of its result.
"""

from __future__ import annotations


def _digits(number: int, width: int = 0) -> list[int]:
    """The digits of `number` from the units up, padded with zeros to `width` columns."""
    return [int(digit) for digit in reversed(str(number).zfill(width))]


def add(left: int, right: int, sign: str = "") -> list[str]:
    """The columns of `left + right`; the last line ends in `sign` and the sum."""
    width = len(str(max(left, right)))
    lines, carry, written = [], 0, ""
    for i, (a, b) in enumerate(zip(_digits(left, width), _digits(right, width), strict=True)):
        total = a + b + carry
        written = f"{sign}{total}{written}" if i == width - 1 else f"{total % 10}{written}"
        lines.append(f"{a}+{b}{'+1' if carry else ''}={total} {written}")
        carry = total // 10
    return lines


def subtract(left: int, right: int, sign: str = "") -> list[str]:
    """The columns of `left - right` for `left >= right`; the last line ends in `sign` and the difference.

    A column that has to borrow shows ten more on its left, and the next column subtracts one more.
    """
    width = len(str(left))
    lines, borrow, written = [], 0, ""
    for i, (a, b) in enumerate(zip(_digits(left), _digits(right, width), strict=True)):
        top = a + 10 if a - b - borrow < 0 else a
        digit = top - b - borrow
        written = f"{digit}{written}"
        if i == width - 1:
            written = sign + str(int(written))
        lines.append(f"{top}-{b}{'-1' if borrow else ''}={digit} {written}")
        borrow = int(top > a)
    return lines


def multiply(top: int, digit: int, zeros: str = "") -> list[str]:
    """The columns of `top * digit`, shifted left by `zeros`; the last line ends in the product."""
    lines, carry, written = [], 0, zeros
    columns = _digits(top)
    for i, a in enumerate(columns):
        total = a * digit + carry
        written = str(int(f"{total}{written}")) if i == len(columns) - 1 else f"{total % 10}{written}"
        lines.append(f"{a}*{digit}{f'+{carry}' if carry else ''}={total} {written}")
        carry = total // 10
    return lines


def think_sum(numbers: list[int]) -> str:
    """Running sums: the first two numbers become one until a single number is left."""
    lines, rest = [], list(numbers)
    while len(rest) > 1:
        lines += ["+".join(map(str, rest)), *add(rest[0], rest[1])]
        rest = [rest[0] + rest[1], *rest[2:]]
    return _thought(lines)


def think_difference(left: int, right: int) -> str:
    if left >= right:
        return _thought([f"{left}-{right}", *subtract(left, right)])
    return _thought([f"{left}-{right}=-({right}-{left})", *subtract(right, left, sign="-")])


def think_product(left: int, right: int) -> str:
    """Partial products of the longer factor with each digit of the other (at most two digits), then their sum."""
    top, bottom = (left, right) if len(str(left)) >= len(str(right)) else (right, left)
    lines = [f"{top}*{bottom}"]
    if bottom < 10:
        return _thought(lines + multiply(top, bottom))
    tens, units = divmod(bottom, 10)
    if not units:
        return _thought(lines + multiply(top, tens, zeros="0"))
    lines += [f"{top}*{units}", *multiply(top, units)]
    lines += [f"{top}*{tens}0", *multiply(top, tens, zeros="0")]
    lines += [f"{top * units}+{top * tens * 10}", *add(top * units, top * tens * 10)]
    return _thought(lines)


def think_linear(a: int, b: int, c: int, d: int, name: str) -> str:
    """`a·x + b = c·x + d` for `a != c`, with the unknown called `name`: collect, work out the constant, divide."""
    factor, constant = a - c, d - b
    left = f"{term(a, name)}{signed_term(-c, name)}" if c else term(a, name)
    lines = _constant(f"{left}=", d, -b) if b else []
    if c:
        lines.append(f"{term(factor, name)}={constant}")
    if factor != 1:
        lines.append(f"{name}={constant}/{factor}={constant // factor}")
    return _thought(lines)


def _constant(head: str, first: int, second: int) -> list[str]:
    """`first + second`, signs and all, after `head`: brought to a plain sum or difference, then in columns."""
    sign = "-" if first + second < 0 else ""
    left, right = abs(first), abs(second)
    if (first < 0) == (second < 0):
        plain, columns = f"{left}+{right}", add(left, right, sign)
    else:
        left, right = max(left, right), min(left, right)
        plain, columns = f"{left}-{right}", subtract(left, right, sign)
    written = f"{first}{second:+d}"
    shown = f"-({plain})" if sign else plain
    return [f"{head}{written}" if shown == written else f"{head}{written}={shown}", *columns]


def term(factor: int, name: str) -> str:
    """`3x`, `x`, `-x`, `-3x`."""
    return {1: name, -1: f"-{name}"}.get(factor, f"{factor}{name}")


def signed_term(factor: int, name: str) -> str:
    return term(factor, name) if factor < 0 else f"+{term(factor, name)}"


def _thought(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
