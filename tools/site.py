"""The documentation site: the pages of the repository in the places where their links expect them.

    python tools/site.py FOLDER     copies README, docs and the reports of the benchmarks to FOLDER,
                                    and writes the pages of the API from what the packages export

`mkdocs build --strict` then makes HTML of FOLDER (see `mkdocs.yml`).
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from importlib import import_module
from inspect import isclass, isroutine
from pathlib import Path
from typing import Any

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
API_NOTE = (
    "Every public class and function. What is not listed here is private, whatever the spelling of "
    "its name: it may change in any version."
)
# The public API: a title a page, and public names by package; None stands for `__all__`.
API: dict[str, tuple[str, dict[str, str | None]]] = {
    "motifnet": ("Fit, load, imitate, profile", {"motifnet": None}),
    "results": (
        "What they return",
        {
            "motifnet.engine": "LedgerRow",
            "motifnet.stacking": "Score ReliabilityCurve",
            "motifnet.transfer": "Card Block Certificate",
            "motifnet.compress": "TradeOff Point",
            "motifnet.structure": "Profile Finding",
            "motifnet.model.report": "Report",
            "motifnet.model.explain": (
                "Explanation RowExplanation Effect Group Importance Leakage Novelty Pair Share"
            ),
        },
    ),
    "motifnet-uncertainty": (
        "Distributions, bands and shifts",
        {
            "motifnet.uncertainty": (
                "PredictiveDistribution ShiftReport ColumnShift ErrorShift "
                "linear_band multiplier_bootstrap Bootstrap"
            ),
        },
    ),
    "errors": (
        "Errors and warnings",
        {
            "motifnet.engine": (
                "MotifnetError UsageError DataError FileError ResourceError MotifnetWarning"
            ),
            "motifnet.model": "BundleError ParityError",
            "motifnet.transfer": "MimicryError",
        },
    ),
    "motifnet-functional": ("Curves", {"motifnet.functional": None}),
    "motifnet-moments": ("Conditional moments", {"motifnet.moments": None}),
    "motifnet-density": ("Rough densities", {"motifnet.density": None}),
    "motifnet-trajectories": ("Trajectories", {"motifnet.trajectories": None}),
    "motifnet-synthetic": ("Synthetic tables", {"motifnet.synthetic": None}),
    "motifnet-transport": (
        "Wasserstein tests",
        {
            "motifnet.transport": (
                "wasserstein_distance wasserstein_interval wasserstein_test "
                "WassersteinInterval WassersteinTestResult"
            ),
        },
    ),
    "motifnet-landscape": (
        "Landscapes of torch networks",
        {
            "motifnet.landscape": (
                "audit Audit balanced risk_of Risk hessian_trace Trace "
                "minimum_sharpness MinimumSharpness curvature Curvature "
                "gradient_noise GradientNoise escape Escape gaussian_sgd row_noise "
                "Walk visited Visited information Information fisher_spectrum "
                "FisherSpectrum size_curve SizeCurve SizePoint ParallelNetwork "
                "ResidualNetwork"
            ),
        },
    ),
    "motifnet-compare": (
        "Comparison with other methods",
        {
            "motifnet.compare": "compare default_methods Result summary report picture",
        },
    ),
}


def copy_pages(folder: Path) -> None:
    """Every page at its own path, so that relative links hold."""
    for pattern in PAGES:
        for page in ROOT.glob(pattern):
            if page.is_file():
                target = folder / page.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(page, target)


def public_names() -> Iterator[tuple[str, str, Any]]:
    """Page, full name and object of every public class and function."""
    for page, (_, packages) in API.items():
        for package, names in packages.items():
            module = import_module(package)
            for name in module.__all__ if names is None else names.split():
                found = getattr(module, name)
                if isclass(found) or isroutine(found):
                    yield page, f"{package}.{name}", found


def write_api(folder: Path) -> None:
    """The pages of the API, and one that lists every public name."""
    pages = folder / "api"
    pages.mkdir(parents=True, exist_ok=True)
    names = [(page, name) for page, name, _ in public_names()]
    index = ["# API", "", API_NOTE, ""]
    for page, (title, _) in API.items():
        own = [name for of, name in names if of == page]
        listed = ", ".join(f"[{name.split('.')[-1]}]({page}.md#{name})" for name in own)
        index += [f"**[{title}]({page}.md)**: {listed}", ""]
        parts = [f"# {title}", *(f"::: {name}" for name in own)]
        (pages / f"{page}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    (pages / "index.md").write_text("\n".join(index), encoding="utf-8")


if __name__ == "__main__":
    place = Path(sys.argv[1])
    shutil.rmtree(place, ignore_errors=True)
    copy_pages(place)
    write_api(place)
