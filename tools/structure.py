"""Measures of the structure of `src/motifnet`, and the ceilings above which the build fails.

    python tools/structure.py     prints the measures and exits with 1 if one is above its ceiling

Lines are counted at 100 columns, the width of the formatter. Those of a function are its code: a
docstring that names every parameter makes it no longer.
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "motifnet"
COLUMNS = 100
LINEAR_ALGEBRA = {
    "cholesky",
    "eigh",
    "svd",
    "qr",
    "lstsq",
    "inv",
    "pinv",
    "solve_triangular",
    "einsum",
}


@dataclass(frozen=True)
class Measure:
    """A number, what it may be at most (and at least), and where the largest one stands."""

    name: str
    value: float
    most: float
    least: float = 0.0
    where: str = ""

    @property
    def holds(self) -> bool:
        """Whether it keeps its ceiling."""
        return self.least <= self.value <= self.most

    def __str__(self) -> str:
        bound = f"<= {self.most:g}" if not self.least else f"{self.least:g} to {self.most:g}"
        place = f"  ({self.where})" if self.where else ""
        return f"{'ok  ' if self.holds else 'FAIL'}  {self.name:44} {self.value:7g}  {bound}{place}"


def measures(source: Path = SOURCE) -> list[Measure]:
    """All measures of the files below a folder."""
    trees = {path: ast.parse(path.read_text()) for path in sorted(source.rglob("*.py"))}
    lines = {path: path.read_text().splitlines() for path in trees}
    longest_file = max(lines, key=lambda path: len(lines[path]))
    functions = sorted(_functions(trees), key=lambda found: found[0])
    many = max(_positional(trees), key=lambda found: found[0])
    wide = [
        f"{path.name}:{i}"
        for path in lines
        for i, line in enumerate(lines[path], 1)
        if len(line) > COLUMNS
    ]
    private = list(_private_imports(trees, source))
    estimators = [path for path in trees if path.parent.name == "estimators"]
    algebra = [
        f"{path.name}: {node.attr}"
        for path in estimators
        for node in _attributes(trees[path])
        if node.attr in LINEAR_ALGEBRA
    ]
    return [
        Measure("files", len([p for p in trees if "further" not in p.parts]), 320),
        Measure("lines of a file, median", statistics.median(map(len, lines.values())), 200, 90),
        Measure("lines of a function, median", functions[len(functions) // 2][0], 8),
        Measure("lines of a file, most", len(lines[longest_file]), 450, where=longest_file.name),
        Measure(
            "lines of a function, 90th percentile", functions[int(0.9 * len(functions))][0], 25
        ),
        Measure("lines of a function, most", functions[-1][0], 60, where=functions[-1][1]),
        Measure("positional parameters of a function, most", many[0], 8, where=many[1]),
        Measure(f"lines of more than {COLUMNS} columns", len(wide), 0, where=", ".join(wide[:3])),
        Measure(
            "imports of private modules across folders",
            len(private),
            0,
            where=", ".join(private[:3]),
        ),
        Measure("files of estimators/", len(estimators), 10),
        Measure("linear algebra in estimators/", len(algebra), 0, where=", ".join(algebra[:3])),
    ]


def _functions(trees: dict[Path, ast.Module]) -> Iterator[tuple[int, str]]:
    """Lines without the docstring, and name, of every function."""
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                has_text = ast.get_docstring(node) is not None
                text = _lines(node.body[0]) if has_text else 0
                yield _lines(node) - text, f"{path.name}: {node.name}"


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _positional(trees: dict[Path, ast.Module]) -> Iterator[tuple[int, str]]:
    """Parameters that may be given by position, and the name of every function. Options of a
    command are its parameters, and the numpy twins of motifs take their arguments as exported
    programs call them: these do not count.
    """
    for path, tree in trees.items():
        if path.parent.name == "cli" or path.name.startswith("_numpy"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                arguments = node.args.posonlyargs + node.args.args
                named = [a for a in arguments if a.arg not in ("self", "cls")]
                yield len(named), f"{path.name}: {node.name}"


def _private_imports(trees: dict[Path, ast.Module], source: Path) -> Iterator[str]:
    """Imports of a module with an underscore of another folder."""
    for path, tree in trees.items():
        folder = path.relative_to(source).parts[0]
        for node in ast.walk(tree):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            parts = module.split(".")
            if (
                parts[0] == "motifnet"
                and any(part.startswith("_") for part in parts[1:])
                and parts[1] != folder
            ):
                yield f"{path.name}: {module}"


def _attributes(tree: ast.Module) -> Iterator[ast.Attribute]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))


def main() -> int:
    """Print the measures; 1 if a ceiling is not kept."""
    found = measures()
    print("\n".join(map(str, found)))
    return 0 if all(measure.holds for measure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
