"""Conjugate gradients: closed forms, columns as if alone, and the last layer by passes as
by sums.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from motifnet.engine import MotifnetWarning
from motifnet.kernels import MAX_ITERATIONS, AllRows, Kernel, conjugate_gradients

Matrix = NDArray[Any]
KERNEL = Kernel(("laplace1", "gaussian"), np.array([0.5, 0.5]), np.array([0.3, 0.5]))


@pytest.fixture
def positive() -> tuple[Matrix, Matrix]:
    rng = np.random.default_rng(0)
    root = rng.normal(size=(40, 40))
    return root @ root.T + np.eye(40), rng.normal(size=(40, 3))


def test_the_true_inverse_takes_one_product(positive: tuple[Matrix, Matrix]) -> None:
    A, b = positive
    solution, products, *_ = conjugate_gradients(
        lambda V: A @ V, lambda R: np.asarray(np.linalg.solve(A, R), dtype=np.float64), b
    )
    assert products == 1 and solution == pytest.approx(np.linalg.solve(A, b), abs=1e-9)


def test_as_many_products_as_there_are_eigenvalues() -> None:
    rng = np.random.default_rng(1)
    Q = np.linalg.qr(rng.normal(size=(30, 30)))[0]
    A = Q * np.repeat([1.0, 5.0, 80.0], 10) @ Q.T
    _, products, *_ = conjugate_gradients(
        lambda V: A @ V, lambda R: R, rng.normal(size=(30, 2)), tolerance=1e-12
    )
    assert products == 3


def test_each_column_is_as_if_alone(positive: tuple[Matrix, Matrix]) -> None:
    A, b = positive
    b = b * [1e-6, 1.0, 1e6]
    together, most, *_ = conjugate_gradients(lambda V: A @ V, lambda R: R, b, 1e-7)
    alone = [conjugate_gradients(lambda V: A @ V, lambda R: R, b[:, [j]], 1e-7) for j in range(3)]
    assert most == max(one.products for one in alone)
    assert together / [1e-6, 1.0, 1e6] == pytest.approx(
        np.hstack([one.solution for one in alone]) / [1e-6, 1.0, 1e6], abs=1e-5
    )


def test_a_column_of_zeros_has_the_solution_zero(positive: tuple[Matrix, Matrix]) -> None:
    A, b = positive
    solution, *_ = conjugate_gradients(
        lambda V: A @ V, lambda R: R, b * [0.0, 1.0, 1.0], tolerance=1e-9
    )
    assert (solution[:, 0] == 0).all() and solution[:, 1:] == pytest.approx(
        np.linalg.solve(A, b)[:, 1:], rel=1e-4
    )


def test_the_number_of_products_is_bounded(positive: tuple[Matrix, Matrix]) -> None:
    A, b = positive
    solution, products, left, converged = conjugate_gradients(
        lambda V: A @ V, lambda R: R, b, max_iterations=4
    )
    errors = np.linalg.norm(np.linalg.solve(A, b) - solution, axis=0)
    assert not converged.any() and left == pytest.approx(
        np.linalg.norm(b - A @ solution, axis=0) / np.linalg.norm(b, axis=0), rel=1e-6
    )
    assert products == 4 and (errors < np.linalg.norm(np.linalg.solve(A, b), axis=0)).all()


def test_what_has_not_converged_is_told() -> None:
    """A preconditioner from rows of another place helps nothing."""
    rng = np.random.default_rng(2)
    Z, y = torch.as_tensor(rng.uniform(-1, 1, size=(1_200, 3))), rng.normal(size=(1_200, 1))
    layer = AllRows(KERNEL.gram, Z[:200])
    S, s = layer.terms(Z + 50.0, y)[0], layer.terms(Z, y)[1]
    with pytest.warns(MotifnetWarning, match="conjugate gradients.*iterations"):
        layer.choose_by_iterations(
            S, s, lambda V: layer.product(Z, V), (1e-9, 1e-8), Z[:50], y[:50]
        )


@pytest.mark.parametrize("columns", [1, 2])
def test_passes_give_the_last_layer_of_the_sums(columns: int) -> None:
    rng = np.random.default_rng(2)
    Z, W = (
        torch.as_tensor(rng.uniform(-1, 1, size=(1_200, 3))),
        torch.as_tensor(rng.uniform(-1, 1, size=(300, 3))),
    )
    slopes = rng.normal(size=(3, columns))
    y, held = (
        np.sin(3 * Z.numpy() @ slopes) + 0.1 * rng.normal(size=(1_200, columns)),
        np.sin(3 * W.numpy() @ slopes),
    )
    layer = AllRows(KERNEL.gram, Z[:90])
    S, s = layer.terms(Z, y)
    ridges = (1e-3, 1e-1, 1e1)
    lam, gamma = layer.choose(S, s, W, held, ridges)
    by_iterations = layer.choose_by_iterations(
        3.0 * layer.terms(Z[:400], y[:400])[0], s, lambda V: layer.product(Z, V), ridges, W, held
    )
    assert by_iterations[0] == lam and 3 < by_iterations[2] < MAX_ITERATIONS
    features = layer.features(W)
    assert features @ by_iterations[1] == pytest.approx(features @ gamma, abs=5e-3)
