"""Explanations of fitted models: scores out of fold, the same for any number of jobs, every kind of fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from motifnet import MotifClassifier, MotifRegressor, load
from motifnet.engine import DataError, UsageError


def noisy(n: int = 240, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "signal": rng.normal(size=n),
            "noise": rng.normal(size=n),
            "kind": rng.choice(["p", "q"], n),
        }
    )
    return frame, pd.Series(
        frame["signal"] ** 2 + (frame["kind"] == "p") + rng.normal(0, 0.7, n), name="target"
    )


@pytest.fixture(scope="module")
def fitted() -> MotifRegressor:
    return MotifRegressor(preset="fast", n_jobs=1).fit(*noisy())


def test_out_of_fold_importances_do_not_praise_noise(fitted: MotifRegressor) -> None:
    found = fitted.explain()
    importance = {i.column: i.permutation for i in found.importances}
    assert found.origin == "out of fold"
    assert importance["noise"] is not None and importance["signal"] is not None
    assert importance["noise"].value < 3 * importance["noise"].error
    assert importance["signal"].value > 5 * importance["signal"].error


def test_feature_importances_are_shares_in_the_order_of_the_table(fitted: MotifRegressor) -> None:
    shares = fitted.feature_importances_
    assert shares.sum() == pytest.approx(1) and (shares >= 0).all()
    assert shares[0] > shares[2] > shares[1]


def test_scores_are_those_of_the_out_of_fold_errors(fitted: MotifRegressor, tmp_path: Path) -> None:
    r2, rmse = fitted.scores_["target"]
    best = [row.error for row in fitted.ledger_ if row.kept][-1]
    assert r2.value == pytest.approx(1 - best**2, abs=1e-3)
    assert 0 < r2.error < 0.2 and 0 < rmse.error < 0.3 * rmse.value
    fitted.save(tmp_path / "m.motif")
    loaded = load(tmp_path / "m.motif")
    assert loaded.scores_["target"][1].value == pytest.approx(rmse.value, rel=1e-2)
    assert str(loaded.scores_["target"][0]).startswith("R² ")


def test_error_out_of_fold_is_that_of_the_ledger(fitted: MotifRegressor) -> None:
    best = [row.error for row in fitted.ledger_ if row.kept][-1]
    assert fitted.explain().error == pytest.approx(best, rel=1e-9)


def test_after_loading_rows_are_those_given_or_the_centres(
    fitted: MotifRegressor, tmp_path: Path
) -> None:
    fitted.save(tmp_path / "m.motif")
    loaded = load(tmp_path / "m.motif")
    assert loaded.explain().origin == "centres"
    new, y = noisy(60, 1)
    one, other = fitted.explain(new, y), loaded.explain(new, y)
    assert one.to_dict() == other.to_dict()
    assert one.origin == "new rows" and one.groups


def test_rows_of_the_fit_are_recognised_and_not_scored(fitted: MotifRegressor) -> None:
    X, y = noisy()
    found = fitted.explain(X, y)
    assert found.origin == "rows of the fit" and found.error is None and not found.groups
    new, y_new = noisy(60, 1)
    mixed = fitted.explain(pd.concat([X[:40], new]), pd.concat([y[:40], y_new]))
    assert mixed.error == pytest.approx(fitted.explain(new, y_new).error, rel=0.2)


def test_what_is_missing_is_said(fitted: MotifRegressor) -> None:
    X, y = noisy(60, 1)
    small = MotifRegressor._of(
        replace(fitted.model_, info=replace(fitted.model_.info, compressed=True))
    )
    with pytest.raises(UsageError, match="Pass X"):
        small.explain()
    assert small.explain(X, y).rows is None
    with pytest.raises(UsageError, match="without X"):
        fitted.explain(y=y)
    with pytest.raises(DataError):
        fitted.explain(X, y[:10])


def test_the_same_whatever_the_number_of_jobs(fitted: MotifRegressor) -> None:
    again = MotifRegressor(preset="fast", n_jobs=2).fit(*noisy())
    assert again.explain().to_dict() == fitted.explain().to_dict()


def test_classes_are_explained_by_their_probabilities() -> None:
    X, y = noisy(200)
    model = MotifClassifier(preset="fast", n_jobs=1).fit(X, np.where(y > y.median(), "high", "low"))
    found = model.explain()
    assert found.outputs == ("high", "low")
    effect = found.effects[0]
    np.testing.assert_allclose(effect.value.sum(1), 0, atol=1e-9)  # probabilities add up to one
    assert found.error is not None and found.error < np.log(2)


@pytest.mark.usefixtures("short_fits")
@pytest.mark.parametrize("setting", ["time", "groups", "pinball", "poisson"])
def test_every_kind_of_fit_can_be_explained(setting: str) -> None:
    X, y = noisy(120)
    model = MotifRegressor(preset="fast", n_jobs=1)
    more: dict[str, Any] = {}
    if setting == "time":
        more["time"] = np.arange(120)
    elif setting == "groups":
        more["groups"] = np.arange(120) // 4
    elif setting == "pinball":
        model.set_params(objective="pinball")
    else:
        y, more["offset"] = y.abs().round(), np.zeros(120)
        model.set_params(objective="poisson")
    found = model.fit(X, y, **more).explain()
    assert {effect.name for effect in found.effects} == {"signal", "noise", "kind"}
    assert (found.error is None) == (setting in ("pinball", "poisson"))
