"""The profile of a table: what detectors find where there is something, what they leave alone, and
what comes out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

import motifnet
from motifnet.engine import DataError, Matrix, UsageError
from motifnet.structure import (
    DETECTORS,
    Finding,
    Profile,
    Reading,
    Rows,
    as_rows,
    boundary,
    invariance,
    non_invariant,
    permutations,
    profile,
    run_detector,
)
from motifnet.structure._candidates import candidates, clearly_broken
from motifnet.structure._invariance import TRUTH
from tests.shared.command import done, run


def rows_of(X: Matrix, y: Matrix, seed: int = 0) -> Rows:
    return as_rows(X, y, classes=False, most=10_000, seed=seed)


def table(n: int = 240) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "a": rng.random(n),
            "b": rng.random(n),
            "town": rng.choice(["x", "y", "z"], n),
            "flag": rng.random(n) < 0.5,
        }
    )
    frame["target"] = (
        np.sin(4 * frame.a) + frame.b * (frame.town == "x") + 0.2 * rng.standard_normal(n)
    )
    frame.loc[3, "b"] = np.nan
    return frame


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


@pytest.mark.parametrize("seed", range(4))
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


@pytest.mark.parametrize("seed", range(3))
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


def symmetric(slope: float, seed: int, n: int = 500, q: int = 3) -> Finding:
    rng = np.random.default_rng(seed)
    X = rng.random((n, q))
    y = (
        np.sin(4 * X).sum(1)
        + 2 * X.prod(1)
        + X.max(1)
        + slope * X[:, 0]
        + 0.1 * rng.standard_normal(n)
    )
    return invariance(rows_of(X, y), {"permutations": [[f"x{j}"] for j in range(q)]})


def test_symmetry_is_found_and_its_break_contradicts_it() -> None:
    assert "Add a sorting layer as input layer" in symmetric(0.0, 0).sentence
    broken = symmetric(0.3, 0)
    assert not broken.found
    assert broken.details["tests"][0]["p_true"] < 1e-3


def found_blocks(
    X: Matrix, numeric: int, change: Callable[[int, int], float]
) -> set[tuple[str, tuple[tuple[int, ...], ...]]]:
    return {
        (g.kind, g.blocks)
        for g in candidates(X, range(numeric), lambda: np.ones(X.shape[1]), change)
    }


def test_sets_of_like_columns_are_linked_beside_one_that_is_like_them_and_matters() -> None:
    X = np.random.default_rng(0).random((300, 5))
    found = found_blocks(X, 5, lambda i, j: 1.0 if 4 in (i, j) else 0.1)
    assert ("permutations", ((0,), (1,), (2,), (3,))) in found
    assert ("permutations", ((0,), (1,), (2,), (3,), (4,))) in found


def test_blocks_are_looked_for_across_like_sets_beside_unrelated_columns() -> None:
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [rng.random((300, 3)), rng.exponential(size=(300, 3)), rng.standard_normal(300) + 5]
    )[:, [0, 3, 1, 6, 4, 2, 5]]
    assert ("permutations", ((0, 1), (2, 4), (5, 6))) in found_blocks(X, 7, lambda i, j: 1.0)


def test_columns_that_are_equal_are_no_symmetry() -> None:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((120, 2))[:, [0, 0, 1]]
    rows = rows_of(X, X[:, 0] + np.sin(X[:, 2]) + 0.1 * rng.standard_normal(120))
    assert all(
        [block[0] for block in test["blocks"]] != ["x0", "x1"]
        for test in invariance(rows).details.get("tests", [])
    )
    assert not invariance(rows, {"permutations": [["x0"], ["x1"]]}).found


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_symmetry_of_a_subset_is_found_beside_like_and_unlike_columns(share: float) -> None:
    rng = np.random.default_rng(0)
    X, other = rng.random((500, 5)), rng.exponential(size=(500, 1))
    y = (
        np.sin(4 * X[:, :4]).sum(1)
        + 2 * X[:, :4].prod(1)
        + X[:, :4].max(1)
        + 2 * share * X[:, 4]
        + np.tanh(other[:, 0])
        + 0.1 * rng.standard_normal(500)
    )
    found = invariance(rows_of(np.hstack([X, other]), y))
    assert found.found
    assert found.setting["blocks"] == [["x0"], ["x1"], ["x2"], ["x3"]]


def test_outputs_that_move_along_are_equivariant() -> None:
    rng = np.random.default_rng(0)
    X = rng.random((300, 3))
    Y = np.stack(
        [np.sin(5 * X[:, j]) + 2 * np.delete(X, j, axis=1).prod(1) for j in range(3)], 1
    ) + 0.1 * rng.standard_normal((300, 3))
    group = {"permutations": [["x0"], ["x1"], ["x2"]]}
    assert invariance(rows_of(X, Y), group).verdict == "equivariant"
    Y[:, 0] += 0.4 * X[:, 0]
    assert not invariance(rows_of(X, Y), group).found


def test_a_fit_finds_points_in_the_plane_that_move_their_targets_along() -> None:
    rng = np.random.default_rng(0)
    P = rng.random((400, 3, 2))
    near = np.exp(-8 * ((P[:, :, None] - P[:, None]) ** 2).sum(-1)) * (1 - np.eye(3))
    Y = (near * (1 + P[:, None, :, 0])).sum(2) + 0.1 * rng.standard_normal((400, 3))
    found = run_detector("invariance", rows_of(P.reshape(400, 6), Y))
    assert found.setting["equivariant"]
    assert found.setting["blocks"] == [["x0", "x1"], ["x2", "x3"], ["x4", "x5"]]


def test_command_prints_a_table_or_json(tmp_path: Path) -> None:
    table(120).to_csv(tmp_path / "t.csv", index=False)
    text = done("profile", tmp_path / "t.csv", "--target", "target", "--json", "--quiet")
    assert [f["detector"] for f in json.loads(text.stdout)["findings"]] == list(DETECTORS)
    wrong = run("profile", tmp_path / "t.csv", "--target", "taget")
    assert wrong.exit_code == 2
    assert "Did you mean 'target'" in wrong.stderr


@pytest.mark.parametrize(("slope", "broken"), [(0.0, False), (3.0, True)])
def test_a_clearly_broken_group_is_seen_by_least_squares(slope: float, broken: bool) -> None:
    rng = np.random.default_rng(0)
    X = rng.random((300, 3))
    y = np.sin(4 * X).sum(1) + X.max(1) + slope * X[:, 0] + 0.1 * rng.standard_normal(300)
    assert (
        clearly_broken(permutations([[j] for j in range(3)], 3), (X - 0.5) * 12**0.5, y) == broken
    )


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


def contradicted(seed: int, slope: float, q: int = 3, n: int = 250) -> bool:
    """Whether S_q is contradicted on columns that depend on each other, under noise that grows and
    has heavy tails.
    """
    rng = np.random.default_rng([seed, 77])
    Z = rng.standard_normal((n, q)) + rng.standard_normal((n, 1))
    X = np.argsort(np.argsort(Z, axis=0), axis=0) / n
    y = (
        np.sin(4 * X).sum(1)
        + 2 * X.prod(1)
        + X.max(1)
        + slope * X[:, 0]
        + 0.1 * (0.5 + X.mean(1)) * rng.standard_t(4, n)
    )
    return bool(
        invariance(rows_of(X, y, seed), {"permutations": [[f"x{j}"] for j in range(q)]}).details[
            "tests"
        ][0]["p_true"]
        <= TRUTH
    )


@pytest.mark.slow
def test_a_symmetry_that_holds_is_seldom_contradicted_and_a_broken_one_mostly() -> None:
    assert (
        binomtest(sum(contradicted(seed, 0.0) for seed in range(100)), 100, 0.065, "greater").pvalue
        > 0.01
    )
    assert sum(contradicted(seed, 0.5) for seed in range(40)) >= 36


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
