"""What holds for the project as a whole: quick import, sizes of files and functions, nothing that
runs code from a file, imports one way.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import motifnet

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
HEAVY = (
    "torch",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "lightgbm",
    "pandas",
    "sklearn",
    "scipy",
    "typer",
    "rich",
)


@cache
def tree_of(path: Path) -> ast.Module:
    """Parsed when a test asks for it: the process that collects may not be the one that runs."""
    return ast.parse(path.read_text())


def test_import_is_quick_and_loads_nothing_heavy() -> None:
    code = f"import time; t = time.perf_counter(); import motifnet, sys; print(time.perf_counter() - t, [m for m in {HEAVY!r} if m in sys.modules])"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split(maxsplit=1)
        for _ in range(3)
    ]
    assert min(float(seconds) for seconds, _ in runs) < 0.3
    assert {loaded.strip() for _, loaded in runs} == {"[]"}


def test_root_names_exist_and_are_few() -> None:
    assert len(motifnet.__all__) <= 25
    assert all(getattr(motifnet, name) is not None for name in motifnet.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        motifnet.nonsense  # noqa: B018


@pytest.mark.slow  # `make lint` runs the same
def test_structure_keeps_its_ceilings() -> None:
    path = ROOT / "tools" / "structure.py"
    run = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_public_names_are_documented(path: Path) -> None:
    tree = tree_of(path)
    assert ast.get_docstring(tree), "the module docstring says what the file is about"
    named = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    assert [node.name for node in named if not ast.get_docstring(node)] == []


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def test_no_file_can_run_code_when_loaded() -> None:
    """But for one file: `motifnet mimic --allow-pickle`, which must be typed."""
    banned = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
    nodes = [(path.name, node) for path in SOURCES for node in ast.walk(tree_of(path))]
    imports = [
        (name, module)
        for name, node in nodes
        for module in _imported(node)
        if module.split(".")[0] in banned
    ]
    calls = [(name, ast.unparse(node)) for name, node in nodes if isinstance(node, ast.Attribute)]
    assert imports == [("_estimator_file.py", "joblib")]
    assert [call for call in calls if call[1] in {"torch.load", "torch.save"}] == []


@pytest.mark.slow  # `make lint` runs the same
def test_imports_go_one_way() -> None:
    run = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-2_000:]
