"""jinja2's compiler, made to write code that counts what it does (see `sandbox.py`)."""

# ruff: noqa: N802, N815 (jinja2 looks its visitors up by the names of its nodes)
from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame, operators
from jinja2.ext import Extension
from jinja2.parser import Parser


class CountingGenerator(CodeGenerator):
    """Compiles a template so that it counts. All that bypasses the environment in jinja2's code is led to it."""

    def blockvisit(self, nodes: Iterable[nodes.Node], frame: Frame) -> None:
        block = list(nodes)
        self.writeline(f"environment.charge({1 + sum(map(_nodes_in, block))})")
        super().blockvisit(block, frame)

    def visit_For(self, node: nodes.For, frame: Frame) -> None:
        if node.test is not None:
            charge = object.__new__(nodes.InternalName)  # which only jinja2's parser can make otherwise
            nodes.Node.__init__(charge, f"environment.charge({1 + _nodes_in(node.test)})")
            node.test = nodes.And(nodes.Not(charge), node.test)
        super().visit_For(node, frame)

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        self.write("environment.joined((")
        for each in node.nodes:
            self.visit(each, frame)
            self.write(", ")
        self.write("))")

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:
        self.write("(")
        self._through("weighed", node.expr, frame)
        for operand in node.ops:
            self.write(f" {operators[operand.op]} ")
            self._through("weighed", operand.expr, frame)
        self.write(")")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:
        if not isinstance(node.arg, nodes.Slice):
            super().visit_Getitem(node, frame)
            return
        self._through("measured", node.node, frame)
        self.write("[")
        self.visit(node.arg, frame)
        self.write("]")

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:
        self.write("{")
        for pair in node.items:
            self._through("weighed", pair.key, frame)
            self.write(": ")
            self.visit(pair.value, frame)
            self.write(", ")
        self.write("}")

    def _through(self, method: str, node: nodes.Expr, frame: Frame) -> None:
        if isinstance(node, nodes.Const):
            self.visit(node, frame)
            return
        self.write(f"environment.{method}(")
        self.visit(node, frame)
        self.write(")")

    def _refuse(self, node: nodes.Node, frame: Frame) -> NoReturn:
        self.fail(f"{type(node).__name__} is not for chat templates", node.lineno)

    # Other files, inheritance and HTML: no chat template has them.
    visit_Block = visit_Extends = visit_Include = visit_Import = visit_FromImport = _refuse
    visit_EvalContextModifier = visit_ScopedEvalContextModifier = _refuse


class Generation(Extension):
    """`{% generation %}…{% endgeneration %}`: marks for training what the model wrote; here it means nothing."""

    tags = {"generation"}  # noqa: RUF012 (jinja2 declares it like this)

    def parse(self, parser: Parser) -> nodes.Node | list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _nodes_in(node: nodes.Node) -> int:
    return 1 + sum(map(_nodes_in, node.iter_child_nodes()))
