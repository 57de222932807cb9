"""Arithmetic written out by hand: the lines that thoughts consist of.

All families share one grammar. A line with an expression states the task. Each line under it is one column, units
first, with the carry or the borrow written out, and after a space the result's digits so far:

    384+297
    4+7=11 1
    8+9+1=18 81
    3+2+1=6 681

So every step looks back a line or two, and every number is copied rather than remembered. Whatever is small enough for
mental arithmetic is one line, `7*8=56`. Every function returns lines, and the last one ends in the result.
"""

from __future__ import annotations

TABLE = 12
"""Products of two numbers up to this one are known by heart."""


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


def combine(left: int, right: int) -> list[str]:
    """`left + right` with any signs: in the head if one is a digit and the other small, else in columns.

    If the signs differ, a line compares the two first: the smaller is subtracted from the larger.
    """
    written = f"{left}{right:+d}"
    big, small = max(abs(left), abs(right)), min(abs(left), abs(right))
    if big < 100 and small < 10:
        return [f"{written}={left + right}"]
    sign = "-" if left + right < 0 else ""
    if (left < 0) == (right < 0):
        plain, columns = f"{abs(left)}+{abs(right)}", add(abs(left), abs(right), sign)
        shown = f"-({plain})" if sign else plain
        return [written if shown == written else f"{written}={shown}", *columns]
    plain = f"-({big}-{small})" if sign else f"{big}-{small}"
    turned = [] if plain == written else [plain]
    return [written, compare(abs(left), abs(right)), *turned, *subtract(big, small, sign)]


def compare(left: int, right: int) -> str:
    """The digits of both in pairs, from the left up to the first that differ: `4=4 6>3`."""
    width = len(str(max(left, right)))
    shown = []
    for a, b in zip(str(left).zfill(width), str(right).zfill(width), strict=True):
        shown.append(f"{a}{'=' if a == b else '>' if a > b else '<'}{b}")
        if a != b:
            break
    return " ".join(shown)


def times(left: int, right: int) -> list[str]:
    """`left * right` for numbers of up to three digits: by heart, by a digit, or by partial products and their sum."""
    if max(left, right) <= TABLE:
        return [f"{left}*{right}={left * right}"]
    top, bottom = (left, right) if len(str(left)) >= len(str(right)) else (right, left)
    lines = [f"{top}*{bottom}"]
    if len(str(bottom).rstrip("0")) <= 1:
        first = int(str(bottom).rstrip("0") or "0")
        return lines + multiply(top, first, zeros="0" * (len(str(bottom)) - 1))
    total = 0
    for place, digit in enumerate(_digits(bottom)):
        if digit:
            part = top * digit * 10**place
            lines += [f"{top}*{digit}{'0' * place}", *multiply(top, digit, zeros="0" * place)]
            lines += [f"{total}+{part}", *add(total, part)] if total else []
            total += part
    return lines


def divide(number: int, divisor: int) -> list[str]:
    """Long division; the last line is `quotient r remainder`.

    Each line takes a digit, subtracts, and shows the quotient so far. For divisors beyond the table the multiples are
    listed first and subtracted in columns; then come `rest` and the quotient so far.
    """
    lines = [f"{number}/{divisor}"]
    if divisor > TABLE:
        lines.append(" ".join(f"{i}:{i * divisor}" for i in range(1, 10)))
    digits = str(number)
    length = next((i for i in range(1, len(digits)) if int(digits[:i]) >= divisor), len(digits))
    rest, quotient = int(digits[: length - 1] or "0"), ""
    for digit in digits[length - 1 :]:
        current = 10 * rest + int(digit)
        rest = current % divisor
        taken = current - rest
        quotient += str(current // divisor)
        if divisor > TABLE and taken:
            lines += [f"{current}/{divisor}={quotient[-1]} {current}-{taken}", *subtract(current, taken)]
            lines.append(f"rest {rest} {quotient}")
        else:
            lines.append(f"{current}/{divisor}={quotient[-1]} {current}-{taken}={rest} {quotient}")
    return [*lines, f"{number // divisor} r {rest}"]


def nines(number: int) -> tuple[str, int]:
    """Casting out nines: `number:roots`, a root for each digit read so far, and the last root (1 to 9, 0 for 0)."""
    root, roots = 0, ""
    for digit in str(abs(number)):
        root += int(digit)
        root = root - 9 if root > 9 else root
        roots += str(root)
    return f"{abs(number)}:{roots}", root


def nines_of_product(left: int, right: int) -> str:
    """Both sides of `left * right` by casting out nines, on one line that ends in the two roots."""
    (first, a), (second, b) = nines(left), nines(right)
    whole, c = nines(left * right)
    return f"{first} {second} {a}*{b}={nines(a * b)[0]} {whole} {nines(a * b)[1]}={c}"


def nines_of_sum(numbers: list[int]) -> str:
    """Both sides of a sum of positive numbers by casting out nines, on one line that ends in the two roots."""
    parts, roots = zip(*map(nines, numbers), strict=True)
    line, root = " ".join(parts), roots[0]
    for other in roots[1:]:
        line += f" {root}+{other}={nines(root + other)[0]}"
        root = nines(root + other)[1]
    whole, last = nines(sum(numbers))
    return f"{line} {whole} {root}={last}"


def term(factor: int, name: str) -> str:
    """`3x`, `x`, `-x`, `-3x`."""
    return {1: name, -1: f"-{name}"}.get(factor, f"{factor}{name}")


def signed_term(factor: int, name: str) -> str:
    return term(factor, name) if factor < 0 else f"+{term(factor, name)}"
