"""Inner-layer training: its parts as identities, and what it does as a whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from motifnet.engine import Control, Stopped
from motifnet.kernels import PROFILES, Kernel, distances, median_distances, radial, start_kernel
from motifnet.tables import Sample, make_folds
from motifnet.teachers import KernelRidge
from motifnet.training import (
    Adam,
    FeatureLayers,
    FeatureParameters,
    FeatureSettings,
    Start,
    batch_blocks,
    cross_tune,
    fold_model,
    gradient_map,
    mixture,
    refit_ridge,
    starts_of,
    train_feature_layers,
)
from motifnet.training._pairwise import both_sides, one_side, square
from motifnet.training._parameters import MU, OMEGA, RHO, TAU
from motifnet.transfer import transfer

SETTINGS = FeatureSettings(steps=15)
DEEP = FeatureSettings(steps=15, depth=2, width=8)


def sample_of(n: int = 90, seed: int = 0, **kwargs: Any) -> Sample:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    y = np.stack([np.sin(2 * X[:, 0]) + X[:, 1], np.abs(X[:, 2])], 1) + 0.1 * rng.normal(
        size=(n, 2)
    )
    return Sample.plain(X, (y - y.mean(0)) / y.std(0), **kwargs)


def parameters(sample: Sample, depth: int = 0) -> FeatureParameters:
    X = torch.as_tensor(sample.X)
    kernel = start_kernel(SETTINGS.profiles, median_distances(X), 0.3)
    return FeatureParameters(
        X,
        torch.as_tensor(sample.numeric),
        kernel,
        0.1,
        segments=6,
        map_columns=10,
        depth=depth,
        width=8,
    )


@pytest.mark.parametrize("depth", [0, 2])
def test_the_start_is_the_convex_kernel(depth: int) -> None:
    sample = sample_of()
    X = torch.as_tensor(sample.X)
    inner = parameters(sample, depth)
    kernel = start_kernel(SETTINGS.profiles, median_distances(X), 0.3)
    assert torch.allclose(
        square(inner.pairs(inner.rows(X)), len(X), 1.0), kernel.gram(X, X), atol=1e-12
    )
    frozen = inner.freeze()
    assert torch.allclose(
        frozen.gram(frozen.warp(X), frozen.warp(X)), kernel.gram(X, X), atol=1e-12
    )
    assert frozen.ridge == pytest.approx(0.1)


@pytest.mark.parametrize("d", [1, 7, 8, 9])
def test_pairs_do_not_depend_on_how_many_columns_are_taken_at_once(d: int) -> None:
    X = torch.as_tensor(np.random.default_rng(5).normal(size=(40, d)))
    kernel = start_kernel(SETTINGS.profiles, median_distances(X), 0.3)
    inner = FeatureParameters(
        X, torch.ones(d, dtype=torch.bool), kernel, 0.1, segments=6, map_columns=10
    )
    assert torch.allclose(
        square(inner.pairs(inner.rows(X)), 40, 1.0), kernel.gram(X, X), atol=1e-12
    )


def test_prior_gradient_is_that_of_its_formula() -> None:
    inner = parameters(sample_of(), depth=1)
    with torch.no_grad():
        inner.vector.copy_(torch.randn(len(inner.vector), dtype=inner.vector.dtype))
    prior = (
        (inner.s**2).sum() / TAU**2
        + (inner.s.diff(dim=1) ** 2).sum() / RHO**2
        + (inner.scale**2).sum()
        + (inner.M**2).sum() / MU**2
    )
    outward = inner.trunk[0][2]
    prior = prior + (outward**2).sum() / OMEGA**2
    leaves = [inner.s, inner.scale, inner.M, outward]
    expected = torch.autograd.grad(prior / 90, leaves)
    inner.add_prior(90)
    for leaf, gradient in zip(leaves, expected, strict=True):
        assert leaf.grad is not None and torch.allclose(leaf.grad, gradient, atol=1e-12)


def test_the_map_starts_along_the_gradient() -> None:
    """Of a function of one direction b, the root of the outer product of gradients is bbᵀ/‖b‖², in
    the size of the identity.
    """
    rng = np.random.default_rng(0)
    X, b = torch.as_tensor(rng.normal(size=(400, 4))), torch.tensor([3.0, 0.0, 4.0]).double() / 5
    kernel, columns = start_kernel(("gaussian",), {2: 2.0}, 1.0), torch.tensor([0, 1, 3])
    y = torch.sin(X[:, columns] @ b)[:, None]
    M = gradient_map(X, y, torch.ones(400).double(), kernel, 1e-2, columns, 1.0)
    R = M + torch.eye(3).double()
    assert float(R.norm()) == pytest.approx(3**0.5)
    assert torch.allclose(R / R.norm(), torch.outer(b, b), atol=0.1)
    assert torch.allclose(
        gradient_map(X, y, torch.ones(400).double(), kernel, 1e-2, columns, 0.25), M / 4
    )
    assert not gradient_map(X, 0 * y, torch.ones(400).double(), kernel, 1e-2, columns, 1.0).any()


def test_the_prior_of_the_map_is_centred_where_it_starts() -> None:
    inner = parameters(sample_of())
    inner.start_map(torch.full((3, 3), 0.2, dtype=torch.float64))
    inner.add_prior(90)
    assert inner.M.grad is not None and not inner.M.grad.any() and (inner.M == 0.2).all()


def test_leaves_are_views_of_one_vector_and_adam_moves_it() -> None:
    inner = parameters(sample_of())
    adam = Adam(inner.vector, inner.rates(0.1, 0.03))
    adam.step(torch.ones_like(inner.vector), 1.0)
    assert torch.allclose(inner.s, torch.full_like(inner.s, -0.1))
    assert torch.allclose(inner.M, torch.full_like(inner.M, -0.03))
    assert len(inner.gradient()) == len(inner.vector)


@pytest.mark.parametrize("settings", [SETTINGS, DEEP])
def test_numpy_and_torch_layers_agree_near_and_far(settings: FeatureSettings) -> None:
    sample = replace(sample_of(), numeric=np.array([True, False, True]))
    kernel = start_kernel(settings.profiles, median_distances(torch.as_tensor(sample.X)), 0.3)
    layers = train_feature_layers(sample, Start(kernel, 0.1), settings, [0])
    far = np.concatenate([sample.X, 10 * sample.X])
    Z = layers.warp(torch.as_tensor(far))
    assert np.allclose(Z.numpy(), layers.warp_numpy(far), atol=1e-12)
    assert np.allclose(
        layers.gram(Z, Z).numpy(), layers.gram_numpy(Z.numpy(), Z.numpy()), atol=1e-12
    )


def test_held_out_rows_are_those_of_a_fit_without_them() -> None:
    sample = sample_of()
    convex = KernelRidge().fit(sample)
    tuned = cross_tune(sample, starts_of(convex, SETTINGS.profiles), SETTINGS, seed=1)
    for k in range(sample.folds.count):
        rows = sample.folds.held_out(k)
        assert np.allclose(
            fold_model(sample, tuned, k).predict(sample.X[rows]), tuned.oof[rows], atol=1e-7
        )


def test_training_lowers_the_held_out_error_of_a_warped_target() -> None:
    rng = np.random.default_rng(1)
    X = rng.uniform(0, 1, size=(300, 4))
    y = np.sin(12 * X[:, 0] ** 3)
    sample = Sample.plain(X, (y - y.mean()) / y.std())
    convex = KernelRidge().fit(sample)
    tuned = cross_tune(
        sample, starts_of(convex, FeatureSettings().profiles), FeatureSettings(steps=60)
    )
    errors = [float(np.mean((sample.y - oof) ** 2)) for oof in (convex.oof, tuned.oof)]
    assert errors[1] < 0.3 * errors[0]


@pytest.mark.parametrize("settings", [SETTINGS, DEEP])
def test_transfer_is_exact(settings: FeatureSettings) -> None:
    sample = sample_of()
    tuned = cross_tune(sample, starts_of(KernelRidge().fit(sample), settings.profiles), settings)
    far = np.concatenate([sample.X, 10 * sample.X])
    with torch.no_grad():
        values = transfer(tuned)(torch.as_tensor(far)).numpy()
    assert np.abs(values - tuned.predict(far)).max() <= 1e-10


def test_a_trunk_changes_numeric_columns_only() -> None:
    sample = replace(sample_of(), numeric=np.array([True, False, True]))
    kernel = start_kernel(DEEP.profiles, median_distances(torch.as_tensor(sample.X)), 0.3)
    layers = train_feature_layers(sample, Start(kernel, 0.1), DEEP, [0])
    assert len(layers.trunk) == 2
    for block in layers.trunk:
        assert (
            np.abs(block.outward).max() > 0
            and not block.inward[1].any()
            and not block.outward[:, 1].any()
        )


def test_jobs_do_not_change_the_result() -> None:
    sample = sample_of()
    convex = KernelRidge().fit(sample)
    one, two = (
        cross_tune(sample, starts_of(convex, SETTINGS.profiles), SETTINGS, n_jobs=jobs)
        for jobs in (1, 2)
    )
    assert np.array_equal(one.oof, two.oof)
    assert all(np.array_equal(a.dual, b.dual) for a, b in zip(one.models, two.models, strict=True))


def test_batches_leave_out_groups_and_later_rows() -> None:
    sample = sample_of()
    rng = np.random.default_rng(0)
    rows = np.arange(40)
    groups = np.repeat(np.arange(30), 3)
    grouped = Sample(
        sample.X,
        sample.y,
        sample.weight,
        make_folds(90, 3, 0, groups=groups),
        groups=groups,
        numeric=sample.numeric,
    )
    _, blocks = batch_blocks(grouped, rows, rng)
    assert (
        blocks is not None
        and all(
            len(set(groups[rows[block.numpy()]])) == 1 for of_size in blocks for block in of_size
        )
        and sum(of_size.numel() for of_size in blocks) == 40
    )
    time = np.arange(90.0)
    timed = Sample(
        sample.X,
        sample.y,
        sample.weight,
        make_folds(90, 3, 0, time=time),
        time=time,
        numeric=sample.numeric,
    )
    _, later = batch_blocks(timed, rows, rng)
    assert later is not None and len(later) == len(later[0]) == 1
    assert later[0][0].tolist() == list(range(int(later[0][0, 0]), 40))
    assert batch_blocks(sample, rows, rng)[1] is None
    both = Sample(
        sample.X,
        sample.y,
        sample.weight,
        timed.folds,
        groups=np.arange(90) // 4 % 9,
        time=time,
        numeric=sample.numeric,
    )
    kept, scored = batch_blocks(both, rows, rng)
    assert scored is not None and both.groups is not None
    later_rows = scored[0][0].numpy()
    earlier = np.setdiff1d(np.arange(len(kept)), later_rows)
    assert len(earlier) and not set(both.groups[kept[earlier]]) & set(both.groups[kept[later_rows]])


def test_a_stop_ends_the_training() -> None:
    sample = sample_of()
    control = Control()
    control.interrupted.set()
    with pytest.raises(Stopped):
        cross_tune(
            sample,
            starts_of(KernelRidge().fit(sample), SETTINGS.profiles),
            SETTINGS,
            control=control,
        )


def test_last_layer_chooses_the_ridge_by_the_other_folds() -> None:
    sample = sample_of(seed=2)
    convex, folds = KernelRidge().fit_with_folds(sample)
    assert folds is not None
    again = refit_ridge(sample, convex, folds)
    assert again.ridge in [pytest.approx(convex.ridge * f) for f in (0.3, 1.0, 3.0)]
    for k in range(sample.folds.count):
        changed = sample.y.copy()
        # fold k's own targets have no part in its predictions
        changed[sample.folds.held_out(k)] += 7.0
        other = KernelRidge().fit(
            Sample(sample.X, changed, sample.weight, sample.folds, numeric=sample.numeric)
        )
        assert np.allclose(
            other.oof[sample.folds.held_out(k)], convex.oof[sample.folds.held_out(k)], atol=1e-8
        )


def test_pairs_are_those_of_a_square() -> None:
    X, G = (
        torch.as_tensor(sample_of(7).X),
        torch.randn(7, 7, generator=torch.Generator().manual_seed(0)).double(),
    )
    D = square(torch.pdist(X, 2), 7, 0.0)
    assert torch.allclose(D, distances(X, X, 2)) and torch.equal(one_side(D), torch.pdist(X, 2))
    assert float(both_sides(G) @ torch.pdist(X, 2)) == pytest.approx(float((G * D).sum()))


@pytest.mark.parametrize(
    "profiles",
    [PROFILES, ("laplace1",), ("gaussian", "matern32")],
    ids=["all", "one norm", "other norm"],
)
def test_the_gradient_of_the_mixture_is_that_of_its_formula(profiles: tuple[str, ...]) -> None:
    rng = np.random.default_rng(0)
    A, B = (torch.as_tensor(rng.normal(size=(n, 3))).requires_grad_(True) for n in (7, 5))
    weights, rates = (
        torch.as_tensor(rng.uniform(0.2, 1.0, len(profiles))).requires_grad_(True) for _ in range(2)
    )
    G = torch.as_tensor(rng.normal(size=(7, 5)))
    leaves = [A, B, weights, rates]
    parts = [
        weights[c] * radial(p, rates[c] * distances(A, B, Kernel.norm(p)))
        for c, p in enumerate(profiles)
    ]
    K = torch.stack(parts).sum(0)
    expected = torch.autograd.grad((G * K).sum(), leaves)
    mine = mixture(A, B, A, B, profiles, weights, rates)
    assert torch.allclose(mine, K, rtol=0, atol=1e-14)
    for a, b in zip(torch.autograd.grad((G * mine).sum(), leaves), expected, strict=True):
        assert torch.allclose(a, b, rtol=0, atol=1e-13)


def test_a_training_without_time_has_the_steps_that_measure_its_pace_and_no_other_round() -> None:
    sample, settings = sample_of(), replace(SETTINGS, steps=30, rounds=3, batch=60)
    start = starts_of(KernelRidge().fit(sample), SETTINGS.profiles)[-1]

    def rounds(seconds: float) -> tuple[int, FeatureLayers]:
        looks = list[FeatureLayers]()

        def look(inner: FeatureLayers) -> bool:
            looks.append(inner)
            return True

        found = train_feature_layers(
            sample, start, settings, [0], after_round=look, seconds=seconds
        )
        return len(looks), found

    (few, short), (all_of_them, long) = rounds(0.0), rounds(np.inf)
    assert (few, all_of_them) == (1, 3)
    assert not np.array_equal(short.slopes, long.slopes)
    assert np.isfinite(short.slopes).all() and short.ridge > 0
