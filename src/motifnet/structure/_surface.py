"""A surface {x : w·φ(x) = c} across which the function may jump, and the exact test of a jump.

φ are numeric columns, and squares and cubes of relevant ones, for a curved surface; or columns and
their squares, for a closed surface: a sphere about a is Σ x_j² − 2 a_j x_j = c. With s = 1{w·φ > c}
and a ramp r that rises from 0 to 1 over the 30 % of the rows around c, the size of the jump is the
generalised least squares coefficient of s, with r in the Gaussian process model too (see
`_gaussian_process`)

    δ = (sᵀPy − sᵀPr rᵀPy / rᵀPr) / D,   D = sᵀPs − (sᵀPr)² / rᵀPr,   z = δ √(D / τ²)

So a slope over those rows is no jump.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import Matrix
from motifnet.structure._gaussian_process import Smooth

RAMP = 0.15  # share of the rows on either side of the surface
LEVELS = np.arange(0.1, 0.901, 0.05)
MIN_VALUES = 30  # of a column: fewer values are steps by themselves
STARTS = 16  # planes from which the search climbs on few rows
FINISHED, FINISHED_SPHERES = 3, 2  # surfaces from which it then climbs on all rows
FIRST_ROWS = 500  # rows of the first climb
ALIKE = 0.85  # correlation of planes of which one is kept


@dataclass(frozen=True)
class Surface:
    """Columns, powers and weights with shape (p,) of t(x) = Σ weight x_column^power. `level`: the
    share of rows with t below the threshold.
    """

    columns: tuple[int, ...]
    powers: tuple[int, ...]
    weight: Matrix
    level: float

    def features(self, X: Matrix) -> Matrix:
        """φ with shape (n, p)."""
        return np.column_stack(
            [X[:, j] ** k for j, k in zip(self.columns, self.powers, strict=True)]
        )

    def coordinate(self, X: Matrix) -> Matrix:
        """t with shape (n,)."""
        return self.features(X) @ self.weight


@dataclass(frozen=True)
class Steps:
    """Sizes of jumps at m surfaces, standard errors and z, each with shape (m,)."""

    size: Matrix
    error: Matrix

    @property
    def z(self) -> Matrix:
        return self.size / self.error


def steps(fit: Smooth, T: Matrix, thresholds: Matrix) -> Steps:
    """Jumps of the (first) target where coordinates T with shape (n, m) pass thresholds with shape
    (m,).
    """
    S, dual = (thresholds < T).astype(float), fit.dual[:, 0]
    PS = fit.P @ S
    squares, products = np.maximum((PS * S).sum(0), 1e-300), S.T @ dual
    R = _ramps(T, thresholds)
    PR = fit.P @ R
    across, ramps = (PS * R).sum(0), np.maximum((PR * R).sum(0), 1e-300)
    D = squares - across**2 / ramps
    D = np.where(1e-9 * squares < D, D, 1e-300)  # a step that is its own ramp has an infinite error
    return Steps((products - across / ramps * (R.T @ dual)) / D, np.sqrt(fit.tau2[0] / D))


def _ramps(T: Matrix, thresholds: Matrix) -> Matrix:
    """Ramps from 0 to 1 between the rows a share RAMP before and after the thresholds."""
    n = len(T)
    order = np.sort(T, axis=0)
    passed = (thresholds > order).sum(0)
    low, high = (
        order[np.clip(passed + int(share * n), 0, n - 1), np.arange(T.shape[1])]
        for share in (-RAMP, RAMP)
    )
    return np.clip((T - low) / np.maximum(high - low, 1e-12), 0, 1)


def eligible(X: Matrix, numeric: NDArray[np.bool_]) -> list[int]:
    """Numeric columns with `MIN_VALUES` different values."""
    return [int(j) for j in np.flatnonzero(numeric) if len(np.unique(X[:, j])) >= MIN_VALUES]


def _step_z(fit: Smooth, along: Matrix, levels: Matrix) -> Matrix:
    """|z| with shape (m, k) of steps without ramps where m coordinates, with shape (m, n), pass
    their k levels. Products are in single precision: they only direct the search.
    """
    thresholds, n = _between(np.sort(along, axis=1), levels), along.shape[1]
    S = (along[:, None, :] > thresholds[:, :, None]).reshape(-1, n).astype(np.float32)
    squares = np.einsum("ij,ij->i", S @ fit.single, S).astype(float)
    products = S @ fit.dual[:, 0].astype(np.float32)
    z = np.abs(products) * np.sqrt(1 / (fit.tau2[0] * np.maximum(squares, 1e-30)))
    return np.asarray(z).reshape(thresholds.shape)


def search(fit: Smooth, columns: list[int], seed: int = 0) -> list[Surface]:
    """The best axis, plane, curved and closed surface for a step in the rows of the fit. The search
    is by |z| without the ramp, which increases already far from the jump.
    """
    prior = replace(fit.prior, scale=fit.prior.scale / 3, rate=fit.prior.rate / 3)
    stiff = Smooth.fit(fit.X, fit.y, prior)
    few = len(fit.X) > FIRST_ROWS
    first = Smooth.fit(fit.X[:FIRST_ROWS], fit.y[:FIRST_ROWS], prior) if few else stiff
    axis = _best(stiff, columns, np.eye(len(columns)))[0]
    G = fit.gradients()[:, columns]
    starts = _best(first, columns, np.vstack([axis.weight, _directions(G, seed)]), STARTS)
    climbed = [_climb(first, start, rounds=12) for start in starts]
    climbed.sort(key=lambda plane: -_jump_z(first, plane))
    planes = [_climb(stiff, start) for start in climbed[:FINISHED]]
    steepness = (G**2).mean(0) * fit.X[:, columns].var(0)
    curved = [_climb(stiff, _curved(plane, steepness)) for plane in planes]
    spheres = [
        _climb(first, sphere, rounds=12)
        for sphere in _spheres(first, columns, G[: len(first.X)], steepness)
    ]
    closed = [
        _climb(stiff, sphere)
        for sphere in sorted(spheres, key=lambda sphere: -_jump_z(first, sphere))[:FINISHED_SPHERES]
    ]
    single = Surface((columns[int(axis.weight.argmax())],), (1,), np.ones(1), axis.level)
    return [
        replace(_climb(stiff, single), weight=np.ones(1)),
        *(
            max(some, key=lambda surface: _jump_z(stiff, surface))
            for some in (planes, curved, closed)
        ),
    ]


def _best(fit: Smooth, columns: list[int], weights: Matrix, count: int = 1) -> list[Surface]:
    """The best of planes with weights of shape (m, p), each at its best level, without similar
    ones.
    """
    along = weights @ fit.X[:, columns].T
    z = _step_z(fit, along, LEVELS)
    alike, chosen = np.abs(np.corrcoef(along)).reshape(len(weights), -1) > ALIKE, list[int]()
    for i in np.argsort(-z.max(1), kind="stable"):
        if len(chosen) < count and not alike[i, chosen].any():
            chosen.append(int(i))
    return [
        Surface(tuple(columns), (1,) * len(columns), weights[i], float(LEVELS[z[i].argmax()]))
        for i in chosen
    ]


def _jump_z(fit: Smooth, surface: Surface) -> float:
    """|z| with the ramp. A slope or a kink of the function gives none, whatever the size of its
    step.
    """
    T = surface.coordinate(fit.X)[:, None]
    return float(np.abs(steps(fit, T, thresholds_at(T, np.array([surface.level]))).z[0]))


def _directions(G: Matrix, seed: int, count: int = 3, random: int = 60) -> Matrix:
    """Leading directions of the outer product of gradients over the steepest fifth of the rows,
    where a smoothed jump is, and mixtures of them. Twice their number are other directions, since
    the function may be steeper elsewhere.
    """
    squares = (G**2).sum(1)
    steep = G[squares >= np.quantile(squares, 0.8)]
    leading = np.linalg.eigh(steep.T @ steep)[1][:, ::-1].T[:count]
    rng = np.random.default_rng([seed, 5])
    return np.vstack(
        [
            leading,
            rng.standard_normal((random, len(leading))) @ leading,
            rng.standard_normal((2 * random, G.shape[1])),
        ]
    )


def _curved(plane: Surface, steepness: Matrix, count: int = 2) -> Surface:
    """The plane with further terms, squares and cubes of the steepest columns, of weight 0."""
    steep = [plane.columns[i] for i in np.argsort(-steepness)[:count]]
    columns = plane.columns + tuple(steep) * 2
    powers = plane.powers + (2,) * len(steep) + (3,) * len(steep)
    return Surface(
        columns, powers, np.concatenate([plane.weight, np.zeros(2 * len(steep))]), plane.level
    )


def _spheres(fit: Smooth, columns: list[int], G: Matrix, steepness: Matrix) -> list[Surface]:
    """Spheres in all columns, and in the two and three steepest ones. Centres are the middle of the
    rows and the focus of the gradients.
    """
    steepest = np.argsort(-steepness, kind="stable")
    found = list[Surface]()
    for count in sorted({min(count, len(columns)) for count in (2, 3, len(columns))}):
        among = np.sort(steepest[:count])
        chosen = tuple(columns[i] for i in among)
        for centre in (np.zeros(count), _focus(fit.X[:, chosen], G[:, among])):
            start = Surface(
                chosen * 2,
                (1,) * count + (2,) * count,
                np.concatenate([-2 * centre, np.ones(count)]),
                0.5,
            )
            z = _step_z(fit, start.coordinate(fit.X)[None], LEVELS)
            found.append(replace(start, level=float(LEVELS[z.argmax()])))
    return found


def _focus(X: Matrix, G: Matrix) -> Matrix:
    """The point nearest to the lines through the steepest fifth of the rows along their gradients,
    argmin_a Σ_i ‖(I − ĝ_i ĝ_iᵀ)(x_i − a)‖².
    """
    size = np.linalg.norm(G, axis=1)
    steep = size >= np.quantile(size, 0.8)
    unit = G[steep] / np.maximum(size[steep, None], 1e-300)
    across = np.eye(X.shape[1]) - unit[:, :, None] * unit[:, None, :]
    return np.asarray(np.linalg.lstsq(across.sum(0), (across @ X[steep, :, None]).sum(0)[:, 0])[0])


def _climb(fit: Smooth, surface: Surface, rounds: int = 40) -> Surface:
    """Pattern search in the weights and the level for the largest |z|. A round changes one
    coordinate. The step is halved where none improves.
    """
    F = surface.features(fit.X)
    unit = np.maximum(F.std(0), 1e-12)
    best, step = 0.0, 0.5
    for _ in range(rounds):
        moves = np.vstack(
            [np.zeros(F.shape[1]), step * np.diag(1 / unit), -step * np.diag(1 / unit)]
        )
        weights = surface.weight * (1 / float(np.linalg.norm(surface.weight * unit))) + moves
        levels = np.clip(
            surface.level + np.array([-0.08 * step, 0.0, 0.08 * step]), LEVELS[0], LEVELS[-1]
        )
        z = _step_z(fit, weights @ F.T, levels)
        i, j = np.unravel_index(int(z.argmax()), z.shape)
        if z[i, j] > best * (1 + 1e-6):
            best = float(z[i, j])
            surface = replace(surface, weight=weights[i], level=float(levels[j]))
        else:
            step /= 2
        if step < 0.005:
            break
    return surface


def thresholds_at(T: Matrix, levels: Matrix) -> Matrix:
    """Thresholds midway between the two rows at each level. So no row lies on its threshold."""
    order, n = np.sort(T, axis=0), len(T)
    k, columns = np.clip((levels * n).astype(int), 1, n - 1), np.arange(T.shape[1])
    return (order[k - 1, columns] + order[k, columns]) / 2


def _between(order: Matrix, levels: Matrix) -> Matrix:
    """The same with shape (m, k) for all levels of each of m sorted coordinates."""
    n = order.shape[1]
    k = np.clip((levels * n).astype(int), 1, n - 1)
    return np.asarray(order[:, k - 1] + order[:, k]) / 2
