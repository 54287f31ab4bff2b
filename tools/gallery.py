"""The gallery of the documentation: scripts of `examples/gallery` are run, and become pages.

    python tools/gallery.py            runs all scripts and writes docs/gallery
    python tools/gallery.py effects    one of them, and the index

A script is a docstring (title, what it shows) and blocks between lines `# %%`. Comments right below
such a line are prose, the rest is code. A page shows prose, code, what each block prints, and the
last figure.
"""

from __future__ import annotations

import ast
import contextlib
import io
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from typing import Any

import matplotlib as mpl
from cycler import cycler

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "examples" / "gallery"
PAGES = ROOT / "docs" / "gallery"
COLUMNS = 82  # of what is printed
THUMBNAIL = 150  # pixels
# in the order of the index: what an example shows, and what is in its picture
EXAMPLES = {
    "regression": (
        "A table of numbers: a fit without settings, its scores, its stages, its report.",
        "Measured and predicted strength of 206 held-out mixtures, near the diagonal",
    ),
    "probabilities": (
        "Probabilities that are checked on held-out rows, and sets of possible classes.",
        "Reliability curve: observed shares of a class lie near the diagonal",
    ),
    "distributions": (
        "The law of the next observation at each row, and whether it holds on new rows.",
        "Bands of half and nine tenths of the law, and observations of new patients",
    ),
    "effects": (
        "Importance, pairs that act together, groups, effects, and what one prediction is made of.",
        "Effect of age, rising and then level, and of water, falling; contributions to one row",
    ),
    "findings": (
        "What theory finds in a table, and what a layer made of it is worth.",
        "Power jumps at a temperature; the network with a step jumps where the truth does",
    ),
    "conversion": (
        "A pipeline of scikit-learn and trees of LightGBM become networks with the same values.",
        "Lines of two models lie on the lines of their networks",
    ),
    "shipping": (
        "A file, ONNX and plain Python, each compared with the model; then rows that differ.",
        "Distance of each column of new rows from those of the fit; the age moved",
    ),
    "groups": (
        "Why random folds promise too much where rows depend on each other.",
        "Expected and observed error of new mixtures, with random folds and with groups",
    ),
    "curves": (
        "Rows that are spectra: smoothed, reduced and fitted as curves, with intervals.",
        "Spectra that scatter moves, and the fat of held-out samples near its predictions",
    ),
}
STYLE: Any = {
    "axes.prop_cycle": cycler(color=["#2b6a99", "#c44e28"]),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 144,
}


@dataclass(frozen=True)
class Block:
    """Prose, and the code below it, which begins at a line of its file."""

    prose: str
    code: str
    line: int


@dataclass(frozen=True)
class Example:
    """A script: its name, title, first paragraphs, and blocks."""

    name: str
    title: str
    text: str
    blocks: tuple[Block, ...]

    @classmethod
    def read(cls, path: Path) -> Example:
        """Split a script."""
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        title, _, text = (ast.get_docstring(tree) or "").partition("\n")
        lines = source.splitlines()
        starts = [tree.body[0].end_lineno or 0]
        starts += [i for i, line in enumerate(lines, 1) if line.strip() == "# %%"]
        ends = [start - 1 for start in starts[1:]] + [len(lines)]
        blocks = (_block(lines, *span) for span in zip(starts, ends, strict=True))
        return cls(path.stem, title, " ".join(text.split()), tuple(blocks))


def _block(lines: list[str], start: int, end: int) -> Block:
    """Lines after `start`, counted from 1, up to `end`."""
    first = start
    while first < end and lines[first].startswith("#"):
        first += 1
    prose = " ".join(line.removeprefix("#").strip() for line in lines[start:first])
    while first < end and not lines[first].strip():
        first += 1
    return Block(prose, "\n".join(lines[first:end]).rstrip(), first)


def run(example: Example, picture: Path | None = None) -> list[str]:
    """What each block prints, warnings included. The last figure is saved as `picture`."""
    mpl.use("agg")
    from matplotlib import pyplot as plt

    namespace: dict[str, Any] = {"__name__": example.name}
    with mpl.rc_context(STYLE), _folder():
        printed = [_run(block, example, namespace) for block in example.blocks]
        if picture is not None:
            plt.gcf().savefig(picture)
        plt.close("all")
    return printed


@contextlib.contextmanager
def _folder() -> Iterator[None]:
    """A folder that holds the bundled table, and what a script writes."""
    with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
        Path("examples").mkdir()
        copyfile(ROOT / "examples" / "concrete.csv", Path("examples") / "concrete.csv")
        yield


def _run(block: Block, example: Example, namespace: dict[str, Any]) -> str:
    path = SCRIPTS / f"{example.name}.py"
    code = compile("\n" * block.line + block.code, str(path), "exec")
    out = io.StringIO()
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(out):
        warnings.simplefilter("always")
        exec(code, namespace)  # noqa: S102
    ours = [w for w in caught if w.category.__module__.startswith("motifnet")]
    said = "".join(f"{w.category.__name__}: {w.message}\n" for w in ours) + out.getvalue()
    return "\n".join(map(_narrow, said.rstrip().splitlines()))


def _narrow(line: str) -> str:
    """A line, wrapped where it is a long sentence."""
    return line if len(line) <= COLUMNS else textwrap.fill(line, COLUMNS, subsequent_indent="  ")


def page(example: Example, printed: list[str]) -> str:
    """The page of an example as Markdown."""
    parts = [f"# {example.title}", example.text]
    for block, said in zip(example.blocks, printed, strict=True):
        parts += [block.prose] if block.prose else []
        parts += [f"```python\n{block.code}\n```"]
        parts += [f"```text\n{said}\n```"] if said else []
    source = f"examples/gallery/{example.name}.py"
    parts += [
        f"![{EXAMPLES[example.name][1]}]({example.name}.png)",
        f"[The script](../../{source}) · `python {source}` · [All examples](README.md)",
    ]
    return "\n\n".join(parts) + "\n"


def index(examples: list[Example]) -> str:
    """The page that lists all examples with their pictures."""
    rows = []
    for name, title in ((example.name, example.title) for example in examples):
        sentence, alt = EXAMPLES[name]
        thumbnail = f'<img src="{name}.png" width="{THUMBNAIL}" alt="{alt}">'
        rows += [f"| [{thumbnail}]({name}.md) | **[{title}]({name}.md)**<br>{sentence} |"]
    head = (
        "# Gallery\n\nNine scripts that run as they stand, each with what it prints and one "
        "picture. Tables are bundled with motifnet or with scikit-learn, or simulated where the "
        "truth is needed; nothing is downloaded. `make gallery` runs all of them and writes these "
        "pages.\n"
    )
    return "\n".join([head, "| picture | example |", "|---|---|", *rows, ""])


def main(names: list[str]) -> None:
    """Run scripts, all by default, and write their pages."""
    PAGES.mkdir(parents=True, exist_ok=True)
    for name in names or EXAMPLES:
        example = Example.read(SCRIPTS / f"{name}.py")
        printed = run(example, PAGES / f"{name}.png")
        (PAGES / f"{name}.md").write_text(page(example, printed), encoding="utf-8")
        print(name)
    listed = [Example.read(SCRIPTS / f"{name}.py") for name in EXAMPLES]
    (PAGES / "README.md").write_text(index(listed), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
