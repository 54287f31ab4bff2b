"""The last layer in closed form: against brute force, against kernel ridge, and honest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from motifnet.engine import Control, Stopped, UsageError
from motifnet.kernels import Kernel, solve_ridge
from motifnet.mimicry._kernel import kernel_network
from motifnet.motifs import Affine, Chain, Motif, Precise, ReLU
from motifnet.retrain import refit_last_layer
from motifnet.retrain._output import coefficients, features, with_output
from motifnet.retrain._ridge_path import RidgePath
from motifnet.tables import Folds, Matrix, Sample, make_folds

KERNEL = Kernel(("laplace1", "gaussian"), np.array([0.5, 0.5]), np.array([0.2, 0.3]))


def tensor(values: Matrix) -> Tensor:
    return torch.as_tensor(values)


def sample_of(n: int = 60, d: int = 3, q: int = 2, folds: int = 4, seed: int = 0, noise: float = 0.2) -> Sample:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    y = np.stack([np.sin(X.sum(1) + j) + X[:, 0] for j in range(q)], 1) + noise * rng.normal(size=(n, q))
    return Sample.plain(X, y, folds=folds, weight=rng.uniform(0.5, 2.0, n))


def hidden(d: int, m: int, q: int, seed: int = 0) -> Motif:
    """A network of m random ReLU units."""
    rng = np.random.default_rng(seed)
    first = Affine(tensor(rng.normal(size=(m, d))), tensor(rng.normal(size=m)))
    return Chain([first, ReLU(), Affine(tensor(rng.normal(size=(q, m)) / m), tensor(rng.normal(size=q)))])


def ridge(H: Matrix, y: Matrix, w: Matrix, lam: float, omega: Matrix | None = None, start: Matrix | None = None) -> tuple[Matrix, Matrix]:
    """Brute force: the normal equations with the intercept as a column."""
    m = H.shape[1]
    start = np.zeros((m, y.shape[1])) if start is None else start
    A = np.column_stack([H, np.ones(len(H))])
    P = np.zeros((m + 1, m + 1))
    P[:m, :m] = lam * (np.eye(m) if omega is None else omega)
    solution = np.linalg.solve(A.T @ (w[:, None] * A) + P, A.T @ (w[:, None] * (y - H @ start))).astype(np.float64)
    return solution[:m] + start, solution[m]


@pytest.mark.parametrize(("m", "block"), [(5, 20), (25, 10), (90, 20)], ids=["primal", "dual", "more units than rows"])
@pytest.mark.parametrize("pulled", [False, True])
@pytest.mark.parametrize("gram", [False, True])
def test_path_and_leave_out_against_brute_force(m: int, block: int, pulled: bool, gram: bool) -> None:
    rng = np.random.default_rng(m)
    H, y, w = rng.normal(size=(60, m)) + 1, rng.normal(size=(60, 2)) + 3, rng.uniform(0.5, 2, 60)
    root = rng.normal(size=(m, m)) / np.sqrt(m) + np.eye(m)
    omega, start = (root @ root.T + np.eye(m) if gram else None), (rng.normal(size=(m, 2)) if pulled else None)
    path = RidgePath.of(tensor(H), tensor(y), tensor(w), None if omega is None else tensor(omega), None if start is None else tensor(start))
    rows = np.sort(rng.permutation(60)[:block])
    kept = np.setdiff1d(np.arange(60), rows)
    lams = [1e-2, 1.0, 30.0]
    left_out = path.leave_out(torch.as_tensor(rows), lams).numpy()
    for i, lam in enumerate(lams):
        beta, b = (part.numpy() for part in path.coefficients(lam))
        expected = ridge(H, y, w, lam, omega, start)
        np.testing.assert_allclose(H @ beta + b, H @ expected[0] + expected[1], atol=1e-8)
        beta, b = ridge(H[kept], y[kept], w[kept], lam, omega, start)
        np.testing.assert_allclose(left_out[i], H[rows] @ beta + b, atol=1e-7 if gram else 1e-9)


def test_kernel_units_with_their_gram_matrix_are_kernel_ridge() -> None:
    sample = sample_of()
    X, w, y = tensor(sample.X), tensor(sample.weight), tensor(sample.y)
    K = KERNEL.gram(X, X)
    network = kernel_network(KERNEL, sample.X, np.zeros((60, 2)), np.zeros(2))
    refitted = refit_last_layer(network, sample, penalty=lambda f: K, ridges=[0.3])
    dual, b = solve_ridge(K, y, 0.3 / w)
    with torch.no_grad():
        torch.testing.assert_close(refitted.network(X), K @ dual + b, rtol=0, atol=1e-7)
    for k in range(4):
        train, out = sample.folds.train(k), sample.folds.held_out(k)
        dual, b = solve_ridge(K[train][:, train], y[train], 0.3 / w[train])
        np.testing.assert_allclose(refitted.oof[out], (K[out][:, train] @ dual + b).numpy(), atol=1e-7)


def test_own_encodings_and_own_networks_that_are_all_the_same_are_the_shared_path() -> None:
    """With a last layer of zeros a pull to the present weights is a pull to zero."""
    sample, network = sample_of(), zeroed(hidden(3, 20, 2))
    shared = refit_last_layer(network, sample, ridges=[0.1])
    own = refit_last_layer(network, sample, fold_networks=[network] * 4, ridges=[0.1], n_jobs=2)
    np.testing.assert_allclose(shared.oof, own.oof, atol=1e-8)
    assert np.isnan(shared.error_before)
    assert own.error_before == pytest.approx(weighted_error(sample, np.zeros((60, 2))))
    assert own.error_after < own.error_before
    views = replace(sample, views=(sample.X,) * 4)
    first, second = refit_last_layer(network, views), refit_last_layer(network, sample)
    np.testing.assert_allclose(first.oof, second.oof, atol=1e-7)


def zeroed(network: Motif) -> Motif:
    return with_output(network, *(0 * part for part in coefficients(network)))


def weighted_error(sample: Sample, f: Matrix) -> float:
    return float((((sample.y - f) ** 2).sum(1) * sample.weight).sum() / sample.weight.sum())


def test_the_ridge_for_a_fold_is_chosen_without_it() -> None:
    """Inside its training rows for shared features: what the refit of these rows alone chooses. By the other folds' scores for fold networks."""
    sample = sample_of()
    network, lams = hidden(3, 40, 2), [1e-3, 1e-1, 1e1, 1e3]
    single = [refit_last_layer(network, sample, ridges=[lam]).oof for lam in lams]
    squares = np.stack([((sample.y - f) ** 2).sum(1) * sample.weight for f in single])
    shared, own = (refit_last_layer(network, sample, ridges=lams, fold_networks=f) for f in (None, [zeroed(network)] * 4))
    assert shared.ridge == own.ridge == lams[int(np.argmin(squares.sum(1)))]
    np.testing.assert_allclose(shared.errors, squares.sum(1) / sample.weight.sum())
    for k in range(4):
        out = sample.folds.held_out(k)
        inside = refit_last_layer(network, sample.rows(~out), ridges=lams).ridge
        assert np.array_equal(shared.oof[out], single[lams.index(inside)][out])
        best = int(np.argmin(squares[:, ~out].sum(1)))
        np.testing.assert_allclose(own.oof[out], single[best][out], atol=1e-7)
    assert shared.error_after == pytest.approx(weighted_error(sample, shared.oof))


def test_a_large_ridge_leaves_pulled_networks_as_they_are() -> None:
    sample = sample_of()
    network = hidden(3, 10, 2)
    refitted = refit_last_layer(network, sample, fold_networks=[network] * 4, ridges=[1e12])
    old, new = network.state_dict(), refitted.network.state_dict()
    assert not torch.equal(old["parts.2.bias"], new["parts.2.bias"])
    torch.testing.assert_close(old["parts.2.weight"], new["parts.2.weight"], rtol=0, atol=1e-8)
    assert torch.equal(old["parts.0.weight"], new["parts.0.weight"])


def test_pure_noise_is_not_learned() -> None:
    """Fold networks whose last layers have seen their rows: the honest error stays near that of the mean."""
    rng = np.random.default_rng(0)
    sample = Sample.plain(rng.normal(size=(120, 4)), rng.normal(size=(120, 1)))
    network = hidden(4, 200, 1)
    refitted = refit_last_layer(network, sample)
    assert refitted.error_after > 0.95 * sample.y.var()
    folds = [refit_last_layer(network, sample.rows(sample.folds.train(k)), ridges=[1e-6]).network for k in range(4)]
    own = refit_last_layer(folds[0], sample, fold_networks=folds)
    assert own.error_before > 1.5 * sample.y.var()
    assert own.error_after > 0.95 * sample.y.var()


@pytest.mark.parametrize("folds", [2, 4])
def test_targets_of_a_fold_do_not_reach_its_predictions(folds: int) -> None:
    sample, network = sample_of(folds=folds), hidden(3, 30, 2)
    out = sample.folds.held_out(1)
    changed = replace(sample, y=np.where(out[:, None], sample.y + 100, sample.y))
    first, second = (refit_last_layer(network, s) for s in (sample, changed))
    np.testing.assert_allclose(first.oof[out], second.oof[out], atol=1e-7)
    views = [replace(s, views=(s.X,) * folds) for s in (sample, changed)]
    first, second = (refit_last_layer(network, s) for s in views)
    np.testing.assert_allclose(first.oof[out], second.oof[out], atol=1e-7)


@pytest.mark.parametrize("own", [False, True])
def test_later_targets_do_not_reach_earlier_predictions(own: bool) -> None:
    base, network = sample_of(q=1), hidden(3, 20, 1)
    time = np.random.default_rng(0).permutation(60) / 7
    sample = replace(base, time=time, folds=make_folds(60, 3, 0, time=time))
    changed = replace(sample, y=np.where(sample.folds.of[:, None] == 2, sample.y + 100, sample.y))
    first, second = (refit_last_layer(network, s, fold_networks=[network] * 3 if own else None) for s in (sample, changed))
    earlier = (sample.folds.of == 0) | (sample.folds.of == 1)
    np.testing.assert_allclose(first.oof[earlier], second.oof[earlier], atol=1e-7)
    assert np.isfinite(first.oof[sample.folds.scored]).all()


def test_centres_stay_in_every_fit() -> None:
    sample = sample_of(q=1)
    centres = np.arange(60) < 15
    network = kernel_network(KERNEL, sample.X[centres], np.zeros((15, 1)), np.zeros(1))
    K = KERNEL.gram(tensor(sample.X[centres]), tensor(sample.X[centres]))
    refitted = refit_last_layer(network, sample, penalty=lambda f: K, unscored=centres, ridges=[1e-3, 1e-1])
    assert np.array_equal(np.isnan(refitted.oof[:, 0]), centres)
    one = refit_last_layer(network, sample, penalty=lambda f: K, unscored=centres, ridges=[1e-1])
    H = KERNEL(sample.X, sample.X[centres])
    fitted = sample.folds.train(2) | centres
    beta, b = ridge(H[fitted], sample.y[fitted], sample.weight[fitted], 1e-1, K.numpy())
    rows: NDArray[np.bool_] = ~fitted
    np.testing.assert_allclose(one.oof[rows], H[rows] @ beta + b, atol=1e-6)


def test_time_looks_forward() -> None:
    base = sample_of(q=1)
    time = np.arange(60.0)
    sample = replace(base, time=time, folds=make_folds(60, 3, 0, time=time))
    network = hidden(3, 20, 1)
    refitted = refit_last_layer(network, sample, ridges=[0.1])
    assert np.array_equal(np.isnan(refitted.oof[:, 0]), sample.folds.of < 0)
    H = features(network, sample.X).numpy()
    for k in range(3):
        train, out = sample.folds.train(k), sample.folds.held_out(k)
        beta, b = ridge(H[train], sample.y[train], sample.weight[train], 0.1)
        np.testing.assert_allclose(refitted.oof[out], H[out] @ beta + b, atol=1e-7)


def test_one_fold_in_time_chooses_inside_its_training_rows() -> None:
    sample = replace(sample_of(), folds=Folds(np.where(np.arange(60) < 30, -1, 0), 1, True))
    network = hidden(3, 5, 2)
    refitted = refit_last_layer(network, sample)
    assert np.isfinite(refitted.error_after)
    assert refitted.error_after >= refitted.errors.min() - 1e-12
    as_it_is = refit_last_layer(network, sample, fold_networks=[network], ridges=[1.0, 1e12])
    assert as_it_is.error_after == pytest.approx(as_it_is.errors[1])


def test_constant_features_leave_the_mean() -> None:
    sample = sample_of(q=1)
    one = torch.ones(1, 4, dtype=torch.float64)
    network = Chain([Affine(torch.zeros(4, 3, dtype=torch.float64), one[0]), Affine(one, one[0, :1])])
    refitted = refit_last_layer(network, sample)
    mean = np.average(sample.y, axis=0, weights=sample.weight)
    with torch.no_grad():
        np.testing.assert_allclose(refitted.network(tensor(sample.X)).numpy(), np.tile(mean, (60, 1)), atol=1e-12)


def test_precise_networks_keep_their_shell_and_others_are_refused() -> None:
    sample = sample_of()
    plain, precise = hidden(3, 8, 2), Precise(hidden(3, 8, 2))
    first, second = refit_last_layer(plain, sample), refit_last_layer(precise, sample)
    assert isinstance(second.network, Precise)
    assert np.array_equal(first.oof, second.oof)
    assert second.network(tensor(sample.X).float()).dtype == torch.float32
    with pytest.raises(UsageError, match="Chain whose last part is Affine"):
        refit_last_layer(ReLU(), sample)


def test_a_stop_is_passed_on() -> None:
    control = Control()
    control.interrupted.set()
    with pytest.raises(Stopped):
        refit_last_layer(hidden(3, 8, 2), sample_of(), control=control)
