"""What experiments of repeated draws share: options, rows of a CSV that are not measured again, and
checks of what the rows say.

The first field of a row is its label: the state of the code that it was measured with, such as
"before" a change and "now", so that one report shows both. A check is a figure with the range that
it must lie in.
"""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._kept_rows import Key, append, kept
from benchmarks._tables import ROOT, arguments, version

Options = argparse.Namespace
_SMALL = 1e-3
More = Callable[[argparse.ArgumentParser], None]


@dataclass(frozen=True)
class Plan:
    """What is run when nothing is requested: numbers of rows, presets, seeds and tables."""

    sizes: tuple[int, ...] = ()
    presets: tuple[str, ...] = ("fast", "balanced")
    seeds: range | None = None
    sets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """The name of folder, CSV and report; what identifies a row beside its label; what is
    measured.
    """

    name: str
    key: tuple[str, ...]
    measured: tuple[str, ...]

    @property
    def fields(self) -> list[str]:
        return ["label", *self.key, *self.measured, "version"]

    def run(
        self,
        options: Options,
        keys: Iterable[Key],
        measure: Callable[[Any], Mapping[str, Any]],
        report: Callable[[pd.DataFrame], str],
    ) -> None:
        """Measure what is not there, a row at a time, and write the report of all rows."""
        folder = options.out / self.name
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.csv"
        if options.fresh and path.exists():
            _forget(path, options.label)
        for key in () if options.report_only else keys:
            if (options.label, *key) in kept(path, ["label", *self.key]):
                continue
            row = measure(key)
            append(
                path,
                self.fields,
                [
                    options.label,
                    *key,
                    *(_rounded(row.get(name, "")) for name in self.measured),
                    version(),
                ],
            )
            print(*key, *(f"{name}={_rounded(row[name])}" for name in row), flush=True)
        text = report(
            pd.read_csv(
                path, keep_default_na=False, na_values={name: [""] for name in self.measured}
            )
        )
        (folder / f"{self.name}.md").write_text(text)
        print(text)


@dataclass(frozen=True)
class Check:
    """A figure and the range that it must lie in; no figure holds no check."""

    text: str
    value: float
    least: float = -np.inf
    most: float = np.inf

    @property
    def holds(self) -> bool:
        return self.least <= self.value <= self.most

    @property
    def cells(self) -> str:
        """The row of a table."""
        ends = [
            f"{sign} {end:g}"
            for sign, end in (("≥", self.least), ("≤", self.most))
            if np.isfinite(end)
        ]
        value = f"{self.value:.2g}" if 0 < abs(self.value) < _SMALL else f"{self.value:.3f}"
        return (
            f"{self.text} | {value} | {', '.join(ends)} | {'holds' if self.holds else '**fails**'}"
        )


def checks_table(rows: pd.DataFrame, checks: Callable[[pd.DataFrame], list[Check]]) -> list[str]:
    """Lines of Markdown: the checks of each label."""
    lines = ["| code | check | measured | required | |", "|---|---|---|---|---|"]
    for label, part in rows.groupby("label", sort=False):
        lines += [f"| {label} | {check.cells} |" for check in checks(part)]
    return lines


def page(
    title: str, text: str, checks: list[str], head: str, lines: list[str], rows: pd.DataFrame
) -> str:
    """Markdown: what is shown, lines of checks, a table with this head, and what the rows took."""
    cost = f"{len(rows):,} rows, {rows.seconds.sum():,.0f} CPU seconds, one thread; commits {', '.join(dict.fromkeys(rows.version.astype(str)))}."
    return "\n".join(
        [
            f"# {title}",
            "",
            text,
            "",
            *checks,
            "",
            head,
            "|" + "---|" * (head.count("|") - 1),
            *lines,
            "",
            cost,
            "",
        ]
    )


def options_of(
    description: str,
    argv: list[str] | None,
    full: Plan,
    quick: Plan,
    more: Callable[[argparse.ArgumentParser], None] | None = None,
) -> Options:
    """The options of an experiment; what is not given is that of the full plan, or of the quick
    one.
    """
    parser = arguments(description, ())
    parser.set_defaults(out=ROOT / "benchmarks" / "results", threads=1, sets=None)
    parser.add_argument("--sizes", nargs="+", type=int, help="numbers of rows")
    parser.add_argument("--presets", nargs="+", help="of our fits")
    parser.add_argument("--seeds", type=_seeds, help="such as 0-19, or 3")
    parser.add_argument(
        "--label", default="now", help="the state of the code, the first field of a row"
    )
    parser.add_argument("--quick", action="store_true", help="few draws and small tables")
    parser.add_argument(
        "--report-only", action="store_true", help="write the report of the rows that are there"
    )
    if more is not None:
        more(parser)
    options = parser.parse_args(argv)
    plan = quick if options.quick else full
    for name in ("sizes", "presets", "seeds", "sets"):
        if getattr(options, name) is None:
            setattr(options, name, getattr(plan, name))
    return options


def accepted(function: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """Those of the arguments that a function takes: an experiment says what it can say."""
    known = inspect.signature(function).parameters
    return {name: value for name, value in arguments.items() if name in known}


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _rounded(value: Any) -> Any:
    """Five digits behind the point, of a small number (a certificate, a rate) three that count."""
    if not isinstance(value, float | np.floating):
        return value
    number = float(value)
    return round(number, 5) if abs(number) >= _SMALL or number == 0 else float(f"{number:.3g}")


def _forget(path: Path, label: str) -> None:
    rows = pd.read_csv(path, keep_default_na=False)
    rows[rows.label != label].to_csv(path, index=False)
