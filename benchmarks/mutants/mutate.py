"""Mutants of a source file: one flipped constant, sign, comparison or dropped hypothesis each."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

BINARY = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
COMPARED = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
PAIRS = ("min max", "minimum maximum", "any all", "argmin argmax", "ceil floor", "nanmin nanmax")
CALLED = {a: b for pair in PAIRS for a, b in (pair.split(), pair.split()[::-1])}
DROPPED = {"preconditions", "t_min", "ceiling", "constant", "side", "residual", "log_floor"}
"""Arguments that are left out, so that their default holds."""


@dataclass(frozen=True)
class Mutant:
    """``id``: the file, the function, what stood there, what stands there now, and its line."""

    id: str
    file: str
    source: str


def mutants(file: str, source: str) -> Iterator[Mutant]:
    """All mutants of a file, in the order of the text."""
    text = source.encode()
    lines = text.splitlines(keepends=True)
    begins = [0, *accumulate(map(len, lines))]
    seen: Counter[str] = Counter()
    for place, node, new, told in _flips(ast.parse(source), "module"):
        before = begins[node.lineno - 1] + node.col_offset
        after = begins[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        changed = text[:before] + f"({new})".encode() + text[after:]
        line = lines[node.lineno - 1].decode().strip()
        id = f"{file} {place}: {told} in: {line}"
        seen[id] += 1
        yield Mutant(id if seen[id] == 1 else f"{id} #{seen[id]}", file, changed.decode())


def _flips(node: ast.AST, place: str) -> Iterator[tuple[str, ast.expr, str, str]]:
    """(function, expression, what to put there, in words); messages and annotations stay."""
    if isinstance(node, ast.expr):
        for new in _flipped(node):
            text = ast.unparse(new)
            yield place, node, text, f"{_short(ast.unparse(node))} -> {_short(text)}"
        for gone, new in _shortened(node):
            yield place, node, ast.unparse(new), f"without {ast.unparse(gone)}"
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        place = node.name if place == "module" else f"{place}.{node.name}"
    skipped = {"annotation", "returns", "decorator_list", "format_spec"}
    for name, value in ast.iter_fields(node):
        if name not in skipped:
            for child in value if isinstance(value, list) else [value]:
                words = isinstance(child, (ast.JoinedStr, ast.Raise)) or _is_guard(child)
                if isinstance(child, ast.AST) and not words:
                    yield from _flips(child, place)


def _is_guard(node: object) -> bool:
    """``zip(strict=True)`` and imports for type checkers: no run comes to depend on them."""
    if isinstance(node, ast.keyword):
        return node.arg == "strict"
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _flipped(node: ast.expr) -> Iterator[ast.expr]:
    new = copy.deepcopy(node)
    match new:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1)
        case ast.Constant(value=float(value)):
            yield ast.Constant(2 * value if abs(value) >= 1e-3 else value * 1e4 or 1.0)
        case ast.BinOp(op=op) if type(op) in BINARY:
            new.op = BINARY[type(op)]()
            yield new
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert()):
            yield new.operand
        case ast.Compare(ops=[op]):
            for other in COMPARED[type(op)]:
                new.ops = [other()]
                yield new
        case ast.BoolOp(op=op):
            new.op = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield new
        case ast.Call(func=ast.Name(id=name)) if name in CALLED:
            new.func = ast.Name(CALLED[name])
            yield new
        case ast.Call(func=ast.Attribute(attr=name) as function) if name in CALLED:
            function.attr = CALLED[name]
            yield new


def _shortened(node: ast.expr) -> Iterator[tuple[ast.AST, ast.expr]]:
    """A hypothesis or an argument, and what is left without it."""
    if isinstance(node, ast.Tuple) and all(_is_hypothesis(x) for x in node.elts):
        for gone in node.elts:
            yield gone, ast.Tuple([x for x in node.elts if x is not gone], ast.Load())
    if isinstance(node, ast.Call):
        for gone in node.keywords:
            if gone.arg in DROPPED:
                rest = [keyword for keyword in node.keywords if keyword is not gone]
                yield gone, ast.Call(node.func, node.args, rest)


def _is_hypothesis(node: ast.expr) -> bool:
    """A name in capitals, or several of them: ``ASSUMPTION_2``, ``*STAGE_1``, ``TRAINED[...]``."""
    text = ast.unparse(node).lstrip("*").split("[")[0].split("(")[0]
    return text.isupper() or text == "long_first_stage"


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:28]} ... {text[-27:]}"
