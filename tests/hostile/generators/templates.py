# ruff: noqa: E501 (a template on a line)
"""Chat templates that loop, allocate, raise, call themselves or try to leave the sandbox.

`HOSTILE` is a fixed list of what once did harm or might. `template` makes new ones from a seeded generator, and `check`
is what has to hold for each.
"""

from __future__ import annotations

import time
from random import Random

from thinkcap.engine.prompt import markers
from thinkcap.engine.prompt.template import ChatTemplate
from thinkcap.errors import ThinkcapError

SECONDS = 10
"""Processor time that a template may take at most, at each use that an engine makes of it together."""

ENDLESS = {
    "nested ranges": "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(9) %}{% endfor %}{% endfor %}{% endfor %}",
    "a test in a loop": "{% for a in range(99999) %}{% for b in range(99999) if b is none %}{% endfor %}{% endfor %}",
    "tower of powers": "{{ 9 ** (9 ** 9) }}",
    "constant tower": "{% set x = 9 ** 9 ** 9 ** 9 %}",
    "tower in steps": "{% set ns = namespace(x=9) %}{% for i in range(99) %}{% set ns.x = ns.x ** 9 %}{% endfor %}",
    "large product": "{% set ns = namespace(x=9) %}{% for i in range(9999) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
    "division": "{{ ('f' * 999999)|int(0, 16) // ('e' * 499999)|int(0, 16) }}",
    "lorem ipsum": "{{ lipsum(n=10**7) }}",
    "wide percent": "{{ '%0999999999d' % 1 }}",
    "wide filter": "{{ '%0999999999d'|format(1) }}",
    "wide star": "{{ '%*d' % (999999999, 1) }}",
    "wide braces": "{{ '{:0999999999d}'.format(1) }}",
    "nested braces": "{{ '{:{}}'.format(1, 999999999) }}",
    "many braces": "{{ ('{0}' * 99999).format('x' * 99999) }}",
    "many percents": "{{ ('%(a)s' * 9999) % {'a': 'x' * 99999} }}",
    "format map": "{{ '{a:999999999}'.format_map({'a': 1}) }}",
    "doubled text": "{% set ns = namespace(x='x') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "joined text": "{% set ns = namespace(x='x') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "doubled list": "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "shared lists": "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
    "shared json": "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x|tojson }}",
    "shared called": "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x() }}",
    "shared keys": "{% set ns = namespace(x=(1,)) %}{% for i in range(60) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ {ns.x: 1} }}",
    "shared index": "{% set ns = namespace(x=(1,)) %}{% for i in range(60) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ {}[ns.x] }}",
    "shared and compared": "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}"
    "{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
    "shared in a namespace": "{% set ns = namespace(x=1) %}{% for i in range(60) %}{% set ns.x = namespace(a=ns.x, b=ns.x) %}"
    "{% endfor %}{{ ns }}{{ [ns]|tojson }}",
    "namespace in itself": "{% set ns = namespace() %}{% set ns.x = [ns] %}{{ ns }}{{ ns.x }}{{ ns.x|string * 9 }}",
    "deep key": "{% set ns = namespace(x=(1,)) %}{% for i in range(99999) %}{% set ns.x = (ns.x,) %}{% endfor %}{{ {ns.x: 1} }}",
    "deep key, weighed on the way": "{% set ns = namespace(x=(1,)) %}{% for i in range(9999) %}{% set ns.x = (ns.x,) %}"
    "{% if ns.x == 1 %}{% endif %}{% endfor %}{{ {ns.x: 1} }}",
    "recursive macro": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "branching macro": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "writing macro": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% else %}x{% endif %}{% endmacro %}{{ m(30) }}",
    "recursive loop": "{% for a in [1, 2] recursive %}{{ loop([1, 2]) }}{% endfor %}",
    "caller": "{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}" + "{% call m() %}" * 18 + "x" + "{% endcall %}" * 18,
    "loop over text": "{% for a in 'x' * 9999999 %}{{ a }}{% endfor %}",
    "loop over loop": "{% for a in range(99999) %}{% for b in 'x' * 99999 %}{{ loop|list }}{% endfor %}{% endfor %}",
    "loop as text": "{% for a in range(99999) if a %}{{ loop|join('x' * 9999) }}{% endfor %}",
    "centre": "{{ 'x'|center(999999999) }}",
    "centre method": "{{ 'x'.center(999999999) }}",
    "fill method": "{{ '1'.zfill(999999999) }}",
    "indent": "{{ ('x\\n' * 9999)|indent(99999) }}",
    "indent by text": "{{ ('x\\n' * 9999)|indent('y' * 99999) }}",
    "indent down": "{% for a in range(99999) %}{% set x = 'x'|indent(-999999999) %}{% endfor %}{% for a in range(9999999) %}{% endfor %}",
    "json indent": "{{ [1, 2, 3]|tojson(indent=999999999) }}",
    "json indent text": "{{ [1, 2, 3]|tojson(indent='x' * 999999) }}",
    "replace": "{{ ('x' * 99999)|replace('x', 'y' * 99999) }}",
    "replace method": "{{ ('x' * 99999).replace('', 'y' * 99999) }}",
    "join": "{{ range(99999)|join('x' * 99999) }}",
    "join method": "{{ ('x' * 99999).join(['', ''] * 99999) }}",
    "escape": "{% set ns = namespace(x='&') %}{% for i in range(99) %}{% set ns.x = ns.x|escape|string %}{% endfor %}{{ ns.x }}",
    "batch": "{{ [1]|batch(999999999, 'x')|list }}",
    "slices": "{{ [1]|slice(999999999)|list }}",
    "split": "{% for i in range(99999) %}{% set x = ('x ' * 999999).split() %}{% endfor %}",
    "slice": "{% set x = range(99999)|list %}{% for i in range(99999) %}{% set y = x[:] %}{% endfor %}",
    "kept slices": "{% set ns = namespace(x=[]) %}{% set y = 'x' * 999999 %}{% for i in range(99999) %}{% set ns.x = ns.x + [y[1:]] %}{% endfor %}",
    "sum of lists": "{{ ([[1] * 9999] * 9999)|sum(start=[]) }}",
    "spread": "{% for i in range(99999) %}{{ dict(*range(99999)) }}{% endfor %}",
    "spread to a macro": "{% macro m() %}{% endmacro %}{% for i in range(99999) %}{{ m(*range(99999)) }}{% endfor %}",
    "keys": "{{ {1: 2}.keys() - [1] }}",
    "bytes": "{{ (255).to_bytes(999999999, 'big') }}",
    "time": "{{ strftime_now('%999999999d') }}{{ strftime_now('%c' * 9999999) }}",
    "raised text": "{{ raise_exception('x' * 999999) }}",
    "set block": "{% for i in range(99999) %}{% set x %}{{ 'x' * 999999 }}{% endset %}{% endfor %}",
    "untaken branch": "{% for i in range(99999) %}{% if false %}" + "".join(f"{{{{ a{n} }}}}" for n in range(9000)) + "{% endif %}{% endfor %}",
    "block": "{% block a %}{{ self.a() }}{{ self.a() }}{% endblock %}",
    "autoescape": "{% autoescape true %}{{ '&' * 999999 }}{% endautoescape %}",
    "include": "{% include 'x' %}",
    "comments in a text": "{{ '" + "{#" * 30_000 + "' }}",
    "markers in a text": "{{ '<" + "think" * 12_000 + "' }}",
    "huge number": "{{ " + "9" * 99999 + " }}",
    "huge hexadecimal": "{{ 0x" + "f" * 99999 + " is divisibleby(0x" + "e" * 49999 + ") }}",
}  # fmt: skip
"""Templates that would take for ever, or more memory than there is, by what they do."""

ESCAPES = (
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cycler.__init__.__globals__.os.popen('touch {path}').read() }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ '{0.__class__.__mro__}'.format(1) }}",
    "{{ ('{0.__cl' + 'ass__}').format(1) }}",
    "{{ [1]|map(attribute='__class__')|list }}",
    "{{ 1|attr('__class__') }}",
    "{{ ['{0.__class__}']|map('format', 1)|list }}",
    "{{ raise_exception.__globals__ }}",
    "{{ (raise_exception|attr('__globals__')) }}",
    "{{ messages.append(1) }}{{ messages.clear() }}",
    "{{ messages[0].update({'role': 'x'}) }}",
    "{{ strftime_now.__globals__['__builtins__']['open']('{path}', 'w') }}",
    "{% for x in messages %}{{ loop._context.environment }}{% endfor %}",
    "{{ dict.__base__.__subclasses__() }}{{ dict.mro() }}",
    "{{ range.__init__ }}{{ environment.charge(-999999999) }}{{ context.environment.charge(-999999999) }}",
)
"""Templates that try to reach what is not theirs."""

BROKEN = (
    "{% if %}", "{{", "{%", "{#", "{{ }}", "{% for %}", "{% endfor %}", "{{ x.y.z }}", "{{ 1 / 0 }}", "{{ 'x' + 1 }}",
    "{% generation %}", "{{ '\ud800' }}", "{{ '\x1b[31m' }}", "{{ raise_exception('\x1b]0;x\x07') }}", "\x00",
    "{{ (" * 300, "{{ " + "(" * 300 + "1" + ")" * 300 + " }}", "{{ " + "not " * 9_999 + "1 }}", "{{ " + "-" * 9_999 + "1 }}",
    "{{ " + "[" * 9_999 + "]" * 9_999 + " }}", "{% if 1 %}" * 300 + "{% endif %}" * 300,
    "{% for x in y %}" * 99 + "{% endfor %}" * 99, "{% if x %}" * 9_999, "{{ x" + ".y" * 9_999 + " }}",
    "{{ x" + "|upper" * 9_999 + " }}", "{{ 1" + " + 1" * 9_999 + " }}", "{{ 1" + " ~ 1" * 9_999 + " }}",
    "{% macro m() %}" * 99, "{#" * 60_000, "{%raw%}" * 9_999, "<" + "think" * 20_000, "{{ x }}" * 18_000,
    "{% set x" + "= 1 %}{% set x" * 9_000 + " = 1 %}", "{% if a %}{% endif %}" * 6_000, "x" * 10_000_000,
    "".join(f"{{% set a{n} = {n} %}}{{% if a{n} %}}{{% endif %}}" for n in range(3_000)),
)  # fmt: skip
"""Templates that are none, or too much for a parser."""

HOSTILE = (*ENDLESS.values(), *ESCAPES, *BROKEN)

_ATOMS = (
    "1", "0", "-1", "999999999", "2.5", "'x'", "'%0999d'", "'{0}'", "''", "[]", "[1, 2]", "{}", "{'a': 1}", "none",
    "true", "messages", "messages[0]", "message", "ns.x", "ns", "x", "loop", "loop.index", "range(99)", "range(99999)",
    "undefined_name", "m", "caller", "kwargs", "varargs", "self", "bos_token", "'\\n' * 99", "content",
)  # fmt: skip
_FILTERS = (
    "list", "join('ab')", "tojson", "tojson(indent=99)", "string", "length", "replace('x', 'yy')", "indent(99)",
    "format(1, 2)", "map('upper')", "map(attribute='role')", "select", "selectattr('role', 'equalto', 'user')", "sort",
    "unique", "reverse", "first", "last", "items", "dictsort", "int", "float", "abs", "trim", "upper", "title", "safe",
    "escape", "max", "min", "default([])", "truncate(9)", "center(99999)", "batch(9)", "attr('x')",
    "round(99999)", "reject('in', messages)", "rejectattr('x')", "wordwrap(1)", "sum(start=[])",
)  # fmt: skip
_METHODS = (
    "split()", "split('x')", "strip()", "replace('x', 'yyyy')", "join(['a', 'b'])", "format(1, 2)", "get('a')", "items()",
    "keys()", "values()", "index(1)", "count('x')", "upper()", "center(99999)", "zfill(99999)", "encode()", "__class__",
    "append(1)", "splitlines()", "partition('x')", "x", "role", "content",
)  # fmt: skip
_OPERATORS = ("+", "-", "*", "/", "//", "%", "**", "~", "==", "<", "in", "not in", "and", "or", "is", "is not")


def template(random: Random) -> str:
    """One template, a program of up to some dozen statements."""
    if random.random() < 0.3:
        return _mutated(random)
    head = "{% set ns = namespace(x='x') %}{% set x = [1] %}"
    return head + "".join(_statement(random, 0) for _ in range(random.randint(1, 6)))


def check(source: str) -> None:
    """Uses a template as an engine does. Only a ThinkcapError of one short line may come of it, and soon."""
    began = time.process_time()
    try:
        made = ChatTemplate(source, "<s>", "</s>")
        markers.find(made, ())
        text = made.render([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 1 + 1?"}])
        assert len(text) < 10_000_000
    except ThinkcapError as error:
        sentence = str(error)
        assert sentence.startswith("The model's chat template"), sentence[:300]
        assert sentence.endswith("; use another GGUF of it."), sentence[:300]
        assert len(sentence) < 300, len(sentence)
        assert "\n" not in sentence, sentence
    seconds = time.process_time() - began
    assert seconds < SECONDS, f"{seconds:.1f} s"


def _statement(random: Random, depth: int) -> str:
    def body() -> str:
        return "".join(_statement(random, depth + 1) for _ in range(random.randint(0, 3))) if depth < 4 else "x"

    def expression() -> str:
        return _expression(random, 0)

    match random.randrange(9):
        case 0 | 1:
            return f"{{{{ {expression()} }}}}"
        case 2:
            return f"{{% set ns.x = {expression()} %}}"
        case 3:
            return f"{{% set x = {expression()} %}}"
        case 4:
            test = f" if {expression()}" if random.random() < 0.2 else ""
            recursive = " recursive" if random.random() < 0.2 else ""
            return f"{{% for message in {expression()}{test}{recursive} %}}{body()}{{% endfor %}}"
        case 5:
            return f"{{% if {expression()} %}}{body()}{{% else %}}{body()}{{% endif %}}"
        case 6:
            return f"{{% macro m(content) %}}{body()}{{% endmacro %}}{{{{ m({expression()}) }}}}"
        case 7:
            return f"{{% set x %}}{body()}{{% endset %}}"
        case _:
            grown = random.choice(
                ("ns.x + ns.x", "ns.x ~ ns.x", "[ns.x, ns.x]", "ns.x * 2", "(ns.x, ns.x)", "ns.x ** 3")
            )
            return f"{{% for i in range({random.choice((9, 99, 99999))}) %}}{{% set ns.x = {grown} %}}{{% endfor %}}"


def _expression(random: Random, depth: int) -> str:
    if depth > 3 or random.random() < 0.3:
        return random.choice(_ATOMS)
    inner = _expression(random, depth + 1)
    match random.randrange(7):
        case 0 | 1:
            return f"({inner} {random.choice(_OPERATORS)} {_expression(random, depth + 1)})"
        case 2 | 3:
            return f"({inner}|{random.choice(_FILTERS)})"
        case 4:
            return f"({inner}).{random.choice(_METHODS)}"
        case 5:
            return f"{inner}[{random.choice((':', '0', '::-1', '1:', repr('a'), _expression(random, depth + 1)))}]"
        case _:
            return random.choice(("[{0}, {0}]", "({0}, {0})", "{{{0}: {0}}}", "{0}()", "m({0})", "loop({0})")).format(
                inner
            )


def _mutated(random: Random) -> str:
    """A hostile template with pieces of it left out, doubled or exchanged."""
    source = random.choice([each for each in HOSTILE if len(each) < 2_000])
    for _ in range(random.randint(1, 5)):
        start = random.randrange(len(source) + 1)
        end = min(len(source), start + random.choice((1, 2, 10, 40)))
        piece = random.choice(("", source[start:end] * 2, random.choice(_ATOMS), "{{", "}}", "{%", "%}", "9" * 9))
        source = source[:start] + piece + source[end:]
    return source
