"""The profile of a table: what detectors find where there is something, what they leave alone, and
what comes out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

import motifnet
from motifnet.engine import DataError, Matrix, UsageError
from motifnet.structure import (
    DETECTORS,
    Profile,
    Reading,
    boundary,
    invariance,
    non_invariant,
    permutations,
    profile,
)
from tests.shared.command import done, run
from tests.structure.sampled import rows_of, table


def seeds(count: int) -> list[Any]:
    """One draw in the fast suite, all in the slow one."""
    return [pytest.param(seed, marks=[pytest.mark.slow] * (seed > 0)) for seed in range(count)]


@pytest.fixture(scope="module")
def found() -> Profile:
    frame = table()
    return profile(frame.drop(columns="target"), frame["target"])


def test_profile_has_one_finding_a_detector(found: Profile) -> None:
    assert [f.detector for f in found.findings] == list(DETECTORS)
    assert all(f.sentence and f.verdict for f in found.findings)
    assert (
        found["noise floor"].interval[0]
        < found["noise floor"].value
        < found["noise floor"].interval[1]
    )
    assert found["singularity"].verdict == "unreliable below 2,000 rows"
    assert not found["singularity"].found


def test_profile_is_plain_json_and_prints(found: Profile) -> None:
    state = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert state["prescription"] == json.loads(json.dumps(found.prescription))
    text = str(found)
    assert all(f.detector in text and f.verdict in text for f in found.findings)
    assert found.prescription.keys() <= DETECTORS.keys()
    report = found.report()
    assert all(f"- **{f.detector}**: {f.sentence}" in report for f in found.findings)
    assert report.count("\n| ") == len(found.findings) + 1


def test_same_seed_same_profile_and_global_state_is_left_alone(found: Profile) -> None:
    frame, before = (
        table().sample(frac=1, random_state=1),
        np.random.get_state(legacy=False)["state"]["key"].copy(),
    )
    again = motifnet.profile(frame.drop(columns="target"), frame["target"])
    # also in another order of the rows
    assert [f.to_dict() for f in again.findings] == [f.to_dict() for f in found.findings]
    np.testing.assert_array_equal(np.random.get_state(legacy=False)["state"]["key"], before)


def test_classes_have_no_noise_detectors() -> None:
    frame = table(160)
    found = profile(
        frame[["a", "b"]],
        np.where(frame.target > frame.target.median(), "hi", "lo"),
        task="classification",
    )
    assert found["singularity"].verdict == found["noise floor"].verdict == "not applicable"
    assert found["intrinsic dimension"].value > 1
    for screen in (str(found), found.report()):
        assert "not applicable" not in screen and screen.count("noise floor") == 1
        assert "not measured on this table: noise floor, heteroscedasticity, learning" in screen


def test_wrong_use_is_told() -> None:
    rng = np.random.default_rng(0)
    X = rng.random((100, 2))
    with pytest.raises(DataError, match="at least 60"):
        profile(X[:20], X[:20, 0])
    with pytest.raises(DataError, match="same value"):
        profile(X, np.ones(100))
    with pytest.raises(UsageError, match="task="):
        profile(X, X[:, 0], task="ranking")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="is not a group"):
        invariance(rows_of(X, X[:, 0]), {"permutations": [["x0"], ["nonsense"]]})


# by a fit; all else is a detail
READ = {"group", "blocks", "equivariant", "projection", "step", "smoothness"}


def test_settings_are_those_that_a_fit_reads() -> None:
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.random((2_000, 3)), rng.standard_normal(2_000)])
    y = np.sin(6 * X[:, 0]) + (X[:, 1] > 0.4) + (0.1 + X[:, 2]) * rng.standard_normal(2_000)
    found = profile(X, y).prescription
    assert found
    assert set().union(*found.values()) <= READ


def test_noise_floor_by_repeated_rows() -> None:
    rng = np.random.default_rng(0)
    X = np.repeat(rng.random((200, 2)), 2, axis=0)
    y = 3 * X[:, 0] + 0.5 * rng.standard_normal(400)
    found = DETECTORS["noise floor"](rows_of(X, y))
    assert found.details["duplicate_freedom"] == 200
    assert found.interval[0] < 0.25 / y.var() < found.interval[1]
    assert found.details["error_floor"] == pytest.approx(0.5, rel=0.15)


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_noise_that_doubles_is_found_and_even_noise_is_not(slope: float) -> None:
    rng = np.random.default_rng(1)
    X = rng.random((900, 3))
    y = np.sin(3 * X[:, 0]) + 0.3 * (1 + slope * X[:, 2]) * rng.standard_normal(900)
    found = DETECTORS["heteroscedasticity"](rows_of(X, y))
    assert found.found == bool(slope)
    if slope:
        assert found.details["column"] == "x2"
        assert (
            found.interval[0] < np.sqrt((8 - (5 / 3) ** 3) / ((4 / 3) ** 3 - 1)) < found.interval[1]
        )  # from the means of (1 + x)² in the outer thirds


@pytest.mark.parametrize("seed", seeds(4))
def test_jump_along_a_column_is_found_placed_and_measured(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.random((2_000, 3))
    y = X[:, 0] ** 2 + 0.6 * (X[:, 2] > 0.4) + 0.3 * rng.standard_normal(2_000)
    found = DETECTORS["singularity"](rows_of(X, y))
    assert found.found
    assert found.details["columns"] == ["x2"]
    assert found.details["threshold"] == pytest.approx(0.4, abs=0.03)
    assert found.interval[0] < 0.6 < found.interval[1]


@pytest.mark.parametrize("seed", [4, 7])
def test_jump_across_a_plane_is_found_beside_a_column_that_is_steeper(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, other, w = rng.random((2_000, 3)), rng.exponential(size=2_000), rng.standard_normal(3)
    f = np.sin(3 * X[:, 0]) + X[:, 1] ** 2 + np.tanh(other) + 0.6 * ((X - 0.5) @ w > 0)
    found = DETECTORS["singularity"](
        rows_of(np.column_stack([X, other]), f + 0.3 * rng.standard_normal(2_000))
    )
    assert found.found
    assert "x3" not in found.details["columns"]


@pytest.mark.parametrize("seed", seeds(3))
def test_jump_across_a_sphere_is_found_and_measured(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (2_000, 3))
    f = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + (np.linalg.norm(X, axis=1) > 0.8)
    rows = rows_of(X, f + 0.3 * rng.standard_normal(2_000))
    found = DETECTORS["singularity"](rows)
    assert found.found
    assert 0.4 < found.value < 1.2  # an ellipsoid that misses the sphere blurs the jump
    place = boundary(rows)
    assert place is not None
    outside = place[0].coordinate(rows.X) > place[1]
    assert (
        np.mean(outside == (np.linalg.norm(rows.X * rows.unit + rows.centre, axis=1) > 0.8)) > 0.9
    )


@pytest.mark.parametrize(
    "shape", [lambda r: np.cos(4 * r), lambda r: 2 * np.abs(r - 0.8)], ids=["smooth", "kink"]
)
def test_function_of_the_radius_is_no_jump_across_a_sphere(
    shape: Callable[[Matrix], Matrix],
) -> None:
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (2_000, 3))
    f = shape(np.linalg.norm(X, axis=1))
    assert (
        DETECTORS["singularity"](rows_of(X, f + 0.4 * f.std() * rng.standard_normal(2_000))).verdict
        == "no jump"
    )


def test_slope_is_no_jump() -> None:
    rng = np.random.default_rng(0)
    X = rng.random((2_000, 3))
    y = 2 * X[:, 0] + np.sin(5 * X[:, 1]) + 0.3 * rng.standard_normal(2_000)
    assert DETECTORS["singularity"](rows_of(X, y)).verdict == "no jump"


def test_thin_set_is_found_and_a_full_one_is_not() -> None:
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((800, 3))
    X = Z / np.linalg.norm(Z, axis=1)[:, None] @ np.linalg.qr(rng.standard_normal((20, 20)))[0][:3]
    thin = DETECTORS["intrinsic dimension"](rows_of(X, X[:, 0]))
    assert thin.found
    assert thin.value == pytest.approx(2, abs=0.2)
    assert thin.setting["projection"] == 3
    assert thin.details["rows_to_halve"] < thin.details["rows_to_halve_without"]
    assert not DETECTORS["intrinsic dimension"](rows_of(rng.random((800, 4)), X[:, 0])).found


def test_command_prints_a_table_or_json(tmp_path: Path) -> None:
    table(120).to_csv(tmp_path / "t.csv", index=False)
    text = done("profile", tmp_path / "t.csv", "--target", "target", "--json", "--quiet")
    assert [f["detector"] for f in json.loads(text.stdout)["findings"]] == list(DETECTORS)
    wrong = run("profile", tmp_path / "t.csv", "--target", "taget")
    assert wrong.exit_code == 2
    assert "Did you mean 'target'" in wrong.stderr


@pytest.mark.slow
@pytest.mark.parametrize("q", [3, 5])
def test_score_test_over_twenty_seeds(q: int) -> None:
    group = permutations([[j] for j in range(q)], q)
    p: dict[float, list[float]] = {0.0: [], 0.3: [], 1.0: []}
    for slope in p:
        for seed in range(20):
            rng = np.random.default_rng(seed)
            X = rng.random((200, q))
            y = (
                np.sin(4 * X).sum(1)
                + 2 * X.prod(1)
                + X.max(1)
                + slope * X[:, 0]
                + 0.1 * rng.standard_normal(200)
            )
            p[slope].append(
                Reading.of((X - 0.5) * 12**0.5, y - y.mean(), group).fit.score_test(
                    non_invariant(group, X)
                )[2]
            )
    assert sum(v <= 0.05 for v in p[0.0]) <= 3
    assert all(v <= 0.05 for slope in (0.3, 1.0) for v in p[slope])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_curved_boundary_is_placed_within_three_hundredths(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.random((2_000, 2))
    height = 0.5 + 0.2 * np.sin(2 * np.pi * X[:, 0])
    rows = rows_of(
        X,
        (X[:, 1] > height) + 0.3 * X[:, 1] * np.cos(3 * X[:, 0]) + 0.2 * rng.standard_normal(2_000),
        seed,
    )
    found = DETECTORS["singularity"](rows)
    assert found.found
    grid, distances = (np.linspace(0, 1, 1_001) - rows.centre[1]) / rows.unit[1], []
    for a in np.linspace(0.02, 0.98, 97):
        values = {"x0": (a - rows.centre[0]) / rows.unit[0], "x1": grid}
        t = (
            sum(w["weight"] * values[w["column"]] ** w["power"] for w in found.details["weights"])
            - found.details["threshold"]
        )
        crossings = np.flatnonzero(np.diff(np.sign(t))) / 1_000
        distances.append(np.abs(crossings - 0.5 - 0.2 * np.sin(2 * np.pi * a)).min(initial=1))
    assert np.median(distances) <= 0.03


@pytest.mark.slow
def test_profile_of_ten_thousand_rows_takes_half_a_minute() -> None:
    import time

    rng = np.random.default_rng(0)
    X = rng.random((10_000, 20))
    start = time.process_time()
    profile(X, X[:, 0] ** 2 + np.sin(5 * X[:, 1]) + 0.3 * rng.standard_normal(10_000))
    assert time.process_time() - start < 30


@pytest.mark.slow
def test_noise_of_one_size_is_seldom_said_to_grow() -> None:
    alarms = 0
    for seed in range(100):
        rng = np.random.default_rng([seed, 78])
        X = rng.standard_normal((300, 3))
        y = (
            np.sin(2 * X[:, 0])
            + X[:, 1] ** 2 / 2
            + (0.5 * rng.standard_t(3, 300) if seed % 2 else 0.5 * rng.standard_normal(300))
        )
        alarms += DETECTORS["heteroscedasticity"](rows_of(X, y, seed)).found
    assert binomtest(alarms, 100, 0.065, "greater").pvalue > 0.01
