"""Conditional moments: non-parametric instruments against sieve 2SLS and kernel IV, quantiles with
instruments against quantile regression, and two tables of economics.

Designs:

- scalar (Kato et al.): Z ~ U(−3, 3)², e ~ N(0, 1), X = Z₁/2 + e/2 + N(0, .1²), y = f(X) + e +
  N(0, .1²) with f = |x|, sin x, 1{x > 0}, x.
- demand (Hartford et al. 2017): s in 1…7, t ~ U(0, 10), z, v ~ N(0, 1), e = ρ v + √(1 − ρ²) N(0, 1),
  p = 25 + (z + 3) ψ(t) + v, y = h(p, t, s) + e with h = 100 + (10 + p) s ψ(t) − 2p, errors on a
  grid of 20 × 20 × 7 points with p in 10…25.
- quantile: Z and X as in scalar, y = sin x + (1 + .4 tanh x) e, whose quantile τ in the structural
  sense is sin x + (1 + .4 tanh x) Φ⁻¹(τ).
- card, ajr: log wages on education, income on institutions; `error` is the largest difference of
  the linear case to linearmodels, where installed, or to the closed form.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri
from sklearn.linear_model import LinearRegression, QuantileRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer

from benchmarks._experiment import Experiment, Options, Plan, options_of
from benchmarks._moments_report import report
from motifnet.moments import ConditionalMomentRegressor, KernelIV, SieveTSLS

ERRORS = ("error", "sieve", "kernel_iv", "linear", "direct")
EXPERIMENT = Experiment(
    "moments",
    ("design", "case", "rows", "seed"),
    (
        *ERRORS,
        "coverage",
        "width",
        "sieve_coverage",
        "p_value",
        "effective_rank",
        "f",
        *(f"{name}_seconds" for name in ERRORS),
        "seconds",
    ),
)
FULL = Plan(sizes=(1_000, 5_000), seeds=range(10))
QUICK = Plan(sizes=(1_000,), seeds=range(1))
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "abs": np.abs,
    "sin": np.sin,
    "step": lambda x: (x > 0) * 1.0,
    "linear": lambda x: x,
}
RHOS, LEVELS, LARGE_SEEDS = (0.1, 0.5, 0.9), (0.25, 0.5, 0.75), 4
FOLDER = "moments"
CARD = ["exper", "expersq", "black", "south", "smsa", "smsa66"]
CARD += [f"reg66{i}" for i in range(2, 10)]
Key = tuple[str, str, int, int]


def main(argv: list[str] | None = None) -> None:
    """`--sizes` are those of the demand design; the larger has four seeds."""
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK)
    EXPERIMENT.run(options, _keys(options), partial(_measure, options=options), report)


def _keys(options: Options) -> Iterator[Key]:
    for name in ("card", "ajr"):
        yield from (
            (name, model, 3_010 if name == "card" else 64, 0) for model in ("linear", "sieve")
        )
    for seed in options.seeds:
        yield from (("scalar", name, 1_000, seed) for name in FUNCTIONS)
        yield from (("quantile", str(level), 1_000, seed) for level in LEVELS)
    for n in sorted(options.sizes):
        for seed in options.seeds:
            if n <= 1_000 or seed < LARGE_SEEDS:
                yield from (("demand", str(rho), n, seed) for rho in RHOS)


def _measure(key: Key, options: Options) -> dict[str, Any]:
    design, case, n, seed = key
    begin = time.process_time()
    with warnings.catch_warnings(action="ignore"):
        if design in ("card", "ajr"):
            row = _table(design, case, options)
        else:
            row = {"scalar": _scalar, "quantile": _quantile, "demand": _demand}[design](
                case, n, np.random.default_rng(seed)
            )
    return row | {"seconds": time.process_time() - begin}


def _scalar(case: str, n: int, rng: np.random.Generator) -> dict[str, Any]:
    f = FUNCTIONS[case]
    x, e, Z = _endogenous(n, rng)
    y = f(x) + e + 0.1 * rng.normal(size=n)
    test = _endogenous(2_000, rng)[0]
    models = {
        "error": ConditionalMomentRegressor(),
        "sieve": SieveTSLS(),
        "kernel_iv": KernelIV(),
        "direct": make_pipeline(SplineTransformer(10, knots="quantile"), LinearRegression()),
    }
    return _compared(models, x[:, None], y, Z, test[:, None], f(test))


def _quantile(case: str, n: int, rng: np.random.Generator) -> dict[str, Any]:
    level = float(case)
    x, e, Z = _endogenous(n, rng)
    y = np.sin(x) + (1 + 0.4 * np.tanh(x)) * e
    test = _endogenous(2_000, rng)[0]
    models = {
        "error": ConditionalMomentRegressor("quantile", level=level),
        "direct": make_pipeline(
            SplineTransformer(10, knots="quantile"), QuantileRegressor(quantile=level, alpha=0)
        ),
    }
    truth = np.sin(test) + (1 + 0.4 * np.tanh(test)) * ndtri(level)
    return _compared(models, x[:, None], y, Z, test[:, None], truth)


def _endogenous(n: int, rng: np.random.Generator) -> tuple[Any, Any, Any]:
    Z, e = rng.uniform(-3, 3, (n, 2)), rng.normal(size=n)
    return Z[:, 0] / 2 + e / 2 + 0.1 * rng.normal(size=n), e, Z


def _demand(case: str, n: int, rng: np.random.Generator) -> dict[str, Any]:
    rho = float(case)
    s, t = rng.integers(1, 8, n).astype(float), rng.uniform(0, 10, n)
    z, v = rng.normal(size=(2, n))
    e = rho * v + np.sqrt(1 - rho**2) * rng.normal(size=n)
    p = 25 + (z + 3) * _psi(t) + v
    grid = np.meshgrid(np.linspace(10, 25, 20), np.linspace(0, 10, 20), np.arange(1, 8.0))
    T = np.column_stack([axis.ravel() for axis in grid])
    models = {
        "error": ConditionalMomentRegressor(),
        "sieve": SieveTSLS(),
        "kernel_iv": KernelIV(),
        "linear": SieveTSLS("linear"),
    }
    X, Z = np.column_stack([p, t, s]), np.column_stack([z, t, s])
    return _compared(models, X, _demand_at(X) + e, Z, T, _demand_at(T))


def _psi(t: Any) -> Any:
    return 2 * ((t - 5) ** 4 / 600 + np.exp(-4 * (t - 5) ** 2) + t / 10 - 2)


def _demand_at(X: Any) -> Any:
    p, t, s = X.T
    return 100 + (10 + p) * s * _psi(t) - 2 * p


def _compared(models: dict[str, Any], X: Any, y: Any, Z: Any, T: Any, truth: Any) -> dict[str, Any]:
    """Mean squared errors and CPU seconds of each; coverage and width of our bands of 90 %."""
    row: dict[str, Any] = {}
    for name, model in models.items():
        begin = time.process_time()
        fitted = model.fit(X, y) if name == "direct" else model.fit(X, y, Z)
        row[f"{name}_seconds"] = time.process_time() - begin
        row[name] = float(np.mean((fitted.predict(T) - truth) ** 2))
    inside = np.ones(len(T), dtype=bool)
    if T.shape[1] == 1:  # where the rows are: the tails hold a hundredth each
        inside = (np.quantile(X, 0.01) <= T[:, 0]) & (T[:, 0] <= np.quantile(X, 0.99))
    ours = models["error"]
    low, high = ours.predict_band(T[inside], 0.9).T
    row["coverage"] = float(np.mean((low <= truth[inside]) & (truth[inside] <= high)))
    row["width"] = float(np.mean(high - low))
    if "sieve" in models:
        low, high = models["sieve"].predict_band(T[inside], 0.9).T
        row["sieve_coverage"] = float(np.mean((low <= truth[inside]) & (truth[inside] <= high)))
    return row | _of_test(ours)


def _of_test(model: Any) -> dict[str, Any]:
    test = model.overidentification_test()
    found = {
        "effective_rank": model.identification_.effective_rank,
        "f": model.identification_.f_statistic,
    }
    return found | ({"p_value": test.p_value} if test.restrictions else {})


def _table(name: str, model: str, options: Options) -> dict[str, Any]:
    frame = pd.read_csv(options.data / FOLDER / f"{name}.csv.gz")
    if name == "card":
        X, Z, y = frame[["educ", *CARD]], frame[["nearc2", "nearc4", *CARD]], frame.lwage
    else:
        frame = frame[frame.baseco == 1]
        X, Z, y = frame[["avexpr"]], frame[["logem4"]], frame.logpgp95
    begin = time.process_time()
    fitted = ConditionalMomentRegressor(model=model).fit(X, y, Z)
    row: dict[str, Any] = {"error_seconds": time.process_time() - begin}
    low, high = fitted.predict_band(X, 0.9).T
    row["width"] = float(np.mean(high - low))
    if model == "linear":
        row["error"] = float(np.abs(fitted.coefficients_ - _two_stage(X, y, Z)).max())
    return row | _of_test(fitted)


def _two_stage(X: pd.DataFrame, y: pd.Series, Z: pd.DataFrame) -> Any:
    """Coefficients of the constant and X, of linearmodels or in closed form."""
    try:
        from linearmodels.iv import IV2SLS
    except ImportError:
        A, B = (np.column_stack([np.ones(len(y)), part]) for part in (X, Z))
        fitted = B @ np.linalg.lstsq(B, A, rcond=None)[0]
        return np.linalg.lstsq(fitted, y, rcond=None)[0]
    exogenous = [column for column in X if column in Z]
    rest = [column for column in X if column not in Z]
    ones = X[exogenous].assign(constant=1.0)
    found = IV2SLS(y, ones, X[rest], Z[[column for column in Z if column not in X]]).fit()
    return found.params[["constant", *X.columns]].to_numpy()


if __name__ == "__main__":
    main()
