"""Laws of peers: closed forms are the integrals that they stand for; the report says what the rows
say, and a method that is not installed is left out with a sentence.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from benchmarks import _distribution_peers_report, distribution_peers
from benchmarks._distribution_peers import LEVELS, PEERS, Peer
from benchmarks._peer_laws import NormalMixture, PeerLaw, Quantiles
from scipy.special import ndtri

GRID = np.linspace(-40.0, 40.0, 40_001)
STEP = GRID[1] - GRID[0]
RNG = np.random.default_rng(0)
LAWS = (
    NormalMixture(RNG.normal(size=(1, 5)), RNG.uniform(0.3, 1.0, (1, 5))),
    Quantiles.of(LEVELS, 2 * ndtri(LEVELS[None]) + RNG.uniform(-0.05, 0.05, (1, 21)), sd=1.0),
)


def _rows(law: PeerLaw, n: int) -> PeerLaw:
    """The law of one row at n rows."""
    if isinstance(law, Quantiles):
        return Quantiles(law.levels, np.repeat(law.knots, n, axis=0))
    return NormalMixture(np.repeat(law.means, n, axis=0), np.repeat(law.sds, n, axis=0))


@pytest.mark.parametrize("law", LAWS)
def test_the_density_integrates_to_the_cdf_and_the_deviation(law: PeerLaw) -> None:
    wide = _rows(law, len(GRID))
    density, cdf = np.exp(wide.logpdf(GRID)), wide.cdf(GRID)
    np.testing.assert_allclose(np.cumsum(density) * STEP, cdf, atol=2e-3)
    mean = ((1 - cdf) * (GRID > 0) - cdf * (GRID <= 0)).sum() * STEP
    second = 2 * (np.abs(GRID) * np.where(GRID > 0, 1 - cdf, cdf)).sum() * STEP
    np.testing.assert_allclose(law.std(), np.sqrt(second - mean**2), rtol=1e-3)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("y", [-9.0, -1.0, 0.3, 2.0, 11.0])
def test_crps_is_its_integral(law: PeerLaw, y: float) -> None:
    cdf = _rows(law, len(GRID)).cdf(GRID)
    expected = ((cdf - (y <= GRID)) ** 2).sum() * STEP
    np.testing.assert_allclose(law.crps(np.array([y])), expected, atol=1e-3)


@pytest.mark.parametrize("law", LAWS)
def test_quantiles_are_the_inverse_of_the_cdf(law: PeerLaw) -> None:
    levels = np.array([0.001, 0.02, 0.3, 0.5, 0.9, 0.999])
    found = _rows(law, 6).cdf(law.quantile(levels)[0])
    np.testing.assert_allclose(found, levels, atol=1e-9)


def test_the_density_between_equal_quantiles_is_bounded() -> None:
    law = Quantiles.of(LEVELS, np.zeros((1, len(LEVELS))), sd=3.0)
    assert law.logpdf(np.zeros(1)) <= np.log(100 / 3.0) + 1e-9
    assert law.cdf(np.zeros(1)) == pytest.approx(0.5)


def _scores(methods: dict[str, tuple[float, float]], splits: int = 2) -> pd.DataFrame:
    """Rows of sixteen tables with the CRPS and the NLL of each method."""
    names = [*distribution_peers.EXPERIMENT.measured]
    rows: list[dict[str, Any]] = [
        dict.fromkeys(names, 0.9)
        | {"label": "now", "set": f"t{i}", "split": split, "method": method, "version": "v"}
        | {"crps": crps, "nll": nll, "cover50": 0.5, "cover80": 0.8, "cover95": 0.95, "sd": 1.0}
        | {"train_rows": 1_000, "test_rows": 200}
        for i in range(16)
        for split in range(splits)
        for method, (crps, nll) in methods.items()
    ]
    return pd.DataFrame(rows)


def test_checks_hold_and_fail_with_the_rows() -> None:
    rows = _scores({"balanced": (0.8, 1.0), "ngboost": (1.0, 1.5), "gp": (0.9, 2.0)})
    assert all(check.holds for check in _distribution_peers_report.checks(rows))
    text = _distribution_peers_report.report(rows)
    assert "0.889" in text and "-0.500" in text
    rows.loc[0, "nll"] = np.nan
    rows.loc[rows.method == "gp", "crps"] = 0.8
    ratio, _, far, *_ = _distribution_peers_report.checks(rows)
    assert not ratio.holds and not far.holds and far.value == 1


def test_splits_without_all_methods_do_not_count() -> None:
    rows = _scores({"balanced": (0.8, 1.0), "ngboost": (1.0, 1.5), "gp": (0.9, 2.0)})
    found = _distribution_peers_report.beside(rows.iloc[:-1], "balanced")
    assert found.splits.tolist() == [2] * 15 + [1]


def test_a_method_that_is_not_installed_is_left_out_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(PEERS, "ngboost", Peer(PEERS["ngboost"].fit, "no_such_package"))
    data = pd.DataFrame({"x": np.arange(60.0), "target": np.arange(60.0) % 7})
    data.to_csv(tmp_path / "t.csv", index=False)
    distribution_peers.main(
        [
            *("--data", str(tmp_path), "--out", str(tmp_path), "--sets", "t", "--seeds", "0"),
            *("--methods", "fast", "ngboost", "gp"),
        ]
    )
    assert "ngboost is left out: it needs the package no_such_package." in capsys.readouterr().out
    kept = pd.read_csv(tmp_path / "distribution" / "peers" / "peers.csv")
    assert len(kept) == 2 and np.isfinite(kept[["nll", "crps", "pit"]].to_numpy()).all()
