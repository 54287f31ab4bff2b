"""The public API is on one page, and users are told to import nothing else."""

from __future__ import annotations

import ast
import re
import runpy
from importlib import import_module
from inspect import isclass, isroutine
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# the root, and its modules of one file: what they export is public by their names
MODULES = [
    "motifnet",
    *(f"motifnet.{path.stem}" for path in sorted((ROOT / "src" / "motifnet").glob("[a-z]*.py"))),
]
# pages of those who change motifnet itself
OURS = {"extending.md", "testing.md", "how-it-works.md", "tried.md"}


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Full names on the page of the API."""
    folder = tmp_path_factory.mktemp("site")
    site = runpy.run_path(str(ROOT / "tools" / "site.py"))
    site["copy_pages"](folder)
    site["write_api"](folder)
    page = (folder / "api" / "index.md").read_text(encoding="utf-8")
    return set(re.findall(r"\(\S+\.md#(motifnet[\w.]+)\)", page))


@pytest.mark.parametrize("module", MODULES)
def test_everything_exported_is_on_the_page(module: str, listed: set[str]) -> None:
    exported = import_module(module)
    values = {name: getattr(exported, name) for name in exported.__all__}
    names = {name for name, value in values.items() if isclass(value) or isroutine(value)}
    assert {f"{module}.{name}" for name in names} - listed == set()


def test_what_is_on_the_page_exists_and_says_what_it_does(listed: set[str]) -> None:
    for name in listed:
        module, _, attribute = name.rpartition(".")
        assert getattr(import_module(module), attribute).__doc__, name


def imported(block: str) -> set[str]:
    """Full names that a block of Python imports from motifnet."""
    return {
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("motifnet")
        for alias in node.names
    }


def test_pages_for_users_import_public_names_only(listed: set[str]) -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    found = {
        (page.name, name)
        for page in pages
        if page.name not in OURS
        for block in re.findall(
            r"^```python\n(.*?)^```", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
        )
        for name in imported(block)
    }
    assert len(found) > 10
    assert {(page, name) for page, name in found if name not in listed} == set()
