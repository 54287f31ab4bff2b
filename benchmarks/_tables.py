"""Tables with a column `target`, split at random into training and test rows."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import pandas as pd

from benchmarks._split import Split
from motifnet.compare import Split as CheckedSplit
from motifnet.compare import split_rows, split_table
from motifnet.tables import Task

ROOT = Path(__file__).parents[1]
CLASSIFICATION = ("phoneme", "credit_g", "adult", "magic_telescope", "letter", "bank_marketing")
SETS = (
    "concrete",
    "energy",
    "yacht",
    "wine_red",
    "kin8nm",
    "power",
    "airfoil",
    "abalone",
    "cpu_act",
    "seoul_bike",
    "saratoga",
    "computers_ecdat",
)
ALL = (*SETS, "california", "diamonds", "elevators", "pol", *CLASSIFICATION)
# Settings may be chosen on test rows of half A only. Half B has no
# part in any choice and says what it is worth: reports show both.
HALF_A = (
    "concrete",
    "yacht",
    "kin8nm",
    "airfoil",
    "cpu_act",
    "saratoga",
    "california",
    "elevators",
    "phoneme",
    "adult",
    "letter",
)
HALF_B = tuple(name for name in ALL if name not in HALF_A)


def path_of(name: str, data: Path) -> Path | None:
    """The file of a table, if it is there."""
    return next(
        (p for suffix in (".csv.gz", ".csv") if (p := data / f"{name}{suffix}").exists()), None
    )


def table_of(name: str, data: Path) -> pd.DataFrame:
    """The table of that name."""
    path = path_of(name, data)
    if path is None:
        sys.exit(
            f"There is no {name}.csv.gz in {data}. Pass --data with the folder that holds "
            "the tables."
        )
    return pd.read_csv(path)


def split(name: str, data: Path, number: int, cap: int) -> Split:
    """Split `number` of a table: a random fifth for the test, of the rest at most `cap` rows for
    training.
    """
    table = table_of(name, data)
    train, test = split_rows(len(table), number, cap)
    return Split(table.iloc[train].reset_index(drop=True), table.iloc[test].reset_index(drop=True))


def task_of(name: str) -> Task:
    """What there is to predict."""
    return "classification" if name in CLASSIFICATION else "regression"


def checked_split(name: str, number: int, data: Path, cap: int | None = None) -> CheckedSplit:
    """Split `number` of a table as `motifnet.compare` makes it, with at most `cap` training
    rows.
    """
    table = table_of(name, data)
    return split_table(
        table, "target", task=task_of(name), seed=number, cap=len(table) if cap is None else cap
    )


def arguments(description: str, sets: tuple[str, ...]) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    shared = ROOT.parent / "shared" / "data"
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--data",
        type=Path,
        default=shared if shared.exists() else ROOT / "benchmarks" / "data",
        help="folder with NAME.csv.gz",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=ROOT / "benchmarks" / "out",
        help="folder for results; what is there is not run again",
    )
    parser.add_argument("--sets", nargs="+", default=list(sets), help="names of tables")
    parser.add_argument("--cap", type=int, default=3000, help="most training rows")
    parser.add_argument("--threads", type=int, default=2, help="threads for every method")
    parser.add_argument("--fresh", action="store_true", help="forget earlier results")
    return parser


def version() -> str:
    """The commit, with a + where the tree differs from it."""
    try:
        return subprocess.run(
            ["git", "describe", "--always", "--dirty=+"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
