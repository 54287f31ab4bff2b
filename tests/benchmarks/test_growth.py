"""The benchmark of growth: its exponent, its rows, its report."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from benchmarks import growth

from motifnet.compare import Method, Result, Split

ROWS = np.array([10_000, 20_000, 40_000, 100_000], dtype=float)


@pytest.mark.parametrize(("power", "constant"), [(1.0, 0.0), (1.0, 5.0), (1.3, 2.0), (2.0, 0.0)])
def test_the_exponent_of_what_grows_is_found_behind_a_constant(
    power: float, constant: float
) -> None:
    p, c = growth.exponent(ROWS, constant + 3.0 * (ROWS / ROWS[0]) ** power)
    assert p == pytest.approx(power, abs=0.011)
    assert c == pytest.approx(constant, abs=0.1)


def test_a_constant_is_never_negative() -> None:
    p, c = growth.exponent(ROWS, 3.0 * ROWS / ROWS[0] - 2.0)
    assert c == 0
    assert p > 1


def test_fits_are_kept_and_not_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def measure(method: Method, split: Split, *, threads: int, seed: int, limit: float) -> Result:
        calls.append(len(split.X))
        return Result(
            len(split.X),
            len(split.X_test),
            "x 1",
            nrmse=0.5,
            fit_seconds=1.0,
            cpu_seconds=2.0 + len(split.X) / 100,
            peak_mb=100.0,
        )

    monkeypatch.setattr(growth, "measure", measure)
    arguments = ["--out", str(tmp_path), "--sets", "synthetic", "--sizes", "100", "200", "400"]
    growth.main(arguments)
    growth.main(arguments)
    assert calls == [100, 200, 400]
    assert list(pd.read_csv(tmp_path / "growth.csv")["rows"]) == calls
    assert "| synthetic | fast | 1.00 | 2.0 |" in (tmp_path / "growth.md").read_text()
