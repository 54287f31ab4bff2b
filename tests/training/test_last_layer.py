"""The last layer in closed form: against brute force, and honest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from motifnet.engine import Matrix, UsageError
from motifnet.motifs import Affine, Chain, Motif, Precise, ReLU, evaluate
from motifnet.tables import Folds, Sample, make_folds
from motifnet.training import coefficients, refit_last_layer, solve_last_layer
from motifnet.training._last_layer import _PATH, features


def tensor(values: Matrix) -> Tensor:
    return torch.as_tensor(values)


def sample_of(
    n: int = 60, d: int = 3, q: int = 2, folds: int = 4, seed: int = 0, noise: float = 0.2
) -> Sample:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    y = np.stack([np.sin(X.sum(1) + j) + X[:, 0] for j in range(q)], 1) + noise * rng.normal(
        size=(n, q)
    )
    return Sample.plain(X, y, folds=folds, weight=rng.uniform(0.5, 2.0, n))


def hidden(d: int, m: int, q: int, seed: int = 0) -> Motif:
    """A network of m random ReLU units."""
    rng = np.random.default_rng(seed)
    first = Affine(tensor(rng.normal(size=(m, d))), tensor(rng.normal(size=m)))
    return Chain(
        [first, ReLU(), Affine(tensor(rng.normal(size=(q, m)) / m), tensor(rng.normal(size=q)))]
    )


def ridge(network: Motif, X: Matrix, y: Matrix, w: Matrix, lam: float) -> tuple[Matrix, Matrix]:
    """Brute force: the normal equations with the intercept as a column, pulled to the layer as it
    is.
    """
    H, (start, _) = features(network, X).numpy(), (part.numpy() for part in coefficients(network))
    A = np.column_stack([H, np.ones(len(H))])
    P = lam * np.eye(len(A.T))
    P[-1, -1] = 0.0
    solution = np.linalg.solve(
        A.T @ (w[:, None] * A) + P, A.T @ (w[:, None] * (y - H @ start))
    ).astype(np.float64)
    return solution[:-1] + start, solution[-1]


def predicted(network: Motif, fit: tuple[Matrix, Matrix], X: Matrix) -> Matrix:
    return np.asarray(features(network, X).numpy() @ fit[0] + fit[1])


@pytest.mark.parametrize("m", [5, 25, 90], ids=["few units", "some units", "more units than rows"])
def test_a_layer_is_that_of_the_normal_equations(m: int) -> None:
    sample, network = sample_of(), hidden(3, m, 2)
    for lam in (1e-2, 1.0, 30.0):
        solved = solve_last_layer(network, sample.X, sample.y, sample.weight, lam)
        expected = predicted(
            network, ridge(network, sample.X, sample.y, sample.weight, lam), sample.X
        )
        np.testing.assert_allclose(evaluate(solved, tensor(sample.X)).numpy(), expected, atol=1e-8)


def test_the_ridge_for_a_fold_is_chosen_without_it() -> None:
    """By brute force for each λ of the path: predictions of each fold, and the choices of the other
    folds.
    """
    sample, network = sample_of(), hidden(3, 40, 2)
    refitted = refit_last_layer(network, sample)
    H = features(network, sample.X).numpy()
    root = np.sqrt(sample.weight)[:, None] * (H - sample.weight @ H / sample.weight.sum())
    lams = _PATH * np.linalg.eigvalsh(root.T @ root)[-1]
    single = np.empty((len(lams), *sample.y.shape))
    for k in range(4):
        train, out = sample.folds.train(k), sample.folds.held_out(k)
        for i, lam in enumerate(lams):
            fit = ridge(network, sample.X[train], sample.y[train], sample.weight[train], lam)
            single[i, out] = predicted(network, fit, sample.X[out])
    squares = ((sample.y - single) ** 2).sum(2) * sample.weight
    assert refitted.ridge == pytest.approx(lams[int(np.argmin(squares.sum(1)))])
    for k in range(4):
        out = sample.folds.held_out(k)
        np.testing.assert_allclose(
            refitted.oof[out], single[int(np.argmin(squares[:, ~out].sum(1)))][out], atol=1e-6
        )
    assert refitted.error_after == pytest.approx(weighted_error(sample, refitted.oof))
    with torch.no_grad():
        assert refitted.error_before == pytest.approx(
            weighted_error(sample, network(tensor(sample.X)).numpy())
        )


def test_views_that_are_all_the_same_change_nothing() -> None:
    sample, network = sample_of(), hidden(3, 20, 2)
    first, second = (
        refit_last_layer(network, s, n_jobs=jobs)
        for s, jobs in ((sample, 1), (replace(sample, views=(sample.X,) * 4), 2))
    )
    assert np.array_equal(first.oof, second.oof)


def weighted_error(sample: Sample, f: Matrix) -> float:
    return float((((sample.y - f) ** 2).sum(1) * sample.weight).sum() / sample.weight.sum())


def test_a_large_ridge_leaves_the_network_as_it_is() -> None:
    sample, network = sample_of(), hidden(3, 10, 2)
    old, new = (
        network.state_dict(),
        solve_last_layer(network, sample.X, sample.y, sample.weight, 1e12).state_dict(),
    )
    assert not torch.equal(old["parts.2.bias"], new["parts.2.bias"])
    torch.testing.assert_close(old["parts.2.weight"], new["parts.2.weight"], rtol=0, atol=1e-8)
    assert torch.equal(old["parts.0.weight"], new["parts.0.weight"])


def test_pure_noise_is_not_learned() -> None:
    rng = np.random.default_rng(0)
    sample = Sample.plain(rng.normal(size=(120, 4)), rng.normal(size=(120, 1)))
    assert refit_last_layer(hidden(4, 200, 1), sample).error_after > 0.95 * sample.y.var()


def test_later_targets_do_not_reach_earlier_predictions() -> None:
    base, network = sample_of(q=1), hidden(3, 20, 1)
    time = np.random.default_rng(0).permutation(60) / 7
    sample = replace(base, time=time, folds=make_folds(60, 3, 0, time=time))
    changed = replace(sample, y=np.where(sample.folds.of[:, None] == 2, sample.y + 100, sample.y))
    first, second = (refit_last_layer(network, s) for s in (sample, changed))
    earlier = (sample.folds.of == 0) | (sample.folds.of == 1)
    np.testing.assert_allclose(first.oof[earlier], second.oof[earlier], atol=1e-7)
    assert np.array_equal(np.isnan(first.oof[:, 0]), sample.folds.of < 0)


def test_one_fold_in_time_has_no_scores_to_choose_by_and_stays_near_the_network() -> None:
    sample = replace(sample_of(), folds=Folds(np.where(np.arange(60) < 30, -1, 0), 1, True))
    network = hidden(3, 5, 2)
    refitted = refit_last_layer(network, sample)
    rows = np.arange(60) < 30
    largest = ridge(network, sample.X[rows], sample.y[rows], sample.weight[rows], 1e12)
    np.testing.assert_allclose(
        refitted.oof[~rows], predicted(network, largest, sample.X[~rows]), atol=1e-2
    )


def test_constant_features_leave_the_mean() -> None:
    sample = sample_of(q=1)
    one = torch.ones(1, 4, dtype=torch.float64)
    network = Chain(
        [Affine(torch.zeros(4, 3, dtype=torch.float64), one[0]), Affine(one, one[0, :1])]
    )
    refitted = refit_last_layer(network, sample)
    mean = np.average(sample.y, axis=0, weights=sample.weight)
    with torch.no_grad():
        np.testing.assert_allclose(
            refitted.network(tensor(sample.X)).numpy(), np.tile(mean, (60, 1)), atol=1e-12
        )


def test_precise_networks_keep_their_shell_and_others_are_refused() -> None:
    sample = sample_of()
    plain, precise = hidden(3, 8, 2), Precise(hidden(3, 8, 2))
    first, second = refit_last_layer(plain, sample), refit_last_layer(precise, sample)
    assert isinstance(second.network, Precise)
    assert np.array_equal(first.oof, second.oof)
    assert second.network(tensor(sample.X).float()).dtype == torch.float32
    with pytest.raises(UsageError, match="Chain whose last part is Affine"):
        refit_last_layer(ReLU(), sample)
