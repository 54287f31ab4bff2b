"""The documentation site: the pages of the repository in the places where their links expect them.

    python tools/site.py FOLDER     copies README, docs and the reports of the benchmarks to FOLDER,
                                    and writes the pages of the API from what the packages export

`mkdocs build --strict` then makes HTML of FOLDER (see `mkdocs.yml`).
"""

from __future__ import annotations

import shutil
import sys
from importlib import import_module
from inspect import isclass, isroutine
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (
    "*.md",
    "LICENSE",
    "docs/**/*.*",
    "examples/README.md",
    "examples/gallery/*.py",
    "examples/notebooks/*.ipynb",
    "benchmarks/data/README.md",
    "benchmarks/mutation/*.py",
    "benchmarks/results/**/*.md",
    "benchmarks/results/**/*.svg",
    "benchmarks/results/**/*.csv",
)
# what users import; the other packages are how these work
PACKAGES = {
    "motifnet": "Fit, load, imitate, profile",
    "motifnet.functional": "Curves",
    "motifnet.moments": "Conditional moments",
    "motifnet.density": "Rough densities",
    "motifnet.trajectories": "Trajectories",
    "motifnet.synthetic": "Synthetic tables",
    "motifnet.uncertainty": "Intervals, bands and shifts",
    "motifnet.transport": "Wasserstein tests",
    "motifnet.landscape": "Landscapes of torch networks",
    "motifnet.compare": "Comparison with other methods",
}


def copy_pages(folder: Path) -> None:
    """Every page at its own path, so that relative links hold."""
    for pattern in PAGES:
        for page in ROOT.glob(pattern):
            if page.is_file():
                target = folder / page.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(page, target)


def write_api(folder: Path) -> None:
    """A page a package, and one that lists every public name."""
    pages = folder / "api"
    pages.mkdir(parents=True, exist_ok=True)
    index = ["# API", ""]
    for package, title in PACKAGES.items():
        module = import_module(package)
        names = [
            n for n in module.__all__ if isclass(found := getattr(module, n)) or isroutine(found)
        ]
        page = f"{package.replace('.', '-')}.md"
        listed = ", ".join(f"[{name}]({page}#{package}.{name})" for name in names)
        index += [f"**[{title}]({page})**, `{package}`: {listed}", ""]
        parts = [f"# {title}", "", f"`{package}`", ""]
        parts += [f"::: {package}.{name}" for name in names]
        (pages / page).write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    (pages / "index.md").write_text("\n".join(index), encoding="utf-8")


if __name__ == "__main__":
    place = Path(sys.argv[1])
    shutil.rmtree(place, ignore_errors=True)
    copy_pages(place)
    write_api(place)
