"""What is wrong is refused in our own words; what is odd is fitted, with a warning where something
was left out. Nothing else happens.

The cases are in the modules bad_*_cases.py. Those of the command line are in
tests/cli, those of damaged model files in tests/model/test_damaged_bundles.py.
"""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from motifnet import load
from motifnet.engine import MotifnetError, MotifnetWarning
from tests.estimators import (
    bad_input_cases,
    bad_method_cases,
    bad_network_cases,
    bad_sample_cases,
    bad_setting_cases,
)
from tests.estimators.bad_input import (
    FRAME,
    MIXED,
    N,
    X,
    Y,
    fit,
    fitted,
    lay_out,
    network,
    regressor,
)

pytestmark = pytest.mark.usefixtures("short_fits")

TABLES = (
    bad_input_cases.REFUSED,
    bad_setting_cases.REFUSED,
    bad_method_cases.REFUSED,
    bad_network_cases.REFUSED,
    bad_sample_cases.REFUSED,
)
REFUSED = {name: case for table in TABLES for name, case in table.items()}
MENDED = bad_input_cases.MENDED | bad_method_cases.MENDED
# of a network that only a whole fit makes large enough
SLOW = {"compression to more units than rows"}


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that cases name."""
    folder = tmp_path_factory.mktemp("bad")
    lay_out(folder)
    return folder


@pytest.fixture
def folder(laid_out: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, which no case changes."""
    monkeypatch.chdir(laid_out)
    return laid_out


def test_the_table_is_long_and_no_case_has_the_name_of_another() -> None:
    assert len(REFUSED) + len(MENDED) >= 300
    parts = (*TABLES, bad_input_cases.MENDED, bad_method_cases.MENDED)
    assert len(REFUSED) + len(MENDED) == sum(len(part) for part in parts)


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_refused_in_our_words(case: str, folder: Path) -> None:
    action, kind, words = REFUSED[case]
    fitted()
    before = sorted(folder.rglob("*"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MotifnetWarning)
        with pytest.raises(kind, match=re.compile(words, re.DOTALL)) as caught:
            action()
    assert isinstance(caught.value, MotifnetError)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=pytest.mark.slow) if case in SLOW else case for case in MENDED],
)
def test_odd_input_is_computed_with(case: str) -> None:
    action, words = MENDED[case]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        values = np.asarray(action())
    assert np.isfinite(values).all()
    said = " ".join(str(w.message) for w in caught)
    assert re.search(words, said) if words else not said


@pytest.mark.slow
def test_ten_thousand_columns() -> None:
    wide = np.random.default_rng(0).normal(size=(12, 10_000))
    assert np.isfinite(fit(wide, Y[:12])).all()


def test_weights_of_any_unit_give_the_same_model() -> None:
    w = np.where(np.arange(N) % 2, 1.0, 2.0)
    expected = fit(sample_weight=w / w.mean())
    for unit in (1e-300, 1e-12, 1e12, 1e300):
        np.testing.assert_allclose(fit(sample_weight=w * unit), expected, rtol=0, atol=1e-7)


def test_a_target_of_any_size_is_learned_alike() -> None:
    expected = fit()
    for unit in (1e-250, 1e250):
        np.testing.assert_allclose(fit(y=Y * unit) / unit, expected, rtol=0, atol=1e-7)


def test_a_network_says_where_it_gives_no_number() -> None:
    rows = X.copy()
    rows[5, 0] = np.nan
    with pytest.warns(MotifnetWarning, match="Row 5"):
        assert np.isnan(network()(rows)[:, 0]).tolist() == (np.arange(N) == 5).tolist()


def test_odd_models_come_back_from_a_file(tmp_path: Path) -> None:
    odd = FRAME.set_axis(["", "\n", "a\0"], axis=1).assign(
        text=pd.Series(["\ud800", "x"] * (N // 2), dtype=object)
    )
    model = regressor().fit(odd, Y)
    model.save(tmp_path / "odd")
    assert np.array_equal(load(tmp_path / "odd").predict(odd), model.predict(odd))


def test_an_interval_that_cannot_be_had_is_infinite_with_a_warning() -> None:
    with pytest.warns(MotifnetWarning, match="needs residuals"):
        ends = fitted().predict_interval(MIXED, 0.9999)
    assert not np.isnan(ends).any() and np.isinf(ends).any()
