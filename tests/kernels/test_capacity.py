"""The time limit: the convex fit has as many centres as the time allows, and long loops look at the
clock.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from motifnet.engine import Control, Stopped
from motifnet.kernels import (
    Capacity,
    Pace,
    affordable,
    distances,
)
from motifnet.tables import Sample
from motifnet.teachers import KernelRidge
from motifnet.training import FeatureSettings, cross_tune, starts_of
from tests.kernels.problems import KERNEL, numbers

PACE = Pace(value=1e-8, product=1e-10)
LARGE = Capacity(exact_rows=4_000, landmarks=2_000)


def still() -> float:
    return 0.0


def ticking(step: float = 1.0) -> Callable[[], float]:
    """A clock that goes on whenever it is read."""
    count = itertools.count()
    return lambda: step * next(count)


@pytest.fixture
def sample() -> Sample:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 3))
    return Sample.plain(X, np.sin(X[:, :1]) + 0.1 * rng.normal(size=(300, 1)), folds=3, seed=0)


def test_without_a_limit_all_centres_are_affordable() -> None:
    assert (
        affordable(
            LARGE, lambda A, B: A @ B.T, torch.zeros(10_000, 2), Control(), fits=4, share=0.5
        )
        == LARGE
    )


@pytest.mark.parametrize(
    ("n", "centres"), [(100, 100), (4_000, 4_000), (4_001, 2_000), (100_000, 2_000)]
)
def test_centres_of_a_capacity(n: int, centres: int) -> None:
    assert LARGE.centres(n) == centres


def test_where_most_rows_are_copies_all_that_differ_are_landmarks() -> None:
    assert LARGE.of_distinct(1_500, 8) == Capacity(0, 8)
    assert LARGE.of_distinct(1_500, 751) == LARGE
    assert LARGE.of_distinct(9_000, 2_001) == LARGE


@pytest.mark.parametrize("seconds", [0.5, 5.0, 50.0])
@pytest.mark.parametrize("n", [3_000, 50_000])
def test_the_plan_keeps_its_share_and_wastes_less_than_half_of_the_centres(
    n: int, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pace, "of", lambda gram, Z: PACE)
    planned = affordable(
        LARGE, lambda A, B: A @ B.T, torch.zeros(n, 2), Control(seconds, still), fits=4, share=0.5
    )
    if planned.centres(n) > 64:
        assert planned.seconds(PACE, n, 4) <= 0.5 * seconds
    if planned != LARGE:
        assert Capacity(0, 2 * planned.landmarks + 1).seconds(PACE, n, 4) > 0.5 * seconds


def test_guarded_functions_stop_at_the_deadline() -> None:
    double = Control(2.5, ticking()).guarded(lambda value: 2 * value)
    assert double(1) == 2
    assert double(2) == 4
    with pytest.raises(Stopped):
        double(3)


def test_the_convex_fit_finishes_without_any_time_left(sample: Sample) -> None:
    fitted = KernelRidge(capacity=Capacity(100, 150)).fit(sample, control=Control(1e-6))
    assert fitted.shortened
    assert len(fitted.centres) == 64
    assert np.isfinite(fitted.oof).all()
    assert not KernelRidge().fit(sample, control=Control(1e6)).shortened


def test_a_deadline_within_the_sums_of_the_landmarks_is_heard(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control is asked once a step; what is over them comes from the blocks of the solution."""
    monkeypatch.setattr(Pace, "of", lambda gram, Z: Pace(0.0, 0.0))
    convex, steps = KernelRidge().fit(sample), 4
    settings = FeatureSettings(steps=steps, batch=50, capacity=Capacity(100, 100))
    control = Control(1e9, still)
    asked = []
    monkeypatch.setattr(control, "check", lambda: asked.append(1))
    cross_tune(sample, starts_of(convex, settings.profiles), settings, control=control)
    assert len(asked) >= sample.folds.count * (steps + 5)
    with pytest.raises(Stopped):
        cross_tune(
            sample,
            starts_of(convex, settings.profiles),
            settings,
            control=Control(steps + 4.5, ticking()),
        )


# the plan


def test_the_estimate_of_seconds() -> None:
    pace = Pace(value=2.0, product=3.0)
    assert Capacity(10, 4).seconds(pace, 6, 5) == 2 * 36 + 3 * 5 * 6**3 / 3
    assert Capacity(10, 4).seconds(pace, 20, 5) == 2 * 20 * 4 + 3 * (5 * 4**3 / 3 + 2 * 20 * 16)
    assert Capacity(10, 40).centres(20) == 20


def test_the_pace_is_measured_on_a_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, clock = list[int](), iter([1.0, 3.0, 7.0])
    monkeypatch.setattr("motifnet.kernels._capacity.time.perf_counter", lambda: next(clock))

    def gram(A: Tensor, B: Tensor) -> Tensor:
        sizes.append(len(A))
        return distances(A, B, 2)

    assert Pace.of(gram, numbers(600, 2)) == Pace(2 / 512**2, 4 / 512**3) and sizes == [512]


def test_centres_are_halved_until_the_time_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pace, "of", lambda gram, Z: Pace(1e-6, 0.0))
    Z = torch.zeros(1_000, 1)
    for limit, centres in ((10.0, 1_000), (1.0, 500), (0.49, 125), (1e-9, 64)):
        found = affordable(
            Capacity(1_000, 1_000), KERNEL.gram, Z, Control(limit, lambda: 0.0), fits=1, share=0.5
        )
        assert found.centres(1_000) == centres
