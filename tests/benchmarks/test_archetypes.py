"""Tables of the kinds that users bring: their laws, and a comparison that can fail."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from benchmarks._archetype_tables import ARCHETYPES
from benchmarks._archetypes_report import BEYOND, checks, report
from benchmarks.archetypes import EXPERIMENT, drawn, measure


@pytest.mark.parametrize("kind", ARCHETYPES)
def test_a_draw_is_one_of_its_seed_and_new_rows_are_others(kind: str) -> None:
    law = ARCHETYPES[kind]
    (X, y), (new, target) = drawn(law, 0)
    (again, _), _ = drawn(law, 0)
    pd.testing.assert_frame_equal(X, again)
    assert len(X) == len(y) == law.n and len(new) == len(target) and list(new) == list(X)
    assert not drawn(law, 1)[0][0].equals(X)
    assert (len(np.unique(y)) <= 3) == law.classes
    if law.beyond:
        assert new.iloc[:, 0].min() >= X.iloc[:, 0].max()


def test_a_fit_stands_beside_the_others_and_a_worse_one_fails() -> None:
    row = {
        "label": "now",
        "kind": "30 rows",
        "draw": 0,
        "preset": "fast",
        **measure(("30 rows", 0, "fast"), 1),
        "version": "x",
    }
    rows = pd.DataFrame([row])
    assert set(EXPERIMENT.measured) <= set(rows)
    (check,) = checks(rows)
    assert check.holds and "30 rows" in report(rows)
    (check,) = checks(rows.assign(ours=1.2 * rows[["catboost", "linear"]].min(axis=1)))
    assert not check.holds
    (check,) = checks(rows.assign(kind=BEYOND, ours=1.2 * rows[["catboost", "linear"]].min(axis=1)))
    assert check.holds
