"""Landmarks: fits beyond the exact range, to m ≪ n centres c (subset of regressors).

    f(x) = b + Σ_j β_j k(x, c_j)
    F = L⁻¹ K_Cn with L Lᵀ = K_CC
    S_k = Σ_{i in fold k} w_i f_i f_iᵀ,  c_k = Σ w_i f_i y_i      (f_i with a 1 for the intercept)
    the fit without fold k:  (Σ_j S_j − S_k + λ I) γ = Σ_j c_j − c_k,   β = L⁻ᵀ γ

Sums of m×m matrices that add over blocks of rows give exact K-fold predictions for every λ. A
landmark that is a row of fold k is left out with it, as a row and as a centre. As a centre without
its label it would be a free parameter; with its label it would help to predict rows like it, such
as the other rows of its group. With C' the remaining landmarks, γ = Lᵀβ with β = 0 elsewhere is a
sum of rows of L:

    (L_C')ᵀ = Q R,    γ = Q δ,    (Qᵀ S Q + λ I) δ = Qᵀ c        |γ| = |δ|: the penalty stays λ‖f‖²

A landmark stands for all rows equal to it, and is left out if all of these are.

`Cells` forms the normal equations over disjoint cells of rows once. The fit to any union of cells
takes one sum of them:

    S_c = Σ_{i in c} w_i f_i f_iᵀ
    the fit without the cells C:   (Σ_{c not in C} S_c + λ I) γ = Σ_{c not in C} s_c

All held-out fits beyond the exact range are of this form (`_held_out.py`): all folds at one kernel,
where a cell is a fold, and one fold with the inner blocks that choose its λ, where cells are the
fold, each inner block, the rest.

`leverage_landmarks` prefers rows that the other rows do not explain (El Alaoui & Mahoney 2015;
Rudi, Calandriello et al. 2018):

    ℓ_i = f_iᵀ (F Fᵀ + λ I)⁻¹ f_i        F = L⁻¹ K_Cn for a few uniform landmarks C, L Lᵀ = K_CC

is the ridge leverage of row i within the span of C. m rows are drawn without replacement, row i
first with a probability in proportion to ℓ_i. They are those with the largest log(u_i) / ℓ_i, u
uniform (Efraimidis & Spirakis 2006).

`means_between` gives centres that are means of cells of rows that lie together (k-means). They lose
less accuracy than the same number of rows. A row with a cell of its own moves a third of the way to
its neighbour.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import KDTree
from torch import Tensor

from motifnet.engine import Matrix, ordered_sum

Gram = Callable[[Tensor, Tensor], Tensor]
Sums = tuple[Tensor, Tensor]
SINGLE_ROWS = 8_000  # from which on K_Cn is in single precision, in half of the time
# of the sums of products in single precision, in units of their largest diagonal entry: a smaller
# ridge is lost in it, and S may have negative eigenvalues of that size
ROUNDING = 2e-8
PILOTS = 500  # uniform landmarks for the leverages
ROWS_A_CENTRE, MIN_ROWS = 20, 4_096  # the larger number of rows goes to k-means
KMEANS_ITERATIONS = 5
_ROWS = 2_048  # whose features are computed at a time


def choose_landmarks(
    n: int,
    m: int,
    generator: torch.Generator,
    among: Tensor | None = None,
    codes: Tensor | None = None,
) -> Tensor:
    """m row numbers in increasing order, uniformly without replacement, at most one of each code;
    of the rows `among` (a mask) where given.
    """
    order = torch.randperm(n, generator=generator)
    if among is not None:
        order = order[among[order]]
    if codes is not None:
        first = np.unique(codes[order].numpy(), return_index=True)[1]
        order = order[torch.as_tensor(np.sort(first))]
    return order[:m].sort().values


def landmark_features(K_CC: Tensor) -> Tensor:
    """The Cholesky factor L of K_CC with a jitter of 1e-10 of its mean diagonal, which grows by a
    factor of four until the factorisation succeeds.
    """
    jitter = 1e-10 * float(K_CC.diagonal().mean())
    for _ in range(20):
        L, info = torch.linalg.cholesky_ex(K_CC + jitter * torch.eye(len(K_CC), dtype=K_CC.dtype))
        if int(info) == 0:
            return L
        jitter *= 4
    raise FloatingPointError(
        "The Gram matrix of the landmarks is not positive definite; are there infinite values?"
    )


def solve_folds(S: Tensor, c: Tensor, lam: float) -> Tensor:
    """Coefficients γ with shape (m + 1, q) of normal equations S and c with m + 1 rows. The last
    one, the intercept, has no penalty. A jitter of 1e-10 of the mean diagonal, which grows by a
    factor of ten, is added until S can be factorised.
    """
    G, jitter = S.clone(), 1e-10 * float(S.diagonal().mean())
    G.diagonal()[:-1] += lam
    G[-1, -1] *= 1 + 1e-12
    L, info = torch.linalg.cholesky_ex(G)
    while int(info) != 0 and 0 < jitter < math.inf:
        G.diagonal().add_(jitter)
        L, info = torch.linalg.cholesky_ex(G)
        jitter *= 10
    return torch.cholesky_solve(c, L)


@dataclass(frozen=True)
class Landmarks:
    """Row numbers of the landmarks, the factor L, the rows Z with shape (n, d) whose features F are
    formed in blocks, and codes with shape (n,) that equal rows share.
    """

    gram: Gram
    Z: Tensor
    chosen: Tensor
    L: Tensor
    codes: Tensor

    @classmethod
    def choose(
        cls,
        gram: Gram,
        Z: Tensor,
        count: int,
        seed: int,
        among: Tensor | None = None,
        codes: Tensor | None = None,
    ) -> Landmarks:
        """Landmarks of a seed, of the rows `among` (a mask) where given. A smaller number with the
        same seed is a subset. Without `codes` all rows differ.
        """
        chosen = choose_landmarks(len(Z), count, torch.Generator().manual_seed(seed), among, codes)
        codes = torch.arange(len(Z)) if codes is None else codes
        return cls(gram, Z, chosen, landmark_features(gram(Z[chosen], Z[chosen])), codes)

    def basis(self, rows: Tensor) -> Tensor | None:
        """Q with shape (m + 1, m' + 1) for the landmarks among `rows` (a mask) and the intercept;
        None if these are all landmarks.
        """
        there = torch.isin(self.codes[self.chosen], self.codes[rows])
        if bool(there.all()):
            return None
        Q = torch.zeros(len(there) + 1, int(there.sum()) + 1, dtype=self.L.dtype)
        Q[:-1, :-1] = torch.linalg.qr(self.L[there].T).Q
        Q[-1, -1] = 1.0
        return Q

    @property
    def is_single(self) -> bool:
        """Whether features are in single precision."""
        return len(self.Z) >= SINGLE_ROWS

    def with_least_ridge(self, S: Tensor) -> Tensor:
        """Sums S of features, with a ridge of their rounding in single precision."""
        if self.is_single:
            S.diagonal().add_(ROUNDING * float(S.diagonal().max()))
        return S

    def features(self, rows: Tensor) -> Tensor:
        """Fᵀ with shape (m + 1, rows) of some rows, 1 for the intercept at the end."""
        dtype = torch.float32 if self.is_single else self.L.dtype
        C, Z = self.Z[self.chosen].to(dtype), self.Z[rows].to(dtype)
        F = torch.ones(len(self.L) + 1, len(rows), dtype=dtype)
        torch.linalg.solve_triangular(self.L.to(dtype), self.gram(C, Z), upper=False, out=F[:-1])
        return F

    def normal_equations(self, rows: Tensor, y: Tensor, w: Tensor, n_jobs: int = 1) -> Sums:
        """S with shape (m + 1, m + 1) and c with shape (m + 1, q) of some rows; each block of rows
        is a job.
        """
        root = w.sqrt()

        def terms(block: Tensor) -> tuple[Matrix, Matrix]:
            F = self.features(block).mul_(root[block])
            # numpy computes half of a product of a matrix and itself, and lets other threads run
            S = F.numpy() @ F.numpy().T
            c = F @ (root[block, None] * y[block]).to(F.dtype)
            return S.astype(float), c.double().numpy()

        # no rows are split into one block without rows, whose sums are 0
        S, c = ordered_sum(torch.split(rows, _ROWS), terms, n_jobs)
        return torch.as_tensor(S), torch.as_tensor(c)

    def dual(self, gamma: Tensor) -> Tensor:
        """β with shape (m, q) of γ with shape (m + 1, q)."""
        return torch.linalg.solve_triangular(self.L.T, gamma[:-1], upper=True)

    def predict(self, rows: Tensor, gamma: Tensor) -> Tensor:
        """Predictions of some rows, with shape (rows, q)."""
        dual = self.dual(gamma)
        return torch.cat(
            [
                self.gram(self.Z[part], self.Z[self.chosen]) @ dual + gamma[-1]
                for part in torch.split(rows, _ROWS)
            ]
        )


@dataclass(frozen=True)
class Normal:
    """Normal equations S and c with shapes (m + 1, m + 1) and (m + 1, q) of some rows, in the
    coordinates of a basis Q, or of γ where that is None.
    """

    S: Tensor
    c: Tensor
    basis: Tensor | None

    @classmethod
    def of(cls, sums: Sums, basis: Tensor | None) -> Normal:
        S, c = sums
        return cls(S, c, None) if basis is None else cls(basis.T @ S @ basis, basis.T @ c, basis)

    def solve(self, lam: float) -> Tensor:
        """γ with shape (m + 1, q)."""
        delta = solve_folds(self.S, self.c, lam)
        return delta if self.basis is None else self.basis @ delta


@dataclass(frozen=True)
class Cells:
    """The rows of each cell by its name, and their sums S with shape (m + 1, m + 1) and s with
    shape (m + 1, q).
    """

    marks: Landmarks
    rows: Mapping[str, Tensor]
    sums: Mapping[str, Sums]

    @classmethod
    def of(
        cls, marks: Landmarks, y: Tensor, w: Tensor, cells: Mapping[str, Tensor], n_jobs: int = 1
    ) -> Cells:
        """Cells of given row numbers, which do not overlap, and the cell "rest" of all others."""
        others = torch.ones(len(y), dtype=torch.bool)
        for rows in cells.values():
            others[rows] = False
        whole = {**cells, "rest": torch.nonzero(others).ravel()}
        return cls(
            marks,
            whole,
            {name: marks.normal_equations(rows, y, w, n_jobs) for name, rows in whole.items()},
        )

    def without(self, names: Collection[str], kept: Tensor | None = None) -> Normal:
        """Normal equations of all cells but `names`, with the landmarks among the rows `kept` (a
        mask), or all landmarks where that is None.
        """
        first, *others = [self.sums[name] for name in self.sums if name not in names]
        S, s = first[0].clone(), first[1].clone()
        for more in others:
            S += more[0]
            s += more[1]
        return Normal.of(
            (self.marks.with_least_ridge(S), s), None if kept is None else self.marks.basis(kept)
        )

    def predict(self, name: str, gamma: Tensor) -> Tensor:
        """Predictions of the rows of a cell, with shape (rows, q)."""
        return self.marks.predict(self.rows[name], gamma)

    def squared_error(self, name: str, y: Tensor, w: Tensor, gamma: Tensor) -> float:
        """Σ w r² of a cell: wᵀy² − 2sᵀγ + γᵀSγ needs no second pass over its rows."""
        rows, (S, s) = self.rows[name], self.sums[name]
        squares = float((w[rows, None] * y[rows] ** 2).sum())
        return squares - 2 * float((s * gamma).sum()) + float((gamma * (S @ gamma)).sum())


def leverage_landmarks(gram: Gram, Z: Tensor, m: int, ridge: float, seed: int) -> Tensor:
    """m row numbers of Z with shape (n, d), in increasing order."""
    leverages = ridge_leverages(gram, Z, min(PILOTS, len(Z)), ridge, seed)
    u = torch.as_tensor(np.random.default_rng([seed, 2]).random(len(Z)))
    return (u.log() / leverages.clamp_min(1e-12)).topk(min(m, len(Z))).indices.sort().values


def ridge_leverages(gram: Gram, Z: Tensor, pilots: int, ridge: float, seed: int) -> Tensor:
    """ℓ with shape (n,)."""
    marks = Landmarks.choose(gram, Z, pilots, seed)
    blocks = torch.split(torch.arange(len(Z)), _ROWS)
    A = ridge * torch.eye(pilots, dtype=Z.dtype)
    for rows in blocks:
        F = marks.features(rows)[:-1]
        A += F @ F.T
    root = torch.linalg.cholesky(A)
    return torch.cat(
        [
            torch.linalg.solve_triangular(root, marks.features(rows)[:-1], upper=False)
            .square()
            .sum(0)
            for rows in blocks
        ]
    )


def means_between(Z: Matrix, U: Matrix, count: int, seed: int) -> Matrix:
    """At most `count` means with shape (m, d) of rows Z with shape (n, d) whose points U lie
    together; each is of at least two different rows.
    """
    from sklearn.cluster import KMeans

    some = np.sort(
        np.random.default_rng([seed, 23]).permutation(len(Z))[
            : max(ROWS_A_CENTRE * count, MIN_ROWS)
        ]
    )
    some = some[np.sort(np.unique(U[some], axis=0, return_index=True)[1])]
    Z, U = Z[some], U[some]
    if len(Z) < 3:
        return Z.mean(0, keepdims=True)
    cell = KMeans(
        min(count, len(Z) - 1),
        init="random",
        n_init=1,
        max_iter=KMEANS_ITERATIONS,
        random_state=seed,
    ).fit_predict(U)
    size, means = np.bincount(cell), np.zeros((int(cell.max()) + 1, Z.shape[1]))
    np.add.at(means, cell, Z)
    single = np.flatnonzero(size[cell] == 1)
    if len(single):
        # twice the row and once its neighbour: two mutual neighbours keep different means
        means[cell[single]] += Z[single] + Z[KDTree(U).query(U[single], 2)[1][:, 1]]
        size[cell[single]] = 3
    return np.asarray(np.unique(means[size > 0] / size[size > 0, None], axis=0))
