"""The jinja2 environment of chat templates: what a template may do, and how much of it.

A template is a program out of a downloaded file. jinja2's sandbox keeps it from reaching anything, and this one counts.
A block costs a step for each of its nodes whenever it is entered. What costs more the larger its operands are costs
their weight, and is refused before it makes something too large. So a template that loops, calls itself or allocates
ends without a clock, a thread or a process, and always at the same place.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import wraps
from itertools import chain
from operator import length_hint
from string import Formatter
from types import BuiltinMethodType
from typing import Any

from jinja2 import TemplateError, pass_environment
from jinja2.filters import FILTERS
from jinja2.runtime import Context, LoopContext, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from jinja2.utils import Namespace
from markupsafe import escape

from thinkcap.engine.prompt.compiler import CountingGenerator, Generation

STEPS = 300_000
"""Steps of a rendering, beside 20,000 for each message. Known models' templates take up to 5,000 for a message."""
HEAVIEST = 1 << 17
"""Weight of the heaviest value, beside the messages: that of a text of 4 million characters."""
DEEPEST = 64
"""Containers within one another."""

_CHARACTERS = 32  # of a text weigh as much as one step
_CALL = 10  # steps that a macro's call takes beside those of its nodes
_BITS = 1 << 12  # of the largest number
_DIGITS = re.compile(r"\d{4}")

_FREE = ("attr", "count", "d", "default", "first", "last", "length")
_BY_LENGTH = ("items", "list", "map", "reject", "rejectattr", "reverse", "select", "selectattr")
_BY_WEIGHT = (
    *("abs", "capitalize", "dictsort", "float", "format", "indent", "int", "join", "lower", "max", "min", "replace"),
    *("sort", "string", "title", "trim", "truncate", "unique", "upper"),
)
_TESTS_BY_WEIGHT = (
    *("!=", "<", "<=", "==", ">", ">=", "divisibleby", "eq", "equalto", "ge", "greaterthan", "gt", "in", "le"),
    *("lessthan", "lower", "lt", "ne", "upper"),
)
_TEXT_METHODS = """
    capitalize casefold count endswith find index isalnum isalpha isascii isdecimal isdigit islower isnumeric isspace
    istitle isupper join lower lstrip partition removeprefix removesuffix replace rfind rindex rpartition rsplit rstrip
    split splitlines startswith strip swapcase title upper
"""
_METHODS: dict[type, frozenset[str]] = {
    str: frozenset(_TEXT_METHODS.split()),
    list: frozenset(("count", "index")),
    tuple: frozenset(("count", "index")),
    dict: frozenset(("get", "items", "keys", "values")),
}
"""What templates may use of jinja2's filters and Python's methods. Most of the others multiply what they are given, and
no known model's template has one."""

_VIEWS: tuple[type, ...] = (type({}.items()), type({}.keys()), type({}.values()))
_ITERATOR: type[Iterator[Any]] = type(iter([]))
_SIZED: tuple[type, ...] = (str, list, tuple, dict, range, _ITERATOR, *_VIEWS)


class LimitError(Exception):
    """A template did, or was about to do, more than a template may."""


class Environment(ImmutableSandboxedEnvironment):
    """A sandbox that counts. It serves one rendering at a time, and `renew` comes before each."""

    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%", "**"))

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True,
            lstrip_blocks=True,
            optimized=False,  # the optimizer runs constant expressions while it compiles
            finalize=_finalize,
            extensions=["jinja2.ext.loopcontrols", Generation],
        )
        self.code_generator_class = CountingGenerator
        self.renew(0, 0)
        self.filters = {name: FILTERS[name] for name in _FREE}
        self.filters |= {name: self._counted(FILTERS[name], self._length) for name in _BY_LENGTH}
        guards: dict[str, Callable[..., float]] = {
            "format": self._percent,
            "indent": _indented,
            "join": _joined,
            "replace": _replaced,
        }
        for name in _BY_WEIGHT:
            self.filters[name] = self._counted(FILTERS[name], self.weight, guards.get(name))
        for name in ("e", "escape"):
            self.filters[name] = self._counted(_escape, self.weight)
        self.filters["safe"] = self.filters["string"]
        self.filters["tojson"] = self._counted(_tojson, self.weight, self._indented_json)
        tests: dict[str, Any] = dict(TESTS)
        self.tests = tests | {name: self._counted(tests[name], self.weight) for name in _TESTS_BY_WEIGHT}
        self.globals = {
            "dict": dict,
            "namespace": _Namespace,
            "raise_exception": _raise,
            "range": self.globals["range"],
            "strftime_now": lambda form: datetime.now().strftime(form[:100]),
        }
        self._functions = tuple(self.globals.values())

    def renew(self, characters: int, messages: int) -> None:
        """Begins a rendering of so many messages with so many characters in them."""
        self._steps = STEPS + 4 * characters + 20_000 * messages
        self._heaviest = HEAVIEST + characters
        self._weights: dict[int, tuple[int, int, object]] = {}

    def charge(self, steps: int) -> None:
        """Counts steps. Raises LimitError when they are used up."""
        self._steps -= steps
        if self._steps < 0:
            raise LimitError("it does not come to an end")

    def expect(self, characters: float) -> None:
        """Charges for a text of that length before it is made. Raises LimitError if it would be too long."""
        if characters > self._heaviest * _CHARACTERS:
            raise LimitError("it makes too large a value")
        self.charge(1 + max(0, int(characters)) // _CHARACTERS)

    def weight(self, value: Any) -> int:
        """What spelling or comparing a value costs, in steps. What is in it twice counts twice.

        Raises LimitError for more than a value may hold.
        """
        if type(value) is str:
            return 1 + len(value) // _CHARACTERS
        return self._weight_and_height(value)[0]

    def _weight_and_height(self, value: Any) -> tuple[int, int]:
        if type(value) is _ITERATOR:
            value = value.__reduce__()[1][0]
        kind = type(value)
        if (known := self._weights.get(id(value))) is not None:
            return known[0], known[1]
        if kind is dict:
            parts: Iterable[Any] = chain(value, value.values())
        elif kind in (list, tuple) or isinstance(value, _VIEWS):
            parts = value
        else:
            return (self.weight(value) if kind is str else self._length(value)), 0
        weight = height = 1
        for part in parts:
            part_weight, part_height = self._weight_and_height(part)
            weight, height = weight + part_weight, max(height, part_height + 1)
            if weight > self._heaviest or height > DEEPEST:
                raise LimitError("it makes too large a value")
        if kind in (dict, list, tuple):  # no template can change them, and while they are kept their ids are theirs
            self._weights[id(value)] = weight, height, value
        return weight, height

    def _length(self, value: Any) -> int:
        """What copying a value costs: its items, or a text's characters."""
        if isinstance(value, int) and value.bit_length() > _BITS:
            raise LimitError("it makes too large a number")
        if isinstance(value, LoopContext):
            raise LimitError("it takes `loop` for a value")
        return 1 + (length_hint(value) if isinstance(value, _SIZED) else 0)

    def weighed(self, value: Any) -> Any:
        """The value, once its weight is charged."""
        self.charge(self.weight(value))
        return value

    def measured(self, value: Any) -> Any:
        """The value, once its length is charged."""
        self.charge(self._length(value) // (_CHARACTERS if isinstance(value, str) else 1))
        return value

    def concat(self, parts: Iterable[str]) -> str:
        """Joins what a block wrote."""
        texts = list(parts)
        self.expect(sum(map(len, texts)))
        return "".join(texts)

    def joined(self, parts: Iterable[object]) -> str:
        """What the operator `~` gives."""
        return self.concat([str(self.weighed(part)) for part in parts])

    def getitem(self, obj: Any, argument: Any) -> Any:
        """As in jinja2; a key is weighed, because it is hashed."""
        return super().getitem(obj, argument if type(argument) in (int, str) else self.weighed(argument))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """As in jinja2, if the result will not be too large."""
        if isinstance(left, _VIEWS) or isinstance(right, _VIEWS):
            raise LimitError("it calculates with the keys of a mapping")
        size = self._length(left) + self._length(right)
        if isinstance(left, int | float) and isinstance(right, int | float):
            bits = left.bit_length() * right if isinstance(left, int) else 0
            if operator == "**" and bits > _BITS:
                raise LimitError("it makes too large a number")
        elif operator == "%" and isinstance(left, str):
            self.expect(self._percent(left, right))
        else:
            times = next((side for side in (left, right) if operator == "*" and isinstance(side, int)), 1)
            a_text = isinstance(left, str) or isinstance(right, str)
            self.expect(size * max(times, 1) * (1 if a_text else _CHARACTERS))
        return super().call_binop(context, operator, left, right)

    def is_safe_callable(self, obj: Any) -> bool:
        """Whether it is a macro, a function of thinkcap's, or a method that templates may call."""
        if isinstance(obj, BuiltinMethodType):
            return obj.__name__ in _METHODS.get(type(obj.__self__), ())
        if isinstance(obj, Macro | LoopContext | Undefined | _Format):
            return True
        return isinstance(getattr(obj, "__self__", None), LoopContext) or any(obj is each for each in self._functions)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """As in jinja2, once what a function is given is charged. A macro counts what it does itself."""
        if not __self.is_safe_callable(__obj):
            raise LimitError("it calls what a template may not")
        if isinstance(__obj, Macro | LoopContext):
            __self.charge(_CALL + len(args) + len(kwargs))
            for iterable in args if isinstance(__obj, LoopContext) else ():
                __self.measured(iterable)
            return __context.call(__obj, *args, **kwargs)
        given = [*args, *(value for name, value in kwargs.items() if not name.startswith("_"))]
        __self.charge(sum(map(__self.weight, given)))
        if isinstance(__obj, BuiltinMethodType):
            if not isinstance(__obj.__self__, dict):
                __self.weighed(__obj.__self__)
            if __obj.__name__ == "replace":
                __self.expect(_replaced(__obj.__self__, *args))
            elif __obj.__name__ == "join":
                __self.expect(_joined(args[0], __obj.__self__))
        return __self.measured(__context.call(__obj, *args, **kwargs))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """As in jinja2, but counted; `format_map` is not for templates."""
        function = super().wrap_str_format(value)
        return _Format(self, value.__self__, function) if function and value.__name__ == "format" else None

    def _counted(
        self, function: Callable[..., Any], measure: Callable[[Any], int], guard: Callable[..., float] | None = None
    ) -> Callable[..., Any]:
        """A filter or test that charges for what it is given and what it makes.

        guard  how many characters it will make at most, if that is not in proportion to what it is given
        """
        skipped = int(hasattr(function, "jinja_pass_arg"))

        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            self.charge(sum(map(measure, (*args[skipped:], *kwargs.values()))))
            if guard is not None:
                self.expect(guard(*args[skipped:], **kwargs))
            result = function(*args, **kwargs)
            if not hasattr(result, "__next__"):
                return self.measured(result)
            items = []
            for item in result:
                self.charge(1)
                items.append(item)
            return iter(items)

        return run

    def _indented_json(self, value: Any, indent: int | None = None, **_options: Any) -> float:
        return self.weight(value) * DEEPEST * _width(indent)

    def _percent(self, text: Any, *values: Any, **named: Any) -> float:
        """Characters that `%` makes of a text: none of its fields may be wide."""
        text = str(text)
        return math.inf if "*" in text or _DIGITS.search(text) else self.filled(text, text.count("%"), values, named)

    def filled(self, text: str, fields: int, values: Iterable[Any], named: Mapping[str, Any]) -> int:
        """Characters of a text with values in its fields."""
        value = 1_000 + _CHARACTERS * sum(map(self.weight, (*values, *named.values())))
        return len(text) + fields * value


class _Format:
    """The method `format` of a text."""

    def __init__(self, environment: Environment, text: str, function: Callable[..., str]) -> None:
        self._environment, self._text, self._function = environment, text, function

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        fields = [spec for _, name, spec, _ in Formatter().parse(self._text) if name is not None]
        if any("{" in spec or _DIGITS.search(spec) for spec in fields if spec):
            raise LimitError("it makes too large a value")
        self._environment.expect(self._environment.filled(self._text, len(fields), args, kwargs))
        return self._function(*args, **kwargs)


class _Namespace(Namespace):
    """The one value that templates can change. It shows nothing of what it holds, so it need not be weighed."""

    def __repr__(self) -> str:
        return "<Namespace>"


@pass_environment
def _finalize(environment: Environment, value: Any) -> Any:
    """Called with whatever a template writes."""
    return value if type(value) is str else environment.weighed(value)


def _replaced(text: Any, old: Any, new: Any, count: int | None = None) -> int:
    found = str(text).count(str(old))
    return len(str(text)) + found * len(str(new))


def _joined(values: Any, between: Any = "", attribute: Any = None) -> int:
    return length_hint(values) * len(str(between))


def _indented(text: Any, width: int | str = 4, first: bool = False, blank: bool = False) -> int:
    characters = len(str(text))
    return characters + characters * _width(width)


def _width(indent: int | str | None) -> int:
    """Of an indentation, given as a number or as a text."""
    return indent if isinstance(indent, int) else len(indent or "")


def _escape(value: Any) -> str:
    return str(escape(value))


def _raise(message: str) -> None:
    raise TemplateError(message)


def _tojson(value: Any, indent: int | None = None, **_options: Any) -> str:
    """As transformers' templates expect it: plain JSON, not escaped for HTML."""
    return json.dumps(value, ensure_ascii=False, indent=indent)
