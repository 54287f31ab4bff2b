"""Mutants of a file: its syntax tree with one node changed.

    comparison   < ↔ ≤, > ↔ ≥ (bounds) and < → ≥, > → ≤ (negated), = ↔ ≠, is ↔ is not, in ↔ not in
    arithmetic   + ↔ −, × ↔ /, // → /, % → ×, ** → ×, & ↔ |        unary   −x → x, not x → x, ~x → x
    logic        and ↔ or, True ↔ False, if c → if not c            number  z → z + 1
    return       return x → return None                             drop    a call for its effect, an x += …, a raise

Annotations and docstrings stay as they are. Messages, names and other texts are not mutated, nor
are assignments dropped: what follows would stumble over a missing name, which says little of the
tests.
"""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

_COMPARE: dict[type, tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: dict[type, type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


@dataclass(frozen=True)
class Mutant:
    """Where it is, what it changes, and which of the equal changes in its function it is.

    lines: of the node and of its statement; later: it runs in a function, not at import; at,
    variant: number of the node, and of its change.
    """

    path: str
    scope: str
    operator: str
    before: str
    after: str
    repeat: int
    lines: tuple[int, int]
    later: bool
    at: int
    variant: int

    @property
    def key(self) -> tuple[str, str, str, str, str, int]:
        """What stays the same while other lines change."""
        return self.path, self.scope, self.operator, self.before, self.after, self.repeat

    def rank(self, seed: int) -> bytes:
        """A place in a random order that does not depend on the other mutants."""
        return hashlib.sha256(repr((seed, *self.key)).encode()).digest()

    def tree(self, root: Path) -> ast.Module:
        """The changed file."""
        tree = ast.parse((root / self.path).read_text())
        place = next(found for i, found in enumerate(_places(tree)) if i == self.at)
        place.put(ast.copy_location(list(_changes(place.node))[self.variant][1], place.node))
        return ast.fix_missing_locations(tree)


def mutants_of(path: Path, root: Path) -> list[Mutant]:
    """All mutants of a file."""
    found, seen = [], Counter[tuple[str, ...]]()
    for at, place in enumerate(_places(ast.parse(path.read_text()))):
        before = ast.unparse(place.node)
        for variant, (operator, new) in enumerate(_changes(place.node)):
            change = place.scope, operator, before, ast.unparse(ast.fix_missing_locations(new))
            lines = place.node.lineno, place.line
            found.append(
                Mutant(
                    str(path.relative_to(root)),
                    *change,
                    seen[change],
                    lines,
                    place.later,
                    at,
                    variant,
                )
            )
            seen[change] += 1
    return found


_Node = ast.expr | ast.stmt


@dataclass(frozen=True)
class _Place:
    """A node, where its parent holds it, the names that it is in, whether it runs later than at
    import, and the line of its statement.
    """

    node: _Node
    parent: ast.AST
    field: str
    index: int | None
    scope: str
    later: bool
    line: int

    def put(self, new: _Node) -> None:
        """Something else in its place."""
        if self.index is None:
            setattr(self.parent, self.field, new)
        else:
            getattr(self.parent, self.field)[self.index] = new


def _places(
    parent: ast.AST, scope: str = "", later: bool = False, line: int = 0
) -> Iterator[_Place]:
    """Expressions and statements that run."""
    for field, value in ast.iter_fields(parent):
        if field in ("annotation", "returns") or isinstance(parent, ast.JoinedStr):
            continue
        body = later or (field == "body" and isinstance(parent, ast.FunctionDef | ast.Lambda))
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _is_text(child):
                continue
            start = child.lineno if isinstance(child, ast.stmt) else line
            if isinstance(child, ast.expr | ast.stmt):
                yield _Place(child, parent, field, index, scope, body, start)
            name = f".{child.name}" if isinstance(child, ast.FunctionDef | ast.ClassDef) else ""
            yield from _places(child, f"{scope}{name}".strip("."), body, start)


def _is_text(node: ast.AST) -> bool:
    """A docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _changes(node: _Node) -> Iterator[tuple[str, _Node]]:
    """Every change of one node."""
    match node:
        case ast.Compare(ops=[op, *_]):
            for other in _COMPARE[type(op)]:
                yield "comparison", _with(node, ops=[other(), *node.ops[1:]])
        case ast.BinOp() | ast.AugAssign() if type(node.op) in _ARITHMETIC:
            yield "arithmetic", _with(node, op=_ARITHMETIC[type(node.op)]())
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert()):
            yield "unary", deepcopy(node.operand)
        case ast.BoolOp():
            yield "logic", _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        case ast.Constant(value=bool()):
            yield "logic", ast.Constant(not node.value)
        case ast.Constant(value=int() | float()):
            yield "number", ast.Constant(node.value + 1)
        case ast.Return(value=ast.expr()) if not (
            isinstance(node.value, ast.Constant) and node.value.value is None
        ):
            yield "return", ast.Return(ast.Constant(None))
    if isinstance(node, ast.If | ast.IfExp | ast.While) and not isinstance(node.test, ast.Compare):
        yield "logic", _with(node, test=ast.UnaryOp(ast.Not(), deepcopy(node.test)))
    if isinstance(node, ast.AugAssign | ast.Raise) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ):
        yield "drop", ast.Pass()


def _with(node: _Node, **fields: object) -> _Node:
    new = deepcopy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new
