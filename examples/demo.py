"""Fit a network to a real table, compare it with what is usual, save it, export it, draw it.

python examples/demo.py                              one split, files in demo-out/
python examples/demo.py --splits 10 --write-readme   ten splits, and the table of the user guide anew
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from threadpoolctl import threadpool_limits

from motifnet import MotifRegressor, Network, load
from peers import PEERS
from plot import draw

Array = NDArray[np.float64]
ROOT = Path(__file__).parents[1]
TABLE = Path(__file__).with_name("concrete.csv")
OUT = ROOT / "demo-out"
OURS, CONVEX = "motifnet, preset balanced", "its convex teacher alone, as a network"
console = Console(highlight=False)


@dataclass(frozen=True)
class Split:
    """Rows to fit and rows to test on: 80 % and 20 %, by a seed."""

    X: pd.DataFrame
    y: pd.Series
    X_test: pd.DataFrame
    y_test: Array

    @classmethod
    def of(cls, seed: int) -> Split:
        table = pd.read_csv(TABLE)
        y = table.pop("strength")
        test = np.zeros(len(y), dtype=bool)
        test[np.random.default_rng(seed).permutation(len(y))[: len(y) // 5]] = True
        return cls(table[~test], y[~test], table[test], y[test].to_numpy())

    def error(self, predicted: Array) -> float:
        """Root mean squared error on the test rows, in MPa."""
        return float(np.sqrt(np.mean((predicted - self.y_test) ** 2)))


Result = dict[str, tuple[float, float]]  # model → error, seconds


def compare(split: Split) -> tuple[MotifRegressor, Result]:
    """Error on test rows and seconds of every model."""
    start = time.perf_counter()
    with console.status("fitting"):
        model = MotifRegressor().fit(split.X, split.y)
    seconds = time.perf_counter() - start
    convex = next(stage for stage in model.stages_ if stage.name == "transferred")
    found = {OURS: (split.error(model.predict(split.X_test)), seconds)}
    found[CONVEX] = (
        split.error(Network(convex.network, model.model_.d)(model.encode(split.X_test))[:, 0]),
        convex.seconds,
    )
    for name, make in PEERS.items():
        start = time.perf_counter()
        # quickest at this size, and safe where other programs run
        with console.status(name), threadpool_limits(1):
            peer = make().fit(split.X, split.y)
        found[name] = (split.error(peer.predict(split.X_test)), time.perf_counter() - start)
    return model, found


def show_ledger(model: MotifRegressor) -> None:
    table = Table(
        "stage",
        "seconds",
        "error",
        "parameters",
        "kept",
        "",
        title="Ledger (error on held-out rows, in standard deviations of the strength)",
    )
    for row in model.ledger_:
        table.add_row(
            row.stage,
            f"{row.seconds:.2f}",
            f"{row.error:.4f}",
            f"{row.parameters:,}",
            "yes" if row.kept else "no",
            row.note,
        )
    console.print(table)


def rows_of(results: list[Result]) -> list[tuple[str, ...]]:
    """Model, error, error as a multiple of ours on the same split (means ± standard errors over
    splits), mean seconds.
    """
    ours = np.array([result[OURS][0] for result in results])
    out: list[tuple[str, ...]] = []
    for name in results[0]:
        errors, seconds = np.array([result[name] for result in results]).T
        out.append(
            (
                name,
                mean_of(errors),
                mean_of(errors / ours) if name != OURS else "1",
                f"{seconds.mean():.1f}",
            )
        )
    return out


def mean_of(values: Array) -> str:
    spread = f" ± {values.std(ddof=1) / np.sqrt(len(values)):.2f}" if len(values) > 1 else ""
    return f"{values.mean():.2f}{spread}"


def write_readme(rows: list[tuple[str, ...]], splits: int) -> None:
    """Put the table between its marks in the user guide."""
    path = ROOT / "docs" / "guide.md"
    begin, end = "<!-- demo-table -->", "<!-- end of demo-table -->"
    text = path.read_text(encoding="utf-8")
    heads = [
        f"| model | RMSE on test rows (MPa), {splits} splits | times ours, same split | "
        "seconds to fit |",
        "|---|---|---|---|",
    ]
    head, rest = text.split(begin)
    lines = [
        f"{head}{begin}",
        *heads,
        *(f"| {' | '.join(row)} |" for row in rows),
        end + rest.split(end)[1],
    ]
    path.write_text("\n".join(lines), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--splits", type=int, default=1, help="how many random splits to average over"
    )
    parser.add_argument(
        "--write-readme", action="store_true", help="write the table into docs/guide.md"
    )
    options = parser.parse_args()

    console.print(
        f"[bold]Concrete compressive strength[/bold] from eight columns "
        f"({TABLE.relative_to(ROOT)}), 80 % of the rows to fit, 20 % to test\n"
    )
    results, first = [], None
    for seed in range(options.splits):
        split = Split.of(seed)
        model, result = compare(split)
        results.append(result)
        first = first or (split, model)
    assert first is not None
    split, model = first
    show_ledger(model)
    console.print(
        f"\n{model.card_}\n\nNetwork against the model that it was computed from: "
        f"{model.certificate_}\n",
        markup=False,
    )
    table = Table(
        "model",
        "RMSE on test rows (MPa)",
        "times ours",
        "seconds to fit",
        title=f"{options.splits} split{'s' * (options.splits > 1)}",
    )
    for row in rows_of(results):
        table.add_row(*row)
    console.print(table)
    write_files(model, split)
    if options.write_readme:
        write_readme(rows_of(results), options.splits)


def write_files(model: MotifRegressor, split: Split) -> None:
    """Model, ONNX file and plot; the reloaded model predicts the same to the last bit."""
    OUT.mkdir(exist_ok=True)
    model.save(OUT / "concrete.motif")
    assert (load(OUT / "concrete.motif").predict(split.X_test) == model.predict(split.X_test)).all()
    parity = model.to_onnx(OUT / "concrete.onnx")
    model.report(OUT / "concrete.html", overwrite=True)
    draw(
        model, split.y_test, model.predict(split.X_test), OUT / "concrete.svg", OUT / "concrete.png"
    )
    console.print("\nWritten")
    notes = {
        "concrete.motif": "the model; reloaded, it predicts the same to the last bit",
        "concrete.onnx": "",
        "concrete.html": "report: what the network is worth, what it is, what its columns do, "
        "where it errs",
        "concrete.svg": "plot",
        "concrete.png": "plot",
    }
    notes["concrete.onnx"] = (
        f"for onnxruntime; differs from the model by at most {parity.max_difference:.1e} standard "
        "deviations"
    )
    for name, note in notes.items():
        console.print(f"  {OUT / name}  ({note})", soft_wrap=True)
    table = ROOT / "examples" / "concrete.csv"
    console.print("\nNext", soft_wrap=True)
    console.print(f"  open {OUT / 'concrete.html'}", soft_wrap=True)
    console.print(
        f"  .venv/bin/motifnet predict {OUT / 'concrete.motif'} {table} --distribution",
        soft_wrap=True,
    )


if __name__ == "__main__":
    main()
