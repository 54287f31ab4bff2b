"""The gallery shows what its scripts say: every page is that of its script, and the scripts and
notebooks run.
"""

from __future__ import annotations

import ast
import json
import re
import runpy
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot as plt

ROOT = Path(__file__).parents[2]
TOOL = runpy.run_path(str(ROOT / "tools" / "gallery.py"))
PAGES = ROOT / "docs" / "gallery"
NAMES = list(TOOL["EXAMPLES"])
NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.ipynb"))


def read(name: str) -> Any:
    return TOOL["Example"].read(ROOT / "examples" / "gallery" / f"{name}.py")


def shown(name: str) -> list[str]:
    """What the page says that each block prints."""
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    blocks = re.findall(
        r"^```python\n.*?^```\n(?:\n```text\n(.*?)\n^```)?", page, flags=re.MULTILINE | re.DOTALL
    )
    return [str(block) for block in blocks]


def decimals(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"\d+\.\d+(?![\de])", text)]


def cells(notebook: Path, kind: str) -> list[str]:
    found = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == kind]


def test_every_script_has_a_page() -> None:
    assert {path.stem for path in (ROOT / "examples" / "gallery").glob("*.py")} == set(NAMES)
    assert {path.stem for path in PAGES.glob("*.md")} == {*NAMES, "README"}
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    assert all(f"docs/gallery/{name}.md" in nav for name in (*NAMES, "README"))


@pytest.mark.parametrize("name", NAMES)
def test_pages_are_those_of_the_scripts(name: str) -> None:
    """`make gallery` mends a difference."""
    example = read(name)
    page = (PAGES / f"{name}.md").read_text(encoding="utf-8")
    assert page == TOOL["page"](example, shown(name))
    script = (ROOT / "examples" / "gallery" / f"{name}.py").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL))
    # all of the script but its docstring
    assert ast.dump(ast.parse(code)) == ast.dump(ast.Module(ast.parse(script).body[1:], []))
    assert 1_000 < (PAGES / f"{name}.png").stat().st_size < 100_000


def test_the_index_lists_all_examples() -> None:
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    assert index == TOOL["index"]([read(name) for name in NAMES])


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_plain(notebook: Path) -> None:
    content = notebook.read_text(encoding="utf-8")
    assert len(content) < 100_000
    assert json.loads(content)["nbformat"] == 4
    for target in re.findall(r"\]\(([^)#:]+)\)", "\n".join(cells(notebook, "markdown"))):
        assert (notebook.parent / target).exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_scripts_print_what_the_pages_say(name: str, tmp_path: Path) -> None:
    printed = TOOL["run"](read(name), tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 1_000
    for found, said in zip(printed, shown(name), strict=True):
        # other builds of BLAS may change the last digits; seconds are those of the machine
        found, said = (re.sub(r"Seconds.*", "", text) for text in (found, said))
        np.testing.assert_allclose(decimals(found), decimals(said), rtol=0.1, atol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("default")
def test_notebooks_run(notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("nbclient") and find_spec("ipykernel"):
        import nbformat
        from nbclient import NotebookClient

        content = nbformat.read(notebook, as_version=4)
        place = {"metadata": {"path": str(tmp_path)}}
        NotebookClient(content, timeout=300, resources=place).execute()
        return
    monkeypatch.chdir(tmp_path)
    plt.switch_backend("agg")
    namespace: dict[str, Any] = {}
    for cell in cells(notebook, "code"):
        exec(compile(cell, notebook.name, "exec"), namespace)
    plt.close("all")
