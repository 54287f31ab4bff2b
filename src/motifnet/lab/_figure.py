"""The parts of a figure of the lab: numbers over seeds, comparisons with theory, and panels.

`Estimate` is a mean over seeds, a ratio or an exponent, with its standard error. A ratio of two
methods is taken within each seed, where both had the same rows. Its logarithms are averaged:

    ratio = exp(mean_s log(a_s/b_s)),   its error = ratio · sd_s log(a_s/b_s) / √S

`Facts` is the result of an experiment: sentences, numbers and comparisons with theory. Each
comparison is a `Check`, passed or not. `panels` holds the style of figures and writes them: the
same numbers give the same file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motifnet.engine import UsageError, atomic_file

Values = NDArray[np.float64]
FULL_SEEDS = 1_000  # the first seed of a full run
THEORY, MEASURED, TRAINED, CALM = "0.25", "#c44e28", "#2b6a99", "#4f9a6c"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "motifnet",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.markersize": 4,
}


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds and its standard error."""

    value: float
    error: float

    @classmethod
    def of(cls, values: ArrayLike) -> Estimate:
        """From one value a seed."""
        each = np.asarray(values, dtype=np.float64)
        return cls(float(each.mean()), _standard_error(each))

    @classmethod
    def jackknife(cls, function: Callable[..., float], *parts: Values) -> Estimate:
        """Of a function of arrays whose first axis is that of seeds, such as a ratio of means, by
        leaving out one seed at a time.
        """
        count = len(parts[0])
        without = np.array(
            [function(*(np.delete(part, k, axis=0) for part in parts)) for k in range(count)]
        )
        return cls(
            float(function(*parts)),
            float(np.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum())),
        )

    def __format__(self, spec: str) -> str:
        return f"{self.value:{spec}} ± {self.error:{spec}}"


def draws(quick: bool, count: int) -> range:
    """Seeds. Bounds and settings are chosen by the quick run; the full run confirms them with other
    seeds.
    """
    return range(count) if quick else range(FULL_SEEDS, FULL_SEEDS + count)


def mean_and_error(values: ArrayLike) -> tuple[Values, Values]:
    """Over the first axis, which is that of seeds."""
    each = np.asarray(values, dtype=np.float64)
    return each.mean(0), each.std(0, ddof=1) / np.sqrt(len(each))


def ratio(above: ArrayLike, below: ArrayLike) -> Estimate:
    """The geometric mean of ratios of one pair a seed."""
    logs = np.log(np.asarray(above, dtype=np.float64) / np.asarray(below, dtype=np.float64))
    value = float(np.exp(logs.mean()))
    return Estimate(value, value * _standard_error(logs))


def exponent(sizes: Sequence[float], errors: ArrayLike) -> Estimate:
    """The mean of the exponents r of errors that fall like size^(−r). Errors have shape (seeds,
    sizes).
    """
    return Estimate.of(
        [slope(sizes, row) for row in np.atleast_2d(np.asarray(errors, dtype=np.float64))]
    )


def slope(sizes: Sequence[float], errors: ArrayLike) -> float:
    """The exponent r of errors that fall like size^(−r), by least squares on logarithms. NaN where
    an error is not positive.
    """
    if not np.min(errors) > 0:
        return float("nan")
    return -float(
        np.polyfit(
            np.log(np.asarray(sizes, dtype=np.float64)),
            np.log(np.asarray(errors, dtype=np.float64)),
            1,
        )[0]
    )


def draw_bars(axis: Any, x: ArrayLike, values: ArrayLike, line: str = "o-", **options: Any) -> None:
    """Draw means over seeds with bars of two standard errors. Values have shape (seeds, points)."""
    centre, error = mean_and_error(values)
    axis.errorbar(x, centre, yerr=2 * error, fmt=line, capsize=2, **options)


def _standard_error(values: Values) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))


@dataclass(frozen=True)
class Check:
    """A measured value against theory. It passes where measured ± 2 standard errors lies between
    low and high.

    expected: None where theory gives a direction and no number. no_effect: the value if the claim
    were false; it lies outside the bounds.
    """

    what: str
    measured: float
    expected: float | None
    low: float
    high: float
    error: float = 0.0
    no_effect: float | None = None

    def __post_init__(self) -> None:
        if self.no_effect is not None and self.low <= self.no_effect <= self.high:
            bounds = f"{self.low:.4g} to {self.high:.4g}"
            raise UsageError(
                f"The comparison {self.what!r} allows {bounds}, and "
                f"{self.no_effect:.4g} is no effect. Give bounds that exclude it."
            )

    @classmethod
    def near(cls, what: str, measured: float, expected: float, within: float) -> Check:
        """Measured within a share of the expected value."""
        return cls(what, measured, expected, expected * (1 - within), expected * (1 + within))

    @classmethod
    def over_seeds(
        cls,
        what: str,
        measured: Estimate,
        expected: float | None,
        low: float,
        high: float,
        no_effect: float | None = None,
    ) -> Check:
        """Of a mean over seeds."""
        return cls(what, measured.value, expected, low, high, measured.error, no_effect)

    @property
    def passed(self) -> bool:
        return (
            self.low <= self.measured - 2 * self.error
            and self.measured + 2 * self.error <= self.high
        )

    @property
    def shown(self) -> str:
        """What was measured, ± two standard errors."""
        return f"{self.measured:.4g}" + (f" ± {2 * self.error:.2g}" if self.error else "")

    @property
    def allowed(self) -> str:
        if math.isinf(self.high):
            return f"at least {self.low:.4g}"
        return (
            f"at most {self.high:.4g}"
            if self.low == 0 and self.expected is None
            else f"{self.low:.4g} to {self.high:.4g}"
        )

    @property
    def sentence(self) -> str:
        theory = "" if self.expected is None else f"; theory says {self.expected:.4g}"
        return f"{self.what} is {self.shown}{theory}; allowed are {self.allowed}"


@dataclass(frozen=True)
class Facts:
    """One figure: `values` are the numbers that it draws, `files` its image files in the output
    folder.
    """

    name: str
    title: str
    quick: bool
    sentences: tuple[str, ...]
    checks: tuple[Check, ...]
    values: dict[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    def write(self, out: Path) -> None:
        """As NAME.json in the folder; a bound that is infinite is null."""
        content = asdict(self) | {
            "checks": [_finite(asdict(check)) | {"passed": check.passed} for check in self.checks]
        }
        with atomic_file(out / f"{self.name}.json") as temporary:
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Facts:
        """What `write` has written."""
        content = json.loads(path.read_text(encoding="utf-8"))
        checks = tuple(
            Check(**{f.name: _bound(f.name, check[f.name]) for f in fields(Check)})
            for check in content.pop("checks")
        )
        return cls(
            **content
            | {
                "checks": checks,
                "sentences": tuple(content["sentences"]),
                "files": tuple(content["files"]),
            }
        )


def _finite(check: dict[str, Any]) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in check.items()
    }


def _bound(name: str, value: Any) -> Any:
    absent = {"measured": math.nan, "error": math.nan, "low": -math.inf, "high": math.inf}
    return absent.get(name) if value is None else value


@contextmanager
def panels(out: Path, name: str, rows: int, columns: int, *, legend: bool = False) -> Iterator[Any]:
    """Axes with shape (rows, columns). NAME.svg and NAME.png are written when the body is done.

    legend: one below all panels, with the labels of the first.
    """
    import matplotlib

    with matplotlib.rc_context(STYLE):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(3.6 * columns, 2.9 * rows + 0.7 * legend), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
        yield axes
        if legend:
            figure.legend(
                *axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5
            )
        figure.savefig(out / f"{name}.svg", format="svg", metadata={"Date": None})
        figure.savefig(out / f"{name}.png", format="png", dpi=160, metadata={"Software": None})


def log_axes(axis: Any, title: str, xlabel: str, ylabel: str) -> None:
    """Titles, and both axes logarithmic."""
    axis.set(title=title, xlabel=xlabel, ylabel=ylabel, xscale="log", yscale="log")
    log_ticks(axis)


def log_ticks(axis: Any) -> None:
    """Put a few plain numbers on both logarithmic axes."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    for side in (axis.xaxis, axis.yaxis):
        low, high = side.get_view_interval()
        logarithmic = LogLocator(subs=(1, 2, 5) if high < 300 * low else (1,), numticks=9)
        side.set_major_locator(MaxNLocator(5) if high < 5 * low else logarithmic)
        side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        side.set_minor_formatter(NullFormatter())


def files(name: str) -> tuple[str, ...]:
    """The files that `panels` writes."""
    return (f"{name}.svg", f"{name}.png")
