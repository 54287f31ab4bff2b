"""Leave-out algebra of kernel ridge regression with an unpenalised intercept.

With n rows, weights w and ridge λ let G = K + λ diag(1/w). The fit  f(x) = b + Σ α_i k(x, x_i)  has

    P = G⁻¹ − G⁻¹1 1ᵀG⁻¹ / (1ᵀG⁻¹1),    α = P y,    b = (1ᵀG⁻¹y) / (1ᵀG⁻¹1)

and the residuals of rows B, predicted by the fit without B, are exactly

    r_B = (P_BB)⁻¹ α_B            (one row: r_i = α_i / P_ii)

A *block id* per row says which rows are left out together; -1 marks rows that are never scored.
Leave-one-out, leave-group-out and "predict the later rows from the earlier ones" are all of this
form. Let s be the gradient of a loss in r, such as 2 w r / Σw for the mean square. Its gradient
through K is

    −(P u) αᵀ + P V P,    u_B = (P_BB)⁻¹ s_B,    V = blockdiag(u_B r_Bᵀ)

(dα = −P dK α, dP = −P dK P): one product of n³, no differentiation through the factorisation.

`SpectralPath` is the whole path in λ from one eigendecomposition. With S = diag(√w), s = S1/‖S1‖
and H = I − s sᵀ let  H S K S H = Q Λ Qᵀ.  Then, for every λ,

    P(λ) = S [ Σ_{q ⟂ s} q qᵀ / (Λ_q + λ) ] S

so α, b and leave-one-out residuals cost n² per λ instead of n³, and blocks of s rows n² s.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


def projector(K: Tensor, ridge: Tensor, *, intercept: bool = True) -> Tensor:
    """P with shape (n, n) for the Gram matrix K and the ridge λ/w with shape (n,). Raises
    LinAlgError where K + diag(ridge) is not positive definite.
    """
    return projector_of(factor(K, ridge), intercept=intercept)


def projector_of(L: Tensor, *, intercept: bool = True) -> Tensor:
    """The same from the Cholesky factor L of K + diag(ridge)."""
    inverse = torch.cholesky_inverse(L)
    if not intercept:
        return inverse
    g = inverse.sum(1)
    return torch.addr(inverse, g / -g.sum(), g)


def factor(K: Tensor, ridge: Tensor) -> Tensor:
    """The Cholesky factor L of K + diag(ridge)."""
    G = K.clone()
    G.diagonal().add_(ridge)
    return torch.linalg.cholesky(G)


def solve_ridge(
    K: Tensor, y: Tensor, ridge: Tensor, *, intercept: bool = True
) -> tuple[Tensor, Tensor]:
    """Dual coefficients with shape (n, q) and intercept with shape (q,) of the fit to y with shape
    (n, q).
    """
    return solve_factored(factor(K, ridge), y, intercept=intercept)


def solve_factored(L: Tensor, y: Tensor, *, intercept: bool = True) -> tuple[Tensor, Tensor]:
    """The same from the Cholesky factor L of K + diag(ridge)."""
    if not intercept:
        return torch.cholesky_solve(y, L), torch.zeros(y.shape[1], dtype=y.dtype)
    right = torch.cat([y, torch.ones_like(y[:, :1])], 1)
    if L.T.is_contiguous():  # as factorisations leave it; `cholesky_solve` would copy it
        half = torch.linalg.solve_triangular(L, right, upper=False)
        solution = torch.linalg.solve_triangular(L.T, half, upper=True)
    else:
        solution = torch.cholesky_solve(right, L)
    A, g = solution[:, :-1], solution[:, -1:]
    b = A.sum(0) / g.sum()
    return A - g * b, b


def blocks_of(ids: Tensor | None, n: int) -> list[Tensor] | None:
    """Rows of the blocks: for each size s one tensor with shape (blocks, s), so that equal sizes
    are solved together. None stands for n blocks of one row, which have a shorter path.
    """
    if ids is None:
        return None
    order = torch.argsort(ids, stable=True)
    values, counts = torch.unique_consecutive(ids[order], return_counts=True)
    counted = values >= 0
    starts, counts = (torch.cumsum(counts, 0) - counts)[counted], counts[counted]
    return [
        order[starts[counts == size, None] + torch.arange(size)]
        for size in counts.unique().tolist()
    ]


def leave_out_residuals(P: Tensor, alpha: Tensor, blocks: list[Tensor] | None = None) -> Tensor:
    """Residuals y − f with shape (n, q), each row predicted without its block; 0 in rows of no
    block.
    """
    return _through_blocks(P, alpha, blocks)


def _through_blocks(P: Tensor, values: Tensor, blocks: list[Tensor] | None) -> Tensor:
    """(P_BB)⁻¹ v_B for every block B of values v with shape (n, q), and 0 elsewhere."""
    if blocks is None:
        return values / P.diagonal()[:, None]
    solved = torch.zeros_like(values)
    for rows in blocks:
        solved[rows] = _solve(P[rows[:, :, None], rows[:, None]].to(values.dtype), values[rows])
    return solved


def _solve(A: Tensor, b: Tensor) -> Tensor:
    """A⁻¹ b for many A with shape (m, s, s)."""
    return b / A if A.shape[-1] == 1 else torch.linalg.solve(A, b)


def leave_out_gradient(
    P: Tensor, alpha: Tensor, weight: Tensor, blocks: list[Tensor] | None = None
) -> tuple[float, Tensor]:
    """The weighted mean squared leave-out residual (summed over columns) and its gradient through K
    with shape (n, n), in the type of P.

    P may be in single precision if its factor is in double precision. A descent is then as good at
    half of the cost.
    """
    r = leave_out_residuals(P, alpha, blocks)
    scored = scored_weight(weight, blocks)[:, None]
    share = scored / scored.sum()
    return float((share * r * r).sum()), gradient_through(P, alpha, r, 2 * share * r, blocks)


def gradient_through(
    P: Tensor, alpha: Tensor, r: Tensor, gradient: Tensor, blocks: list[Tensor] | None = None
) -> Tensor:
    """The gradient of a loss through K with shape (n, n), in the type of P, for its gradient in the
    leave-out residuals r, both with shape (n, q).

    The latter is 0 in rows of no block.
    """
    u = _through_blocks(P, gradient, blocks)
    if blocks is None:
        v = (u * r).sum(1).to(P.dtype)
        if bool((v >= 0).all()):
            half = (P * v.sqrt()).numpy()
            # numpy computes half of a product of a matrix and itself
            PVP = torch.as_tensor(half @ half.T)
        else:
            PVP = (P * v) @ P
    else:
        PV = torch.zeros_like(P)
        for rows in blocks:
            V = (u[rows] @ r[rows].mT).to(P.dtype)  # (blocks, s, s)
            PV[:, rows] = torch.einsum("nbs,bst->nbt", P[:, rows], V)
        PVP = PV @ P
    return PVP.addmm_(P @ u.to(P.dtype), alpha.T.to(P.dtype), alpha=-1)


def scored_weight(weight: Tensor, blocks: list[Tensor] | None) -> Tensor:
    """The weights of the rows that are scored, 0 in rows of no block."""
    if blocks is None:
        return weight
    scored = torch.zeros_like(weight)
    for rows in blocks:
        scored[rows] = weight[rows]
    return scored


@dataclass(frozen=True)
class SpectralPath:
    """Eigenvectors scaled by √w, with shape (n, n−1), and eigenvalues with shape (n−1,), the
    intercept's direction removed.
    """

    vectors: Tensor
    values: Tensor

    @classmethod
    def of(cls, K: Tensor, weight: Tensor) -> SpectralPath:
        """Decompose the Gram matrix K with shape (n, n) under weights with shape (n,)."""
        root = weight.sqrt()
        s = root / root.norm()
        M = root[:, None] * K * root
        Ms = M @ s
        M = M - torch.outer(Ms, s) - torch.outer(s, Ms) + torch.outer(s, s) * (s @ Ms)
        # The shift puts s at the top of the spectrum: the last vector is s, and is dropped.
        top = 2 * M.diagonal().sum() + 1
        values, vectors = torch.linalg.eigh(M + top * torch.outer(s, s))
        return cls(root[:, None] * vectors[:, :-1], values[:-1].clamp(min=0))

    def leave_out(self, y: Tensor, lam: float, blocks: list[Tensor] | None = None) -> Tensor:
        """Leave-out residuals with shape (n, q), without P outside of the blocks."""
        scaled = self.vectors / (self.values + lam)
        alpha = scaled @ (self.vectors.T @ y)
        if blocks is None:
            return alpha / (scaled * self.vectors).sum(1)[:, None]
        residuals = torch.zeros_like(y)
        for rows in blocks:
            residuals[rows] = _solve(scaled[rows] @ self.vectors[rows].mT, alpha[rows])
        return residuals
