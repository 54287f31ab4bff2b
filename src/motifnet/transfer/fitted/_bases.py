"""Transformers to new columns: bins, splines, polynomials, projections, features of kernels."""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np

from motifnet.engine import Matrix, UsageError
from motifnet.motifs import Chain, Fill, Identity, Monomial, Motif, Piecewise, Select, Sine
from motifnet.transfer._transfer import affine, tensor
from motifnet.transfer.fitted._kernels import dense, kernel_features, machine
from motifnet.transfer.fitted._parts import inverse, scaled, shifted, side_by_side, weighted
from motifnet.transfer.fitted._registry import Transfer


def _bins(model: Any) -> list[Motif]:
    """The number of a bin, or its indicators."""
    columns = [_bin(edges[1:-1], model.encode != "ordinal") for edges in model.bin_edges_]
    return [side_by_side([Chain([Select([j]), part]) for j, part in enumerate(columns)])]


def _bin(inner: Matrix, indicators: bool) -> Motif:
    count = len(inner) + 1
    values = np.eye(count) if indicators else np.arange(count)[:, None]
    starts = np.concatenate([inner[:1] - 1 if len(inner) else [0.0], inner])
    return Piecewise(tensor(starts[None]), tensor(values[None, :, None]), "left")


def _splines(model: Any) -> list[Motif]:
    if model.extrapolation == "linear" and model.degree <= 1 and len(model.bsplines_) > 1:
        # scikit-learn's loop over the columns changes the degree and the ends
        # from the second column on
        raise UsageError(
            "SplineTransformer(degree=1, extrapolation='linear') of several columns gives no "
            "straight lines, and there is no transfer for it. "
            "Fit it with extrapolation='continue', or on one column."
        )
    return [
        side_by_side(
            [
                Chain([Select([j]), _basis(spline, model)])
                for j, spline in enumerate(model.bsplines_)
            ]
        )
    ]


def _basis(spline: Any, model: Any) -> Motif:
    """B-splines of one column, with the polynomials of each segment about its start, and the
    `extrapolation` beyond the ends.
    """
    if model.extrapolation not in ("constant", "linear", "continue"):
        raise UsageError(
            f"There is no transfer for SplineTransformer(extrapolation={model.extrapolation!r}); "
            "there is one for constant, linear and continue."
        )
    powers, knots = max(spline.k + 1, 2), np.unique(spline.t[spline.k : -spline.k or None])
    starts, pieces = knots[:-1], [_taylor(spline, at, spline.k + 1, powers) for at in knots[:-1]]
    if model.extrapolation != "continue":
        order = 1 if model.extrapolation == "constant" else 2
        ends = [_taylor(spline, at, order, powers) for at in knots[[0, -1]]]
        starts, pieces = knots[np.r_[0, : len(knots)]], [ends[0], *pieces, ends[1]]
    kept = np.array(pieces)[:, :, : None if model.include_bias else -1]
    curve = Piecewise(tensor(starts[None]), tensor(kept[None]), "left")
    return (
        Chain([curve, Fill(tensor(np.zeros(kept.shape[2])))])
        if getattr(model, "handle_missing", "error") == "zeros"
        else curve
    )


def _taylor(spline: Any, at: float, order: int, powers: int) -> Matrix:
    """The first `order` terms to the right of a point, with shape (powers, splines)."""
    terms = np.zeros((powers, spline.c.shape[1]))
    terms[:order] = [spline(at, nu=k) / factorial(k) for k in range(order)]
    return terms


def _polynomials(model: Any) -> list[Motif]:
    return [Monomial([[int(p) for p in row] for row in model.powers_])]


def _projection(model: Any) -> list[Motif]:
    """PCA and TruncatedSVD: x Vᵀ − mean Vᵀ, the latter in the type of the fit. Whitened columns are
    divided by their standard deviation.
    """
    components, mean = np.asarray(model.components_), getattr(model, "mean_", None)
    parts: list[Motif] = [affine(components.T, 0.0 if mean is None else -(mean @ components.T))]
    if getattr(model, "whiten", False):
        deviation = np.sqrt(model.explained_variance_)
        parts.append(scaled(inverse(np.maximum(deviation, np.finfo(deviation.dtype).eps))))
    return parts


def _factors(model: Any) -> list[Motif]:
    """The mean of the factors given x: (x − mean) Ψ⁻¹Wᵀ (I + W Ψ⁻¹ Wᵀ)⁻¹ with loadings W and noise
    variances Ψ.
    """
    loadings = np.asarray(model.components_, dtype=np.float64)
    weighed = loadings / model.noise_variance_
    posterior = np.linalg.inv(np.eye(len(loadings)) + weighed @ loadings.T)
    return [affine(np.eye(len(model.mean_)), -model.mean_), affine(weighed.T @ posterior)]


def _nystroem(model: Any) -> list[Motif]:
    """Kernel features times a normalisation. Settings of the kernel may come in `kernel_params`;
    the others are the defaults of the kernel.
    """
    own = {
        name: getattr(model, name)
        for name in ("gamma", "coef0", "degree")
        if getattr(model, name) is not None
    }
    settings = {"gamma": None, **(model.kernel_params or {}), **own}
    return [
        kernel_features(model.kernel, dense(model.components_), **settings),
        affine(model.normalization_.T),
    ]


def _fourier(model: Any) -> list[Motif]:
    """√(2/D) cos(x W + b), with cos t = sin(t + π/2)."""
    count = model.random_weights_.shape[1]
    return [
        affine(model.random_weights_, model.random_offset_ + np.pi / 2),
        Sine(),
        weighted([np.sqrt(2 / count)], [Identity()]),
    ]


def _kernel_components(model: Any) -> list[Motif]:
    """(k(x) − r − mean k(x) + s) A = k(x) (A − 1 mean A) + (s − r) A with row means r and total
    mean s of the fit, and k(x) with shape (n, m).
    """
    values = np.asarray(model.eigenvalues_)
    A = np.divide(
        model.eigenvectors_,
        np.sqrt(values),
        out=np.zeros_like(model.eigenvectors_),
        where=values != 0,
    )
    centre = model._centerer
    features = kernel_features(
        model.kernel,
        dense(model.X_fit_),
        gamma=model.gamma_,
        coef0=model.coef0,
        degree=model.degree,
    )
    return [machine(features, A - A.mean(axis=0), (centre.K_fit_all_ - centre.K_fit_rows_) @ A)]


def _centred_kernel(model: Any) -> list[Motif]:
    """K − r − mean K + s for rows K of a kernel matrix, with row means r and total mean s."""
    m = len(model.K_fit_rows_)
    return [affine(np.eye(m) - 1 / m, model.K_fit_all_ - model.K_fit_rows_)]


def _linear_map(model: Any) -> list[Motif]:
    return [affine(dense(model.components_).T)]


def _independent(model: Any) -> list[Motif]:
    """(x − mean) Wᵀ with the unmixing matrix W; without whitening there is no mean."""
    centred = shifted(np.ones(len(model.mean_)), -model.mean_) if model.whiten else []
    return [*centred, affine(np.asarray(model.components_).T)]


BASES: dict[str, Transfer] = {
    **dict.fromkeys(("IncrementalPCA", "PCA", "TruncatedSVD"), _projection),
    "FactorAnalysis": _factors,
    "FastICA": _independent,
    **dict.fromkeys(
        ("GaussianRandomProjection", "NeighborhoodComponentsAnalysis", "SparseRandomProjection"),
        _linear_map,
    ),
    "KBinsDiscretizer": _bins,
    "KernelCenterer": _centred_kernel,
    "KernelPCA": _kernel_components,
    "Nystroem": _nystroem,
    "PolynomialFeatures": _polynomials,
    "RBFSampler": _fourier,
    "SplineTransformer": _splines,
}
